/* SPDX-License-Identifier: MIT */
#include "lib/disk/format.h"

#include <string.h>

#include "kern/abi/error.h"
#include "lib/disk/sha256.h"

_Static_assert(SHA256_BYTES == DISK_HASH_BYTES, "types are known by it");

/* Where the bytes begin that a hash in a type block is of. */
#define TYPE_HASHED (offsetof(struct disk_type, hash) + (size_t)DISK_HASH_BYTES)
#define LABEL_HASHED offsetof(struct disk_label, hash)

void
disk_format_label(void *block, uint64_t blocks)
{
    struct disk_label *label = block;

    memset(block, 0, DISK_BLOCK_BYTES);
    label->magic = DISK_LABEL_MAGIC;
    label->version = DISK_VERSION;
    label->types = DISK_TYPES;
    label->blocks = blocks;
    label->catalogue = DISK_CATALOGUE_BLOCK;
    sha256(label, LABEL_HASHED, label->hash);
}

int64_t
disk_format_blocks(const void *block)
{
    const struct disk_label *label = block;
    uint8_t hash[DISK_HASH_BYTES];

    sha256(label, LABEL_HASHED, hash);
    if (label->magic != DISK_LABEL_MAGIC || label->version != DISK_VERSION ||
        label->types != DISK_TYPES ||
        label->catalogue != DISK_CATALOGUE_BLOCK ||
        label->blocks < DISK_BLOCKS_MIN || label->blocks > DISK_BLOCKS_MAX ||
        memcmp(hash, label->hash, sizeof(hash)) != 0) {
        return -EINVAL;
    }
    return (int64_t)label->blocks;
}

static void
type_hash(const void *block, uint8_t *hash)
{
    sha256((const uint8_t *)block + TYPE_HASHED, DISK_BLOCK_BYTES - TYPE_HASHED,
           hash);
}

int64_t
disk_format_type(void *block, const char *name, const char *owns,
                 const char *access, struct code_error *error)
{
    struct disk_type *type = block;
    uint32_t room =
        (DISK_BLOCK_BYTES - sizeof(*type)) / sizeof(struct code_instruction);
    struct code_instruction *code = (void *)(type + 1);
    int64_t first;
    int64_t second;

    memset(block, 0, DISK_BLOCK_BYTES);
    if (strlen(name) >= sizeof(type->name)) {
        return -ENOSPC;
    }
    first = code_assemble(owns, code, room, error);
    if (first < 0) {
        return -EINVAL;
    }
    second = code_assemble(access, code + first, room - (uint32_t)first, error);
    if (second < 0) {
        return -EINVAL;
    }
    type->magic = DISK_TYPE_MAGIC;
    memcpy(type->name, name, strlen(name));
    type->owns = sizeof(*type);
    type->owns_count = (uint16_t)first;
    type->access =
        (uint16_t)(sizeof(*type) +
                   (uint64_t)first * sizeof(struct code_instruction));
    type->access_count = (uint16_t)second;
    type_hash(block, type->hash);
    return 0;
}

static bool
program_is_within(uint32_t offset, uint32_t count)
{
    return offset % 8 == 0 && offset >= sizeof(struct disk_type) && count > 0 &&
           offset + count * sizeof(struct code_instruction) <= DISK_BLOCK_BYTES;
}

int64_t
disk_format_type_check(const void *block)
{
    const struct disk_type *type = block;
    uint8_t hash[DISK_HASH_BYTES];

    type_hash(block, hash);
    return type->magic == DISK_TYPE_MAGIC &&
                   memcmp(hash, type->hash, sizeof(hash)) == 0 &&
                   program_is_within(type->owns, type->owns_count) &&
                   program_is_within(type->access, type->access_count)
               ? 0
               : -EINVAL;
}

static uint32_t
trees_count(const struct disk_tree *trees)
{
    uint32_t count = 0;

    while (count < DISK_TREES && trees[count].count > 0) {
        count++;
    }
    return count;
}

int64_t
disk_format_tree_add(void *catalogue, const struct disk_tree *tree)
{
    struct disk_tree *trees = catalogue;
    uint32_t count = trees_count(trees);
    uint32_t at = 0;

    if (count == DISK_TREES) {
        return -ENOSPC;
    }
    while (at < count && trees[at].first < tree->first) {
        at++;
    }
    if ((at > 0 && trees[at - 1].first + trees[at - 1].count > tree->first) ||
        (at < count && tree->first + tree->count > trees[at].first)) {
        return -EOVERFLOW;
    }
    memmove(&trees[at + 1], &trees[at], (count - at) * sizeof(trees[0]));
    trees[at] = *tree;
    return 0;
}

const struct disk_tree *
disk_format_tree_find(const void *catalogue, const char *name)
{
    const struct disk_tree *trees = catalogue;
    uint32_t i;

    for (i = 0; i < trees_count(trees); i++) {
        if (strncmp(trees[i].name, name, sizeof(trees[i].name)) == 0) {
            return &trees[i];
        }
    }
    return NULL;
}

int64_t
disk_format_tree_remove(void *catalogue, uint64_t first)
{
    struct disk_tree *trees = catalogue;
    uint32_t count = trees_count(trees);
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (trees[i].first == first) {
            memmove(&trees[i], &trees[i + 1],
                    (count - i - 1) * sizeof(trees[0]));
            memset(&trees[count - 1], 0, sizeof(trees[0]));
            return 0;
        }
    }
    return -ENOENT;
}
