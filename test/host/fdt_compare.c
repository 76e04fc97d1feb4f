/* SPDX-License-Identifier: MIT */
/*
 * The reader and libfdt must say the same about every node, property, string,
 * reservation, path and phandle of the given trees. Both name a node by its
 * offset in the structure block, so that nodes compare as numbers. libfdt does
 * not translate addresses: for these there is a second, recursive
 * implementation on top of it here.
 */
#include <libfdt.h>

#include "kern/boot/fdt.h"
#include "test/host/check.h"
#include "test/host/fdt_walk.h"

/* libfdt's answer as ours: every error is "none". */
static fdt_node_t
node_from(int offset)
{
    return offset < 0 ? FDT_NONE : (fdt_node_t)offset;
}

static void
strings_compare(const void *blob, int offset, const struct fdt *tree,
                const struct fdt_prop *prop)
{
    fdt_node_t node = (fdt_node_t)offset;
    int count = fdt_stringlist_count(blob, offset, prop->name);
    int length = 0;
    const char *first = fdt_stringlist_get(blob, offset, prop->name, 0, NULL);

    if (count > 0 && first != NULL) {
        CHECK(fdt_prop_string(tree, node, prop->name) == first);
    }
    for (int i = 0; i < count; i++) {
        const char *string =
            fdt_stringlist_get(blob, offset, prop->name, i, &length);
        CHECK(string != NULL);
        CHECK(fdt_prop_has_string(tree, node, prop->name, string));
    }
    CHECK(!fdt_prop_has_string(tree, node, prop->name, "chitin,none"));
}

static void
props_compare(const void *blob, int offset, const struct fdt *tree)
{
    struct fdt_prop prop = {0};
    struct fdt_prop found;
    fdt_node_t node = (fdt_node_t)offset;
    int property;

    fdt_for_each_property_offset(property, blob, offset)
    {
        const char *name = NULL;
        int length = 0;
        const void *value =
            fdt_getprop_by_offset(blob, property, &name, &length);

        CHECK(fdt_prop_next(tree, node, &prop));
        CHECK(prop.name == name);
        CHECK(prop.value == value);
        CHECK_EQUAL(prop.length, length);
        CHECK_EQUAL(fdt_prop_find(tree, node, name, &found), 0);
        CHECK(found.value == fdt_getprop(blob, offset, name, &length));
        CHECK_EQUAL(found.length, length);
        strings_compare(blob, offset, tree, &prop);
    }
    CHECK(!fdt_prop_next(tree, node, &prop));
}

/* Cell `first` and so on, as one number. */
static uint64_t
number_load(const void *cells, int first, int count)
{
    const fdt32_t *cell = cells;
    uint64_t number = 0;

    for (int i = first; i < first + count; i++) {
        number = number << 32 | fdt32_ld(&cell[i]);
    }
    return number;
}

static int
cells_get(const void *blob, int node, const char *name, int absent)
{
    int length = 0;
    const void *value = fdt_getprop(blob, node, name, &length);
    uint32_t cells;

    if (value == NULL) {
        return absent;
    }
    if (length != 4) {
        return -1;
    }
    cells = fdt32_ld(value);
    return cells <= 2 ? (int)cells : -1;
}

__extension__ typedef unsigned __int128 wide;

/* Moves *address through the one of the bus's windows that holds all of it. */
static bool
window_find(const void *ranges, int cells, const int split[3],
            struct fdt_range *range)
{
    int entry = split[0] + split[1] + split[2];

    for (int i = 0; i < cells; i += entry) {
        wide from = number_load(ranges, i, split[0]);
        wide to = number_load(ranges, i + split[0], split[1]);
        wide extent = number_load(ranges, i + split[0] + split[1], split[2]);
        wide moved = to + (range->address - from);
        if (range->address >= from && range->address < from + extent &&
            (wide)range->address + range->size <= from + extent &&
            moved + range->size <= (wide)1 << 64 && moved <= UINT64_MAX) {
            range->address = (uint64_t)moved;
            return true;
        }
    }
    return false;
}

