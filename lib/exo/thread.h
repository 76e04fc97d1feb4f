/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_THREAD_H
#define CHITIN_LIB_EXO_THREAD_H
/*
 * Threads within an env, on one hart: each has a stack and thread-local
 * storage (errno is its own), and runs until it yields, waits or ends. The
 * first thread is the one that main runs in. Those that can run take turns.
 *
 *     create -> READY <-- yield --> running --> ENDED --> join: gone
 *                 ^                   |
 *                 '---- ended ---- WAITING in join
 *
 * Preemption. A libOS whose timer or epilogue interrupts a thread saves what it
 * interrupted on that thread's stack, unmasks, and calls exo_thread_preempt: it
 * comes back when the thread's turn has come again. Where a switch must not be
 * (here, in malloc, and wherever a program says so by exo_thread_hold) it only
 * notes that one is wanted, and the release makes it.
 */
#include <stddef.h>

#define EXO_THREAD_STACK 16384 /* bytes, a good default */

struct exo_thread;

/* What runs where every thread waits for another: NULL, or a libOS's way to
   give the hart away. Without it that is a deadlock, and a breakpoint. */
extern void (*exo_thread_idle)(void);

/* Makes a thread that will run `run`; its memory is one block of the heap,
   which is cleared, so that none of it is missing when somebody runs on it.
   NULL if there is none left. */
struct exo_thread *exo_thread_create(void *(*run)(void *argument),
                                     void *argument, size_t stack_size);

/* The thread that runs. */
struct exo_thread *exo_thread_self(void);

/* Lets all other threads that can run have a turn. */
void exo_thread_yield(void);

/* Ends the running thread; so does a return from `run`. Ending the first one is
   exit(). */
_Noreturn void exo_thread_exit(void *result);

/* Waits for the thread's end, gives its memory back, and returns its result.
   Once for each thread, by one other. */
void *exo_thread_join(struct exo_thread *thread);

/* No thread switches between the two but in exo_thread_yield and _join; may be
   nested. */
void exo_thread_hold(void);
void exo_thread_release(void);

/* A turn is over. */
void exo_thread_preempt(void);

#endif
