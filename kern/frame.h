/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_H
#define CHITIN_KERN_FRAME_H
/*
 * The frame table: one record for every page frame of RAM, found by physical
 * page number without a search. Pages that are not RAM have records too, of
 * type FRAME_ABSENT (all but a few in one read-only page): any number below
 * FRAME_LIMIT can be looked up.
 */
#include "kern/layout.h"
#include "kern/memory.h"

enum frame_type {
    FRAME_ABSENT,   /* not RAM, or RAM outside the kernel's reach */
    FRAME_RESERVED, /* firmware's, or reserved by the device tree */
    FRAME_KERNEL,   /* the image, the tree, and tables sized at boot */
    FRAME_FREE
};

/* A record. The rest of it, zero, is for who owns and guards the frame. */
struct frame {
    uint8_t type; /* enum frame_type */
    uint8_t unused[63];
};

/* Page numbers that the direct map reaches. */
#define FRAME_LIMIT (DIRECT_SIZE >> FRAME_SHIFT)

/* The record of page `number`, below FRAME_LIMIT. */
static inline struct frame *
frame_record(ppn_t number)
{
    return (struct frame *)FRAME_TABLE_BASE + number;
}

struct frame_counts {
    uint64_t ram;   /* records of RAM, of whatever type */
    uint64_t free;  /* of type FRAME_FREE */
    uint64_t table; /* bytes of RAM that the table takes */
};
extern struct frame_counts frame_counts;

/* Builds the table. `map` is the machine as the tree describes it, less what
   boot_memory_take took; `kernel` are those of its reserved runs that are the
   kernel's own. Takes the last of the boot memory and closes it. RAM above the
   direct map's reach is left out. */
void frame_table_init(const struct memory_map *map,
                      const struct memory_run *kernel, unsigned kernel_count);

#endif
