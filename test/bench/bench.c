/* SPDX-License-Identifier: MIT */
/*
 * Measures the primitives from user mode and prints a line for each, which
 * scripts/bench makes into a table and holds against the budgets. Every
 * measurement is taken eight times; the least counts, and more than the least
 * is reported, for under -icount there should be none.
 */
#include <stdio.h>

#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/bench/budgets.h"
#include "test/user/child.h"

#define ROUNDS 8

uint64_t bench_nothing(void);
uint64_t bench_null(void);
uint64_t bench_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                    uint64_t a3, uint64_t a4);
uint64_t bench_call6(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5);
uint64_t bench_pct(uint64_t binding, struct uarea *uarea, uint64_t *roundtrip);
void bench_gate(void);
uint64_t bench_ebreak(uint64_t *roundtrip);
uint64_t bench_load(uint64_t *roundtrip);
uint64_t bench_illegal(uint64_t *roundtrip);
void bench_handler(void);
int64_t bench_result;

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };

static inline uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static uint64_t overhead;
static uint64_t roundtrip;

static uint64_t
null_call(void)
{
    return bench_null();
}

static uint64_t
exception_dispatch(void)
{
    return bench_ebreak(&roundtrip);
}

static uint64_t
exception_dispatch_fault(void)
{
    return bench_load(&roundtrip);
}

static uint64_t
exception_dispatch_illegal(void)
{
    return bench_illegal(&roundtrip);
}

static uint64_t
exception_roundtrip(void)
{
    (void)bench_load(&roundtrip);
    return roundtrip;
}

static uint64_t
call_in_c(void)
{
    return bench_call(CALL_frame_free, 0, 0, 0, 0, 0); /* not ours */
}

static uint64_t
frame_alloc_free(void)
{
    uint64_t count = bench_call(CALL_frame_alloc, 0, 0, 0, 0, 0);
    uint64_t frame = (uint64_t)bench_result;

    return count + bench_call(CALL_frame_free, frame, 0, 0, 0, 0) - overhead;
}

/* Frees a frame under one guard and takes it under another. */
static uint64_t
frame_alloc_scrub(void)
{
    int64_t frame = sys_frame_alloc(2, 0, 0);
    uint64_t count;

    sys_frame_free((uint64_t)frame);
    count = bench_call(CALL_frame_alloc, 0, 0, (uint64_t)frame, 0, 0);
    count += bench_call(CALL_frame_scrub, (uint64_t)frame, 0, 0, 0, 0);
    sys_frame_free((uint64_t)frame);
    return count - overhead;
}

/* Page tables: 64 places of the window that the child module opened, and 64
   frames of one guard. */
#define PLACE 128
#define PLACES 64
#define LEAF(frame) ((frame) << 10 | 0xc6) /* D, A, W, R */
#define WRITE 0x4

static uint64_t window;
static uint64_t frames[PLACES];

static void
batch_fill(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        exo_uarea->batch[i] = LEAF(frames[i]);
    }
}

static uint64_t
map_count(uint64_t count)
{
    uint64_t cost;

    batch_fill();
    cost = bench_call(CALL_pt_map, 0, window, PLACE, count, 0);
    if (bench_result != (int64_t)count) {
        printf("bench: pt_map: %ld\n", bench_result);
    }
    return cost;
}

static uint64_t
map_one(void)
{
    uint64_t cost = map_count(1);

    sys_pt_unmap(0, window, PLACE, 1);
    return cost;
}

/* What 64 cost, by page: `overhead` is taken away by the caller. */
static uint64_t
per_page(uint64_t cost)
{
    return (cost - overhead) / PLACES + overhead;
}

static uint64_t
map_batch(void)
{
    uint64_t cost = map_count(PLACES);

    sys_pt_unmap(0, window, PLACE, PLACES);
    return per_page(cost);
}

static uint64_t
unmap_batch(void)
{
    (void)map_count(PLACES);
    return per_page(bench_call(CALL_pt_unmap, 0, window, PLACE, PLACES, 0));
}

static uint64_t
pt_copy(void)
{
    uint64_t cost;

    (void)map_count(PLACES);
    cost = bench_call6(CALL_pt_copy, 0, window, window,
                       PLACE | (PLACE + PLACES) << 16, PLACES,
                       (uint64_t)1 << 63 | 0xc0);
    if (bench_result != PLACES) {
        printf("bench: pt_copy: %ld\n", bench_result);
    }
    sys_pt_unmap(0, window, PLACE, PLACES);
    sys_pt_unmap(0, window, PLACE + PLACES, PLACES);
    return per_page(cost);
}

static uint64_t
protect(uint64_t count)
{
    uint64_t cost;

    (void)map_count(PLACES);
    cost = bench_call6(CALL_pt_protect, 0, window, PLACE, count, WRITE, 0);
    if (bench_result != (int64_t)count) {
        printf("bench: pt_protect: %ld\n", bench_result);
    }
    sys_pt_unmap(0, window, PLACE, PLACES);
    return cost;
}

static uint64_t
protect_batch(void)
{
    return per_page(protect(PLACES));
}

static uint64_t
prot1(void)
{
    return protect(1);
}

/* Another env. */
#define BINDING 0

static struct child child;

static void
child_main(struct uarea *uarea)
{
    (void)sys_gate_set(3, 0, (uint64_t)bench_gate);
    for (;;) {
        (void)exo_yield(*(volatile uint64_t *)SHARED, uarea);
    }
}

static uint64_t
pct_oneway(void)
{
    return bench_pct(BINDING, exo_uarea, &roundtrip);
}

static uint64_t
pct_roundtrip(void)
{
    (void)bench_pct(BINDING, exo_uarea, &roundtrip);
    return roundtrip;
}

/* There and back is two. */
static uint64_t
yield_to(void)
{
    uint64_t before = instructions();

    (void)exo_yield(child.id, exo_uarea);
    return (instructions() - before - overhead) / 2 + overhead;
}

static void
prepare(void)
{
    uint64_t page = frame_clean(0);

    window = window_open(page);
    for (unsigned i = 0; i < PLACES; i++) {
        frames[i] = frame_clean(0);
    }
    *(volatile uint64_t *)SHARED = exo_id;
    child = child_make(page, child_main);
    (void)exo_yield(child.id, exo_uarea);
    if (sys_gate_bind(0, child.id, 0, BINDING) < 0) {
        printf("bench: no gate\n");
    }
}

static void
measure(const char *name, uint64_t (*run)(void))
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t count = run() - overhead;

        /* The first warms nothing under -icount, but may fault pages in. */
        if (i == 0) {
            continue;
        }
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    printf("bench: %s %lu %lu\n", name, least, most);
}

int
main(void)
{
    overhead = bench_nothing();
    sys_cap_derive(0, 2, 1, CAP_RIGHTS_ALL);
    prepare();
    exo_uarea->entry_exception = (uint64_t)bench_handler;
#define MEASURE(name, budget, what) measure(#name, name);
    PRIMITIVE_BUDGETS(MEASURE)
    PRIMITIVE_GOALS(MEASURE)
    printf("bench: done\n");
    return 0;
}
