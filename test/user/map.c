/* SPDX-License-Identifier: MIT */
/*
 * lib/exo's page-table helper: over the bounds of tables, with megapages and
 * holes, in another address space, and every refusal; and what it made it can
 * take apart, so that no frame is lost.
 */
#include "lib/exo/map.h"
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"
#include "test/user/frames.h"

#define PAGE 4096UL
#define MEGA 0x200000UL
#define GIGA 0x40000000UL
#define COUNT 200
#define RW (EXO_R | EXO_W)

static uint64_t frame[COUNT];
static struct exo_map own;

static int64_t
insert(uint64_t address, uint64_t count, unsigned level)
{
    struct exo_range range = {address, count, level};

    return exo_map_insert(&own, &range, 0, frame, RW);
}

static uint64_t
found(const struct exo_map *map, uint64_t address, unsigned wanted)
{
    unsigned level = 9;
    int64_t entry = exo_map_find(map, address, &level);

    EXPECT(level, wanted);
    return (uint64_t)entry << 10 >> 20;
}

static const volatile struct frame *
record(int64_t number)
{
    return (const volatile struct frame *)INFORMATION_FRAMES + number;
}

static bool
writable(const struct exo_map *map, uint64_t address)
{
    unsigned level;

    return ((uint64_t)exo_map_find(map, address, &level) & EXO_W) != 0;
}

/* 200 pages that begin 100 before the bound of a gigabyte. */
static void
across(void)
{
    uint64_t base = 3 * GIGA - 100 * PAGE;

    EXPECT(insert(base, COUNT, 0), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        *(volatile uint64_t *)(base + i * PAGE) = i;
        EXPECT(found(&own, base + i * PAGE + 5, 0), frame[i]);
    }
    EXPECT(insert(base - PAGE, 2, 0), -EBUSY); /* all or nothing */
    EXPECT(found(&own, base - PAGE, 0), 0);
    EXPECT(exo_map_protect(&own, base, COUNT * PAGE, 0, EXO_W, 0), COUNT);
    EXPECT(writable(&own, base), false);
    EXPECT(exo_map_protect(&own, base, COUNT * PAGE, 0, 0, EXO_W), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        EXPECT(*(volatile uint64_t *)(base + i * PAGE), i);
    }
    EXPECT(record(exo_map_table(&own, base))->used, 100);
    EXPECT(exo_map_table(&own, base - 513 * PAGE), 0);
    /* Holes. */
    EXPECT(exo_map_remove(&own, base + 10 * PAGE, PAGE), 1);
    EXPECT(exo_map_remove(&own, base + 20 * PAGE, 70 * PAGE), 70);
    EXPECT(exo_map_protect(&own, base, COUNT * PAGE, 0, EXO_W, 0), COUNT - 71);
    EXPECT(exo_map_protect(&own, base, COUNT * PAGE, 0, ~0UL, 0), -EINVAL);
    EXPECT(exo_map_remove(&own, GIGA, 5 * GIGA), COUNT - 71);
    EXPECT(exo_map_remove(&own, GIGA, 5 * GIGA), 0);
    EXPECT(exo_map_trim(&own, GIGA, 5 * GIGA), 4);
    EXPECT(found(&own, base, 2), 0);
}

static void
megapage(void)
{
    int64_t large = exo_frame_alloc(0, 9);
    uint64_t small = frame[0];
    uint64_t base = 5 * GIGA;

    EXPECT(large > 0, 1);
    frame[0] = (uint64_t)large;
    EXPECT(insert(base + PAGE, 1, 1), -EINVAL);
    EXPECT(insert(base, 1, 0), -EINVAL); /* not that large */
    EXPECT(exo_map_trim(&own, base, GIGA), 2);
    EXPECT(insert(base + MEGA, 1, 1), 0);
    EXPECT(found(&own, base + MEGA + 7 * PAGE, 1), large);
    *(volatile uint64_t *)(base + 2 * MEGA - 8) = 1;
    frame[0] = small;
    EXPECT(insert(base + MEGA + PAGE, 1, 0), -EBUSY);
    EXPECT(insert(base, 1, 0), 0);
    EXPECT(exo_map_remove(&own, base, MEGA + PAGE), -EINVAL);
    EXPECT(exo_map_remove(&own, base + MEGA + PAGE, MEGA), -EINVAL);
    EXPECT(exo_map_protect(&own, base + MEGA + PAGE, PAGE, 0, EXO_W, 0),
           -EINVAL);
    EXPECT(found(&own, base, 0), small); /* nothing was changed */
    EXPECT(exo_map_protect(&own, base, 2 * MEGA, 0, EXO_W, 0), 2);
    EXPECT(exo_map_remove(&own, base, 4 * MEGA), 2);
    EXPECT(exo_map_trim(&own, base, GIGA), 2);
    EXPECT(exo_frame_free((uint64_t)large), 0);
}

