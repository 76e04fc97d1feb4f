/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_LOCK_H
#define CHITIN_LIB_EXO_LOCK_H
/*
 * A lock between threads, on one hart or several, of one env or of envs that
 * share the memory. Who finds it taken looks again EXO_LOCK_SPINS times, for
 * the holder may run on another hart; then, since the holder may be waiting for
 * this one, lets others run each time before it looks again. It is not fair,
 * and cannot be taken twice by its holder.
 */
#include <stdbool.h>
#include <stdint.h>

#define EXO_LOCK_SPINS 100

struct exo_lock {
    uint32_t taken; /* only by atomic operations; zeroed is free */
};

/* What lets others run; NULL, where nothing else can, only spins. A libOS sets
   it; exo_thread_create sets exo_thread_yield if nobody has. */
extern void (*exo_lock_wait)(void);

/* What was written by earlier holders is seen. */
void exo_lock_acquire(struct exo_lock *lock);
bool exo_lock_try(struct exo_lock *lock);
void exo_lock_release(struct exo_lock *lock);

#endif
