/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_DRIVER_H
#define CHITIN_PLATFORM_DRIVER_H
/*
 * The shape of a driver: one row of a table in platform/probe.c, and one
 * operations structure for each kind of device. A driver knows registers and
 * nothing else. Everything is found once, at boot, by the boot hart.
 */
#include "kern/abi/types.h"
#include "kern/boot/fdt.h"
#include "platform/disk.h"

/* A serial console. */
struct console_driver {
    /* Writes one byte; waits for room in the transmitter, which drains by
       itself. */
    void (*put)(char c);
    /* Whether there is room for a byte now. */
    bool (*room)(void);
    /* The next byte received, or -1. */
    int (*get)(void);
    /* Lets a received byte raise the device's interrupt, or not. */
    void (*listen)(bool on);
};

/* Maps the registers of entry 0 of the node's reg, at least `size` bytes. NULL
   if the tree does not say where they are, or with too few bytes. */
volatile void *driver_registers(const struct fdt *tree, fdt_node_t node,
                                uint64_t size);

/* Sets up the console of this node. NULL if the node is malformed. */
const struct console_driver *ns16550_init(const struct fdt *tree,
                                          fdt_node_t node);
const struct console_driver *sifive_uart_init(const struct fdt *tree,
                                              fdt_node_t node);

/* Sets up disk `disk->index` of what the virtio device at these registers is
   (platform/dev/virtio_blk.c). NULL, or why it cannot be used. */
const char *virtio_blk_init(struct disk *disk, volatile void *registers);

/* What platform/probe.c has of platform/disk.c: hands over the disk with these
   registers and this interrupt source, which `init` sets up; and steps the disk
   with this source that has just been claimed: false if it is no disk's. */
void disk_found(const char *name, uint32_t source, volatile void *registers,
                const char *(*init)(struct disk *, volatile void *));
extern void (*disk_listener)(struct disk *disk);
static inline bool
disk_step(uint32_t source)
{
    struct disk *end = disk_table + disk_count;

    for (struct disk *disk = disk_table; disk < end; disk++) {
        if (disk->source == source) {
            disk_listener(disk);
            return true;
        }
    }
    return false;
}

/* The platform-level interrupt controller (platform/dev/plic.c). */
bool plic_init(const struct fdt *tree, fdt_node_t node);
/* Opens the executing hart's context. */
void plic_init_hart(void);
/* Routes a source to the executing hart's context. False if there is no such
   source or context. */
bool plic_route(uint32_t source);
/* The source, which was routed, does not interrupt any hart any more. */
void plic_mask(uint32_t source);
/* The next source pending for the executing hart, now claimed; 0: none. */
uint32_t plic_claim(void);
/* Lets a claimed source interrupt again. */
void plic_complete(uint32_t source);

/* The test finisher of QEMU's virt machine (platform/dev/finisher.c). */
bool finisher_init(const struct fdt *tree, fdt_node_t node);
void finisher_exit(unsigned status);

/* The clock of QEMU's virt machine (platform/dev/goldfish_rtc.c): nanoseconds
   since 1970-01-01 00:00 UTC. */
bool goldfish_rtc_init(const struct fdt *tree, fdt_node_t node);
uint64_t goldfish_rtc_read(void);

/* Ends the machine through a debugger or emulator that serves semihosting;
   returns at once where none does (platform/dev/semihosting.c). */
void semihosting_exit(unsigned status);

#endif
