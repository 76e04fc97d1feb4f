/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_DISK_H
#define CHITIN_LIB_POSIX_DISK_H
/*
 * The disk of the domain: a volume in shared memory (lib/disk/volume.h), used
 * by all processes within the lock of the file system.
 */
#include <stdbool.h>

#include "lib/disk/volume.h"

struct fs;
struct uarea;

/* The first process: finds the file system on disk 0; *volume is for fs_mount
   of `fs`, which lies in shared memory. -ENODEV: there is no disk; -EINVAL: it
   was never formatted; -ENOENT: it has no file system. */
int64_t disk_begin(struct fs *fs, struct fs_volume **volume);

/* A fault while the volume copied from a page that is not there any more: true,
   and the copy is made again. */
bool disk_fault(struct uarea *uarea);

#endif
