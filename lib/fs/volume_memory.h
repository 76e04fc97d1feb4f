/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_VOLUME_MEMORY_H
#define CHITIN_LIB_FS_VOLUME_MEMORY_H
/*
 * A volume in memory, for machines without a disk: nobody judges changes, and
 * nothing outlasts the memory. Several may share it, each within the lock of
 * the file system: who dies in the middle of a change leaves it to be finished
 * by the next one.
 */
#include "lib/fs/fs.h"

#define VOLUME_MEMORY_BLOCKS 4096 /* at most */

struct volume_memory {
    struct fs_volume fs;
    /* The rest is the library's. */
    struct fs_volume_functions functions;
    uint8_t *memory;
    uint64_t version_last;
    /* The change that is being made. */
    uint32_t stage;
    uint32_t edits;
    uint64_t edited[FS_EDITS_MAX];
    struct fs_node image[FS_EDITS_MAX];
    /* By block, from DISK_FIRST_BLOCK on. */
    uint8_t table[DISK_FIRST_BLOCK + VOLUME_MEMORY_BLOCKS];
    uint8_t written[VOLUME_MEMORY_BLOCKS];
    uint64_t version[VOLUME_MEMORY_BLOCKS];
};

/* A volume of `blocks` blocks at `memory`, with a tree for fs_make. `now` and
 * `random` are as in struct fs_volume_functions. */
void volume_memory_init(struct volume_memory *v, void *memory, uint64_t blocks,
                        uint64_t (*now)(struct fs_volume *v),
                        uint64_t (*random)(struct fs_volume *v));

#endif
