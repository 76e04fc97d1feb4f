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
#include "kern/memory.h"

#include "kern/abi/error.h"

/* One of the map's tables while it is being filled. */
struct table {
    struct memory_run *run;
    uint32_t count;
    uint32_t max;
    const char *full;   /* the faults of its entries */
    const char *broken; /* a reg that cannot be read */
    const char *beyond; /* an end above MEMORY_LIMIT */
};

static int
map_refuse(struct memory_map *map, int error, const char *fault,
           struct memory_run run)
{
    map->bank_count = 0;
    map->reserved_count = 0;
    map->free_count = 0;
    map->fault = fault;
    map->fault_run = run;
    return error;
}

static int
range_add(struct memory_map *map, struct table *table, struct fdt_range range)
{
    struct memory_run run = {range.address, range.address + range.size};

    if (range.size == 0) {
        return 0;
    }
    if (range.address > MEMORY_LIMIT ||
        range.size > MEMORY_LIMIT - range.address) {
        return map_refuse(map, -ERANGE, table->beyond, run);
    }
    if (table->count == table->max) {
        return map_refuse(map, -ENOSPC, table->full, run);
    }
    table->run[table->count++] = run;
    return 0;
}

static int
reg_add(struct memory_map *map, struct table *table, const struct fdt *tree,
        fdt_node_t node)
{
    for (uint32_t i = 0;; i++) {
        struct fdt_range range;
        int error = fdt_reg_physical(tree, node, i, &range);

        if (error == -ENOENT) {
            return 0;
        }
        if (error != 0) {
            return map_refuse(map, error, table->broken,
                              (struct memory_run){0});
        }
        error = range_add(map, table, range);
        if (error != 0) {
            return error;
        }
    }
}

/* Tables are short and firmware mostly lists them in order. */
static void
table_sort(struct table *table)
{
    for (uint32_t i = 1; i < table->count; i++) {
        struct memory_run run = table->run[i];
        uint32_t hole = i;

        for (; hole > 0 && table->run[hole - 1].start > run.start; hole--) {
            table->run[hole] = table->run[hole - 1];
        }
        table->run[hole] = run;
    }
}

/* The first run of a sorted table that overlaps the one before it, or NULL. */
static const struct memory_run *
table_overlap(const struct table *table)
{
    for (uint32_t i = 1; i < table->count; i++) {
        if (table->run[i].start < table->run[i - 1].end) {
            return &table->run[i];
        }
    }
    return NULL;
}

/* Joins the runs of a sorted table that touch or overlap. */
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

static paddr_t
page_below(paddr_t address)
{
    return address & ~(FRAME_SIZE - 1);
}

/* The caller keeps addresses within MEMORY_LIMIT: no overflow. */
static paddr_t
page_above(paddr_t address)
{
    return page_below(address + FRAME_SIZE - 1);
}

static int
banks_read(struct memory_map *map, const struct fdt *tree)
{
    struct table banks = {
        .run = map->bank,
        .max = MEMORY_BANKS_MAX,
        .full = "too many banks of memory",
        .broken = "a memory node's reg is malformed",
        .beyond = "a bank of memory ends above the address limit",
    };
    fdt_node_t node = fdt_node_child(tree, fdt_node_root(tree));
    const struct memory_run *overlap;

    for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
        if (fdt_prop_has_string(tree, node, "device_type", "memory") &&
            fdt_node_is_okay(tree, node)) {
            int error = reg_add(map, &banks, tree, node);
            if (error != 0) {
                return error;
            }
        }
    }
    table_sort(&banks);
    overlap = table_overlap(&banks);
    if (overlap != NULL) {
        return map_refuse(map, -EOVERFLOW, "two banks of memory overlap",
                          *overlap);
    }
    table_join(&banks);
    for (uint32_t i = 0; i < banks.count; i++) {
        struct memory_run run = {page_above(banks.run[i].start),
                                 page_below(banks.run[i].end)};
        if (run.start < run.end) {
            map->bank[map->bank_count++] = run;
        }
    }
    if (map->bank_count == 0) {
        return map_refuse(map, -ENODEV, "the machine has no memory",
                          (struct memory_run){0});
    }
    return 0;
}

/* Children of /reserved-memory, which must not overlap each other. */
static int
nodes_reserve(struct memory_map *map, struct table *reserved,
              const struct fdt *tree)
{
    fdt_node_t parent = fdt_node_by_path(tree, "/reserved-memory");
    fdt_node_t node = fdt_node_child(tree, parent);
    const struct memory_run *overlap;

    for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
        int error = reg_add(map, reserved, tree, node);
        if (error != 0) {
            return error;
        }
    }
    table_sort(reserved);
    overlap = table_overlap(reserved);
    if (overlap != NULL) {
        return map_refuse(map, -EOVERFLOW,
                          "two ranges of /reserved-memory overlap", *overlap);
    }
    return 0;
}

/* The memory reservation block. */
static int
entries_reserve(struct memory_map *map, struct table *reserved,
                const struct fdt *tree)
{
    for (uint32_t i = 0; i < fdt_reserve_count(tree); i++) {
        struct fdt_range range;
        int error = fdt_reserve_read(tree, i, &range);

        if (error != 0) {
            return map_refuse(map, error, "a memory reservation wraps",
                              (struct memory_run){0});
        }
        error = range_add(map, reserved, range);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int
extra_reserve(struct memory_map *map, struct table *reserved,
              const struct memory_run *extra, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fdt_range range = {extra[i].start,
                                  extra[i].end - extra[i].start};
        int error;

        if (extra[i].start > extra[i].end) {
            return map_refuse(map, -EINVAL, "an extra reservation is reversed",
                              extra[i]);
        }
        error = range_add(map, reserved, range);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int
reserved_read(struct memory_map *map, const struct fdt *tree,
              const struct memory_run *extra, uint32_t extra_count)
{
    struct table reserved = {
        .run = map->reserved,
        .max = MEMORY_RESERVED_MAX,
        .full = "too many memory reservations",
        .broken = "a reg in /reserved-memory is malformed",
        .beyond = "a memory reservation ends above the address limit",
    };
    int error = nodes_reserve(map, &reserved, tree);

    if (error == 0) {
        error = entries_reserve(map, &reserved, tree);
    }
    if (error == 0) {
        error = extra_reserve(map, &reserved, extra, extra_count);
    }
    if (error != 0) {
        return error;
    }
    for (uint32_t i = 0; i < reserved.count; i++) {
        reserved.run[i].start = page_below(reserved.run[i].start);
        reserved.run[i].end = page_above(reserved.run[i].end);
    }
    table_sort(&reserved);
    table_join(&reserved);
    map->reserved_count = reserved.count;
    return 0;
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
    int error;

    *map = (struct memory_map){0};
    error = banks_read(map, tree);
    if (error == 0) {
        error = reserved_read(map, tree, extra, extra_count);
    }
    if (error == 0) {
        free_compute(map);
    }
    return error;
}