static void
refusals(void)
{
    unsigned level;

    EXPECT(insert(GIGA + 1, 1, 0), -EINVAL);
    EXPECT(insert(GIGA, 1, 3), -EINVAL);
    EXPECT(insert(USER_END - PAGE, 2, 0), -EINVAL);
    EXPECT(insert(USER_END, 1, 0), -EINVAL);
    EXPECT(insert(~0UL - PAGE + 1, 1, 0), -EINVAL);
    EXPECT(insert(GIGA, ~0UL / 2, 0), -EINVAL);
    EXPECT(insert(GIGA, 0, 0), 0);
    EXPECT(exo_map_find(&own, USER_END, &level), -EINVAL);
    EXPECT(exo_map_remove(&own, GIGA + 1, PAGE), -EINVAL);
    EXPECT(exo_map_remove(&own, GIGA, 1), -EINVAL);
    EXPECT(exo_map_remove(&own, USER_END - PAGE, 2 * PAGE), -EINVAL);
    EXPECT(exo_map_remove(&own, PAGE, ~0UL << 12), -EINVAL);
    EXPECT(exo_map_insert(&own, &(struct exo_range){GIGA, 1, 0}, 9, frame, RW),
           -EBADF);
    EXPECT(exo_map_trim(&own, GIGA, GIGA), 2);
}

/* Another address space: its tables are under another name. */
static int64_t
clear(void *context, const struct exo_entry *e)
{
    const struct exo_map *map = context;

    return e->entry & EXO_R
               ? exo_map_remove(map, e->address, PAGE << 9 * e->level)
               : exo_map_unlink(map, e);
}

static void
another(void)
{
    struct exo_range range = {3 * GIGA - 3 * PAGE, 70, 0};
    struct exo_map map;

    EXPECT(sys_cap_fresh(0, 1), 0);
    EXPECT(exo_map_new(&map, 9), -EBADF);
    EXPECT(exo_map_new(&map, 1), 0);
    EXPECT(insert(range.address, range.count, 0), 0);
    EXPECT(exo_map_copy(&own, &range, &map, 7 * GIGA - 5 * PAGE, EXO_AD), 0);
    for (unsigned i = 0; i < range.count; i++) {
        EXPECT(found(&map, 7 * GIGA + i * PAGE - 5 * PAGE, 0), frame[i]);
    }
    EXPECT(writable(&map, 7 * GIGA), false);
    EXPECT(exo_map_remove(&own, range.address, range.count * PAGE), 70);
    EXPECT(exo_map_trim(&own, GIGA, 5 * GIGA), 4);
    for (uint64_t i = 0; i < 8; i++) {
        EXPECT(exo_map_insert(&map,
                              &(struct exo_range){i * GIGA + 8 * GIGA, 8, 0}, 0,
                              frame, RW),
               0);
    }
    EXPECT(exo_map_free(&map), -EBUSY);
    EXPECT(exo_map_visit(&map, clear, &map), 0);
    EXPECT(exo_map_free(&map), 0);
}

int
main(void)
{
    unsigned before;
    unsigned again = 0;

    own = exo_map_own();
    EXPECT(exo_map_borrow(0, 1) == NULL, 1); /* and the window is there */
    before = frames_of(exo_id);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            frame[i] = (uint64_t)exo_frame_alloc(0, 0);
        }
        across();
        megapage();
        refusals();
        another();
        EXPECT(sys_cap_drop(1), 0);
        for (unsigned i = 0; i < COUNT; i++) {
            EXPECT(exo_frame_free(frame[i]), 0);
        }
        again = frames_of(exo_id);
        EXPECT(again, before);
    }
    printf("test: map ok\n");
    return 0;
}
