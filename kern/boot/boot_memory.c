/* SPDX-License-Identifier: MIT */
/*
 * Takes from the low end of a free run. What alignment skips is not lost: it
 * stays a free run of its own, as long as the table has room for it.
 */
#include "kern/boot/boot_memory.h"

#include "kern/panic.h"
#include "kern/string.h"

static struct memory_map *source;

void
boot_memory_use(struct memory_map *map)
{
    source = map;
}

/* Moves the run `from` and those behind it: over others, or to make room. */
static void
runs_move(unsigned from, unsigned to)
{
    memmove(&source->free[to], &source->free[from],
            (source->free_count - from) * sizeof(source->free[0]));
    source->free_count += to - from;
}

paddr_t
boot_memory_take(uint64_t size, uint64_t alignment)
{
    ASSERT(source != NULL);
    size = memory_run_around(0, size).end;
    for (unsigned i = 0; i < source->free_count; i++) {
        struct memory_run *run = &source->free[i];
        paddr_t start = (run->start + alignment - 1) & ~(alignment - 1);
        struct memory_run skipped = {run->start, start};

        if (start >= run->end || run->end - start < size ||
            (skipped.start < skipped.end &&
             source->free_count == MEMORY_FREE_MAX)) {
            continue;
        }
        run->start = start + size;
        if (run->start == run->end) {
            runs_move(i + 1, i);
        }
        if (skipped.start < skipped.end) {
            runs_move(i, i + 1);
            source->free[i] = skipped;
        }
        return start;
    }
    boot_fail("no %lu KiB of memory left for the kernel's tables", size / 1024);
}
