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

/* A serial console. */
struct console_driver {
    /* Writes one byte; waits for room in the transmitter, which drains by
       itself. */
    void (*put)(char c);
    /* Whether there is room for a byte now. */
    bool (*room)(void);
    /* The next byte received, or -1. */
    int (*get)(void);
    /* Lets a received byte raise the device's interrupt. */
    void (*listen)(void);
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

/* The platform-level interrupt controller (platform/dev/plic.c). */
bool plic_init(const struct fdt *tree, fdt_node_t node);
/* Opens the executing hart's context. */
void plic_init_hart(void);
/* Routes a source to the executing hart's context. False if there is no such
   source or context. */
bool plic_route(uint32_t source);
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
