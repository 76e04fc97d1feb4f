/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_NODE_H
#define CHITIN_LIB_DISK_NODE_H
/*
 * Metadata blocks, for a libOS: a node is an entry of the kernel's registry.
 * Its bytes are read from there, and changed by proposals, which the kernel
 * accepts if what the blocks own balances; then they are written back.
 *
 *     node_open      the block is in the registry       node_create: a new one
 *     node_image     its newest bytes
 *     node_change    up to four nodes get new bytes at once
 *     node_write     these are on the disk
 *
 * What the kernel refuses comes back as it said it (kern/abi/disk.h and
 * docs/disk-format.md have the rules). The order of writes is the caller's
 * affair: -EBUSY from node_write means that something else comes first, such
 * as blocks that the node claimed and that were never written.
 *
 * One user at a time; each function waits until it is done.
 */
#include "lib/disk/disk.h"

struct node {
    uint64_t block;
    uint32_t entry;
    uint64_t version; /* of the image that node_image gave */
};

/* Recovers a raw disk, or waits until somebody else has: 0, the disk is READY,
   and disk->space can be searched. -EINVAL: it has no label. Needs control on
   the empty name. */
int64_t disk_recover(struct disk *disk);

/* Installs a type, as disk_format_type made its block: its number on this disk.
   The page is the program's. */
int64_t disk_type(const struct disk *disk, const void *block);

/* The catalogue. */
int64_t node_catalogue(const struct disk *disk, struct node *node);

/* The node that is block `block`, which `parent` owns. */
int64_t node_open(const struct disk *disk, const struct node *parent,
                  uint64_t block, struct node *node);

/* The same for a block that was claimed and never written: its image is empty,
   until it is changed. */
int64_t node_create(const struct disk *disk, const struct node *parent,
                    uint64_t block, struct node *node);

/* Copies the newest bytes, DISK_BLOCK_BYTES of them, and remembers their
   version. */
int64_t node_image(const struct disk *disk, struct node *node, void *image);

/* New bytes for a node: DISK_BLOCK_BYTES. */
struct node_edit {
    struct node *node;
    const void *image;
};

/* Proposes the bytes for nodes whose images were looked at by node_image; then
   their versions are those of the new. `claimed` free blocks are owned then,
   `given` are not any more. -ESTALE: somebody was quicker. */
int64_t node_change(const struct disk *disk, const struct node_edit *edit,
                    unsigned edits, uint64_t claimed, uint64_t given);

/* The newest bytes are on the disk, or were already. */
int64_t node_write(const struct disk *disk, const struct node *node);

/* Whether the disk has what the newest bytes say. */
bool node_is_clean(const struct disk *disk, const struct node *node);

#endif
