/* SPDX-License-Identifier: MIT */
/*
 * What debug builds know of the locks that a hart holds. Host tests have it,
 * too.
 */
#include "kern/lock.h"
#include "kern/panic.h"

void
lock_note(const void *lock, enum lock_rank rank, bool waits)
{
    struct held_locks *held = &hart_self()->held;
    unsigned free = HELD_MAX;

    for (unsigned i = 0; i < HELD_MAX; i++) {
        if (held->lock[i] == NULL) {
            free = i;
        } else if (waits) {
            ASSERT(held->rank[i] < rank ||
                   (held->rank[i] == rank && rank == LOCK_FRAME) ||
                   (held->rank[i] == rank && rank == LOCK_ENTRIES &&
                    held->lock[i] < lock));
        }
    }
    if (!waits) {
        ASSERT(free < HELD_MAX);
        held->lock[free] = lock;
        held->rank[free] = (uint8_t)rank;
    }
}

void
lock_forget(const void *lock)
{
    struct held_locks *held = &hart_self()->held;

    for (unsigned i = 0; i < HELD_MAX; i++) {
        if (held->lock[i] == lock) {
            held->lock[i] = NULL;
            return;
        }
    }
    panic("a lock is given back by who does not hold it");
}
