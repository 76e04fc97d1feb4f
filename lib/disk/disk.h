/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_DISK_H
#define CHITIN_LIB_DISK_DISK_H
/*
 * A disk, for a libOS: blocks are read and written between the device and the
 * program's own pages, and each function waits until that is done. To have many
 * requests under way a program makes the calls itself, with cookies of
 * completion.h.
 *
 *     raw disk      disk_open, disk_make; disk_bind with disk_whole
 *     with trees    disk_open, disk_recover; then node.h
 *
 * Pages are any of the program's: 4 KiB, aligned, and mapped. Functions give 0
 * or more, or the negative of an error (kern/abi/error.h); one user at a time.
 */
#include "kern/abi/disk_io.h"
#include "lib/disk/space.h"

struct disk {
    uint64_t number;    /* the kernel's, from 0 on */
    uint64_t cap;       /* the capability for what is done to the disk */
    uint64_t frame_cap; /* and for the program's own pages */
    struct space space;
};

/* -ENODEV if there is no such disk. */
int64_t disk_open(struct disk *disk, uint64_t number, uint64_t cap,
                  uint64_t frame_cap);

/* What the kernel tells of it. */
const volatile struct disk_row *disk_row(const struct disk *disk);

/* The parent of bindings to all of a raw disk. */
static inline uint64_t
disk_whole(const struct disk *disk)
{
    return DISK_WHOLE | disk->number;
}

/* Binds `count` blocks from `first` on, with rights CAP_READ and CAP_WRITE: a
   handle. The parent is an entry of the registry, or disk_whole. */
int64_t disk_bind(const struct disk *disk, uint64_t parent, uint64_t first,
                  uint64_t count, uint64_t rights);
int64_t disk_unbind(uint64_t binding);

/* Reads, or writes, `count` blocks of a binding from its block `offset` on,
   into so many pages from `pages` on. */
int64_t disk_read(const struct disk *disk, uint64_t binding, uint64_t offset,
                  void *pages, uint64_t count);
int64_t disk_write(const struct disk *disk, uint64_t binding, uint64_t offset,
                   const void *pages, uint64_t count);

/* What was written before, by whatever binding of the disk, is on it for good.
   The binding is one that may write. */
int64_t disk_flush(const struct disk *disk, uint64_t binding);

/* A page of the program's as calls name it (DISK_PIECE), or -EINVAL. */
int64_t disk_page_piece(const void *page);

/* Formats a raw disk: a label, no types, an empty catalogue. What the rest of
   it holds is nobody's then, but still there. Needs control on the empty name.
 */
int64_t disk_make(const struct disk *disk);

/* After a call was refused for want of room in the ring or of requests, waits
   until it may be tried again; -EAGAIN is then 1. Any other result is given
   back. */
int64_t disk_retry(int64_t result);

#endif
