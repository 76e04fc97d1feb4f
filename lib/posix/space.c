/* SPDX-License-Identifier: MIT */
#include "lib/posix/space.h"

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/page.h"
#include "lib/posix/layout.h"
#include "lib/posix/table.h"

#define TABLE_SPAN ((uint64_t)1 << REGION_SHIFT)
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

/* Calls `visit` for runs of mapped pages, each within one group of a table. */
static int64_t
runs_visit(uint64_t from, uint64_t to,
           int64_t (*visit)(int table, uint64_t address, uint64_t count,
                            const uint64_t *bits),
           const uint64_t *bits)
{
    int64_t error = 0;

    while (from < to && error >= 0) {
        int table = table_find(from);
        uint64_t end = (from / TABLE_SPAN + 1) * TABLE_SPAN;
        uint64_t count = 0;

        end = end < to ? end : to;
        if (table == TABLE_NONE) {
            from = end;
            continue;
        }
        if (!(table_book.groups[table] >> table_index(from) / TABLE_GROUP &
              1)) {
            from = (from / (TABLE_GROUP * PAGE) + 1) * TABLE_GROUP * PAGE;
            continue;
        }
        while (from + count * PAGE < end && count < TABLE_GROUP &&
               table_entry(table, from + count * PAGE) != 0) {
            count++;
        }
        if (count > 0) {
            error = visit(table, from, count, bits);
        }
        from += (count > 0 ? count : 1) * PAGE;
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
        uint64_t number = PTE_FRAME(table_entry(table, address + i * PAGE));

        if (RECORDS[number].owner == exo_id) {
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

int64_t
space_clear(uint64_t from, uint64_t to)
{
    return runs_visit(from, to, run_clear, NULL);
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
    return runs_visit(from, to, run_seen, NULL) < 0;
}
