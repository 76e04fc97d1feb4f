/* SPDX-License-Identifier: MIT */
#include "lib/posix/space.h"

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/page.h"
#include "lib/posix/layout.h"
#include "lib/posix/set.h"
#include "lib/posix/swap.h"
#include "lib/posix/table.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

/* Bits of a private page with the rights that the caller wants. */
static uint64_t
bits_private(uint64_t bits)
{
    return (bits & EXO_W) != 0 ? bits | PTE_MAY_WRITE : bits;
}

int64_t
space_place(uint64_t address, const uint64_t *frame, uint64_t pages,
            uint64_t bits)
{
    int64_t error = 0;

    for (uint64_t i = 0; i < pages && error >= 0; i++) {
        int table = table_make(address + i * PAGE);

        error = table < 0 ? table
                          : table_set(table, address + i * PAGE, frame[i],
                                      bits_private(bits));
    }
    return error;
}

int64_t
space_page(uint64_t address, uint64_t bits)
{
    bool clean;
    int table = table_make(address);
    int64_t frame = table < 0 ? table : page_new(POSIX_CAP_OWN, &clean);
    uint64_t number = (uint64_t)frame;
    int64_t error;

    if (frame < 0) {
        return frame;
    }
    error = table_set(table, address, number, bits_private(bits) | EXO_W);
    if (error < 0) {
        (void)sys_frame_free(number, 0);
        return error;
    }
    if (!clean) {
        exo_page_clear((void *)address);
    }
    return (bits & EXO_W) != 0 ? 0 : table_protect(table, address, 1, EXO_W, 0);
}

int64_t
space_make(uint64_t address, uint64_t pages, uint64_t bits)
{
    for (uint64_t i = 0; i < pages; i++) {
        int64_t error = space_page(address + i * PAGE, bits);

        if (error < 0) {
            (void)space_clear(address, address + i * PAGE);
            return error;
        }
    }
    return 0;
}

typedef int64_t run_visit(int table, uint64_t address, uint64_t count,
                          const uint64_t *bits);

/* Calls `visit` for runs of mapped pages of a group of a table. */
static int64_t
group_visit(int table, uint64_t from, uint64_t to, run_visit *visit,
            const uint64_t *bits)
{
    int64_t error = 0;

    while (from < to && error >= 0) {
        uint64_t count = 0;

        while (from + count * PAGE < to &&
               table_entry(table, from + count * PAGE) != 0) {
            count++;
        }
        if (count > 0) {
            error = visit(table, from, count, bits);
        }
        from += (count + 1) * PAGE;
    }
    return error;
}

/* The same for a range: table by table of the book. */
static int64_t
runs_visit(uint64_t from, uint64_t to, run_visit *visit, const uint64_t *bits)
{
    const struct table_book *b = &table_book;
    int64_t error = 0;

    for (unsigned i = 0; i < b->tables && error >= 0; i++) {
        uint64_t base = (uint64_t)b->region[i] << REGION_SHIFT;

        if (base >= to || base + TABLE_SPAN <= from) {
            continue;
        }
        for (unsigned groups = b->groups[i]; groups != 0 && error >= 0;
             groups &= groups - 1) {
            uint64_t at = base + (uint64_t)set_first(groups) * GROUP_SPAN;
            uint64_t end = at + GROUP_SPAN;

            error = group_visit((int)i, at > from ? at : from,
                                end < to ? end : to, visit, bits);
        }
    }
    return error < 0 ? error : 0;
}

static int64_t
run_clear(int table, uint64_t address, uint64_t count, const uint64_t *bits)
{
    uint64_t frame[TABLE_GROUP];
    uint64_t frames = 0;
    int64_t error;

    (void)bits;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = table_entry(table, address + i * PAGE);
        uint64_t number = PTE_FRAME(entry);

        /* Pages of the cache have no heirs, and stay. */
        if ((entry & PTE_HEIR) != 0 && RECORDS[number].owner == exo_id) {
            frame[frames++] = number;
        }
    }
    error = table_clear(table, address, count);
    for (uint64_t i = 0; i < frames; i++) {
        while (sys_frame_free(frame[i], 0) == -EAGAIN) {
        }
    }
    return error;
}

/* Groups of which all is in the range are empty. */
static void
groups_forget(uint64_t from, uint64_t to)
{
    struct table_book *b = &table_book;

    for (unsigned i = 0; i < b->tables; i++) {
        uint64_t at = (uint64_t)b->region[i] << REGION_SHIFT;

        for (unsigned g = 0; g < TABLE_SPAN / GROUP_SPAN; g++) {
            if (at >= from && at + GROUP_SPAN <= to) {
                b->groups[i] &= (uint8_t) ~(1u << g);
            }
            at += GROUP_SPAN;
        }
    }
}

int64_t
space_clear(uint64_t from, uint64_t to)
{
    int64_t error = runs_visit(from, to, run_clear, NULL);

    swap_forget(from, to);
    if (error == 0) {
        groups_forget(from, to);
    }
    return error;
}

static int64_t
run_protect(int table, uint64_t address, uint64_t count, const uint64_t *bits)
{
    return table_protect(table, address, count, bits[0], bits[1]);
}

int64_t
space_protect(uint64_t address, uint64_t pages, uint64_t clear, uint64_t set)
{
    const uint64_t bits[2] = {
        (clear & EXO_W) != 0 ? clear | PTE_MAY_WRITE : clear,
        (set & EXO_W) != 0 ? (set & ~EXO_W) | PTE_MAY_WRITE : set};

    swap_protect(address, address + pages * PAGE, clear, set);
    return runs_visit(address, address + pages * PAGE, run_protect, bits);
}

int64_t
space_protect_shared(uint64_t address, uint64_t pages, uint64_t clear,
                     uint64_t set)
{
    const uint64_t bits[2] = {clear, set};

    return runs_visit(address, address + pages * PAGE, run_protect, bits);
}

static int64_t
run_seen(int table, uint64_t address, uint64_t count, const uint64_t *bits)
{
    (void)table;
    (void)address;
    (void)count;
    (void)bits;
    return -EBUSY;
}

bool
space_used(uint64_t from, uint64_t to)
{
    return runs_visit(from, to, run_seen, NULL) < 0 || swap_used(from, to);
}
