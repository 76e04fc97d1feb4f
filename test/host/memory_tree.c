/* SPDX-License-Identifier: MIT */
#include "test/host/memory_tree.h"

#include <libfdt.h>

#include "test/host/check.h"

#define TREE_SIZE 32768

static uint8_t *
number_put(uint8_t *at, uint64_t number, uint32_t cells)
{
    for (uint32_t i = 4 * cells; i > 0; i--) {
        *at++ = (uint8_t)(number >> (8 * (i - 1)));
    }
    return at;
}

static void
reg_put(void *blob, const struct memory_layout *layout,
        const struct fdt_range *range, uint32_t count)
{
    uint8_t reg[LAYOUT_MAX * 16];
    uint8_t *end = reg;

    for (uint32_t i = 0; i < count; i++) {
        end = number_put(end, range[i].address, layout->address_cells);
        end = number_put(end, range[i].size, layout->size_cells);
    }
    CHECK_EQUAL(fdt_property(blob, "reg", reg, (int)(end - reg)), 0);
}

/* Nodes for the ranges, named by their number: "memory@0". */
static void
nodes_put(void *blob, const struct memory_layout *layout,
          const struct range_list *list, bool is_bank)
{
    uint32_t each = layout->gather ? list->count : 1;

    for (uint32_t i = 0; i < list->count; i += each) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s@%u",
                       is_bank ? "memory" : "reserved", i);
        CHECK_EQUAL(fdt_begin_node(blob, name), 0);
        if (is_bank) {
            CHECK_EQUAL(fdt_property_string(blob, "device_type", "memory"), 0);
        }
        reg_put(blob, layout, &list->range[i], each);
        CHECK_EQUAL(fdt_end_node(blob), 0);
    }
}

static void
cells_put(void *blob, const struct memory_layout *layout)
{
    CHECK_EQUAL(fdt_property_u32(blob, "#address-cells", layout->address_cells),
                0);
    CHECK_EQUAL(fdt_property_u32(blob, "#size-cells", layout->size_cells), 0);
}

void *
memory_tree_build(const struct memory_layout *layout)
{
    struct memory_layout l = *layout;
    void *blob = calloc(1, TREE_SIZE);

    l.address_cells = l.address_cells != 0 ? l.address_cells : 2;
    l.size_cells = l.size_cells != 0 ? l.size_cells : 2;
    CHECK(blob != NULL);
    CHECK_EQUAL(fdt_create(blob, TREE_SIZE), 0);
    for (uint32_t i = 0; i < l.entries.count; i++) {
        CHECK_EQUAL(fdt_add_reservemap_entry(blob, l.entries.range[i].address,
                                             l.entries.range[i].size),
                    0);
    }
    CHECK_EQUAL(fdt_finish_reservemap(blob), 0);
    CHECK_EQUAL(fdt_begin_node(blob, ""), 0);
    cells_put(blob, &l);
    nodes_put(blob, &l, &l.banks, true);
    CHECK_EQUAL(fdt_begin_node(blob, "reserved-memory"), 0);
    cells_put(blob, &l);
    CHECK_EQUAL(fdt_property(blob, "ranges", NULL, 0), 0);
    nodes_put(blob, &l, &l.nodes, false);
    CHECK_EQUAL(fdt_end_node(blob), 0);
    CHECK_EQUAL(fdt_end_node(blob), 0);
    CHECK_EQUAL(fdt_finish(blob), 0);
    CHECK_EQUAL(fdt_open_into(blob, blob, TREE_SIZE), 0);
    return blob;
}
