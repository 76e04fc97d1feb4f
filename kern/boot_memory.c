/* SPDX-License-Identifier: MIT */
/*
 * Takes from the low end of a free run. What alignment skips is not lost: it
 * stays a free run of its own, as long as the table has room for it.
 */
#include "kern/boot_memory.h"

#include "kern/panic.h"

static struct memory_map *source;

void
boot_memory_init(struct memory_map *map)
{
    source = map;
}

void
boot_memory_close(void)
{
    source = NULL;
}

static void
run_remove(unsigned index)
{
    source->free_count--;
    for (unsigned i = index; i < source->free_count; i++) {
        source->free[i] = source->free[i + 1];
    }
}

static void
run_insert(unsigned index, struct memory_run run)
{
    for (unsigned i = source->free_count; i > index; i--) {
        source->free[i] = source->free[i - 1];
    }
    source->free[index] = run;
    source->free_count++;
}

paddr_t
boot_memory_take(uint64_t size, uint64_t alignment)
{
    ASSERT(source != NULL);
    size = (size + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1);
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
            run_remove(i);
        }
        if (skipped.start < skipped.end) {
            run_insert(i, skipped);
        }
        return start;
    }
    boot_fail("no %lu KiB of memory left for the kernel's tables", size / 1024);
}
