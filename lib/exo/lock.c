/* SPDX-License-Identifier: MIT */
#include "lib/exo/lock.h"

#include <stddef.h>

void (*exo_lock_wait)(void);

bool
exo_lock_try(struct exo_lock *lock)
{
    /* Looks first: a swap would take the line from the holder's hart. */
    return __atomic_load_n(&lock->taken, __ATOMIC_RELAXED) == 0 &&
           __atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) == 0;
}

void
exo_lock_acquire(struct exo_lock *lock)
{
    for (unsigned spins = 0; !exo_lock_try(lock); spins++) {
        void (*wait)(void) = exo_lock_wait;

        if (spins >= EXO_LOCK_SPINS && wait != NULL) {
            wait();
        }
    }
}

void
exo_lock_release(struct exo_lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}
