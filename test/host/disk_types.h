/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_DISK_TYPES_H
#define CHITIN_TEST_HOST_DISK_TYPES_H
/*
 * Two types of metadata for tests, whose makers wish each other no good:
 *
 *   tree  extents of any type; a guard for reading, one for writing
 *   log   extents of data and the next block of the chain; one guard; anybody
 *         reads the data
 *
 * Each is there as programs, and in C: what runs fast must say the same.
 */
#include "kern/abi/code.h"
#include "kern/abi/disk.h"
#include "kern/disk/owned.h"

#define TREE_TYPE 2
#define LOG_TYPE 3
#define TREE_MAGIC 0x65657274
#define LOG_MAGIC 0x20676f6c
#define SPIN_MAGIC 0x6e697073 /* the program for trees never ends */
#define EXTENTS_MAX 64

struct tree_image {
    uint32_t magic;
    uint32_t count;
    struct cap_name read;
    struct cap_name write;
    uint64_t unused[3];
    struct disk_extent extent[EXTENTS_MAX];
};

struct log_image {
    uint32_t magic;
    uint32_t count;
    uint64_t next;
    uint32_t next_type;
    uint32_t unused;
    struct cap_name guard;
    uint64_t unused_too[3];
    struct {
        uint64_t first;
        uint64_t count;
    } extent[EXTENTS_MAX];
};

_Static_assert(offsetof(struct tree_image, extent) == 64, "the program's");
_Static_assert(offsetof(struct log_image, extent) == 64, "the program's");

/* The program for a type; a string for code_assemble. */
extern const char *const disk_owns_text[DISK_TYPES];
extern const char *const disk_access_text[DISK_TYPES];

/* The same in C. False: it never ends. */
bool disk_owns_native(unsigned type, const uint8_t *image,
                      struct owned_set *set, uint64_t *r0);
uint64_t disk_access_native(unsigned type, uint64_t first, uint64_t right);

/* Makes a type block of programs. */
void disk_type_make(uint8_t *block, const char *name,
                    const struct code_instruction *owns, uint32_t owns_count,
                    const struct code_instruction *access,
                    uint32_t access_count);

#endif
