/* SPDX-License-Identifier: MIT */
/*
 * Measures the primitives from user mode and prints a line for each, which
 * scripts/bench makes into a table and holds against the budgets. Every
 * measurement is taken eight times; the least counts, and more than the least
 * is reported, for under -icount there should be none.
 */
#include "test/bench/bench.h"

#include <stdlib.h>

#include "kern/abi/cap.h"
#include "test/bench/mark.h"
#include "test/user/child.h"

#define ROUNDS 8

int64_t bench_result;
uint64_t overhead;
unsigned operations;
static uint64_t roundtrip;
static bool failed;

uint64_t
null_call(void)
{
    return bench_null();
}

uint64_t
exception_dispatch(void)
{
    return bench_ebreak(&roundtrip);
}

uint64_t
exception_dispatch_fault(void)
{
    return bench_load(&roundtrip);
}

uint64_t
exception_dispatch_illegal(void)
{
    return bench_illegal(&roundtrip);
}

uint64_t
exception_roundtrip(void)
{
    (void)bench_load(&roundtrip);
    return roundtrip;
}

uint64_t
call_in_c(void)
{
    return bench_call(CALL_frame_free, 0, 0, 0, 0, 0); /* not ours */
}

uint64_t
frame_alloc_free(void)
{
    uint64_t count = bench_call(CALL_frame_alloc, 0, 0, 0, 0, 0);
    uint64_t frame = (uint64_t)bench_result;

    return count + bench_call(CALL_frame_free, frame, 0, 0, 0, 0) - overhead;
}

/* Frees a frame under one guard and takes it under another. */
uint64_t
frame_alloc_scrub(void)
{
    int64_t frame = sys_frame_alloc(2, 0, 0);
    uint64_t count;

    sys_frame_free((uint64_t)frame, 0);
    count = bench_call(CALL_frame_alloc, 0, 0, (uint64_t)frame, 0, 0);
    count += bench_call(CALL_frame_scrub, (uint64_t)frame, 0, 0, 0, 0);
    sys_frame_free((uint64_t)frame, 0);
    return count - overhead;
}

uint64_t window;
uint64_t bench_page;
uint64_t frames[PLACES];

void
want(const char *name, int64_t wanted)
{
    if (bench_result != wanted) {
        printf("bench: %s: %ld, not %ld\n", name, bench_result, wanted);
        failed = true;
    }
}

uint64_t
per(unsigned count, uint64_t cost)
{
    operations = count;
    return (cost - overhead) / count + overhead;
}

static void
batch_fill(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        exo_uarea->batch[i] = LEAF(frames[i]);
    }
}

uint64_t
map_count(uint64_t count)
{
    uint64_t cost;

    batch_fill();
    cost = bench_call(CALL_pt_map, 0, window, PLACE, count, 0);
    want("pt_map", (int64_t)count);
    return cost;
}

uint64_t
map_one(void)
{
    uint64_t cost = map_count(1);

    sys_pt_unmap(0, window, PLACE, 1);
    return cost;
}

uint64_t
unmap_one(void)
{
    uint64_t cost;

    (void)map_count(1);
    cost = bench_call(CALL_pt_unmap, 0, window, PLACE, 1, 0);
    want("pt_unmap", 1);
    return cost;
}

uint64_t
map_batch(void)
{
    uint64_t cost = map_count(PLACES);

    sys_pt_unmap(0, window, PLACE, PLACES);
    return per(PLACES, cost);
}

uint64_t
unmap_batch(void)
{
    (void)map_count(PLACES);
    return per(PLACES, bench_call(CALL_pt_unmap, 0, window, PLACE, PLACES, 0));
}

uint64_t
pt_copy(void)
{
    uint64_t cost;

    (void)map_count(PLACES);
    cost = bench_call6(CALL_pt_copy, 0, window, window,
                       PLACE | (PLACE + PLACES) << 16, PLACES,
                       (uint64_t)1 << 63 | 0xc0);
    want("pt_copy", PLACES);
    sys_pt_unmap(0, window, PLACE, PLACES);
    sys_pt_unmap(0, window, PLACE + PLACES, PLACES);
    return per(PLACES, cost);
}

static uint64_t
protect(uint64_t count, uint64_t clear, uint64_t set)
{
    uint64_t cost;

    (void)map_count(PLACES);
    (void)sys_pt_protect(0, window, PLACE, count, set, 0);
    cost = bench_call6(CALL_pt_protect, 0, window, PLACE, count, clear, set);
    want("pt_protect", (int64_t)count);
    sys_pt_unmap(0, window, PLACE, PLACES);
    return cost;
}

