/* SPDX-License-Identifier: MIT */
/* The C library's functions on paths, and on what files are. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "lib/posix/call.h"
#include "lib/posix/file.h"
#include "lib/posix/tree.h"

int
stat(const char *restrict path, struct stat *restrict status)
{
    return (int)CALL(file_stat(path, status, 1));
}

int
lstat(const char *restrict path, struct stat *restrict status)
{
    return (int)CALL(file_stat(path, status, 0));
}

int
fstat(int descriptor, struct stat *status)
{
    return (int)CALL(tree_stat_open(descriptor, status));
}

int
statvfs(const char *restrict path, struct statvfs *restrict status)
{
    struct stat file;

    return stat(path, &file) < 0 ? -1 : (int)CALL(tree_statvfs(status));
}

int
fstatvfs(int descriptor, struct statvfs *status)
{
    struct stat file;

    return fstat(descriptor, &file) < 0 ? -1 : (int)CALL(tree_statvfs(status));
}

int
access(const char *path, int what)
{
    return (int)CALL(tree_access(path, what));
}

int
mkdir(const char *path, mode_t mode)
{
    return (int)CALL(tree_mkdir(path, mode));
}

int
rmdir(const char *path)
{
    return (int)CALL(tree_rmdir(path));
}

int
unlink(const char *path)
{
    return (int)CALL(tree_unlink(path));
}

int
rename(const char *path, const char *new_path)
{
    return (int)CALL(tree_rename(path, new_path));
}

int
link(const char *path, const char *new_path)
{
    return (int)CALL(tree_link(path, new_path));
}

int
symlink(const char *target, const char *path)
{
    return (int)CALL(tree_symlink(target, path));
}

ssize_t
readlink(const char *restrict path, char *restrict bytes, size_t room)
{
    return CALL(tree_readlink(path, bytes, room));
}

int
chdir(const char *path)
{
    return (int)CALL(tree_chdir(path));
}

int
fchdir(int descriptor)
{
    return (int)CALL(tree_chdir_open(descriptor));
}

/* With no buffer one of the heap's. */
char *
getcwd(char *path, size_t room)
{
    size_t size = path == NULL && room == 0 ? PATH_MAX : room;
    char *buffer = path == NULL ? malloc(size) : path;

    if (buffer == NULL) {
        return NULL;
    }
    if (CALL(tree_getcwd(buffer, size)) < 0) {
        if (path == NULL) {
            free(buffer);
        }
        return NULL;
    }
    return buffer;
}

int
truncate(const char *path, off_t size)
{
    return (int)CALL(tree_truncate(path, size));
}

mode_t
umask(mode_t mode)
{
    mode_t old = (mode_t)process_self->umask;

    process_self->umask = mode & 0777;
    return old;
}

int
chmod(const char *path, mode_t mode)
{
    return (int)CALL(tree_chmod(path, mode));
}

int
fchmod(int descriptor, mode_t mode)
{
    return (int)CALL(tree_chmod_open(descriptor, mode));
}

int
chown(const char *path, uid_t uid, gid_t gid)
{
    return (int)CALL(tree_chown(path, uid, gid, 1));
}

int
lchown(const char *path, uid_t uid, gid_t gid)
{
    return (int)CALL(tree_chown(path, uid, gid, 0));
}

int
fchown(int descriptor, uid_t uid, gid_t gid)
{
    return (int)CALL(tree_chown_open(descriptor, uid, gid));
}

int
futimens(int descriptor, const struct timespec times[2])
{
    return (int)CALL(tree_times_open(descriptor, times));
}

int
utime(const char *path, const struct utimbuf *times)
{
    struct timespec both[2] = {{0, 0}, {0, 0}};

    if (times != NULL) {
        both[0].tv_sec = times->actime;
        both[1].tv_sec = times->modtime;
    }
    return utimensat(AT_FDCWD, path, times == NULL ? NULL : both, 0);
}

int
utimes(const char *path, const struct timeval times[2])
{
    struct timespec both[2] = {{0, 0}, {0, 0}};
    int i;

    for (i = 0; i < 2 && times != NULL; i++) {
        both[i].tv_sec = times[i].tv_sec;
        both[i].tv_nsec = times[i].tv_usec * 1000;
    }
    return utimensat(AT_FDCWD, path, times == NULL ? NULL : both, 0);
}

char *
realpath(const char *restrict path, char *restrict resolved)
{
    char *result;

    if (path == NULL) {
        errno = EINVAL;
        return NULL;
    }
    result = resolved == NULL ? malloc(PATH_MAX) : resolved;
    if (result != NULL && CALL(tree_path(path, result, PATH_MAX)) < 0) {
        if (resolved == NULL) {
            free(result);
        }
        return NULL;
    }
    return result;
}
