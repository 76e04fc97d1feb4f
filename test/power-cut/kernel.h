/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_KERNEL_H
#define CHITIN_TEST_POWER_CUT_KERNEL_H
/*
 * A disk on this machine: the functions of lib/disk/disk.h and node.h, made of
 * the kernel's modules for ownership and of memory that stands for the device.
 * So what a libOS does, and what the kernel then has on the disk, is tested
 * without a machine. A device of one kernel, one disk, and one env.
 *
 * Capabilities: entry 0 has the empty name; entry n the name with the one
 * component n. All have all rights.
 */
#include "test/power-cut/make.h"

#define KERNEL_CAPS 8

/* The power comes on: the kernel has this disk, which is raw. What is written
   goes down in `make`, unless that is NULL. */
void kernel_begin(uint8_t *image, uint64_t blocks, struct make *make);

/* The name of a capability. */
struct cap_name kernel_name(uint64_t cap);

#endif
