/* SPDX-License-Identifier: MIT */
/*
 * Threads: a lock keeps a count right that every thread takes apart; errno is
 * each one's own; results come back; no memory is lost. A preempting upcall,
 * for which a breakpoint stands here, gives threads that never yield their
 * turns, and waits where it must.
 */
#include "lib/exo/thread.h"

#include <malloc.h>
#include <string.h>

#include "lib/exo/exo.h"
#include "lib/exo/lock.h"
#include "test/user/expect.h"
#include "test/user/frames.h"

#define THREADS 8
#define ROUNDS 200

extern _Thread_local int
    errno; /* <errno.h> has the names of kern/abi/error.h */

static struct exo_lock lock;
static uint64_t count;
static uint64_t turns; /* how often a thread found another had run */

static void *
adder(void *argument)
{
    volatile char deep[4000];

    memset((char *)(uintptr_t)deep, (int)(uintptr_t)argument, sizeof(deep));
    errno = (int)(uintptr_t)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t before;

        exo_lock_acquire(&lock);
        before = count;
        for (unsigned j = 0; j <= i % 3; j++) {
            exo_thread_yield();
        }
        count = before + 1;
        exo_lock_release(&lock);
        EXPECT(errno, (uintptr_t)argument);
        EXPECT(deep[i], (uintptr_t)argument);
    }
    return (void *)(2 * (uintptr_t)argument);
}

static void
locked(void)
{
    struct exo_thread *thread[THREADS];

    count = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        thread[i] = exo_thread_create(adder, (void *)(i + 1), EXO_THREAD_STACK);
        EXPECT(thread[i] != NULL, 1);
    }
    errno = 99;
    EXPECT(exo_lock_try(&lock), 1);
    EXPECT(exo_lock_try(&lock), 0);
    exo_thread_yield();
    EXPECT(count, 0);
    exo_lock_release(&lock);
    for (uintptr_t i = THREADS; i > 0; i--) {
        EXPECT((uintptr_t)exo_thread_join(thread[i - 1]), 2 * i);
    }
    EXPECT(count, THREADS * ROUNDS);
    EXPECT(errno, 99);
}

static void *
leaver(void *argument)
{
    if (argument != NULL) {
        exo_thread_exit(exo_thread_join(argument));
    }
    exo_thread_exit(exo_thread_self());
}

/* Each waits for the one before. */
static void
chain(void)
{
    struct exo_thread *last = NULL;
    struct exo_thread *begin = NULL;

    for (unsigned i = 0; i < 50; i++) {
        last = exo_thread_create(leaver, last, 2048);
        begin = begin == NULL ? last : begin;
    }
    EXPECT(exo_thread_join(last) == begin, 1);
    EXPECT(exo_thread_create(leaver, NULL, (size_t)1 << 40) == NULL, 1);
    EXPECT(exo_thread_create(leaver, NULL, SIZE_MAX) == NULL, 1);
}

/* As the handler of a timer would. */
static void
tick(struct uarea *uarea)
{
    struct level saved = uarea->level[LEVEL_EXCEPTION];

    saved.pc += 4;
    uarea->masked = (uint32_t)saved.masked;
    exo_thread_preempt();
    uarea->masked = MASKED_EXCEPTION;
    uarea->level[LEVEL_EXCEPTION] = saved;
}

static inline void
interrupt(void)
{
    __asm__ volatile(".option push; .option norvc; ebreak; .option pop" ::
                         : "memory");
}

/* Never yields. Everything that the compiler may keep in registers must be the
   same after a turn of the others. */
static void *
worker(void *argument)
{
    uint64_t a = (uint64_t)argument;
    uint64_t sum = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t seen = ++turns;

        a = a * 6364136223846793005 + 1;
        interrupt();
        sum += a;
        if (i > 0 && i < ROUNDS - 1) {
            EXPECT(turns > seen, 1);
        }
        exo_thread_hold();
        seen = ++turns;
        interrupt();
        free(malloc(100));
        EXPECT(turns, seen);
        exo_thread_release();
    }
    return (void *)sum;
}

static uint64_t
worker_sum(uint64_t a)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        a = a * 6364136223846793005 + 1;
        sum += a;
    }
    return sum;
}

static void
preempted(void)
{
    struct exo_thread *thread[3];

    exo_exception_handler = tick;
    for (uintptr_t i = 0; i < 3; i++) {
        thread[i] = exo_thread_create(worker, (void *)i, 4096);
    }
    for (uint64_t i = 0; i < 3; i++) {
        EXPECT(exo_thread_join(thread[i]), worker_sum(i));
    }
}

int
main(void)
{
    unsigned before;
    size_t used;

    locked();
    chain();
    preempted();
    before = frames_of(exo_id);
    used = mallinfo().uordblks;
    for (unsigned i = 0; i < 10; i++) {
        locked();
        chain();
        preempted();
    }
    EXPECT(mallinfo().uordblks, used);
    EXPECT(frames_of(exo_id), before);
    printf("test: thread ok\n");
    return 0;
}
