/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_DISK_H
#define CHITIN_LIB_POSIX_DISK_H
/*
 * The disk of the domain: a volume in shared memory (lib/disk/volume.h), used
 * by all processes within the lock of the file system. The system's domain and
 * those of users have a tree each, under guards of their own; it is on the same
 * disk, and nobody has two mounted.
 */
#include <stdbool.h>

#include "lib/disk/volume.h"

struct fs;
struct uarea;

/* The first process: finds the file system on disk 0; *volume is for fs_mount
   of `fs`, which lies in shared memory. 1: it is a user's, and has just got its
   first block: for fs_make. -ENODEV: there is no disk; -EINVAL: it was never
   formatted; -ENOENT: it has no file system. */
int64_t disk_begin(struct fs *fs, struct fs_volume **volume);

/* The guard of the domain's files. */
struct cap_name disk_guard(void);

/* A fault while the volume copied from a page that is not there any more: true,
   and the copy is made again. */
bool disk_fault(struct uarea *uarea);

#endif
