/* SPDX-License-Identifier: MIT */
/*
 * Opens any bytes as a device tree and, if that succeeds, calls everything on
 * all of it; fdt_walk() checks that what comes back lies inside.
 */
#include "test/host/check.h"
#include "test/host/fdt_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fdt tree;

    if (fdt_open(&tree, data, size) != 0) {
        CHECK(tree.fault != NULL);
        CHECK(tree.fault_at <= size);
        CHECK(tree.root == FDT_NONE);
        return 0;
    }
    CHECK(tree.fault == NULL);
    CHECK(tree.size <= size);
    /* Searching from every node would leave time for few inputs. */
    fdt_walk(&tree, 1 + (uint32_t)size % 16);
    return 0;
}
