/* SPDX-License-Identifier: MIT */
#include "lib/disk/space.h"

#include "kern/abi/error.h"

static bool
is_free(const struct space *space, uint64_t block)
{
    return (space->table[block] & BLOCK_STATE) == BLOCK_FREE;
}

/* The first free run within [from, to), or `to`. */
static uint64_t
run_find(const struct space *space, uint64_t from, uint64_t to, uint64_t count)
{
    uint64_t run = 0;
    uint64_t block;

    for (block = from; block < to; block++) {
        run = is_free(space, block) ? run + 1 : 0;
        if (run == count) {
            return block + 1 - count;
        }
    }
    return to;
}

int64_t
space_find(struct space *space, uint64_t count)
{
    uint64_t from = space->next;
    uint64_t end;
    uint64_t found;

    if (from < DISK_FIRST_BLOCK || from >= space->blocks) {
        from = DISK_FIRST_BLOCK;
    }
    if (count == 0 || count > space->blocks) {
        return -ENOSPC;
    }
    found = run_find(space, from, space->blocks, count);
    if (found == space->blocks) {
        /* From the start, and over the place where the search began. */
        end = count < space->blocks - from ? from + count - 1 : space->blocks;
        found = run_find(space, DISK_FIRST_BLOCK, end, count);
        if (found == end) {
            return -ENOSPC;
        }
    }
    space->next = found + count;
    return (int64_t)found;
}

uint64_t
space_free(const struct space *space)
{
    uint64_t free = 0;
    uint64_t block;

    for (block = 0; block < space->blocks; block++) {
        free += is_free(space, block);
    }
    return free;
}
