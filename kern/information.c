/* SPDX-License-Identifier: MIT */
#include "kern/information.h"

#include "kern/boot/boot_memory.h"
#include "kern/frame.h"
#include "kern/hart.h"
#include "kern/panic.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/vm.h"
#include "platform/device.h"
#include "platform/disk.h"

_Static_assert(INFORMATION_BOOT - INFORMATION_FRAMES >=
                       sizeof(struct frame) * FRAME_LIMIT &&
                   INFORMATION_END <= INFORMATION_FRAMES + FRAME_TABLE_SIZE,
               "tables lie behind the records, in the gigabyte of these");
_Static_assert(INFORMATION_HARTS == HARTS_MAX, "every hart has a row");
_Static_assert(INFORMATION_DISKS == DISKS_MAX, "every disk has a row");

void
information_map(uint64_t address, uint64_t size)
{
    void *at = information_at(address);

    ASSERT(address >= INFORMATION_BOOT && address + size <= INFORMATION_END);
    size = memory_run_around(0, size).end;
    vm_map((uint64_t)at, boot_memory_take(size, FRAME_SIZE), size,
           PTE_KERNEL_RW);
    memset(at, 0, size);
}

static void
harts_fill(struct information *info)
{
    info->hart_count = hart_count;
    for (unsigned i = 0; i < hart_count; i++) {
        const struct hart *hart = hart_table[i];

        info->hart[i].id = hart->id;
        info->hart[i].flags =
            (hart->state == HART_UP ? INFORMATION_HART_UP : 0) |
            (hart->has_float ? INFORMATION_HART_FLOAT : 0) |
            (hart->has_stimecmp ? INFORMATION_HART_STIMECMP : 0);
    }
}

static void
disks_fill(struct information *info)
{
    info->disk_count = disk_count;
    for (unsigned i = 0; i < disk_count; i++) {
        const struct disk *disk = &disk_table[i];

        info->disk[i].blocks = disk->blocks;
        info->disk[i].flags =
            (disk->read_only ? INFORMATION_DISK_READ_ONLY : 0) |
            (disk->flush ? INFORMATION_DISK_FLUSH : 0) |
            (disk->discard ? INFORMATION_DISK_DISCARD : 0);
    }
}

static void
chosen_fill(struct information *info, const struct fdt *tree)
{
    fdt_node_t chosen = fdt_node_by_path(tree, "/chosen");
    const char *text = fdt_prop_string(tree, chosen, "bootargs");
    struct fdt_prop seed;

    if (fdt_prop_find(tree, chosen, "rng-seed", &seed) == 0 &&
        seed.length >= sizeof(info->entropy)) {
        memcpy(info->entropy, seed.value, sizeof(info->entropy));
        info->flags |= INFORMATION_ENTROPY;
    }
    for (unsigned i = 0;
         text != NULL && text[i] != 0 && i + 1 < sizeof(info->arguments); i++) {
        info->arguments[i] = text[i];
    }
}

void
information_fill(const struct fdt *tree)
{
    struct information *info = information_boot();

    info->version = INFORMATION_VERSION;
    info->frames = frame_counts.ram;
    info->time_frequency = time_frequency;
    harts_fill(info);
    disks_fill(info);
    chosen_fill(info, tree);
    if (device_clock(&info->clock)) {
        info->clock_time = time_now();
        info->flags |= INFORMATION_CLOCK;
    }
}
