/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_CHECK_H
#define CHITIN_LIB_FS_CHECK_H
/*
 * Whether a file system is as it should be, and what is to be done if it is
 * not. Whoever mounts one that was in use repairs it before anything is
 * changed: a crash leaves only what this puts right.
 */
#include "lib/fs/fs.h"

struct fs_check {
    uint64_t files;
    uint64_t directories;
    uint64_t symlinks;
    uint64_t nodes;
    uint64_t data;     /* blocks */
    uint64_t faults;   /* that were found */
    uint64_t repaired; /* of these */
};

/* Looks at everything, and says what is wrong: a line at a time, to `say`,
   which may be NULL. With `repair` it is put right, and is on the disk; nothing
   may be open. 0, even if there are faults; -ENOMEM; or an error of the volume.
 */
int64_t fs_check(struct fs *fs, bool repair,
                 void (*say)(void *context, const char *text), void *context,
                 struct fs_check *report);

#endif
