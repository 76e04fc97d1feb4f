/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_ARENA_H
#define CHITIN_KERN_CODE_ARENA_H
/*
 * The pages that downloaded code lives in while it is checked, compiled and
 * run: a 64th of the machine's RAM, at most ARENA_SIZE, taken at boot. They are
 * named by their place in the window at ARENA_BASE, from 0 on. Whose they are,
 * and who is charged for them, is the caller's to know.
 *
 * Life of a page:
 *
 *     not mapped --arena_take--> RW- --arena_seal--> R-X
 *         ^                       |                   |
 *         '------arena_give-------'-------------------'
 *
 * It may be called with locks held, but those of LOCK_LEAF; each function that
 * changes the map waits until all harts have heard of it.
 */
#include "kern/boot/memory.h"
#include "kern/layout.h"

/* Takes the memory, out of free runs of `map`, before vm_switch maps these; and
   makes the window, after it. */
void arena_reserve(const struct memory_map *map);
void arena_map(void);

/* How many pages there are for envs, half of all; and where all are in RAM. */
unsigned arena_pages(void);
struct memory_run arena_run(void);

/* Takes `count` pages in a row, 1 or more, out of the kernel's half or that of
   envs: the first of them, or -ENOSPC. What they hold is left from others. */
int arena_take(unsigned count, bool kernel);

/* Makes pages that were taken, and are filled, ready to be run. Nobody writes
   them after that. */
void arena_seal(unsigned first, unsigned count);

/* Gives pages back, sealed or not: nobody runs or reads them any more. */
void arena_give(unsigned first, unsigned count);

static inline void *
arena_address(unsigned page)
{
    return (void *)(ARENA_BASE + (uint64_t)page * FRAME_SIZE);
}

#endif
