/* SPDX-License-Identifier: MIT */
#include "lib/posix/space.h"

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/page.h"
#include "lib/posix/layout.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define TABLE_SPAN (512 * PAGE)
#define BATCH 64
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

static void
frames_free(const uint64_t *frame, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        (void)sys_frame_free(frame[i], 0);
    }
}

/* At most BATCH pages. */
static int64_t
some_make(uint64_t address, uint64_t pages, uint64_t bits)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {address, pages, 0};
    uint64_t frame[BATCH];
    int64_t error = 0;

    for (uint64_t i = 0; i < pages; i++) {
        error = exo_frame_alloc(POSIX_CAP_OWN, 0);
        if (error < 0) {
            frames_free(frame, i);
            return error;
        }
        frame[i] = (uint64_t)error;
    }
    error = exo_map_insert(&map, &range, POSIX_CAP_OWN, frame, bits | EXO_W);
    if (error < 0) {
        frames_free(frame, pages);
        return error;
    }
    for (uint64_t i = 0; i < pages; i++) {
        exo_page_clear((void *)(address + i * PAGE));
    }
    return (bits & EXO_W) != 0 ? 0 : space_protect(address, pages, EXO_W, 0);
}

int64_t
space_make(uint64_t address, uint64_t pages, uint64_t bits)
{
    uint64_t done = 0;

    while (done < pages) {
        uint64_t some = pages - done < BATCH ? pages - done : BATCH;
        int64_t error = some_make(address + done * PAGE, some, bits);

        if (error < 0) {
            (void)space_clear(address, address + done * PAGE);
            return error;
        }
        done += some;
    }
    return 0;
}

/* Entries of one page table: those from `index` on. */
static int64_t
table_clear(uint64_t address, uint64_t count)
{
    struct exo_map map = exo_map_own();
    int64_t table = exo_map_table(&map, address);
    const volatile uint64_t *entry = exo_map_view(&map, address);
    uint64_t first = address / PAGE % 512;
    uint64_t frame[BATCH];
    uint64_t frames = 0;

    if (table <= 0 || entry == NULL) {
        return table < 0 ? table : 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = entry[first + i] << 10 >> 20;

        if (entry[first + i] != 0 && RECORDS[number].owner == exo_id) {
            frame[frames++] = number;
        }
    }
    table = sys_pt_unmap(map.cap, (uint64_t)table, first, count);
    if (table >= 0) {
        frames_free(frame, frames);
    }
    return table < 0 ? table : 0;
}

int64_t
space_clear(uint64_t from, uint64_t to)
{
    int64_t error = 0;

    while (error >= 0 && from < to) {
        struct exo_map map = exo_map_own();
        uint64_t end = (from / TABLE_SPAN + 1) * TABLE_SPAN;
        int64_t table = exo_map_table(&map, from);

        end = end < to ? end : to;
        if (table > 0) {
            end = end - from < BATCH * PAGE ? end : from + BATCH * PAGE;
            error = table_clear(from, (end - from) / PAGE);
        } else {
            error = table;
        }
        from = end;
    }
    return error < 0 ? error : 0;
}

int64_t
space_protect(uint64_t address, uint64_t pages, uint64_t clear, uint64_t set)
{
    struct exo_map map = exo_map_own();
    int64_t error =
        exo_map_protect(&map, address, pages * PAGE, POSIX_CAP_OWN, clear, set);

    return error < 0 ? error : 0;
}
