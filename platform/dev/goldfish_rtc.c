/* SPDX-License-Identifier: MIT */
/*
 * The clock of QEMU's virt machine (QEMU, hw/rtc/goldfish_rtc.c): nanoseconds
 * since 1970 in two registers. To read the lower holds the upper.
 */
#include "platform/driver.h"

#define TIME_LOW 0 /* indexes of 32-bit registers */
#define TIME_HIGH 1

static volatile uint32_t *base;

bool
goldfish_rtc_init(const struct fdt *tree, fdt_node_t node)
{
    base = driver_registers(tree, node, (TIME_HIGH + 1) * sizeof(*base));
    return base != NULL;
}

uint64_t
goldfish_rtc_read(void)
{
    uint64_t low = base[TIME_LOW];

    return (uint64_t)base[TIME_HIGH] << 32 | low;
}
