/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_MAIN_H
#define CHITIN_KERN_MAIN_H
/* The order of the boot, and what a hart does when there is nothing to do. */
#include "kern/abi/types.h"
#include "kern/boot/memory.h"

/* Entered from entry.S on the boot hart's stack: hardware number of the hart,
   physical address of the device tree, where the image was loaded (physical
   minus virtual), and the time of entry. */
_Noreturn void kernel_main(uint64_t id, paddr_t tree, uint64_t offset,
                           uint64_t entered);

/* Handles interrupts for ever. */
_Noreturn void kernel_idle(void);

/* The machine's memory as the boot found it; immutable afterwards. */
extern struct memory_map kernel_memory;

#endif
