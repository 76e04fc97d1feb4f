/* SPDX-License-Identifier: MIT */
/*
 * Random banks and reservations, against an oracle that marks each unit of
 * 256 bytes of a small stretch of addresses in an array.
 */
#include "kern/abi/error.h"
#include "kern/boot/memory.h"
#include "test/host/check.h"
#include "test/host/memory_check.h"
#include "test/host/memory_tree.h"

#define ROUNDS 20000
#define SEED 0x6d656d6f7279ULL

#define UNIT 256
#define PAGE_UNITS (FRAME_SIZE / UNIT)
#define PAGES 48
#define UNITS (PAGES * PAGE_UNITS)
#define EXTRA_MAX 4

struct world {
    paddr_t base;
    struct memory_layout layout;
    struct memory_run extra[EXTRA_MAX];
    uint32_t extra_count;
};

/* For each unit, how many ranges of a kind it lies in. */
struct marks {
    uint8_t bank[UNITS];
    uint8_t node[UNITS];
    uint8_t reserved[UNITS];
};

static struct fdt_range
range_choose(const struct world *world, uint64_t *state)
{
    uint64_t most = random_below(state, 4) == 0 ? 300 : 24;
    uint64_t start = random_below(state, UNITS);
    uint64_t size = random_below(state, most);

    /* Whole pages every now and then, since tables often begin at one. */
    if (random_below(state, 3) == 0) {
        start -= start % PAGE_UNITS;
        size -= size % PAGE_UNITS;
    }
    size = size < UNITS - start ? size : UNITS - start;
    return (struct fdt_range){world->base + start * UNIT, size * UNIT};
}

static void
list_choose(struct world *world, struct range_list *list, uint64_t most,
            uint64_t *state)
{
    list->count = (uint32_t)random_below(state, most + 1);
    for (uint32_t i = 0; i < list->count; i++) {
        list->range[i] = range_choose(world, state);
    }
}

/* Ranges that do not overlap, some of them touching, in random order. */
static void
list_spread(struct world *world, struct range_list *list, uint64_t *state)
{
    uint64_t at = random_below(state, 40);

    list->count = 0;
    while (at < UNITS && list->count < 8) {
        uint64_t size = 1 + random_below(state, 200);
        uint32_t place = (uint32_t)random_below(state, list->count + 1ULL);

        size = size < UNITS - at ? size : UNITS - at;
        list->range[list->count++] = list->range[place];
        list->range[place] =
            (struct fdt_range){world->base + at * UNIT, size * UNIT};
        at +=
            size + (random_below(state, 2) != 0 ? random_below(state, 40) : 0);
    }
}

static void
world_choose(struct world *world, uint64_t *state)
{
    static const paddr_t base[] = {0, 0x80000000, 0x1000000000,
                                   MEMORY_LIMIT - PAGES * FRAME_SIZE};
    struct memory_layout *layout = &world->layout;

    memset(world, 0, sizeof(*world));
    world->base = base[random_below(state, 4)];
    layout->address_cells = world->base >> 32 != 0 ? 2 : 1;
    layout->address_cells += (uint32_t)random_below(state, 2);
    if (layout->address_cells > 2) {
        layout->address_cells = 2;
    }
    layout->size_cells = 1 + (uint32_t)random_below(state, 2);
    layout->gather = random_below(state, 2) == 0;
    if (random_below(state, 4) != 0) {
        list_spread(world, &layout->banks, state);
    } else {
        list_choose(world, &layout->banks, 3, state);
    }
    if (random_below(state, 2) != 0) {
        list_spread(world, &layout->nodes, state);
    } else {
        list_choose(world, &layout->nodes, 4, state);
    }
    list_choose(world, &layout->entries, 6, state);
    world->extra_count = (uint32_t)random_below(state, EXTRA_MAX + 1);
    for (uint32_t i = 0; i < world->extra_count; i++) {
        struct fdt_range range = range_choose(world, state);
        world->extra[i] =
            (struct memory_run){range.address, range.address + range.size};
    }
    /* An entry of zeroes would end the reservation block. */
    for (uint32_t i = 0; i < layout->entries.count; i++) {
        struct fdt_range *range = &layout->entries.range[i];
        if (range->address == 0 && range->size == 0) {
            range->size = UNIT;
        }
    }
}

