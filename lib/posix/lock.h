/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_LOCK_H
#define CHITIN_LIB_POSIX_LOCK_H
/*
 * Locks in memory that processes share. The word is the id of the env that has
 * it: ids are not used again, so who finds it taken can see whether the holder
 * still lives. If not, the next one gets the lock, and the news that what it
 * guards may be in the middle of a change: each file that uses a lock says at
 * its top what it does then.
 *
 * Nobody may be interrupted by a signal's handler while it has one: locks are
 * taken between posix_hold and posix_release (process.h) only. Who waits for
 * one gives its holder the hart.
 *
 * Order, first to last: filesystem, processes, files, pipe, terminal.
 */
#include <stdbool.h>
#include <stdint.h>

struct lock {
    uint32_t holder; /* env id; 0: free */
    uint32_t wanted; /* the env that waited for it last; 0: none */
};

extern uint64_t exo_id;

/* In lock.c: when the lock is not free, and when somebody waited for it. */
bool lock_wait(struct lock *lock);
void lock_hand_over(struct lock *lock);

/* Waits until the lock is the caller's. True: its last holder died with it. */
static inline bool
lock_take(struct lock *lock)
{
    uint32_t free = 0;

    return !__atomic_compare_exchange_n(&lock->holder, &free, (uint32_t)exo_id,
                                        false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED) &&
           lock_wait(lock);
}

static inline void
lock_drop(struct lock *lock)
{
    __atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
    if (__atomic_load_n(&lock->wanted, __ATOMIC_RELAXED) != 0) {
        lock_hand_over(lock);
    }
}

bool lock_is_mine(const struct lock *lock);

/* Whether the env of that id is there, and not ending. */
bool env_lives(uint32_t env);

#endif
