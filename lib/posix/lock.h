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

/* Waits until the lock is the caller's. True: its last holder died with it. */
bool lock_take(struct lock *lock);
void lock_drop(struct lock *lock);
bool lock_is_mine(const struct lock *lock);

/* Whether the env of that id is there, and not ending. */
bool env_lives(uint32_t env);

#endif