static void
range_mark(const struct world *world, uint8_t *marks, paddr_t start,
           paddr_t end)
{
    for (paddr_t at = start; at < end; at += UNIT) {
        if (at - world->base < UNITS * UNIT) {
            marks[(at - world->base) / UNIT]++;
        }
    }
}

static void
list_mark(const struct world *world, uint8_t *marks,
          const struct range_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        range_mark(world, marks, list->range[i].address,
                   list->range[i].address + list->range[i].size);
    }
}

static void
world_mark(const struct world *world, struct marks *marks)
{
    memset(marks, 0, sizeof(*marks));
    list_mark(world, marks->bank, &world->layout.banks);
    list_mark(world, marks->node, &world->layout.nodes);
    list_mark(world, marks->reserved, &world->layout.nodes);
    list_mark(world, marks->reserved, &world->layout.entries);
    for (uint32_t i = 0; i < world->extra_count; i++) {
        range_mark(world, marks->reserved, world->extra[i].start,
                   world->extra[i].end);
    }
}

static bool
marks_overlap(const uint8_t *marks)
{
    for (uint32_t i = 0; i < UNITS; i++) {
        if (marks[i] > 1) {
            return true;
        }
    }
    return false;
}

/* How many of the page's units are marked. */
static uint32_t
page_marked(const uint8_t *marks, uint32_t page)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < PAGE_UNITS; i++) {
        count += marks[page * PAGE_UNITS + i] != 0;
    }
    return count;
}

static bool
has_page(const struct memory_run *run, uint32_t count, paddr_t page)
{
    for (uint32_t i = 0; i < count; i++) {
        if (page >= run[i].start && page < run[i].end) {
            return true;
        }
    }
    return false;
}

static int
error_expected(const struct marks *marks)
{
    uint32_t whole = 0;

    if (marks_overlap(marks->bank)) {
        return -EOVERFLOW;
    }
    for (uint32_t i = 0; i < PAGES; i++) {
        whole += page_marked(marks->bank, i) == PAGE_UNITS;
    }
    if (whole == 0) {
        return -ENODEV;
    }
    return marks_overlap(marks->node) ? -EOVERFLOW : 0;
}

static void
pages_compare(const struct world *world, const struct marks *marks,
              const struct memory_map *map)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        paddr_t page = world->base + i * FRAME_SIZE;
        bool bank = page_marked(marks->bank, i) == PAGE_UNITS;
        bool reserved = page_marked(marks->reserved, i) != 0;

        CHECK_EQUAL(has_page(map->bank, map->bank_count, page), bank);
        CHECK_EQUAL(has_page(map->reserved, map->reserved_count, page),
                    reserved);
        CHECK_EQUAL(has_page(map->free, map->free_count, page),
                    bank && !reserved);
    }
}

int
main(void)
{
    uint64_t state = SEED;
    uint32_t refused = 0;
    char subject[32];

    check_subject = subject;
    for (int i = 0; i < ROUNDS; i++) {
        struct memory_map map;
        struct marks marks;
        struct world world;
        struct fdt tree;
        void *blob;
        int error;

        (void)snprintf(subject, sizeof(subject), "round %d", i);
        world_choose(&world, &state);
        world_mark(&world, &marks);
        blob = memory_tree_build(&world.layout);
        CHECK_EQUAL(fdt_open(&tree, blob, SIZE_MAX), 0);
        error = memory_map_build(&map, &tree, world.extra, world.extra_count);
        memory_map_check(&map, error);
        CHECK_EQUAL(error, error_expected(&marks));
        if (error == 0) {
            pages_compare(&world, &marks, &map);
        } else {
            refused++;
        }
        free(blob);
    }
    printf("%d maps, %u of them refused, agree\n", ROUNDS, refused);
    CHECK(refused > ROUNDS / 20 && refused < ROUNDS / 2);
    return 0;
}
