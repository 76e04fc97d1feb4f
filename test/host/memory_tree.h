/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_MEMORY_TREE_H
#define CHITIN_TEST_MEMORY_TREE_H
/*
 * Device trees that describe memory, written with libfdt.
 */
#include "kern/boot/fdt.h"

#define LAYOUT_MAX 80

struct range_list {
    struct fdt_range range[LAYOUT_MAX];
    uint32_t count;
};

struct memory_layout {
    uint32_t address_cells; /* of the root and of /reserved-memory; 0 is 2 */
    uint32_t size_cells;
    bool gather;               /* one node with all of a list, not one each */
    struct range_list banks;   /* nodes of device_type "memory" */
    struct range_list nodes;   /* children of /reserved-memory */
    struct range_list entries; /* the memory reservation block */
};

/*
 * The tree, in a buffer with room for changes by libfdt's functions; the
 * caller frees it.
 */
void *memory_tree_build(const struct memory_layout *layout);

#endif
