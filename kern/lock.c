/* SPDX-License-Identifier: MIT */
#include "kern/lock.h"

#include "kern/csr.h"
#include "kern/panic.h"

void
lock_pause(void)
{
    panic_check();
    cpu_relax();
}

void
lock_wait(struct lock *lock, uint32_t ticket)
{
    while (atomic_load_explicit(&lock->serving, memory_order_acquire) !=
           ticket) {
        lock_pause();
    }
    if (CHITIN_DEBUG) {
        lock_got(lock);
    }
}

void
lock_wanted(const struct lock *lock)
{
    ASSERT(!lock_held(lock));
    lock_note(lock, lock->rank, true);
}

void
lock_got(struct lock *lock)
{
    atomic_store_explicit(&lock->holder, hart_self(), memory_order_relaxed);
    lock_note(lock, lock->rank, false);
}

void
lock_given(struct lock *lock)
{
    ASSERT(lock_held(lock));
    lock_forget(lock);
    atomic_store_explicit(&lock->holder, NULL, memory_order_relaxed);
}

void
word_lock_wait(uint32_t *word)
{
    if (CHITIN_DEBUG) {
        lock_note(word, word_lock_rank(word), true);
    }
    do {
        ASSERT(!word_locked(word));
        /* Only reading, so that the holder keeps its cache line. */
        while (__atomic_load_n(word, __ATOMIC_RELAXED) != 0) {
            lock_pause();
        }
    } while (!word_try_lock(word));
}
