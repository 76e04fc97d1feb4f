/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_DOUBLE_H
#define CHITIN_KERN_DISK_DOUBLE_H
/*
 * Extents that two images on the disk own, or may own; see struct disk_double.
 * One table for those that moved and those that recovery found, since after a
 * crash the first are among the second: it always has room for them.
 *
 * Locks: the disk's. What puts in or takes out may move the table, which is 32
 * KiB: some 9,000 instructions.
 */
#include "kern/abi/disk.h"

struct double_table {
    struct disk_double *entry; /* DISK_DOUBLES_MAX of them, in order */
    uint32_t count;
};

/* How many of the `count` blocks from `first` on are in the same entry as
   `first`, or in none as `first` is; *found is that entry or NULL. */
uint64_t double_run(const struct double_table *t, uint64_t first,
                    uint64_t count, const struct disk_double **found);

/* Whether any of the blocks is not to be written: frozen, or malformed. */
bool double_frozen(const struct double_table *t, uint64_t first,
                   uint64_t count);

/* Puts in an extent none of whose blocks is in the table; joins it with a
   neighbour that differs in nothing else. False if the table is full. */
bool double_add(struct double_table *t, const struct disk_double *extent);

/* Takes out an extent that is within one entry. False if what is left needs an
   entry more and there is none. */
bool double_take(struct double_table *t, uint64_t first, uint32_t count);

/* The image of `source` with this version is on the disk: takes out what moved
   away before, from entry *at on; at most one entry at a time. True at the
   end. */
bool double_settle(struct double_table *t, uint64_t source, uint64_t version,
                   uint32_t *at);

#endif
