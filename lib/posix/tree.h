/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TREE_H
#define CHITIN_LIB_POSIX_TREE_H
/* What is done to names and to what they lead to; each function takes and drops
   the lock of the file system. 0 or more, or the negative of an errno. A path
   without a slash in front begins at `directory`, an open one's descriptor, or
   AT_FDCWD, which is what those without _at have. */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct stat;
struct fs;
struct fs_volume;

/* The tree is what is on a volume; `make_first` gives an empty one a file
   system first. 1: it was in use when the power went, and has been repaired. By
   the first process. */
int64_t tree_mount(struct fs_volume *volume, bool make_first);
/* tree_make.c: makes a file system on a volume, under the names of the domain.
   The catalogue is not written while it has a tree of which nothing is: another
   user's may be in the making, too. */
int64_t tree_make(struct fs *fs, struct fs_volume *volume);
/* Finds the tree: what is on the disk of the domain, or where there is none, in
   memory, the files of the archive. By the first process. */
int64_t tree_begin(void);
/* All is on the disk, which says so. */
int64_t tree_unmount(void);
int64_t tree_sync(void);

/* tree_name.c */
int64_t tree_mkdir_at(int directory, const char *path, mode_t mode);
int64_t tree_mkfifo_at(int directory, const char *path, mode_t mode);
/* unlink, or rmdir. */
int64_t tree_remove_at(int directory, const char *path, int is_directory);
int64_t tree_rename_at(int directory, const char *path, int new_directory,
                       const char *new_path);
int64_t tree_link_at(int directory, const char *path, int new_directory,
                     const char *new_path, int follow);
int64_t tree_symlink_at(const char *target, int directory, const char *path);
int64_t tree_readlink_at(int directory, const char *path, char *bytes,
                         size_t room);

static inline int64_t
tree_mkdir(const char *path, mode_t mode)
{
    return tree_mkdir_at(AT_FDCWD, path, mode);
}

static inline int64_t
tree_rmdir(const char *path)
{
    return tree_remove_at(AT_FDCWD, path, 1);
}

static inline int64_t
tree_unlink(const char *path)
{
    return tree_remove_at(AT_FDCWD, path, 0);
}

static inline int64_t
tree_rename(const char *path, const char *new_path)
{
    return tree_rename_at(AT_FDCWD, path, AT_FDCWD, new_path);
}

static inline int64_t
tree_link(const char *path, const char *new_path)
{
    return tree_link_at(AT_FDCWD, path, AT_FDCWD, new_path, 0);
}

static inline int64_t
tree_symlink(const char *target, const char *path)
{
    return tree_symlink_at(target, AT_FDCWD, path);
}

static inline int64_t
tree_readlink(const char *path, char *bytes, size_t room)
{
    return tree_readlink_at(AT_FDCWD, path, bytes, room);
}

/* tree_status.c */
/* -EOPNOTSUPP: of a symbolic link, which is not followed. */
int64_t tree_chmod_at(int directory, const char *path, mode_t mode, int follow);
int64_t tree_chown_at(int directory, const char *path, uid_t uid, gid_t gid,
                      int follow);
int64_t tree_times_at(int directory, const char *path,
                      const struct timespec times[2], int follow);
int64_t tree_access_at(int directory, const char *path, int what, int follow);
int64_t tree_chmod_open(int descriptor, mode_t mode);
int64_t tree_chown_open(int descriptor, uid_t uid, gid_t gid);
int64_t tree_times_open(int descriptor, const struct timespec times[2]);
int64_t tree_truncate(const char *path, int64_t size);
int64_t tree_stat_open(int descriptor, struct stat *status);
/* Blocks of all, and free ones. */
struct statvfs;
int64_t tree_statvfs(struct statvfs *status);

static inline int64_t
tree_chmod(const char *path, mode_t mode)
{
    return tree_chmod_at(AT_FDCWD, path, mode, 1);
}

static inline int64_t
tree_chown(const char *path, uid_t uid, gid_t gid, int follow)
{
    return tree_chown_at(AT_FDCWD, path, uid, gid, follow);
}

static inline int64_t
tree_times(const char *path, const struct timespec times[2], int follow)
{
    return tree_times_at(AT_FDCWD, path, times, follow);
}

static inline int64_t
tree_access(const char *path, int what)
{
    return tree_access_at(AT_FDCWD, path, what, 1);
}

/* tree_directory.c */
int64_t tree_chdir(const char *path);
int64_t tree_chdir_open(int descriptor);
/* The path of the working directory, with a zero behind it; -ERANGE. */
int64_t tree_getcwd(char *path, size_t room);
/* The same for what a path leads to, all links followed. */
int64_t tree_path(const char *text, char *path, size_t room);
/* What comes in a directory after a place, which is zero at first: 1, or 0 at
   the end. */
struct dirent;
struct tree_place;
int64_t tree_next(int descriptor, struct tree_place *place,
                  struct dirent *entry);

#endif
