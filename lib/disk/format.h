/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_FORMAT_H
#define CHITIN_LIB_DISK_FORMAT_H
/*
 * What lies on a disk (kern/abi/disk.h), made in memory: by a libOS that
 * formats a disk, by tools on the host. No I/O. Blocks are DISK_BLOCK_BYTES,
 * aligned to 8.
 */
#include "kern/abi/disk.h"
#include "lib/code/code.h"

/* The label of a disk with so many blocks. */
void disk_format_label(void *block, uint64_t blocks);

/* Whether a block is a label: how many blocks its disk has, or -EINVAL. */
int64_t disk_format_blocks(const void *block);

/* The block of a type: its name (at most 15 bytes) and its programs, as text
   for code_assemble. 0; or -EINVAL: *error says what is wrong with the text, or
   that they are too long for a block; or -ENOSPC: the name is too long. */
int64_t disk_format_type(void *block, const char *name, const char *owns,
                         const char *access, struct code_error *error);

/* Whether a block is that of a type: 0 or -EINVAL. */
int64_t disk_format_type_check(const void *block);

/* Puts a tree into the image of a catalogue, where it belongs. -ENOSPC if there
   is no room, -EOVERFLOW if it overlaps another. */
int64_t disk_format_tree_add(void *catalogue, const struct disk_tree *tree);

/* The tree with this name, or NULL. */
const struct disk_tree *disk_format_tree_find(const void *catalogue,
                                              const char *name);

/* Takes out the tree whose first block this is: 0 or -ENOENT. */
int64_t disk_format_tree_remove(void *catalogue, uint64_t first);

#endif
