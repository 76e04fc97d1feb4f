/* SPDX-License-Identifier: MIT */
/*
 * The libOS with threads and a demand-paged heap (test/user/libos.h). Its sbrk
 * only promises; its exception handler maps a frame where one is touched.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/exo/exo.h"
#include "lib/exo/lock.h"
#include "lib/exo/map.h"
#include "lib/exo/thread.h"
#include "test/user/libos.h"

#define BINDING 0
#define STRIDE 8192 /* words from a block to the next: most are not touched */
#define LOAD_FAULT 13
#define STORE_FAULT 15
#define PAGE_MASK (FRAME_SIZE - 1)

extern char __heap_start[];

static uint64_t heap_break;
static struct libos_shared *shared;
static struct exo_lock lock; /* of the binding, and the page that it fills */
static uint64_t *array;

/* Takes the place of lib/exo's. */
void *
sbrk(ptrdiff_t increment)
{
    uint64_t old = heap_break == 0 ? (uint64_t)__heap_start : heap_break;

    heap_break = old + (uint64_t)increment;
    shared->allocated = (heap_break - (uint64_t)__heap_start) / FRAME_SIZE;
    return (void *)old;
}

static void
page_in(struct uarea *uarea)
{
    const struct level *level = &uarea->level[LEVEL_EXCEPTION];
    struct exo_map map = exo_map_own();
    struct exo_range range = {level->value & ~PAGE_MASK, 1, 0};
    uint64_t frame;

    if ((level->cause != LOAD_FAULT && level->cause != STORE_FAULT) ||
        level->value < (uint64_t)__heap_start || level->value >= heap_break) {
        exit(EXIT_FAILURE);
    }
    frame = (uint64_t)exo_frame_alloc(exo_cap, 0);
    if (exo_map_insert(&map, &range, exo_cap, &frame, EXO_R | EXO_W) < 0) {
        exit(EXIT_FAILURE);
    }
    shared->faults++;
}

/* Fetches every LIBOS_THREADSth block. */
static void *
fetch(void *argument)
{
    uint64_t me = (uint64_t)argument;

    for (uint64_t n = me; n < LIBOS_BLOCKS; n += LIBOS_THREADS) {
        uint64_t *block = array + n * STRIDE;

        exo_lock_acquire(&lock);
        shared->error = exo_call(BINDING, exo_uarea, n);
        for (unsigned i = 0; i < LIBOS_BLOCK; i++) {
            if (i == LIBOS_BLOCK / 2) {
                exo_thread_yield(); /* others find the lock taken */
            }
            block[i] = shared->prime[i];
        }
        exo_lock_release(&lock);
        for (unsigned i = 0; i < LIBOS_BLOCK; i++) {
            block[i] = libos_mix(block[i], n * LIBOS_BLOCK + i);
        }
        shared->turns[me]++;
        exo_thread_yield();
    }
    return NULL;
}

static void
compute(void)
{
    struct exo_thread *thread[LIBOS_THREADS];

    /* picolibc's malloc would touch all of it: it clears what it gives. */
    (void)sbrk((ptrdiff_t)(-(uint64_t)sbrk(0) & PAGE_MASK));
    array = sbrk(LIBOS_BLOCKS * STRIDE * sizeof(*array));
    for (uint64_t i = 0; i < LIBOS_THREADS; i++) {
        thread[i] = exo_thread_create(fetch, (void *)i, EXO_THREAD_STACK);
    }
    for (uint64_t i = 0; i < LIBOS_THREADS; i++) {
        exo_thread_join(thread[i]);
    }
}

static uint64_t
array_sum(void)
{
    uint64_t sum = 0;

    for (unsigned n = 0; n < LIBOS_BLOCKS; n++) {
        for (unsigned i = 0; i < LIBOS_BLOCK; i++) {
            sum += array[n * STRIDE + i];
        }
    }
    return sum;
}

int
main(void)
{
    shared = (struct libos_shared *)exo_argument;
    exo_exception_handler = page_in;
    shared->error = sys_gate_bind(LIBOS_CAP_SHARE, shared->fixed, 0, BINDING);
    for (;;) {
        if (shared->order == LIBOS_COMPUTE) {
            compute();
        } else {
            /* Pages that were never touched: demand paging goes on. */
            for (unsigned n = 0; n < LIBOS_BLOCKS; n++) {
                array[n * STRIDE + STRIDE / 2] = n;
            }
            shared->error = exo_call(BINDING, exo_uarea, 0);
        }
        shared->sum = array_sum();
        (void)exo_yield(shared->init, exo_uarea);
    }
}
