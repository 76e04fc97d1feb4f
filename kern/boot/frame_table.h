/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_FRAME_TABLE_H
#define CHITIN_KERN_BOOT_FRAME_TABLE_H
/*
 * Builds the table of frame records (kern/abi/frame.h): one for every page of
 * RAM, found by page number without a search. Pages that are not RAM have
 * records too, of type FRAME_ABSENT, all in one read-only page: any number
 * below FRAME_LIMIT can be looked up.
 */
#include "kern/boot/memory.h"

/* Builds the table and fills the free lists. `map` is the machine as the tree
   describes it, less what boot_memory_take took; `kernel` are those of its
   reserved runs that are the kernel's own. Takes the last of the boot memory
   and closes it. RAM above the direct map's reach is left out. */
void frame_table_init(const struct memory_map *map,
                      const struct memory_run *kernel, unsigned kernel_count);

#endif
