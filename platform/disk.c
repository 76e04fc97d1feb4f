/* SPDX-License-Identifier: MIT */
/*
 * The table of disks, and whose interrupt is whose. Only boot writes it.
 */
#include "platform/disk.h"

#include "kern/print.h"
#include "platform/driver.h"

struct disk disk_table[DISKS_MAX];
unsigned disk_count;

void (*disk_listener)(struct disk *disk);

static const char *
said(bool so, const char *word)
{
    return so ? word : "";
}

void
disk_found(const char *name, uint32_t source, volatile void *registers,
           const char *(*init)(struct disk *, volatile void *))
{
    struct disk *disk = &disk_table[disk_count];
    const char *why = "there are too many";

    if (disk_count < DISKS_MAX) {
        *disk = (struct disk){.index = disk_count, .source = source};
        why = source == 0 ? "it has no interrupt" : init(disk, registers);
    }
    if (why != NULL) {
        printk(PRINT_WARN, "%s: this disk is not used: %s\n", name, why);
        return;
    }
    printk(PRINT_INFO, "disk %u: %s (%s), %lu blocks%s%s%s\n", disk->index,
           name, disk->kind, disk->blocks, said(disk->read_only, ", read-only"),
           said(disk->flush, ", flush"), said(disk->discard, ", discard"));
    disk_count++;
}

void
device_disks_listen(void (*interrupt)(struct disk *disk))
{
    disk_listener = interrupt;
    for (unsigned i = 0; i < disk_count; i++) {
        if (!plic_route(disk_table[i].source)) {
            printk(PRINT_WARN, "disk %u: no interrupt: it never answers\n", i);
        }
    }
}

void
device_disk_silence(const struct disk *disk)
{
    plic_mask(disk->source);
}
