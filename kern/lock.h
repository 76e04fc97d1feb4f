/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_LOCK_H
#define CHITIN_KERN_LOCK_H
/*
 * Ticket locks: fair, so that no hart waits longer than the others' turns.
 * Interrupts are off inside the kernel, so a lock is held for a bounded time
 * and never by code that its holder interrupted.
 *
 * Word locks are for records that have room for no more than a word: not fair,
 * and as short as a lock can be.
 *
 * Lock order: a hart that holds a lock waits only for locks that stand after it
 * in enum lock_rank. Debug builds remember what each hart holds, and assert it.
 * A lock that is only tried may be taken in any order. A panic takes no lock.
 */
#include <stdatomic.h>

#include "kern/hart.h"

enum lock_rank {
    LOCK_ENV,     /* one env: never two; in the table of envs (kern/env.c) */
    LOCK_OF_ENV,  /* the counter of serials, the slots, which ids are free */
    LOCK_DISK,    /* one disk (kern/disk/drive.h): never two */
    LOCK_ENTRIES, /* entries of a page table (kern/pt.h): of two, the shadow
                     with the lower page number first */
    LOCK_FRAME,   /* a frame (kern/frame.h): of page tables, the one with the
                     lower level first */
    LOCK_LISTS,   /* the lists of frames, and accounts (kern/frame.c) */
    LOCK_FREE,    /* a frame that is free, or part of one: who took its lock
                     before LOCK_LISTS finds out that it is, and waits for
                     nothing */
    LOCK_LEAF     /* what is told of envs (kern/env.c); the console: one message
                     at a time; its input */
};

struct lock {
    _Atomic uint32_t next;         /* the ticket that the next comer draws */
    _Atomic uint32_t serving;      /* the ticket whose turn it is */
    _Atomic(struct hart *) holder; /* in debug builds */
    enum lock_rank rank;           /* immutable */
};

/* Once round a loop that waits for another hart; parks this one if another has
   panicked. */
void lock_pause(void);

/* In debug builds: remembers that the hart holds a lock, and asserts before
   that it may wait for it; and forgets it. */
void lock_note(const void *lock, enum lock_rank rank, bool waits);
void lock_forget(const void *lock);

/* What a word lock is for: in kern/frame.c, whose they all are. */
enum lock_rank word_lock_rank(const uint32_t *word);

/* In debug builds: that the hart may wait for the lock, has it, gives it back.
 */
void lock_wanted(const struct lock *lock);
void lock_got(struct lock *lock);
void lock_given(struct lock *lock);

/* Draws a ticket; whether it is its turn, and so the hart has the lock. Else it
   must call lock_wait. Asserts that it does not hold the lock already. */
static inline bool
lock_draw(struct lock *lock, uint32_t *ticket)
{
    if (CHITIN_DEBUG) {
        lock_wanted(lock);
    }
    *ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    /* Acquire: what the last holder wrote before its release is visible. */
    if (__builtin_expect(atomic_load_explicit(&lock->serving,
                                              memory_order_acquire) != *ticket,
                         0)) {
        return false;
    }
    if (CHITIN_DEBUG) {
        lock_got(lock);
    }
    return true;
}

/* Waits until it is the ticket's turn, and has the lock then. */
__attribute__((cold)) void lock_wait(struct lock *lock, uint32_t ticket);

/* Waits for its turn. Parks the hart if another one has panicked meanwhile. */
static inline void
lock_acquire(struct lock *lock)
{
    uint32_t ticket;

    if (!lock_draw(lock, &ticket)) {
        lock_wait(lock, ticket);
    }
}

/* Asserts that this hart holds the lock, and passes it on. */
static inline void
lock_release(struct lock *lock)
{
    uint32_t ticket;

    if (CHITIN_DEBUG) {
        lock_given(lock);
    }
    ticket = atomic_load_explicit(&lock->serving, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, ticket + 1, memory_order_release);
}

/* Whether the executing hart holds the lock: for assertions, as release builds
   do not know. */
static inline bool
lock_held(const struct lock *lock)
{
    return atomic_load_explicit(&lock->holder, memory_order_relaxed) ==
           hart_self();
}

/*
 * Word locks. A plain word: 0, or odd while somebody holds it. Taking a free
 * one is three instructions, and giving it back is two. Debug builds write into
 * it who the holder is, for assertions.
 */

#define WORD_LOCKED 1u

/* What the executing hart writes into the words that it holds, in debug builds:
   never what a word holds before its new holder has written. */
static inline uint32_t
word_lock_name(void)
{
    return CHITIN_DEBUG ? (hart_self()->index + 1) << 1 | WORD_LOCKED
                        : WORD_LOCKED;
}

/* Whether the executing hart holds the lock; in release builds, whether anybody
   does. For assertions. */
static inline bool
word_locked(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED) == word_lock_name();
}

/* Sets the bit; whether it was not set. As the compiler has it, it extends the
   sign of what amoor.w has extended. */
static inline bool
word_claim(uint32_t *word)
{
#ifdef __riscv
    uint64_t old;

    __asm__ volatile("amoor.w.aq %0, %2, %1"
                     : "=r"(old), "+A"(*word)
                     : "r"(WORD_LOCKED)
                     : "memory");
    return old == 0;
#else
    return __atomic_fetch_or(word, WORD_LOCKED, __ATOMIC_ACQUIRE) == 0;
#endif
}

/* Takes the lock if nobody holds it. Acquire: what the last holder wrote before
   its release is visible. To set a bit that is set changes nothing, so who does
   not get the lock need not undo anything. */
static inline bool
word_try_lock(uint32_t *word)
{
    uint32_t name = word_lock_name();

    if (!word_claim(word)) {
        return false;
    }
    if (CHITIN_DEBUG) {
        __atomic_store_n(word, name, __ATOMIC_RELAXED);
        lock_note(word, word_lock_rank(word), false);
    }
    return true;
}

/* Waits for the lock. Asserts that this hart does not hold it already; parks
   the hart if another one has panicked meanwhile. */
__attribute__((cold)) void word_lock_wait(uint32_t *word);

static inline void
word_lock(uint32_t *word)
{
    if (CHITIN_DEBUG || __builtin_expect(!word_try_lock(word), 0)) {
        word_lock_wait(word);
    }
}

/* The caller holds the lock. */
static inline void
word_unlock(uint32_t *word)
{
    if (CHITIN_DEBUG) {
        lock_forget(word);
    }
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

#endif
