/* SPDX-License-Identifier: MIT */
/* lib/exo's lock between real threads: it excludes, what was written is seen,
   and who waits long lets others run. */
#include <pthread.h>
#include <sched.h>

#include "lib/exo/lock.h"
#include "test/host/check.h"

#define THREADS 8
#define ROUNDS 50000

static struct exo_lock lock;
static uint64_t count;
static uint64_t inside;
static uint64_t waits;

static void
wait_yield(void)
{
    __atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
    sched_yield();
}

static void *
add(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 2 == 0) {
            exo_lock_acquire(&lock);
        } else {
            while (!exo_lock_try(&lock)) {
                sched_yield();
            }
        }
        CHECK(inside == 0);
        inside = 1;
        if (i % 1000 == 0) {
            sched_yield(); /* so that others find it taken */
        }
        count++;
        inside = 0;
        exo_lock_release(&lock);
    }
    return unused;
}

int
main(void)
{
    pthread_t thread[THREADS];

    CHECK(exo_lock_try(&lock));
    CHECK(!exo_lock_try(&lock));
    exo_lock_release(&lock);
    exo_lock_wait = wait_yield;
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&thread[i], NULL, add, NULL) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    CHECK(count == (uint64_t)THREADS * ROUNDS);
    CHECK(waits > 0);
    return 0;
}
