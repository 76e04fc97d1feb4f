/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_DEVICE_H
#define CHITIN_PLATFORM_DEVICE_H
/*
 * What the kernel asks of the devices of the platform, whichever they are:
 * the one header of platform/ that kern/ includes. Devices are found in the
 * device tree, by the drivers' compatible strings (platform/probe.c).
 */
#include "kern/boot/fdt.h"

/* Finds and sets up interrupt controller, console, clock and the device that
   ends the machine. Boot hart only, once, with the kernel's final map. printk
   writes to the console from then on. Fails the boot if there is no console.
   The tree must stay where it is. */
void device_init(const struct fdt *tree);

/* Sets up the executing hart's share of the interrupt controller. */
void device_init_hart(void);

/* Handles every external interrupt that is pending for the executing hart. */
void device_interrupt(void);

/* Tries to end the machine with `status`; returns if no device can. */
void device_exit(unsigned status);

/* Reads the wall clock, in nanoseconds since 1970-01-01 00:00 UTC. False, with
 *nanoseconds unchanged, if the board has none that a driver knows. */
bool device_clock(uint64_t *nanoseconds);

/* Whether the console takes a byte without waiting. */
bool device_console_room(void);

/* Lets the console's input interrupt the boot hart from now on. Until then
   nothing is read. */
void device_console_listen(void);

/* Leaves what comes to the console in its device, where more waits or is lost
   as the line has it; or takes it from there again. */
void device_console_hold(bool hold);

#endif
