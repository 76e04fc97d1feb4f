/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_BOOT_MEMORY_H
#define CHITIN_KERN_BOOT_BOOT_MEMORY_H
/*
 * Memory for the tables that the kernel sizes once, at boot. What is taken is
 * never given back; after boot nothing is taken.
 */
#include "kern/boot/memory.h"

/* Takes from the free runs of `map` from now on, which must outlive the boot.
   NULL: nothing can be taken any more, the free runs are the frame table's. */
void boot_memory_use(struct memory_map *map);

/* Takes `size` bytes, rounded up to whole frames, aligned to `alignment` (a
   power of two, at least a frame): the lowest that fits, so that the large
   free runs stay whole. Contents are unknown. Fails the boot if nothing fits.
 */
paddr_t boot_memory_take(uint64_t size, uint64_t alignment);

#endif
