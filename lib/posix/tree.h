/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TREE_H
#define CHITIN_LIB_POSIX_TREE_H
/* What is done to names and to what they lead to; each function takes and drops
   the lock of the file system. 0 or more, or the negative of an errno. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct stat;
struct fs_volume;

/* The tree is what is on a volume; `make` gives an empty one a file system
   first. 1: it was in use when the power went, and has been repaired. By the
   first process. */
int64_t tree_mount(struct fs_volume *volume, int make);
/* Finds the tree: what is on the disk of the domain, or where there is none, in
   memory, the files of the archive. By the first process. */
int64_t tree_begin(void);
/* All is on the disk, which says so. */
int64_t tree_unmount(void);
int64_t tree_sync(void);

/* tree_name.c */
int64_t tree_mkdir(const char *path, mode_t mode);
int64_t tree_rmdir(const char *path);
int64_t tree_unlink(const char *path);
int64_t tree_rename(const char *path, const char *new_path);
int64_t tree_link(const char *path, const char *new_path);
int64_t tree_symlink(const char *target, const char *path);
int64_t tree_readlink(const char *path, char *bytes, size_t room);

/* tree_status.c */
int64_t tree_chmod(const char *path, mode_t mode);
int64_t tree_chmod_open(int descriptor, mode_t mode);
int64_t tree_chown(const char *path, uid_t uid, gid_t gid, int follow);
int64_t tree_chown_open(int descriptor, uid_t uid, gid_t gid);
int64_t tree_times(const char *path, const struct timespec times[2],
                   int follow);
int64_t tree_times_open(int descriptor, const struct timespec times[2]);
int64_t tree_access(const char *path, int what);
int64_t tree_truncate(const char *path, int64_t size);
int64_t tree_stat_open(int descriptor, struct stat *status);
/* Blocks of all, and free ones. */
struct statvfs;
int64_t tree_statvfs(struct statvfs *status);

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
