/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a device tree, in terms of the walks of fdt.c: nodes by
 * path, the standard properties (2.3 of the Devicetree Specification v0.4), and
 * where a device's registers are for the CPU.
 *
 * The tree's shape is vouched for by fdt_open(), what properties contain is
 * not: lengths, terminators and cell counts are tested here, each time.
 */
#include "kern/abi/error.h"
#include "kern/boot/fdt.h"
#include "kern/string.h"

/* The text may end early, the part may not. */
static bool
text_begins(const char *text, const char *part, size_t length)
{
    size_t i = 0;

    while (i < length && text[i] == part[i]) {
        i++;
    }
    return i == length;
}

/* The value as a string, or NULL if no NUL ends one in it. */
static const char *
prop_text(const struct fdt_prop *prop)
{
    for (uint32_t i = 0; i < prop->length; i++) {
        if (prop->value[i] == '\0') {
            return (const char *)prop->value;
        }
    }
    return NULL;
}

/* The characters of a path up to its next separator. */
static size_t
path_part(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && path[length] != '/' && path[length] != ':') {
        length++;
    }
    return length;
}

static fdt_node_t
child_find(const struct fdt *tree, fdt_node_t node, const char *part,
           size_t length)
{
    node = fdt_node_child(tree, node);
    for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
        const char *name = fdt_node_name(tree, node);
        if (text_begins(name, part, length) &&
            (name[length] == '\0' || name[length] == '@')) {
            return node;
        }
    }
    return FDT_NONE;
}

static fdt_node_t
node_descend(const struct fdt *tree, fdt_node_t node, const char *path)
{
    while (node != FDT_NONE) {
        size_t length;
        while (*path == '/') {
            path++;
        }
        length = path_part(path);
        if (length == 0) {
            break;
        }
        node = child_find(tree, node, path, length);
        path += length;
    }
    return node;
}

fdt_node_t
fdt_node_by_path(const struct fdt *tree, const char *path)
{
    size_t length = path_part(path);
    struct fdt_prop prop = {0};
    fdt_node_t aliases;

    if (*path == '/') {
        return node_descend(tree, tree->root, path);
    }
    /* The alias's node, and from there on the rest of the path. */
    aliases = node_descend(tree, tree->root, "/aliases");
    while (fdt_prop_next(tree, aliases, &prop)) {
        if (text_begins(prop.name, path, length) && prop.name[length] == '\0') {
            const char *target = prop_text(&prop);
            if (target == NULL || *target != '/') {
                return FDT_NONE;
            }
            return node_descend(tree, node_descend(tree, tree->root, target),
                                path + length);
        }
    }
    return FDT_NONE;
}

bool
fdt_node_is_okay(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_prop prop;
    const char *status;

    if (node == FDT_NONE || fdt_prop_find(tree, node, "status", &prop) != 0) {
        return node != FDT_NONE;
    }
    status = prop_text(&prop);
    return status != NULL &&
           (text_equals(status, "okay") || text_equals(status, "ok"));
}

int
fdt_prop_find(const struct fdt *tree, fdt_node_t node, const char *name,
              struct fdt_prop *prop)
{
    *prop = (struct fdt_prop){0};
    while (fdt_prop_next(tree, node, prop)) {
        if (text_equals(prop->name, name)) {
            return 0;
        }
    }
    *prop = (struct fdt_prop){0};
    return -ENOENT;
}

int
fdt_prop_u32(const struct fdt *tree, fdt_node_t node, const char *name,
             uint32_t *value)
{
    struct fdt_prop prop;
    int error = fdt_prop_find(tree, node, name, &prop);

    if (error == 0) {
        error = prop.length == 4 ? fdt_prop_cell(&prop, 0, value) : -EINVAL;
    }
    return error;
}

const char *
fdt_prop_string(const struct fdt *tree, fdt_node_t node, const char *name)
{
    struct fdt_prop prop;

    /* A property that is not found is empty and so has no NUL either. */
    (void)fdt_prop_find(tree, node, name, &prop);
    return prop_text(&prop);
}

bool
fdt_prop_has_string(const struct fdt *tree, fdt_node_t node, const char *name,
                    const char *string)
{
    struct fdt_prop prop;
    uint32_t start = 0;

    (void)fdt_prop_find(tree, node, name, &prop);
    for (uint32_t i = 0; i < prop.length; i++) {
        if (prop.value[i] == '\0') {
            if (text_equals((const char *)prop.value + start, string)) {
                return true;
            }
            start = i + 1;
        }
    }
    return false;
}

/* Of the cells that a bus counts an address or a size in (2.3.5). */
#define BUS_CELLS_MAX 2

