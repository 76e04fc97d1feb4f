/* SPDX-License-Identifier: MIT */
/* The C library's functions on paths that begin at an open directory. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/tree.h"

/* Whether there are no other flags than these; errno says so. */
static bool
flags_are(int flags, int of)
{
    if ((flags & ~of) != 0) {
        errno = EINVAL;
        return false;
    }
    return true;
}

int
openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list list;

    if ((flags & O_CREAT) != 0) {
        va_start(list, flags);
        mode = (mode_t)va_arg(list, int);
        va_end(list);
    }
    return (int)CALL_AGAIN(file_open_at(directory, path, flags, mode));
}

int
fstatat(int directory, const char *restrict path, struct stat *restrict status,
        int flags)
{
    return flags_are(flags, AT_SYMLINK_NOFOLLOW)
               ? (int)CALL(file_stat_at(directory, path, status, flags == 0))
               : -1;
}

int
mkdirat(int directory, const char *path, mode_t mode)
{
    return (int)CALL(tree_mkdir_at(directory, path, mode));
}

int
mkfifoat(int directory, const char *path, mode_t mode)
{
    return (int)CALL(tree_mkfifo_at(directory, path, mode));
}

int
mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}

int
unlinkat(int directory, const char *path, int flags)
{
    return flags_are(flags, AT_REMOVEDIR)
               ? (int)CALL(tree_remove_at(directory, path, flags != 0))
               : -1;
}

int
renameat(int directory, const char *path, int new_directory,
         const char *new_path)
{
    return (int)CALL(tree_rename_at(directory, path, new_directory, new_path));
}

int
linkat(int directory, const char *path, int new_directory, const char *new_path,
       int flags)
{
    return flags_are(flags, AT_SYMLINK_FOLLOW)
               ? (int)CALL(tree_link_at(directory, path, new_directory,
                                        new_path, flags != 0))
               : -1;
}

int
symlinkat(const char *target, int directory, const char *path)
{
    return (int)CALL(tree_symlink_at(target, directory, path));
}

ssize_t
readlinkat(int directory, const char *restrict path, char *restrict bytes,
           size_t room)
{
    return CALL(tree_readlink_at(directory, path, bytes, room));
}

int
fchmodat(int directory, const char *path, mode_t mode, int flags)
{
    return flags_are(flags, AT_SYMLINK_NOFOLLOW)
               ? (int)CALL(tree_chmod_at(directory, path, mode, flags == 0))
               : -1;
}

int
fchownat(int directory, const char *path, uid_t uid, gid_t gid, int flags)
{
    return flags_are(flags, AT_SYMLINK_NOFOLLOW)
               ? (int)CALL(tree_chown_at(directory, path, uid, gid, flags == 0))
               : -1;
}

/* The ids that are asked for are the same as those that count. */
int
faccessat(int directory, const char *path, int what, int flags)
{
    return flags_are(flags, AT_EACCESS | AT_SYMLINK_NOFOLLOW)
               ? (int)CALL(tree_access_at(directory, path, what,
                                          (flags & AT_SYMLINK_NOFOLLOW) == 0))
               : -1;
}

int
utimensat(int directory, const char *path, const struct timespec times[2],
          int flags)
{
    return flags_are(flags, AT_SYMLINK_NOFOLLOW)
               ? (int)CALL(tree_times_at(directory, path, times, flags == 0))
               : -1;
}
