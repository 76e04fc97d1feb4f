/* SPDX-License-Identifier: MIT */
#include "test/host/fdt_walk.h"

#include "test/host/check.h"

#include "kern/abi/error.h"

/* Entries of a reg or of a list of cells that are looked at. */
#define ENTRIES_MAX 40

static volatile uint32_t sink;

static void
bytes_touch(const struct fdt *tree, const void *start, size_t size)
{
    const uint8_t *bytes = start;
    uint32_t sum = 0;

    CHECK(bytes >= tree->blob && bytes <= tree->blob + tree->size);
    CHECK(size <= (size_t)(tree->blob + tree->size - bytes));
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    sink += sum;
}

static void
text_touch(const struct fdt *tree, const char *text)
{
    bytes_touch(tree, text, strlen(text) + 1);
}

static void
prop_touch(const struct fdt *tree, const struct fdt_prop *prop)
{
    uint32_t cells = prop->length / 4;
    uint32_t cell = 0;
    uint64_t number = 0;

    text_touch(tree, prop->name);
    bytes_touch(tree, prop->value, prop->length);
    for (uint32_t i = 0; i < cells && i < ENTRIES_MAX; i++) {
        CHECK_EQUAL(fdt_prop_cell(prop, i, &cell), 0);
        CHECK_EQUAL(fdt_prop_cells(prop, i, 1, &number), 0);
        CHECK_EQUAL(number, cell);
    }
    CHECK_EQUAL(fdt_prop_cell(prop, cells, &cell), -ENOENT);
    CHECK_EQUAL(fdt_prop_cell(prop, UINT32_MAX, &cell), -ENOENT);
    CHECK_EQUAL(fdt_prop_cells(prop, cells, 0, &number), 0);
    CHECK_EQUAL(number, 0);
    CHECK_EQUAL(fdt_prop_cells(prop, cells, 1, &number), -ENOENT);
    CHECK_EQUAL(fdt_prop_cells(prop, UINT32_MAX, 2, &number), -ENOENT);
    CHECK_EQUAL(fdt_prop_cells(prop, 0, 3, &number), -EINVAL);
}

/* By name, the first property of that name answers. */
static void
prop_find_check(const struct fdt *tree, fdt_node_t node,
                const struct fdt_prop *prop)
{
    struct fdt_prop found;
    const char *string = fdt_prop_string(tree, node, prop->name);
    uint32_t cell;
    int error;

    CHECK_EQUAL(fdt_prop_find(tree, node, prop->name, &found), 0);
    CHECK(strcmp(found.name, prop->name) == 0);
    CHECK(found.value <= prop->value);
    error = fdt_prop_u32(tree, node, prop->name, &cell);
    CHECK_EQUAL(error, found.length == 4 ? 0 : -EINVAL);
    CHECK((string != NULL) ==
          (found.length > 0 && memchr(found.value, 0, found.length) != NULL));
    if (string != NULL) {
        text_touch(tree, string);
        CHECK(fdt_prop_has_string(tree, node, prop->name, string));
    }
    sink += fdt_prop_has_string(tree, node, prop->name, "chitin,none");
}

static void
props_walk(const struct fdt *tree, fdt_node_t node, bool search)
{
    struct fdt_prop prop = {0};
    const uint8_t *last = tree->blob;

    while (fdt_prop_next(tree, node, &prop)) {
        CHECK(prop.value > last);
        last = prop.value;
        prop_touch(tree, &prop);
        if (search) {
            prop_find_check(tree, node, &prop);
        }
    }
    CHECK_EQUAL(fdt_prop_find(tree, node, "chitin,none", &prop), -ENOENT);
}

/* The trail of a node is that of its sibling but for its end. */
static void
sibling_check(const struct fdt *tree, fdt_node_t node)
{
    fdt_node_t trail[FDT_DEPTH_MAX] = {0};
    uint32_t depth = fdt_node_trail(tree, node, trail);
    fdt_node_t sibling = fdt_node_sibling(tree, node);
    struct fdt_range wanted = {0, 0};
    struct fdt_range got = {0, 0};

    if (sibling != FDT_NONE) {
        CHECK(depth > 1);
        trail[depth - 1] = sibling;
        CHECK_EQUAL(fdt_reg_physical_at(tree, trail, depth, 0, &got),
                    fdt_reg_physical(tree, sibling, 0, &wanted));
        CHECK(got.address == wanted.address && got.size == wanted.size);
    }
}