/* Moves the range from the bus to the root's, as far as ranges lead there. */
static bool
range_lift(const void *blob, int bus, struct fdt_range *range)
{
    int parent = fdt_parent_offset(blob, bus);
    int length = 0;
    const void *ranges = fdt_getprop(blob, bus, "ranges", &length);
    int split[3];

    if (parent < 0) {
        return true;
    }
    if (ranges == NULL) {
        return false;
    }
    if (length > 0) {
        split[0] = cells_get(blob, bus, "#address-cells", 2);
        split[1] = cells_get(blob, parent, "#address-cells", 2);
        split[2] = cells_get(blob, bus, "#size-cells", 1);
        if (split[0] < 0 || split[1] < 0 || split[2] < 0 ||
            length % (4 * (split[0] + split[1] + split[2])) != 0 ||
            !window_find(ranges, length / 4, split, range)) {
            return false;
        }
    }
    return range_lift(blob, parent, range);
}

static bool
reg_get(const void *blob, int node, int index, struct fdt_range *range)
{
    int parent = fdt_parent_offset(blob, node);
    int length = 0;
    const void *reg = fdt_getprop(blob, node, "reg", &length);
    int a, s;

    if (parent < 0 || reg == NULL) {
        return false;
    }
    a = cells_get(blob, parent, "#address-cells", 2);
    s = cells_get(blob, parent, "#size-cells", 1);
    if (a < 0 || s < 0 || a + s == 0 || length % (4 * (a + s)) != 0 ||
        index >= length / (4 * (a + s))) {
        return false;
    }
    range->address = number_load(reg, index * (a + s), a);
    range->size = number_load(reg, index * (a + s) + a, s);
    return (wide)range->address + range->size <= (wide)1 << 64;
}

/* Returns whether the entry is translated. */
static bool
reg_compare(const void *blob, int node, int index, const struct fdt *tree)
{
    fdt_node_t ours_node = (fdt_node_t)node;
    uint32_t ours_index = (uint32_t)index;
    struct fdt_range ours = {0, 0};
    struct fdt_range theirs = {0, 0};
    bool known = reg_get(blob, node, index, &theirs);

    CHECK_EQUAL(fdt_reg_local(tree, ours_node, ours_index, &ours) == 0, known);
    CHECK_EQUAL(ours.address, known ? theirs.address : 0);
    CHECK_EQUAL(ours.size, known ? theirs.size : 0);
    known = known && range_lift(blob, fdt_parent_offset(blob, node), &theirs);
    CHECK_EQUAL(fdt_reg_physical(tree, ours_node, ours_index, &ours) == 0,
                known);
    if (known) {
        CHECK_EQUAL(ours.address, theirs.address);
        CHECK_EQUAL(ours.size, theirs.size);
    }
    return known;
}

/* The node's own path, and the same without any unit address. */
static void
paths_compare(const void *blob, int node, const struct fdt *tree)
{
    char path[1024];
    size_t kept = 0;
    bool in_unit = false;

    CHECK_EQUAL(fdt_get_path(blob, node, path, sizeof(path)), 0);
    CHECK_EQUAL(fdt_node_by_path(tree, path),
                node_from(fdt_path_offset(blob, path)));
    for (size_t i = 0; path[i] != '\0'; i++) {
        in_unit = path[i] == '@' || (in_unit && path[i] != '/');
        if (!in_unit) {
            path[kept++] = path[i];
        }
    }
    path[kept] = '\0';
    CHECK_EQUAL(fdt_node_by_path(tree, path),
                node_from(fdt_path_offset(blob, path)));
    CHECK(kept + 2 <= sizeof(path));
    memcpy(path + kept, "x", 2);
    CHECK_EQUAL(fdt_node_by_path(tree, path),
                node_from(fdt_path_offset(blob, path)));
}

