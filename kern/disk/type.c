/* SPDX-License-Identifier: MIT */
/*
 * Types of a disk. What a program answers is only believed after it was looked
 * at here: extents by owned_emit, guards by type_guard.
 */
#include "kern/disk/type.h"
#include "kern/abi/code.h"
#include "kern/abi/error.h"
#include "kern/panic.h"
#include "kern/string.h"

#define SHA256_BLOCK 64

/* What the hash of a type is of. */
#define HASHED offsetof(struct disk_type, name)

static void
label_hash(const struct disk_label *label, uint8_t *hash)
{
    struct sha256 s;

    sha256_begin(&s);
    sha256_end(&s, (const uint8_t *)label, offsetof(struct disk_label, hash),
               hash);
}

void
label_make(struct disk_label *label, uint64_t blocks)
{
    label->magic = DISK_LABEL_MAGIC;
    label->version = DISK_VERSION;
    label->types = DISK_TYPES;
    label->blocks = blocks;
    label->catalogue = DISK_CATALOGUE_BLOCK;
    label_hash(label, label->hash);
}

int
label_check(const struct disk_label *label, uint64_t blocks)
{
    uint8_t hash[DISK_HASH_BYTES];

    label_hash(label, hash);
    if (label->magic != DISK_LABEL_MAGIC || label->version != DISK_VERSION ||
        label->types != DISK_TYPES ||
        label->catalogue != DISK_CATALOGUE_BLOCK ||
        label->blocks < DISK_BLOCKS_MIN || label->blocks > blocks ||
        memcmp(hash, label->hash, sizeof(hash)) != 0) {
        return -EINVAL;
    }
    return 0;
}

void
type_check_begin(struct type_check *c, const uint8_t *block)
{
    c->block = block;
    c->at = HASHED;
    sha256_begin(&c->hash);
}

/* Whether a program lies in the block, after the header. */
static bool
program_within(unsigned offset, unsigned count)
{
    return offset >= sizeof(struct disk_type) && offset % 8 == 0 &&
           count >= 1 && 8 * count <= DISK_BLOCK_BYTES &&
           offset <= DISK_BLOCK_BYTES - 8 * count;
}

static bool
header_good(const struct disk_type *type)
{
    uint64_t zero = 0;

    for (unsigned i = 0; i < sizeof(type->zero) / sizeof(type->zero[0]); i++) {
        zero |= type->zero[i];
    }
    return type->magic == DISK_TYPE_MAGIC && zero == 0 &&
           type->name[sizeof(type->name) - 1] == '\0' &&
           program_within(type->owns, type->owns_count) &&
           program_within(type->access, type->access_count);
}

int
type_check_step(struct type_check *c)
{
    const struct disk_type *type = (const struct disk_type *)c->block;
    uint8_t hash[DISK_HASH_BYTES];

    if (c->at == HASHED && !header_good(type)) {
        return -EINVAL; /* as most slots are: empty */
    }
    if (DISK_BLOCK_BYTES - c->at >= SHA256_BLOCK) {
        sha256_block(&c->hash, c->block + c->at);
        c->at += SHA256_BLOCK;
        return -EAGAIN;
    }
    sha256_end(&c->hash, c->block + c->at, DISK_BLOCK_BYTES - c->at, hash);
    return memcmp(hash, type->hash, sizeof(hash)) == 0 ? 0 : -EINVAL;
}

void
type_table_init(struct type_table *t)
{
    t->known = 1 << DISK_TYPE_DATA | 1 << DISK_TYPE_CATALOGUE;
    t->reserved = 0;
}

