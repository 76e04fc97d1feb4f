/* SPDX-License-Identifier: MIT */
/*
 * The frame table lies in a window of its own (kern/layout.h), indexed by the
 * page number itself: the window spans all numbers that the direct map
 * reaches, and only the parts that hold records of RAM take memory. The rest
 * is one page of zeroes, read-only, so that a number which an env made up
 * finds the type FRAME_ABSENT and needs no other check than FRAME_LIMIT.
 * Nobody may write to those: their lock is never taken.
 */
#include "kern/boot/frame_table.h"

#include "kern/abi/layout.h"
#include "kern/boot/boot_memory.h"
#include "kern/frame.h"
#include "kern/string.h"
#include "kern/vm.h"

_Static_assert(sizeof(struct frame) * FRAME_LIMIT <= FRAME_TABLE_SIZE,
               "the table fits the window");

static _Alignas(4096) const char absent_records[FRAME_SIZE];

/* The page numbers of a run, cut off where the direct map ends. */
struct span {
    ppn_t first, end;
};

static struct span
span_of(struct memory_run run)
{
    struct span span = {run.start >> FRAME_SHIFT, run.end >> FRAME_SHIFT};

    span.end = span.end < FRAME_LIMIT ? span.end : FRAME_LIMIT;
    span.first = span.first < span.end ? span.first : span.end;
    return span;
}

/* The part of the window that holds the records of a bank, in whole pages. */
static struct memory_run
window_of(struct memory_run bank)
{
    struct span span = span_of(bank);

    return memory_run_around((uint64_t)frame_record(span.first),
                             (uint64_t)frame_record(span.end));
}

static void
window_back(struct memory_run window)
{
    uint64_t size = window.end - window.start;
    paddr_t memory = boot_memory_take(
        size,
        size >= SPAN(1) && window.start % SPAN(1) == 0 ? SPAN(1) : FRAME_SIZE);

    vm_map(window.start, memory, size, PTE_KERNEL_RW);
    frame_counts.table += size;
    /* The pages at both ends may hold records of what is not RAM. */
    memset((void *)window.start, 0, FRAME_SIZE);
    memset((void *)(window.end - FRAME_SIZE), 0, FRAME_SIZE);
}

static void
records_fill(struct span span, enum frame_type type)
{
    struct frame *end = frame_record(span.end);

    for (struct frame *f = frame_record(span.first); f < end; f++) {
        *f = (struct frame){.type = (uint8_t)type};
    }
}

/* Gives `type` to those records of `run` that are RAM. */
static void
records_mark(struct memory_run run, enum frame_type type)
{
    struct span span = span_of(run);

    for (ppn_t number = span.first; number < span.end; number++) {
        struct frame *f = frame_record(number);

        if (f->type != FRAME_ABSENT) {
            f->type = (uint8_t)type;
        }
    }
}

/* Writes the records of one bank: free runs as such, what lies between them
   as the kernel's. */
static void
bank_fill(const struct memory_map *map, struct span bank)
{
    ppn_t next = bank.first;

    for (unsigned i = 0; i < map->free_count; i++) {
        struct span free = span_of(map->free[i]);

        if (free.first < bank.first || free.end > bank.end ||
            free.first == free.end) {
            continue;
        }
        records_fill((struct span){next, free.first}, FRAME_KERNEL);
        records_fill(free, FRAME_PART);
        frame_add_free(free.first, free.end - free.first);
        next = free.end;
    }
    records_fill((struct span){next, bank.end}, FRAME_KERNEL);
    frame_counts.ram += bank.end - bank.first;
}

void
frame_table_init(const struct memory_map *map, const struct memory_run *kernel,
                 unsigned kernel_count)
{
    struct memory_run window = {FRAME_TABLE_BASE, FRAME_TABLE_BASE};

    /* Banks are in ascending order; two may share a page of records. */
    for (unsigned i = 0; i < map->bank_count; i++) {
        struct memory_run next = window_of(map->bank[i]);

        if (next.start < window.end) {
            next.start = window.end;
        }
        if (next.start < next.end) {
            window_back(next);
            window = next;
        }
    }
    /* What lies above the records is kern/information.h's. */
    vm_map_holes(FRAME_TABLE_BASE, sizeof(struct frame) * FRAME_LIMIT,
                 vm_image_address(absent_records), PTE_KERNEL_RO);
    vm_export(FRAME_TABLE_BASE, INFORMATION_FRAMES);
    boot_memory_use(NULL);

    for (unsigned i = 0; i < map->bank_count; i++) {
        bank_fill(map, span_of(map->bank[i]));
    }
    for (unsigned i = 0; i < map->reserved_count; i++) {
        records_mark(map->reserved[i], FRAME_RESERVED);
    }
    for (unsigned i = 0; i < kernel_count; i++) {
        records_mark(kernel[i], FRAME_KERNEL);
    }
}
