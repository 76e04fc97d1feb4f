/* SPDX-License-Identifier: MIT */
/*
 * sbrk, for picolibc's malloc: memory from the end of the program on, of frames
 * that are allocated and mapped as the break moves up, and unmapped and freed
 * as it moves down. Nothing is mapped by faults: a libOS that wants that
 * defines an sbrk of its own, which takes the place of this one.
 */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/exo/map.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define BATCH 64
#define TABLE_SPAN (512 * PAGE) /* of one page table */
#define HEAP_LIMIT EXO_WINDOW

extern char __heap_start[]; /* program.ld */

static uint64_t heap_break;  /* 0: not asked for yet */
static uint64_t heap_mapped; /* page-aligned: the first that is not */

static uint64_t
page_up(uint64_t address)
{
    return (address + PAGE - 1) & ~(PAGE - 1);
}

/* Maps up to BATCH pages more. Memory that this name's holders have used
   before is not cleared: malloc promises nothing. */
static bool
heap_grow(const struct exo_map *map, uint64_t pages)
{
    uint64_t frame[BATCH] = {0};
    uint64_t count = 0;
    struct exo_range range = {.address = heap_mapped};
    bool good = true;

    while (good && count < pages && count < BATCH) {
        int64_t number = exo_frame_alloc(map->cap, 0);

        good = number > 0;
        frame[count] = (uint64_t)number;
        count += good;
    }
    range.count = count;
    good = good &&
           exo_map_insert(map, &range, map->cap, frame, EXO_R | EXO_W) == 0;
    if (good) {
        heap_mapped += count * PAGE;
    }
    while (!good && count > 0) {
        exo_frame_free(frame[--count]);
    }
    return good;
}

static void
heap_shrink(const struct exo_map *map, uint64_t end)
{
    uint64_t old = heap_mapped;

    while (heap_mapped > end) {
        unsigned level;
        int64_t entry = exo_map_find(map, heap_mapped - PAGE, &level);

        heap_mapped -= PAGE;
        if (entry > 0 && exo_map_remove(map, heap_mapped, PAGE) == 1) {
            exo_frame_free((uint64_t)entry << 10 >> 20);
        }
    }
    if (old > end && (old - 1) / TABLE_SPAN != (end - 1) / TABLE_SPAN) {
        (void)exo_map_trim(map, end, old - end);
    }
}

void *
sbrk(ptrdiff_t increment)
{
    struct exo_map map = exo_map_own();
    uint64_t old;
    uint64_t new;

    if (heap_break == 0) {
        heap_break = (uint64_t)__heap_start;
        heap_mapped = page_up(heap_break);
    }
    old = heap_break;
    new = old + (uint64_t)increment;
    if (increment < 0 ? new > old || new < (uint64_t)__heap_start
                      : new < old || new > HEAP_LIMIT) {
        errno = ENOMEM;
        return (void *)-1;
    }
    while (heap_mapped < new) {
        if (!heap_grow(&map, (page_up(new) - heap_mapped) / PAGE)) {
            heap_shrink(&map, page_up(old));
            errno = ENOMEM;
            return (void *)-1;
        }
    }
    heap_shrink(&map, page_up(new));
    heap_break = new;
    return (void *)old;
}
