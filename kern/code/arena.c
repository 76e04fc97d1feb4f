/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - the arena's memory is mapped nowhere but in the window: it was taken
 *    before the direct map was made, and has no frame that an env could own;
 *  - an entry of the window is 0, RW- or R-X, and only its page's taker, of
 *    whom there is one, changes it;
 *  - a page that is not taken has no entry, and no hart a translation: its
 *    place is given back when all have been fenced.
 *
 * A page goes from RW- to R-X with one store. Between that and the end of the
 * fences a hart may hold the old translation, but nobody knows of the code yet.
 */
#include "kern/code/arena.h"

#include "kern/abi/error.h"
#include "kern/boot/boot_memory.h"
#include "kern/lock.h"
#include "kern/panic.h"
#include "kern/vm.h"

/* The share of RAM. */
#define ARENA_PART 64

_Static_assert(ARENA_SIZE == SPAN(1), "one table of leaves has the window");

static struct lock arena_lock = {.rank = LOCK_LEAF}; /* of `taken` */
static uint64_t taken[ARENA_SIZE / FRAME_SIZE / 64];
static struct memory_run memory; /* immutable after boot, like the next two */
static unsigned pages;
static pte_t *leaves;

void
arena_reserve(const struct memory_map *map)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < map->bank_count; i++) {
        size += map->bank[i].end - map->bank[i].start;
    }
    size = size / ARENA_PART & ~(FRAME_SIZE - 1);
    size = size < ARENA_SIZE ? size : ARENA_SIZE;
    memory.start =
        boot_memory_take(size, size == ARENA_SIZE ? ARENA_SIZE : FRAME_SIZE);
    memory.end = memory.start + size;
    pages = (unsigned)(size / FRAME_SIZE);
}

void
arena_map(void)
{
    leaves = vm_leaves(ARENA_BASE);
}

unsigned
arena_pages(void)
{
    return pages / 2;
}

struct memory_run
arena_run(void)
{
    return memory;
}

static bool
page_taken(unsigned page)
{
    return taken[page / 64] >> page % 64 & 1;
}

/* Marks pages as taken, or as not; with the lock held. */
static void
pages_mark(unsigned first, unsigned count)
{
    for (unsigned page = first; page < first + count; page++) {
        taken[page / 64] ^= (uint64_t)1 << page % 64;
    }
}

/* The first of `count` pages in a row that nobody has, from `page` to the end
   of its half; or -ENOSPC. */
static int
pages_find(unsigned page, unsigned count)
{
    unsigned end = page + pages / 2;
    unsigned found = 0;

    for (; page < end; page++) {
        found = page_taken(page) ? 0 : found + 1;
        if (found == count) {
            return (int)(page + 1 - count);
        }
    }
    return -ENOSPC;
}

/* One that comes later has been fenced before an env is bound to it. */
static uint64_t
harts_up(void)
{
    uint64_t harts = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        harts |= (uint64_t)(hart_table[i]->state == HART_UP) << i;
    }
    return harts;
}

/* Maps pages anew, with these bits or, if they are 0, not at all. */
static void
pages_map(unsigned first, unsigned count, pte_t bits)
{
    ASSERT(first + count <= pages && count > 0);
    ASSERT((bits & (PTE_W | PTE_X)) != (PTE_W | PTE_X));
    for (unsigned page = first; page < first + count; page++) {
        paddr_t address = memory.start + (uint64_t)page * FRAME_SIZE;

        ASSERT(page_taken(page));
        __atomic_store_n(&leaves[page], bits == 0 ? 0 : pte_make(address, bits),
                         __ATOMIC_RELAXED);
    }
    hart_fence_all(harts_up());
}

int
arena_take(unsigned count, bool kernel)
{
    int first;

    lock_acquire(&arena_lock);
    first = pages_find(kernel ? pages / 2 : 0, count);
    if (first >= 0) {
        pages_mark((unsigned)first, count);
    }
    lock_release(&arena_lock);
    if (first >= 0) {
        pages_map((unsigned)first, count, PTE_KERNEL_RW);
    }
    return first;
}

void
arena_seal(unsigned first, unsigned count)
{
    pages_map(first, count, PTE_KERNEL_RX);
    code_fence(harts_up());
}

void
arena_give(unsigned first, unsigned count)
{
    pages_map(first, count, 0);
    lock_acquire(&arena_lock);
    pages_mark(first, count);
    lock_release(&arena_lock);
}
