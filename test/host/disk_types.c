/* SPDX-License-Identifier: MIT */
#include "test/host/disk_types.h"

#include "kern/disk/type.h"
#include "test/host/check.h"

static const char tree_owns[] = "        r6 = r1\n"
                                "        r7 = *(u32 *)(r6 + 0)\n"
                                "spin:   if r7 == 0x6e697073 goto spin\n"
                                "        if r7 != 0x65657274 goto bad\n"
                                "        r7 = *(u32 *)(r6 + 4)\n"
                                "        if r7 > 64 goto bad\n"
                                "        r8 = 0\n"
                                "next:   if r8 >= r7 goto good\n"
                                "        r9 = r8\n"
                                "        r9 <<= 4\n"
                                "        r9 += r6\n"
                                "        r1 = *(u64 *)(r9 + 64)\n"
                                "        r2 = *(u32 *)(r9 + 72)\n"
                                "        r3 = *(u32 *)(r9 + 76)\n"
                                "        call 1\n"
                                "        if r0 != 0 goto bad\n"
                                "        r8 += 1\n"
                                "        goto next\n"
                                "good:   r0 = 0\n"
                                "        exit\n"
                                "bad:    r0 = 1\n"
                                "        exit\n";

static const char tree_access[] = "        r0 = 8\n"
                                  "        if r4 != 2 goto out\n"
                                  "        r0 = 24\n"
                                  "out:    exit\n";

/* r8 counts; r9 is the next block, 0 if there is none or it was emitted. */
static const char log_owns[] = "        r6 = r1\n"
                               "        r7 = *(u32 *)(r6 + 0)\n"
                               "        if r7 != 0x20676f6c goto bad\n"
                               "        r7 = *(u32 *)(r6 + 4)\n"
                               "        if r7 > 64 goto bad\n"
                               "        r8 = 0\n"
                               "        r9 = *(u64 *)(r6 + 8)\n"
                               "next:   if r8 >= r7 goto last\n"
                               "        r1 = r8\n"
                               "        r1 <<= 4\n"
                               "        r1 += r6\n"
                               "        r2 = *(u64 *)(r1 + 72)\n"
                               "        r1 = *(u64 *)(r1 + 64)\n"
                               "        r3 = 0\n"
                               "        if r9 == 0 goto emit\n"
                               "        if r9 >= r1 goto emit\n"
                               "        r1 = r9\n"
                               "        r2 = 1\n"
                               "        r3 = *(u32 *)(r6 + 16)\n"
                               "        r9 = 0\n"
                               "        r8 -= 1\n"
                               "emit:   call 1\n"
                               "        if r0 != 0 goto bad\n"
                               "        r8 += 1\n"
                               "        goto next\n"
                               "last:   if r9 == 0 goto good\n"
                               "        r1 = r9\n"
                               "        r2 = 1\n"
                               "        r3 = *(u32 *)(r6 + 16)\n"
                               "        call 1\n"
                               "        exit\n"
                               "good:   r0 = 0\n"
                               "        exit\n"
                               "bad:    r0 = 1\n"
                               "        exit\n";

static const char log_access[] = "        r0 = 24\n"
                                 "        if r4 == 2 goto out\n"
                                 "        if r3 == -1 goto out\n"
                                 "        r0 = 0x10000\n"
                                 "out:    exit\n";

const char *const disk_owns_text[DISK_TYPES] = {
    [TREE_TYPE] = tree_owns, [LOG_TYPE] = log_owns};
const char *const disk_access_text[DISK_TYPES] = {
    [TREE_TYPE] = tree_access, [LOG_TYPE] = log_access};

static bool
tree_owns_native(const struct tree_image *t, struct owned_set *set,
                 uint64_t *r0)
{
    *r0 = 1;
    if (t->magic == SPIN_MAGIC) {
        return false;
    }
    if (t->magic != TREE_MAGIC || t->count > EXTENTS_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const struct disk_extent *x = &t->extent[i];

        if (owned_emit(set, x->first, x->count, x->type) != 0) {
            return true;
        }
    }
    *r0 = 0;
    return true;
}

static void
log_owns_native(const struct log_image *l, struct owned_set *set, uint64_t *r0)
{
    uint64_t next = l->next;

    *r0 = 1;
    if (l->magic != LOG_MAGIC || l->count > EXTENTS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        uint64_t first = l->extent[i].first;

        if (next != 0 && next < first) {
            if (owned_emit(set, next, 1, l->next_type) != 0) {
                return;
            }
            next = 0;
        }
        if (owned_emit(set, first, l->extent[i].count, DISK_TYPE_DATA) != 0) {
            return;
        }
    }
    *r0 = next != 0 ? owned_emit(set, next, 1, l->next_type) : 0;
}

bool
disk_owns_native(unsigned type, const uint8_t *image, struct owned_set *set,
                 uint64_t *r0)
{
    if (type == TREE_TYPE) {
        return tree_owns_native((const struct tree_image *)image, set, r0);
    }
    CHECK(type == LOG_TYPE);
    log_owns_native((const struct log_image *)image, set, r0);
    return true;
}

uint64_t
disk_access_native(unsigned type, uint64_t first, uint64_t right)
{
    if (type == TREE_TYPE) {
        return right == CAP_WRITE ? offsetof(struct tree_image, write)
                                  : offsetof(struct tree_image, read);
    }
    return right == CAP_WRITE || first == CODE_ACCESS_SELF
               ? offsetof(struct log_image, guard)
               : CODE_ACCESS_ANYONE;
}

void
disk_type_make(uint8_t *block, const char *name,
               const struct code_instruction *owns, uint32_t owns_count,
               const struct code_instruction *access, uint32_t access_count)
{
    struct disk_type *type = (struct disk_type *)block;
    const size_t named = offsetof(struct disk_type, name);
    struct sha256 s;
    size_t at = named;

    memset(block, 0, DISK_BLOCK_BYTES);
    type->magic = DISK_TYPE_MAGIC;
    CHECK(strlen(name) < sizeof(type->name));
    memcpy(type->name, name, strlen(name));
    type->owns = sizeof(*type);
    type->owns_count = (uint16_t)owns_count;
    type->access = (uint16_t)(sizeof(*type) + sizeof(*owns) * owns_count);
    type->access_count = (uint16_t)access_count;
    memcpy(block + type->owns, owns, sizeof(*owns) * owns_count);
    memcpy(block + type->access, access, sizeof(*access) * access_count);
    sha256_begin(&s);
    for (; DISK_BLOCK_BYTES - at >= 64; at += 64) {
        sha256_block(&s, block + at);
    }
    sha256_end(&s, block + at, DISK_BLOCK_BYTES - at, type->hash);
}
