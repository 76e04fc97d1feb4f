/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_LOG_LOG_DISK_H
#define CHITIN_LIB_LOG_LOG_DISK_H
/*
 * A log on the kernel's disks: its root is a node, its segments are extents of
 * data that the node owns, each bound when it is first used.
 */
#include "lib/disk/node.h"
#include "lib/log/log.h"

struct log_binding {
    uint64_t first;
    uint32_t count;
    uint64_t handle; /* 0: none */
};

struct log_on_disk {
    struct log_disk functions;
    struct disk *disk;
    struct node node;
    struct log_root root; /* as it was accepted last */
    struct log_binding binding[LOG_SEGMENTS_MAX];
    uint64_t bindings; /* how many there ever were */
};

/* Makes a new root in a block that `parent` has claimed for it, with the type
   of logs, and writes it: its parent may be written then. */
int64_t log_disk_make(struct disk *disk, const struct node *parent,
                      uint64_t block, const struct cap_name *guard);

/* What log_open needs, of the root in block `block` that `parent` owns: then
   on->functions and on->root are to be given to it. The disk's capability has
   what the log's guard asks for. */
int64_t log_disk_open(struct log_on_disk *on, struct disk *disk,
                      const struct node *parent, uint64_t block);

/* Gives back what it has bound. */
void log_disk_close(struct log_on_disk *on);

#endif
