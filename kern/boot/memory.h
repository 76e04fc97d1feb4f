/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_MEMORY_H
#define CHITIN_KERN_BOOT_MEMORY_H
/*
 * Which physical memory the machine has and which of it nobody has claimed,
 * computed once at boot from the device tree.
 */
#include "kern/abi/types.h"
#include "kern/boot/fdt.h"

/* Sv39, Sv48 and Sv57 form physical addresses of 56 bits. */
#define MEMORY_LIMIT ((paddr_t)1 << 56)

#define MEMORY_BANKS_MAX 16
#define MEMORY_RESERVED_MAX 64
/* A reservation splits at most one free run in two. */
#define MEMORY_FREE_MAX (MEMORY_BANKS_MAX + MEMORY_RESERVED_MAX)

/* The bytes from start up to, not including, end. */
struct memory_run {
    paddr_t start;
    paddr_t end;
};

static inline bool
memory_runs_overlap(struct memory_run a, struct memory_run b)
{
    return a.start < b.end && b.start < a.end;
}

/* The whole pages in which the bytes from `start` up to `end` are. Addresses
   within MEMORY_LIMIT do not overflow; with others the end wraps to 0. */
static inline struct memory_run
memory_run_around(uint64_t start, uint64_t end)
{
    return (struct memory_run){start & ~(FRAME_SIZE - 1),
                               (end + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1)};
}

/*
 * In each table the runs are page-aligned, not empty, in ascending order, and
 * do not overlap; in bank and reserved they do not touch either. free is bank
 * without reserved.
 */
struct memory_map {
    uint32_t bank_count;
    uint32_t reserved_count;
    uint32_t free_count;
    struct memory_run bank[MEMORY_BANKS_MAX];
    struct memory_run reserved[MEMORY_RESERVED_MAX];
    struct memory_run free[MEMORY_FREE_MAX];
    int error;                   /* what memory_map_build() returned */
    const char *fault;           /* why memory_map_build() failed, else NULL */
    struct memory_run fault_run; /* the range at fault, empty if none is */
};

/*
 * Fills *map from the tree:
 *  - bank: reg of the root's children with device_type "memory" and status
 *    okay, touching ones joined, then rounded inwards to whole pages;
 *  - reserved: the memory reservation block, every reg entry of the children
 *    of /reserved-memory (whatever their status, with no-map or without), and
 *    the `extra` runs (the kernel's image, the tree itself), rounded outwards.
 *    Reservations outside all banks are kept; children of /reserved-memory
 *    without reg ask for a place and are skipped.
 * Empty ranges are skipped everywhere. Each table also limits the entries as
 * they are read, before any are joined.
 * Returns 0, or with map->fault set and the tables empty: -ENODEV if there is
 * no memory, -EOVERFLOW if two banks overlap or two reg entries of
 * /reserved-memory do (reservations from different sources may: firmware lists
 * things twice), -ERANGE if a range wraps or ends above MEMORY_LIMIT, -ENOSPC
 * if a table is full, -EINVAL if a reg or an extra run is malformed.
 */
int memory_map_build(struct memory_map *map, const struct fdt *tree,
                     const struct memory_run *extra, uint32_t extra_count);

#endif
