/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_MEMORY_CHECK_H
#define CHITIN_TEST_MEMORY_CHECK_H
/*
 * Checks what kern/boot/memory.h promises of every map, whatever the tree was:
 * the order and the alignment of the runs, and that free is bank without
 * reserved. Ends the program if something does not hold.
 */
#include "kern/boot/memory.h"

void memory_map_check(const struct memory_map *map, int error);

#endif
