/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISK_FORMAT_H
#define CHITIN_TEST_USER_DISK_FORMAT_H
/* Makes what lies on disks for tests: a label, a type, nodes of that type. */
#include "kern/abi/disk.h"
#include "test/user/disks.h"

#define NODE 100 /* the block of a tree's root */
#define DATA 200 /* extents of data, one after the other */
#define DATA_BLOCKS 16

#define ENTRY ((const volatile struct registry_entry *)INFORMATION_REGISTRY)
#define BLOCK ((const volatile uint8_t *)INFORMATION_BLOCKS)

/* A node: how many extents, the guard of all, and the extents. */
struct node {
    uint64_t count;
    struct cap_name guard;
    uint64_t zero;
    struct disk_extent extent[4];
};

/* A block in the making, and how it comes into a frame of the caller's. */
extern uint8_t format_bytes[DISK_BLOCK_BYTES];
void format_fill(uint64_t frame);

/* Makes an empty disk with a label, by a binding of all of it. */
void format_label(uint64_t disk, uint64_t raw, uint64_t frame);

/* Makes it ready: the frame goes to the kernel, which needs it for that. */
void format_recover(uint64_t disk, uint64_t reading);

/* The block of a type, in a frame, and of one whose blocks are struct node. */
struct format_programs {
    const char *name;
    const void *owns; /* struct code_instruction, as many as */
    uint16_t owns_count;
    const void *access;
    uint16_t access_count;
};
void format_type_of(uint64_t frame, const struct format_programs *programs);
void format_type(uint64_t frame);

/* A node with so many extents, in format_bytes. */
void format_node(unsigned extents);

#endif