/* In how many cells a bus counts the addresses and sizes of its children. */
static int
bus_read(const struct fdt *tree, fdt_node_t node, uint32_t cells[2])
{
    static const char *const names[] = {"#address-cells", "#size-cells"};

    cells[0] = 2; /* where it does not say */
    cells[1] = 1;
    for (int i = 0; i < 2; i++) {
        if (fdt_prop_u32(tree, node, names[i], &cells[i]) == -EINVAL ||
            cells[i] > BUS_CELLS_MAX) {
            return -EINVAL;
        }
    }
    return 0;
}

/* Entry `index` of an array of entries of `count` numbers, cells[i] each. */
static int
entry_read(const struct fdt_prop *prop, uint32_t index, const uint32_t cells[],
           uint32_t count, uint64_t number[])
{
    uint32_t size = 0;
    uint32_t at;

    for (uint32_t i = 0; i < count; i++) {
        size += cells[i];
    }
    if (size == 0 || prop->length % (4 * size) != 0) {
        return -EINVAL;
    }
    if (index >= prop->length / (4 * size)) {
        return -ENOENT;
    }
    at = index * size;
    for (uint32_t i = 0; i < count; at += cells[i++]) {
        (void)fdt_prop_cells(prop, at, cells[i], &number[i]);
    }
    return 0;
}

/* An entry of the reg of the node trail[1], on the bus trail[0]. */
static int
reg_read(const struct fdt *tree, const fdt_node_t trail[2], uint32_t index,
         struct fdt_range *range)
{
    struct fdt_prop reg;
    uint32_t cells[2];
    uint64_t number[2] = {0};
    int error;

    if (fdt_prop_find(tree, trail[1], "reg", &reg) != 0) {
        return -ENOENT;
    }
    error = bus_read(tree, trail[0], cells);
    if (error == 0) {
        error = entry_read(&reg, index, cells, 2, number);
    }
    *range = (struct fdt_range){number[0], number[1]};
    return error == 0 && fdt_range_wraps(range) ? -ERANGE : error;
}

/*
 * What a bus shows at `from` is at `to` on the bus above it (2.3.8). Moves the
 * range through this window if that holds all of it.
 */
static bool
window_pass(uint64_t from, uint64_t to, uint64_t size, struct fdt_range *range)
{
    uint64_t offset = range->address - from;
    struct fdt_range moved = {to + offset, range->size};

    if (range->address < from || offset >= size ||
        range->size > size - offset || offset > UINT64_MAX - to ||
        fdt_range_wraps(&moved)) {
        return false;
    }
    *range = moved;
    return true;
}

/* Moves the range from the bus trail[1] to the bus trail[0] above it. */
static int
range_lift(const struct fdt *tree, const fdt_node_t trail[2],
           struct fdt_range *range)
{
    struct fdt_prop ranges;
    uint32_t lower[2], upper[2];
    int error = fdt_prop_find(tree, trail[1], "ranges", &ranges);

    if (error == 0 && ranges.length == 0) {
        return 0;
    }
    if (error == 0 && (bus_read(tree, trail[1], lower) != 0 ||
                       bus_read(tree, trail[0], upper) != 0)) {
        return -EINVAL;
    }
    for (uint32_t i = 0; error == 0; i++) {
        const uint32_t cells[] = {lower[0], upper[0], lower[1]};
        uint64_t number[3] = {0};

        error = entry_read(&ranges, i, cells, 3, number);
        if (error == 0 && window_pass(number[0], number[1], number[2], range)) {
            return 0;
        }
    }
    return error == -ENOENT ? -ERANGE : error;
}

/* The reg entry moved up to the root's bus, or left where it is. */
static int
reg_find(const struct fdt *tree, const fdt_node_t *trail, uint32_t depth,
         uint32_t index, bool lift, struct fdt_range *range)
{
    struct fdt_range found;
    int error;

    if (depth < 2) {
        return -ENOENT;
    }
    error = reg_read(tree, &trail[depth - 2], index, &found);
    for (uint32_t i = depth - 2; lift && i > 0 && error == 0; i--) {
        error = range_lift(tree, &trail[i - 1], &found);
    }
    if (error == 0) {
        *range = found;
    }
    return error;
}

int
fdt_reg_local(const struct fdt *tree, fdt_node_t node, uint32_t index,
              struct fdt_range *range)
{
    fdt_node_t trail[FDT_DEPTH_MAX] = {0};
    uint32_t depth = fdt_node_trail(tree, node, trail);

    return reg_find(tree, trail, depth, index, false, range);
}

int
fdt_reg_physical(const struct fdt *tree, fdt_node_t node, uint32_t index,
                 struct fdt_range *range)
{
    fdt_node_t trail[FDT_DEPTH_MAX] = {0};
    uint32_t depth = fdt_node_trail(tree, node, trail);

    return reg_find(tree, trail, depth, index, true, range);
}

int
fdt_reg_physical_at(const struct fdt *tree, const fdt_node_t *trail,
                    uint32_t depth, uint32_t index, struct fdt_range *range)
{
    return reg_find(tree, trail, depth, index, true, range);
}
