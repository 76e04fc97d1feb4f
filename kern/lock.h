/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_LOCK_H
#define CHITIN_KERN_LOCK_H
/*
 * Ticket locks: fair, so that no hart waits longer than the others' turns.
 * Interrupts are off inside the kernel, so a lock is held for a bounded time
 * and never by code that its holder interrupted.
 *
 * Lock order: a hart that holds a lock takes only locks that stand after it in
 * this list.
 *
 *   1. console (kern/print.c): one message at a time
 *
 * A panic takes no lock.
 */
#include <stdatomic.h>

#include "kern/hart.h"

struct lock {
    _Atomic uint32_t next;    /* the ticket that the next comer draws */
    _Atomic uint32_t serving; /* the ticket whose turn it is */
    _Atomic(struct hart *) holder;
};

/* Waits for its turn. Asserts that this hart does not hold the lock already;
   parks the hart if another one has panicked meanwhile. */
void lock_acquire(struct lock *lock);

/* Asserts that this hart holds the lock, and passes it on. */
void lock_release(struct lock *lock);

/* Whether the executing hart holds the lock. */
static inline bool
lock_held(const struct lock *lock)
{
    return atomic_load_explicit(&lock->holder, memory_order_relaxed) ==
           hart_self();
}

#endif