static void
node_compare(const void *blob, int node, const struct fdt *tree)
{
    fdt_node_t ours = (fdt_node_t)node;
    int length = 0;

    CHECK(fdt_node_name(tree, ours) == fdt_get_name(blob, node, &length));
    CHECK_EQUAL(fdt_walk_parent(tree, ours),
                node_from(fdt_parent_offset(blob, node)));
    CHECK_EQUAL(fdt_node_child(tree, ours),
                node_from(fdt_first_subnode(blob, node)));
    CHECK_EQUAL(fdt_node_sibling(tree, ours),
                node == 0 ? FDT_NONE : node_from(fdt_next_subnode(blob, node)));
    props_compare(blob, node, tree);
    paths_compare(blob, node, tree);
}

/*
 * libfdt stops at a reservation of no bytes, ours only at one of zeroes; the
 * trees have such an entry at most at their end.
 */
static void
reservations_compare(const void *blob, const struct fdt *tree)
{
    int count = fdt_num_mem_rsv(blob);

    CHECK(tree->reserve_entries >= (uint32_t)count);
    CHECK(tree->reserve_entries <= (uint32_t)count + 1);
    for (int i = 0; i < count; i++) {
        uint64_t address = 0;
        uint64_t size = 0;
        struct fdt_range range = {0, 0};
        CHECK_EQUAL(fdt_get_mem_rsv(blob, i, &address, &size), 0);
        CHECK_EQUAL(fdt_reserve_read(tree, (uint32_t)i, &range), 0);
        CHECK_EQUAL(range.address, address);
        CHECK_EQUAL(range.size, size);
    }
}

/* Puts FDT_NOP for every second property and for the root's second child. */
static void
tree_thin(void *blob)
{
    int child = fdt_next_subnode(blob, fdt_first_subnode(blob, 0));
    int depth = 0;

    for (int node = 0; node >= 0 && depth >= 0;
         node = fdt_next_node(blob, node, &depth)) {
        int property = fdt_first_property_offset(blob, node);
        while (property >= 0) {
            const char *name = NULL;
            CHECK(fdt_getprop_by_offset(blob, property, &name, NULL) != NULL);
            CHECK_EQUAL(fdt_nop_property(blob, node, name), 0);
            property = fdt_next_property_offset(blob, property);
            if (property >= 0) {
                property = fdt_next_property_offset(blob, property);
            }
        }
    }
    if (child >= 0) {
        CHECK_EQUAL(fdt_nop_node(blob, child), 0);
    }
}

static void
tree_compare(const char *path, const void *blob, size_t size)
{
    struct fdt tree;
    fdt_node_t ours;
    uint32_t nodes = 0;
    uint32_t regs = 0;
    int depth = 0;

    CHECK_EQUAL(fdt_check_full(blob, size), 0);
    CHECK_EQUAL(fdt_open(&tree, blob, size), 0);
    CHECK(tree.fault == NULL);
    CHECK_EQUAL(tree.size, fdt_totalsize(blob));
    ours = tree.root;
    for (int node = 0; node >= 0 && depth >= 0;
         node = fdt_next_node(blob, node, &depth)) {
        CHECK_EQUAL(ours, node);
        node_compare(blob, node, &tree);
        for (int i = 0; i < 40; i++) {
            regs += reg_compare(blob, node, i, &tree);
        }
        nodes++;
        ours = fdt_node_next(&tree, ours);
    }
    CHECK_EQUAL(ours, FDT_NONE);
    reservations_compare(blob, &tree);
    fdt_walk(&tree, 1);
    printf("%s: %u nodes, %u translated ranges agree\n", path, nodes, regs);
}

int
main(int argc, char **argv)
{
    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        void *blob = file_load(argv[i], &size);
        tree_compare(argv[i], blob, size);
        tree_thin(blob);
        tree_compare(argv[i], blob, size);
        free(blob);
    }
    return 0;
}
