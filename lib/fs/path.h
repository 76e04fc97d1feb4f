/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_PATH_H
#define CHITIN_LIB_FS_PATH_H
/*
 * Paths within one file system, for tools. They begin at its root, whether or
 * not with '/'; "." and ".." have their meaning by name; symbolic links are
 * followed, those at the end if `follow` says so. A system with mounts and
 * working directories walks for itself.
 */
#include "lib/fs/fs.h"

#define FS_PATH_MAX 4096
#define FS_SYMLINKS_MAX 16

/* Opens what a path leads to. -ENAMETOOLONG also for too many links. */
int64_t fs_path_open(struct fs *fs, const char *path, bool follow,
                     struct fs_file **file);

/* Opens the directory of a path, and gives the last name, which lies in the
   path. -EINVAL if it ends with none. */
int64_t fs_path_parent(struct fs *fs, const char *path,
                       struct fs_file **directory, const char **name);

#endif
