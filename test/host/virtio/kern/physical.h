/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PHYSICAL_H
#define CHITIN_KERN_PHYSICAL_H
/*
 * Stands in for kern/physical.h in host tests of drivers: the only memory that
 * a driver reaches is its own.
 */
#include "kern/abi/types.h"

void *direct_map(paddr_t address);

#endif
