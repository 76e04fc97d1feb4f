/* SPDX-License-Identifier: MIT */
/*
 * Who waits yields to the holder, which is ready or becomes it, and which gives
 * the hart back as soon as it drops the lock: else those who have just used the
 * rest of the waiter's slice would take it again, and many who want it all the
 * time could keep one who wants it once from ever having it. A process that
 * sleeps with a lock, as for the disk under that of the file system, is looked
 * at again in every turn of who waits.
 */
#include "lib/posix/lock.h"

#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/posix/wake.h"

#define ID_INDEX_SHIFT 20 /* of an env's id: docs/environments.md */

bool
env_lives(uint32_t env)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;
    const volatile struct env_row *row =
        &rows[env >> ID_INDEX_SHIFT & (ENVS_MAX - 1)];

    return row->id == env && row->state == ENV_LIVE;
}

bool
lock_wait(struct lock *lock)
{
    uint32_t me = (uint32_t)exo_id;

    for (;;) {
        uint32_t holder = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);
        bool lives = holder == 0 || env_lives(holder);

        if (holder == 0 || !lives) {
            if (__atomic_compare_exchange_n(&lock->holder, &holder, me, false,
                                            __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED)) {
                return !lives;
            }
            continue;
        }
        __atomic_store_n(&lock->wanted, me, __ATOMIC_RELAXED);
        wake_flush(); /* no wake waits for the hart to come back */
        (void)exo_yield(holder, exo_uarea);
    }
}

void
lock_hand_over(struct lock *lock)
{
    uint32_t wanted = __atomic_load_n(&lock->wanted, __ATOMIC_RELAXED);

    __atomic_store_n(&lock->wanted, 0, __ATOMIC_RELAXED);
    if (wanted != (uint32_t)exo_id) {
        wake_flush();
        (void)exo_yield(wanted, exo_uarea);
    }
}

bool
lock_is_mine(const struct lock *lock)
{
    return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == (uint32_t)exo_id;
}
