/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_RECOVER_H
#define CHITIN_KERN_DISK_RECOVER_H
/*
 * Recovery: makes the block table from what is on the disk, by visiting every
 * metadata block that a tree has. The libOS reads the blocks that are asked
 * for; this checks and marks. Nothing is allocated until it ends.
 *
 * The argument opens recover.c. Locks: the disk's.
 */
#include "kern/disk/change.h"

#define RECOVER_STACK 64

struct recover {
    uint32_t phase;
    uint64_t at;
    bool missed; /* a block to visit did not fit on the stack */
    bool passed; /* the scan has gone round with nothing found */
    uint32_t stacked;
    struct disk_extent stack[RECOVER_STACK]; /* to visit */
    struct type_check check;
    struct owned_set set;
    uint32_t extent; /* of `set`, being marked */
    uint64_t done;   /* blocks of it */
};

/*
 * Begins recovery of a disk in any state: nothing of it is bound, or in the
 * registry, or being done. The state is RECOVERING.
 */
void recover_begin(struct volume *v, struct recover *r);

/*
 * Takes a step of at most some 5,000 instructions and one run of a program.
 * `image`: the 4 KiB of the block that was asked for last, which must be the
 * same until another is asked for; NULL if it is not here yet, or was read in
 * vain: then the block is asked for again.
 * Returns the number of the block that is wanted; -EAGAIN if there is more to
 * do without one; -ENOENT at the end, the disk being READY, or READ_ONLY;
 * -EINVAL if the disk has no label: it is RAW again.
 */
int64_t recover_step(struct volume *v, struct recover *r, const uint8_t *image);

/* From the glue: makes the programs of a type block ready to run, whose header
   and hash are right. -EAGAIN: again; -EINVAL: they are not sound; 0. */
int program_load(struct volume *v, unsigned type, const uint8_t *block,
                 uint32_t *owns, uint32_t *access);

#endif
