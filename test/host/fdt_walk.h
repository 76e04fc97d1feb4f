/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_FDT_WALK_H
#define CHITIN_TEST_FDT_WALK_H
/*
 * Calls every function of the reader on every node and property of an opened
 * tree and checks what holds for any blob: each walk ends, every pointer that
 * is returned lies in the blob, and the walks agree with each other. What
 * searches, from the root or for a name, is called for one in `stride` of the
 * nodes. Ends the program if something does not hold.
 */
#include "kern/boot/fdt.h"

void fdt_walk(const struct fdt *tree, uint32_t stride);

/* The node that this one is a child of, by fdt_node_trail(). */
fdt_node_t fdt_walk_parent(const struct fdt *tree, fdt_node_t node);

#endif
