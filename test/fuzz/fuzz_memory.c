/* SPDX-License-Identifier: MIT */
/*
 * Computes the memory map of any bytes that open as a device tree, with a few
 * extra reservations, one of them chosen by the bytes.
 */
#include "test/host/check.h"
#include "test/host/memory_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_run extra[3] = {
        {0x80200000, 0x80234567},
        {0x87e00000, 0x87e01234},
        {0, 0},
    };
    struct memory_map map;
    struct fdt tree;
    int error;

    if (fdt_open(&tree, data, size) != 0) {
        return 0;
    }
    /* The header's boot CPU means nothing to the reader. */
    memcpy(&extra[2].end, data + 28, 4);
    error = memory_map_build(&map, &tree, extra, extra[2].end % 4);
    memory_map_check(&map, error);
    return 0;
}