int
type_find(const struct type_table *t, const uint8_t *hash)
{
    for (unsigned i = DISK_TYPE_FIRST; i < DISK_TYPES; i++) {
        if ((t->known >> i & 1) != 0 &&
            memcmp(t->type[i].hash, hash, DISK_HASH_BYTES) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int
type_slot(const struct type_table *t)
{
    uint64_t taken = t->known | t->reserved;

    return ~taken == 0 ? -ENOSPC : __builtin_ctzll(~taken);
}

/* Whether no instruction of `access` names r3, the extent that it is asked for:
   it has no helpers, and a function of its own that read r3 would name it. */
static bool
access_alike(const struct disk_type *block)
{
    const struct code_instruction *code =
        (const void *)((const uint8_t *)block + block->access);
    bool named = false;

    for (unsigned i = 0; i < block->access_count; i++) {
        named |= (code[i].registers & 0xf) == 3 || code[i].registers >> 4 == 3;
    }
    return !named;
}

void
type_add(struct type_table *t, unsigned type, const uint8_t *block,
         uint32_t owns, uint32_t access)
{
    const struct disk_type *header = (const struct disk_type *)block;

    ASSERT(type < DISK_TYPES && ((t->known | t->reserved) >> type & 1) == 0);
    t->type[type] = (struct type){
        .owns = owns, .access = access, .alike = access_alike(header)};
    memcpy(t->type[type].hash, header->hash, DISK_HASH_BYTES);
    t->known |= (uint64_t)1 << type;
}

static const struct type *
type_known(const struct type_table *t, unsigned type)
{
    ASSERT(type >= DISK_TYPE_FIRST && type < DISK_TYPES &&
           (t->known >> type & 1) != 0);
    return &t->type[type];
}

int
type_owns(const struct type_table *t, unsigned type, const uint8_t *image,
          uint64_t blocks, struct owned_set *set)
{
    uint64_t result = 0;
    int error;

    owned_begin(set, blocks, t->known);
    if (type == DISK_TYPE_CATALOGUE) {
        return catalogue_owns(image, set);
    }
    error = program_owns(type_known(t, type)->owns, image, set, &result);
    return error == -EAGAIN ? error : owned_end(set, error != 0, result);
}

int
type_guard(const struct type_table *t, unsigned type, const uint8_t *image,
           uint64_t first, uint64_t right, struct cap_name *guard)
{
    uint64_t at;
    int error;

    if (type == DISK_TYPE_CATALOGUE) {
        return catalogue_guard(image, first, guard);
    }
    error =
        program_access(type_known(t, type)->access, image, first, right, &at);
    if (error != 0) {
        return error == -EAGAIN ? error : -EPERM;
    }
    if (at == CODE_ACCESS_ANYONE) {
        return 0;
    }
    if (at > DISK_BLOCK_BYTES - sizeof(*guard)) {
        return -EPERM;
    }
    if (at % sizeof(guard->word[0]) == 0) { /* as most are: two words */
        *guard = *(const struct cap_name *)(image + at);
    } else {
        memcpy(guard, image + at, sizeof(*guard));
    }
    return cap_name_valid(guard) ? 1 : -EPERM;
}

int
type_alike(const struct type_table *t, unsigned type, const uint8_t *before,
           const uint8_t *after)
{
    if (type == DISK_TYPE_CATALOGUE || !type_known(t, type)->alike) {
        return 0;
    }
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        struct cap_name was;
        struct cap_name is;
        int first = type_guard(t, type, before, 0, right, &was);
        int second = type_guard(t, type, after, 0, right, &is);

        if (first == -EAGAIN || second == -EAGAIN) {
            return -EAGAIN;
        }
        if (first != second || (first == 1 && !cap_name_equal(&was, &is))) {
            return 0;
        }
    }
    return 1;
}

int
type_access(const struct type_table *t, unsigned type, const uint8_t *image,
            uint64_t first, uint64_t right, const struct cap *cap)
{
    struct cap_name guard;
    int answer = type_guard(t, type, image, first, right, &guard);

    if (answer == 1 && !cap_allows(cap, &guard, right)) {
        return -EPERM;
    }
    return answer < 0 ? answer : 0;
}
