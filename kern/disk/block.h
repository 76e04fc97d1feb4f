/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_BLOCK_H
#define CHITIN_KERN_DISK_BLOCK_H
/*
 * The block table: for each block of a disk whether it is owned, and of which
 * type it is. In memory only, made by recovery from what is on the disk;
 * readable by every env.
 *
 *           claimed                      written
 *   FREE -------------> UNINITIALISED -------------> USED
 *    ^ ^                      |                     |    |
 *    |  \_____________________/_____________________/    | given back, and an
 *    |     given back, and on the disk nobody owns it    | image on the disk
 *    |                                                   v still owns it
 *    +---------------------------------------------- WILL_FREE
 *                 the owner's new image is on the disk
 *
 * A block is claimed only when FREE. UNINITIALISED is never owned by an image
 * on the disk: whoever owns it is not written before it is written itself.
 *
 * Locks: the disk's, for everything here. Functions that take a range do at
 * most BLOCK_STEP blocks, and say how many they did.
 */
#include "kern/abi/disk.h"

#define BLOCK_STEP 4096 /* blocks: some 3,000 instructions */

struct block_table {
    uint8_t *state; /* `blocks` bytes, and zeroes up to a multiple of 8 */
    uint64_t blocks;
};

static inline unsigned
block_state(const struct block_table *t, uint64_t block)
{
    return t->state[block] & BLOCK_STATE;
}

static inline unsigned
block_type(const struct block_table *t, uint64_t block)
{
    return t->state[block] >> BLOCK_TYPE_SHIFT;
}

/* Makes the table that of an empty disk: blocks below DISK_FIRST_BLOCK used,
   the catalogue's of its type, all others free. Memory is zero already, or
   `at`, from 0 on, is stepped: returns the next `at`, or t->blocks at the
   end. */
uint64_t block_table_clear(struct block_table *t, uint64_t at);

/* How many blocks from `first` on, at most `count` and BLOCK_STEP, are in the
   state and of the type that `first` has. At least 1. */
uint32_t block_run(const struct block_table *t, uint64_t first, uint64_t count);

/* Puts up to BLOCK_STEP blocks of the `count` from `first` on into a state.
   Returns how many. */
uint32_t block_set(struct block_table *t, uint64_t first, uint64_t count,
                   enum block_state state, unsigned type);

/* Replaces state `old` by `state` in the first BLOCK_STEP / 4 blocks or less;
   blocks in other states stay, types too. Returns how many were looked at. */
uint32_t block_replace(struct block_table *t, uint64_t first, uint64_t count,
                       enum block_state old, enum block_state state);

/* All bytes of these data blocks have been written by a request that the device
   completed (it need not have flushed): UNINITIALISED becomes USED. At most
   BLOCK_STEP / 4. */
void block_written(struct block_table *t, uint64_t first, uint32_t count);

#endif
