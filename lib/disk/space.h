/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_SPACE_H
#define CHITIN_LIB_DISK_SPACE_H
/*
 * Where to put things on a disk: the policy, which the kernel leaves to
 * libOSes. This one is next fit over the block table that the kernel shows to
 * all. What it finds may be claimed by another env a moment later: the change
 * that claims it is then refused, and one looks again.
 */
#include "kern/abi/disk.h"

struct space {
    const volatile uint8_t *table; /* of the disk */
    uint64_t blocks;
    uint64_t next; /* where the next search begins */
};

/* The first of `count` free blocks in a run, or -ENOSPC. The next search begins
   behind it. */
int64_t space_find(struct space *space, uint64_t count);

/* How many blocks are free. */
uint64_t space_free(const struct space *space);

#endif