static void
reg_check(const struct fdt *tree, fdt_node_t node, uint32_t i)
{
    const struct fdt_range untouched = {0x123, 0x456};
    struct fdt_range local = untouched;
    struct fdt_range physical = untouched;
    int error = fdt_reg_local(tree, node, i, &local);
    int lift_error = fdt_reg_physical(tree, node, i, &physical);

    CHECK(error == 0 || error == -ENOENT || error == -EINVAL ||
          error == -ERANGE);
    CHECK(error == 0 || lift_error == error);
    CHECK(lift_error == 0 || lift_error == -ENOENT || lift_error == -EINVAL ||
          lift_error == -ERANGE);
    CHECK(error == 0 || memcmp(&local, &untouched, sizeof(local)) == 0);
    CHECK(lift_error == 0 ||
          memcmp(&physical, &untouched, sizeof(physical)) == 0);
    CHECK(lift_error != 0 ||
          (physical.size == local.size &&
           (physical.size == 0 ||
            physical.address + (physical.size - 1) >= physical.address)));
}

fdt_node_t
fdt_walk_parent(const struct fdt *tree, fdt_node_t node)
{
    fdt_node_t trail[FDT_DEPTH_MAX];
    uint32_t depth = fdt_node_trail(tree, node, trail);

    CHECK(depth <= FDT_DEPTH_MAX && (depth == 0 || trail[depth - 1] == node));
    return depth < 2 ? FDT_NONE : trail[depth - 2];
}

/* What searches from the root. */
static void
node_search(const struct fdt *tree, fdt_node_t node, fdt_node_t parent)
{
    CHECK_EQUAL(fdt_walk_parent(tree, node), parent);
    for (uint32_t i = 0; i < ENTRIES_MAX; i++) {
        struct fdt_range range;
        reg_check(tree, node, i);
        if (fdt_reg_local(tree, node, i, &range) == -ENOENT) {
            break;
        }
    }
    reg_check(tree, node, UINT32_MAX);
    sibling_check(tree, node);
}

/* Descends by child and sibling and checks next and parent against that. */
static void
nodes_walk(const struct fdt *tree, uint32_t stride)
{
    fdt_node_t trail[FDT_DEPTH_MAX];
    fdt_node_t node = tree->root;
    fdt_node_t expected = node;
    uint32_t depth = 0;
    uint32_t count = 0;

    while (node != FDT_NONE) {
        CHECK_EQUAL(node, expected);
        CHECK(depth < FDT_DEPTH_MAX);
        CHECK(++count <= tree->size / 8);
        text_touch(tree, fdt_node_name(tree, node));
        props_walk(tree, node, count % stride == 0);
        sink += fdt_node_is_okay(tree, node);
        sink +=
            fdt_prop_has_string(tree, node, "compatible", "sifive,plic-1.0.0");
        if (count % stride == 0) {
            node_search(tree, node, depth > 0 ? trail[depth - 1] : FDT_NONE);
        }
        expected = fdt_node_next(tree, node);
        trail[depth++] = node;
        node = fdt_node_child(tree, node);
        while (node == FDT_NONE && depth > 0) {
            node = fdt_node_sibling(tree, trail[--depth]);
        }
    }
    CHECK_EQUAL(expected, FDT_NONE);
}

static void
paths_walk(const struct fdt *tree)
{
    static const char *const path[] = {
        "/",      "/chosen", "/cpus/cpu@0",  "/cpus//cpu/", "/reserved-memory",
        "/soc/x", "serial0", "serial0:9600", "/soc:/x",     "",
        ":",      "/:",      "//",           "none/x",      "soc/serial",
    };

    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        fdt_node_t node = fdt_node_by_path(tree, path[i]);
        if (node != FDT_NONE) {
            text_touch(tree, fdt_node_name(tree, node));
        }
    }
    CHECK_EQUAL(fdt_node_by_path(tree, "/"), tree->root);
}

void
fdt_walk(const struct fdt *tree, uint32_t stride)
{
    struct fdt_range range;
    int error;

    nodes_walk(tree, stride);
    paths_walk(tree);
    CHECK(tree->reserve_entries <= tree->size / 16);
    for (uint32_t i = 0; i < tree->reserve_entries; i++) {
        error = fdt_reserve_read(tree, i, &range);
        CHECK(error == 0 || error == -ERANGE);
    }
    error = fdt_reserve_read(tree, tree->reserve_entries, &range);
    CHECK_EQUAL(error, -ENOENT);
}
