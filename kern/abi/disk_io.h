/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_DISK_IO_H
#define CHITIN_ABI_DISK_IO_H
/*
 * Block I/O as envs see it: how extents, bindings and pieces of memory are
 * named, and what the kernel tells of its disks.
 *
 * A binding is the result of disk_bind: an env's right to read or write a run
 * of blocks of a disk, of 4 KiB each. Its handle names it in every call after
 * that, and stays the env's alone.
 *
 * A piece is a run of pages of one frame, whole pages of 4 KiB:
 *
 *    63          50 49            32 31                              0
 *   | pages (1...) | first of them  | page number of the frame        |
 */
#include "kern/abi/disk.h"
#include "kern/abi/types.h"

#define DISK_PIECE_OFFSET_SHIFT 32
#define DISK_PIECE_COUNT_SHIFT 50
#define DISK_PIECE(frame, offset, count)                                       \
    ((uint64_t)(frame) | (uint64_t)(offset) << DISK_PIECE_OFFSET_SHIFT |       \
     (uint64_t)(count) << DISK_PIECE_COUNT_SHIFT)

/* Of one disk_read or disk_write: pieces, pages of each, and blocks of all. */
#define DISK_PIECES_MAX 32
#define DISK_PIECE_PAGES_MAX 32
#define DISK_REQUEST_BLOCKS 256

/* Bits of disk_row.flags. */
#define DISK_HAS_FLUSH 1 /* what is written is there after a flush only */
#define DISK_HAS_DISCARD 2
#define DISK_IS_READ_ONLY 4
#define DISK_IS_DEAD 8 /* it did not come back from a reset */

/* A row of the table at INFORMATION_DISK_ROWS, for each disk that there is; the
   others are zero. Counters grow, and are of requests that were completed. */
struct disk_row {
    uint64_t blocks; /* 0: no such disk */
    uint32_t flags;
    uint32_t state;    /* enum disk_state */
    uint32_t requests; /* that it takes at a time, of all envs */
    uint32_t waiting;  /* that it has now */
    uint64_t reads, writes, flushes, discards;
    uint64_t blocks_read, blocks_written;
    uint64_t errors;
    uint64_t resets;
    uint32_t registry_first; /* its entries in the registry's array, */
    uint32_t registry_count; /* and how many */
    uint32_t doubles;        /* rows of its part of INFORMATION_DOUBLES */
    uint32_t unused;
    uint64_t table_blocks; /* that its block table tells of */
    uint64_t unused2[2];
};

_Static_assert(sizeof(struct disk_row) == 128, "a row is two cache lines");

#endif
