/* SPDX-License-Identifier: MIT */
/*
 * Everything the kernel and its programs will ever own is cut from the free
 * runs computed here, so the computation prefers refusing to boot over
 * guessing: handing out a page that firmware still uses breaks the firmware's
 * protection, and a bank counted twice would be owned twice. Only what is known
 * to be harmless is let pass: the same range reserved by several sources (the
 * reservation block, /reserved-memory and the caller), reservations of what is
 * not RAM, and empty ranges.
 *
 * Overlaps are judged by bytes, before rounding: two reservations may share a
 * page. Banks lose their partial pages, reservations gain theirs, so a page is
 * free only if all of its bytes are RAM that nobody reserved.
 */
#include "kern/boot/memory.h"

#include "kern/abi/error.h"

/* One of the map's tables while it is being filled. */
struct table {
    struct memory_map *map;
    const struct fdt *tree;
    struct memory_run *run;
    uint32_t count;
    uint32_t max;
    const char *full;    /* the faults of its entries */
    const char *broken;  /* a reg that cannot be read */
    const char *beyond;  /* an end above MEMORY_LIMIT */
    const char *overlap; /* two that overlap each other */
};

static const struct memory_run nowhere;

/* Only the first fault is told. What is read after it does no harm, so nothing
   but a loop without another end looks for it. */
static void
map_refuse(struct memory_map *map, int error, const char *fault,
           struct memory_run run)
{
    if (map->error == 0) {
        map->error = error;
        map->fault = fault;
        map->fault_run = run;
    }
}

/* Keeps the table in ascending order: it is short, and firmware mostly lists
   things so. */
static void
range_add(struct table *table, struct fdt_range range)
{
    struct memory_run run = {range.address, range.address + range.size};

    if (range.size == 0) {
        return;
    }
    if (range.address > MEMORY_LIMIT ||
        range.size > MEMORY_LIMIT - range.address) {
        map_refuse(table->map, -ERANGE, table->beyond, run);
    } else if (table->count == table->max) {
        map_refuse(table->map, -ENOSPC, table->full, run);
    } else {
        uint32_t hole = table->count++;
        for (; hole > 0 && table->run[hole - 1].start > run.start; hole--) {
            table->run[hole] = table->run[hole - 1];
        }
        table->run[hole] = run;
    }
}

static void
reg_add(struct table *table, fdt_node_t node)
{
    for (uint32_t i = 0; table->map->error == 0; i++) {
        struct fdt_range range;
        int error = fdt_reg_physical(table->tree, node, i, &range);

        if (error == -ENOENT) {
            return;
        }
        if (error != 0) {
            map_refuse(table->map, error, table->broken, nowhere);
        } else {
            range_add(table, range);
        }
    }
}

static void
table_check(struct table *table)
{
    for (uint32_t i = 1; i < table->count; i++) {
        if (table->run[i].start < table->run[i - 1].end) {
            map_refuse(table->map, -EOVERFLOW, table->overlap, table->run[i]);
        }
    }
}

/* Joins the runs of a table that touch or overlap. */
static void
table_join(struct table *table)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < table->count; i++) {
        struct memory_run run = table->run[i];
        struct memory_run *last = &table->run[count > 0 ? count - 1 : 0];

        if (count == 0 || run.start > last->end) {
            table->run[count++] = run;
        } else if (run.end > last->end) {
            last->end = run.end;
        }
    }
    table->count = count;
}

static void
banks_read(struct memory_map *map, const struct fdt *tree)
{
    struct table banks = {
        .map = map,
        .tree = tree,
        .run = map->bank,
        .max = MEMORY_BANKS_MAX,
        .full = "too many banks of memory",
        .broken = "a memory node's reg is malformed",
        .beyond = "a bank of memory ends above the address limit",
        .overlap = "two banks of memory overlap",
    };
    fdt_node_t node = fdt_node_child(tree, tree->root);

    for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
        if (fdt_prop_has_string(tree, node, "device_type", "memory") &&
            fdt_node_is_okay(tree, node)) {
            reg_add(&banks, node);
        }
    }
    table_check(&banks);
    table_join(&banks);
    for (uint32_t i = 0; i < banks.count; i++) {
        struct memory_run run = {
            (banks.run[i].start + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1),
            banks.run[i].end & ~(FRAME_SIZE - 1),
        };
        if (run.start < run.end) {
            map->bank[map->bank_count++] = run;
        }
    }
    if (map->bank_count == 0) {
        map_refuse(map, -ENODEV, "the machine has no memory", nowhere);
    }
}

static void
reserved_read(struct memory_map *map, const struct fdt *tree,
              const struct memory_run *extra, uint32_t extra_count)
{
    struct table reserved = {
        .map = map,
        .tree = tree,
        .run = map->reserved,
        .max = MEMORY_RESERVED_MAX,
        .full = "too many memory reservations",
        .broken = "a reg in /reserved-memory is malformed",
        .beyond = "a memory reservation ends above the address limit",
        .overlap = "two ranges of /reserved-memory overlap",
    };
    fdt_node_t parent = fdt_node_by_path(tree, "/reserved-memory");
    fdt_node_t node = fdt_node_child(tree, parent);

    for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
        reg_add(&reserved, node);
    }
    /* Of the three sources only this one must not say a thing twice. */
    table_check(&reserved);
    for (uint32_t i = 0; i < tree->reserve_entries; i++) {
        struct fdt_range range = {0, 0};
        if (fdt_reserve_read(tree, i, &range) != 0) {
            map_refuse(map, -ERANGE, "a memory reservation wraps", nowhere);
        }
        range_add(&reserved, range);
    }
    for (uint32_t i = 0; i < extra_count; i++) {
        if (extra[i].start > extra[i].end) {
            map_refuse(map, -EINVAL, "an extra reservation is reversed",
                       extra[i]);
        }
        range_add(&reserved, (struct fdt_range){extra[i].start,
                                                extra[i].end - extra[i].start});
    }
    for (uint32_t i = 0; i < reserved.count; i++) {
        reserved.run[i] =
            memory_run_around(reserved.run[i].start, reserved.run[i].end);
    }
    table_join(&reserved);
    map->reserved_count = reserved.count;
}

/*
 * Both tables are sorted and disjoint. There is room: a bank begins one run,
 * and the start of a reservation ends at most one, after which another begins.
 */
static void
free_compute(struct memory_map *map)
{
    for (uint32_t i = 0; i < map->bank_count; i++) {
        struct memory_run rest = map->bank[i];

        for (uint32_t j = 0; j < map->reserved_count; j++) {
            struct memory_run reserved = map->reserved[j];
            if (reserved.end <= rest.start || reserved.start >= rest.end) {
                continue;
            }
            if (reserved.start > rest.start) {
                map->free[map->free_count++] =
                    (struct memory_run){rest.start, reserved.start};
            }
            rest.start = reserved.end;
        }
        if (rest.start < rest.end) {
            map->free[map->free_count++] = rest;
        }
    }
}

int
memory_map_build(struct memory_map *map, const struct fdt *tree,
                 const struct memory_run *extra, uint32_t extra_count)
{
    *map = (struct memory_map){0};
    banks_read(map, tree);
    reserved_read(map, tree, extra, extra_count);
    if (map->error == 0) {
        free_compute(map);
    } else {
        map->bank_count = 0;
        map->reserved_count = 0;
    }
    return map->error;
}
