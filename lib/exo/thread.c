/* SPDX-License-Identifier: MIT */
/*
 * Threads that can run hang in a ring, of which `self` is the one that runs.
 * What is needed of one that does not is on its stack (thread.S).
 */
#include "lib/exo/thread.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "lib/exo/exo.h"
#include "lib/exo/lock.h"

struct exo_thread {
    uint64_t stack;          /* its sp while it does not run */
    struct exo_thread *next; /* in the ring; NULL: not in it */
    struct exo_thread *joiner;
    void *(*run)(void *argument);
    void *argument; /* then the result */
    bool ended;
};

static struct exo_thread first = {.next = &first};
static struct exo_thread *self = &first;

/* Volatile: an upcall on this hart may look between any two instructions. */
static volatile unsigned held; /* of the running thread */
static volatile bool wanted;

void (*exo_thread_idle)(void);

/* In thread.S: pushes what C preserves, and tp; keeps sp in *from; goes on
   where `to` was kept. A new thread's stack has what that pops. */
void exo_thread_switch(uint64_t *from, uint64_t to);
void exo_thread_first(void);
#define SAVED_WORDS 14
#define SAVED_TP 13

#define ALIGN_16(size) (((size) + 15) & ~(size_t)15)

/* Called by thread.S, on the new thread's stack. */
_Noreturn void exo_thread_main(void);

_Noreturn void
exo_thread_main(void)
{
    held = 1; /* for the switch */
    exo_thread_release();
    exo_thread_exit(self->run(self->argument));
}

struct exo_thread *
exo_thread_self(void)
{
    return self;
}

static void
ring_enter(struct exo_thread *thread)
{
    thread->next = self->next;
    self->next = thread;
}

/* To the next of the ring; comes back in this one's turn. It is held. */
static void
switch_to(struct exo_thread *next)
{
    struct exo_thread *old = self;
    unsigned mine = held;

    wanted = false;
    self = next;
    if (next != old) {
        exo_thread_switch(&old->stack, next->stack);
        held = mine;
    }
}

/* Takes the running thread out of the ring, and runs another. */
static void
wait(void)
{
    struct exo_thread *before = self;

    while (self->next == self && exo_thread_idle != NULL) {
        exo_thread_idle();
    }
    if (self->next == self) {
        __builtin_trap();
    }
    while (before->next != self) {
        before = before->next;
    }
    before->next = self->next;
    self->next = NULL;
    switch_to(before->next);
}

struct exo_thread *
exo_thread_create(void *(*run)(void *argument), void *argument,
                  size_t stack_size)
{
    size_t head = ALIGN_16(sizeof(struct exo_thread));
    size_t tls = ALIGN_16(EXO_TLS_SIZE);
    size_t size =
        head + tls + ALIGN_16(stack_size) + SAVED_WORDS * sizeof(uint64_t);
    struct exo_thread *thread = NULL;
    uint64_t *saved;

    exo_thread_hold();
    if (stack_size <= PTRDIFF_MAX / 2) {
        thread = calloc(1, size + 16); /* 16: to align it */
    }
    if (thread != NULL) {
        char *block = (char *)ALIGN_16((uintptr_t)thread);

        exo_tls_init(block + head);
        saved = (uint64_t *)(block + size) - SAVED_WORDS;
        saved[0] = (uint64_t)exo_thread_first; /* ra */
        saved[SAVED_TP] = (uint64_t)(block + head);
        thread->stack = (uint64_t)saved;
        thread->run = run;
        thread->argument = argument;
        ring_enter(thread);
        if (exo_lock_wait == NULL) {
            exo_lock_wait = exo_thread_yield;
        }
    }
    exo_thread_release();
    return thread;
}

void
exo_thread_yield(void)
{
    exo_thread_hold();
    switch_to(self->next);
    exo_thread_release();
}

_Noreturn void
exo_thread_exit(void *result)
{
    if (self == &first) {
        exit((int)(intptr_t)result);
    }
    exo_thread_hold();
    self->argument = result;
    self->ended = true;
    if (self->joiner != NULL) {
        ring_enter(self->joiner);
    }
    wait();
    __builtin_trap(); /* nobody puts it into the ring again */
}

void *
exo_thread_join(struct exo_thread *thread)
{
    void *result;

    exo_thread_hold();
    if (!thread->ended) {
        thread->joiner = self;
        wait();
    }
    result = thread->argument;
    free(thread);
    exo_thread_release();
    return result;
}

void
exo_thread_hold(void)
{
    held++;
    __asm__ volatile("" ::: "memory");
}

void
exo_thread_release(void)
{
    __asm__ volatile("" ::: "memory");
    held--;
    if (held == 0 && wanted) {
        exo_thread_yield();
    }
}

void
exo_thread_preempt(void)
{
    if (held > 0) {
        wanted = true;
    } else {
        exo_thread_yield();
    }
}

/* picolibc's locks, of malloc and the like. It has one for all, and takes it
   again where it has it. Replacing one function means replacing all of them. */
struct __lock {
    char none;
};
struct __lock __lock___libc_recursive_mutex;

#define LIBC_ACQUIRE(name)                                                     \
    void name(_LOCK_T lock)                                                    \
    {                                                                          \
        (void)lock;                                                            \
        exo_thread_hold();                                                     \
    }
#define LIBC_TRY(name)                                                         \
    int name(_LOCK_T lock)                                                     \
    {                                                                          \
        (void)lock;                                                            \
        exo_thread_hold();                                                     \
        return 1;                                                              \
    }
#define LIBC_RELEASE(name)                                                     \
    void name(_LOCK_T lock)                                                    \
    {                                                                          \
        (void)lock;                                                            \
        exo_thread_release();                                                  \
    }
#define LIBC_NOTHING(name, type)                                               \
    void name(type lock)                                                       \
    {                                                                          \
        (void)lock;                                                            \
    }

LIBC_ACQUIRE(__retarget_lock_acquire)
LIBC_ACQUIRE(__retarget_lock_acquire_recursive)
LIBC_TRY(__retarget_lock_try_acquire)
LIBC_TRY(__retarget_lock_try_acquire_recursive)
LIBC_RELEASE(__retarget_lock_release)
LIBC_RELEASE(__retarget_lock_release_recursive)
LIBC_NOTHING(__retarget_lock_init, _LOCK_T *)
LIBC_NOTHING(__retarget_lock_init_recursive, _LOCK_T *)
LIBC_NOTHING(__retarget_lock_close, _LOCK_T)
LIBC_NOTHING(__retarget_lock_close_recursive, _LOCK_T)