uint64_t
protect_batch(void)
{
    return per(PLACES, protect(PLACES, WRITE, 0));
}

uint64_t
prot1(void)
{
    return protect(1, WRITE, 0);
}

uint64_t
unprot1(void)
{
    return protect(1, 0, WRITE);
}

/* Another env. */
#define BINDING 0

static struct child child;

static void
child_main(struct uarea *uarea)
{
    volatile struct slice *slice = (volatile struct slice *)SHARED;

    (void)sys_gate_set(3, 0, (uint64_t)bench_gate);
    uarea->entry_prologue = (uint64_t)bench_prologue;
    for (;;) {
        if (slice->spin) {
            bench_slice_child();
        }
        (void)exo_yield(slice->parent, uarea);
    }
}

/* An illegal instruction was taken for floating point: that state is given up
   here, or made once more. */
uint64_t
pct_oneway(void)
{
    (void)sys_fp_release();
    return bench_pct(BINDING, exo_uarea, &roundtrip);
}

uint64_t
pct_roundtrip(void)
{
    (void)sys_fp_release();
    (void)bench_pct(BINDING, exo_uarea, &roundtrip);
    return roundtrip;
}

uint64_t
pct_oneway_fp(void)
{
    __asm__ volatile(".word 0xf2000053"); /* fmv.d.x ft0, zero */
    return bench_pct(BINDING, exo_uarea, &roundtrip);
}

/* The ends of 64 slices, each between two that this env and the other own: the
   least, for each env is stopped somewhere in its loop. */
uint64_t
slice_switch(void)
{
    volatile struct slice *slice = (volatile struct slice *)SHARED;
    uint64_t now;

    if (slice->least == 0) {
        for (uint64_t slot = 0; slot < 1024; slot++) {
            sys_slot_alloc(0, slot % 2 ? child.id : exo_id, 0, slot);
        }
    }
    slice->spin = 1;
    slice->least = UINT64_MAX;
    (void)sys_fp_release();
    __asm__ volatile("rdtime %0" : "=r"(now));
    bench_slice(now + 64 * 10000);
    slice->spin = 0;
    (void)exo_yield(child.id, exo_uarea);
    return slice->least + overhead;
}

/* There and back is two. */
uint64_t
yield_to(void)
{
    uint64_t before = COUNT_BEGIN();

    (void)exo_yield(child.id, exo_uarea);
    return per(2, COUNT_END() - before);
}

static void
prepare(void)
{
    bench_page = frame_clean(0);
    window = window_open(bench_page);
    for (unsigned i = 0; i < PLACES; i++) {
        frames[i] = frame_clean(0);
    }
    ((volatile struct slice *)SHARED)->parent = exo_id;
    child = child_make(bench_page, child_main);
    (void)exo_yield(child.id, exo_uarea);
    if (sys_gate_bind(0, child.id, 0, BINDING) < 0) {
        printf("bench: no gate\n");
    }
}

/* Where a run begins, for who reads a trace. */
__attribute__((noinline)) static void
bench_run(void)
{
    __asm__ volatile("");
}

static void
measure(const char *name, uint64_t (*run)(void))
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t count;

        operations = 1;
        bench_run();
        count = run() - overhead;
        /* The first warms nothing under -icount, but may fault pages in. */
        if (i == 0) {
            continue;
        }
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    printf("bench: %s %lu %lu %u\n", name, least, most, operations);
}

int
main(void)
{
    overhead = bench_nothing();
    sys_cap_derive(0, 2, 1, CAP_RIGHTS_ALL);
    prepare();
    exo_uarea->entry_exception = (uint64_t)bench_handler;
#define MEASURE(name, budget, what) measure(#name, name);
    REVOCATION_BUDGETS(MEASURE)
    PRIMITIVE_BUDGETS(MEASURE)
    DISK_GOALS(MEASURE)
    DISK_BUDGETS(MEASURE)
    bench_run(); /* what follows is no row's */
    for (uint64_t slot = 0; slot < 1024; slot++) {
        sys_slot_free(0, slot % 2 ? child.id : exo_id, 0, slot);
    }
    printf("bench: kernel_longest %lu 0 1\n", kernel_longest());
    printf(failed ? "bench: failed\n" : "bench: done\n");
    return failed ? EXIT_FAILURE : 0;
}
