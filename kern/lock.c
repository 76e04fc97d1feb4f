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

/* Apart, so that who need not wait saves no registers. */
__attribute__((cold, noinline)) static void
lock_wait(struct lock *lock, uint32_t ticket)
{
    while (atomic_load_explicit(&lock->serving, memory_order_acquire) !=
           ticket) {
        lock_pause();
    }
}

void
lock_acquire(struct lock *lock)
{
    uint32_t ticket;

    ASSERT(!lock_held(lock));
    if (CHITIN_DEBUG) {
        lock_note(lock, lock->rank, true);
    }
    ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    /* Acquire: what the last holder wrote before its release is visible. */
    if (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
        lock_wait(lock, ticket);
    }
    atomic_store_explicit(&lock->holder, hart_self(), memory_order_relaxed);
    if (CHITIN_DEBUG) {
        lock_note(lock, lock->rank, false);
    }
}

void
lock_release(struct lock *lock)
{
    uint32_t ticket;

    ASSERT(lock_held(lock));
    if (CHITIN_DEBUG) {
        lock_forget(lock);
    }
    atomic_store_explicit(&lock->holder, NULL, memory_order_relaxed);
    ticket = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, ticket + 1, memory_order_release);
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
