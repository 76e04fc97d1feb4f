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
#define RECOVER_NOTHING UINT64_MAX

struct recover {
    uint64_t want; /* the block that the next step needs, or RECOVER_NOTHING */
    /* How far it is. */
    uint32_t phase;
    uint64_t at;    /* of the table: cleared, or scanned */
    uint32_t type;  /* of the block that is visited, or being loaded */
    uint64_t block; /* that is visited */
    bool checking;  /* the type's hash; which is right if */
    bool checked;
    bool scanning;
    bool missed; /* a block to visit did not fit on the stack */
    bool full;   /* a double did not fit in the table */
    struct type_check check;
    uint32_t stacked;
    struct disk_extent stack[RECOVER_STACK]; /* to visit */
    struct owned_set set;
    uint32_t extent; /* of `set`, being marked */
    uint64_t done;   /* blocks of it */
};

/*
 * Begins recovery of a disk in any state but READY: nothing of it is bound or
 * being done, v->blocks.blocks is that of the device (with a label for fewer it
 * becomes those), and no type is loaded. The state is RECOVERING.
 */
void recover_begin(struct volume *v, struct recover *r);

/*
 * Takes a step of at most some 9,000 instructions and one run of a program.
 * `image`: the 4 KiB of the block r->want, which stay as they are until another
 * is wanted; NULL if they are not here, and then nothing is done. If nothing is
 * wanted it is not looked at.
 * Returns -EAGAIN if there is more to do; 0 at the end, the disk being READY,
 * or READ_ONLY; -EINVAL if label or catalogue are not sound: it is RAW again.
 * Blocks that were read meanwhile are of types that block_type() says after it:
 * entries of the registry for metadata are made anew, or get their type then.
 */
int recover_step(struct volume *v, struct recover *r, const uint8_t *image);

/* From the glue: makes the programs of a type block ready to run, whose header
   and hash are right. -EAGAIN: again; -EINVAL: they are not sound; 0. */
int program_load(struct volume *v, unsigned type, const uint8_t *block,
                 uint32_t *owns, uint32_t *access);

#endif
