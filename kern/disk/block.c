/* SPDX-License-Identifier: MIT */
/*
 * A byte for each block, looked at eight at a time where runs are long. What a
 * state means, and who may bring about which, is said in change.c.
 */
#include "kern/disk/block.h"
#include "kern/panic.h"
#include "kern/string.h"

static uint8_t
block_byte(enum block_state state, unsigned type)
{
    ASSERT(type < DISK_TYPES);
    return (uint8_t)(state | type << BLOCK_TYPE_SHIFT);
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t
block_table_clear(struct block_table *t, uint64_t at)
{
    uint64_t count = smaller(t->blocks - at, BLOCK_STEP);

    memset(t->state + at, block_byte(BLOCK_FREE, DISK_TYPE_DATA), count);
    if (at == 0) {
        memset(t->state, block_byte(BLOCK_USED, DISK_TYPE_DATA),
               DISK_FIRST_BLOCK);
        t->state[DISK_CATALOGUE_BLOCK] =
            block_byte(BLOCK_USED, DISK_TYPE_CATALOGUE);
    }
    return at + count;
}

uint32_t
block_run(const struct block_table *t, uint64_t first, uint64_t count)
{
    const uint8_t *state = t->state + first;
    uint64_t limit = smaller(count, BLOCK_STEP);
    uint64_t same = state[0] * (UINT64_MAX / UINT8_MAX);
    uint64_t n = 1;

    ASSERT(count > 0 && first < t->blocks && count <= t->blocks - first);
    while (n < limit && state[n] == state[0]) {
        const uint8_t *at = state + n;
        bool word = ((uintptr_t)at & 7) == 0 && limit - n >= sizeof(same);

        n += word && *(const uint64_t *)(const void *)at == same ? sizeof(same)
                                                                 : 1;
    }
    return (uint32_t)n;
}

uint32_t
block_set(struct block_table *t, uint64_t first, uint64_t count,
          enum block_state state, unsigned type)
{
    uint64_t n = smaller(count, BLOCK_STEP);

    ASSERT(first >= DISK_CATALOGUE_BLOCK && first < t->blocks &&
           n <= t->blocks - first);
    memset(t->state + first, block_byte(state, type), n);
    return (uint32_t)n;
}

uint32_t
block_replace(struct block_table *t, uint64_t first, uint64_t count,
              enum block_state old, enum block_state state)
{
    uint64_t n = smaller(count, BLOCK_STEP / 4);

    ASSERT(first < t->blocks && n <= t->blocks - first);
    for (uint64_t b = first; b < first + n; b++) {
        if (block_state(t, b) == (unsigned)old) {
            t->state[b] = block_byte(state, block_type(t, b));
        }
    }
    return (uint32_t)n;
}

void
block_written(struct block_table *t, uint64_t first, uint32_t count)
{
    for (uint64_t b = first; b < first + count; b++) {
        if (t->state[b] == block_byte(BLOCK_UNINITIALISED, DISK_TYPE_DATA)) {
            t->state[b] = block_byte(BLOCK_USED, DISK_TYPE_DATA);
        }
    }
}
