/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's part of block I/O costs. The disk answers a moment after it
 * was asked: what an interrupt costs is seen by who counts in a loop.
 */
#include "kern/abi/cap.h"
#include "kern/abi/disk_io.h"
#include "test/bench/bench.h"
#include "test/bench/mark.h"
#include "test/user/child.h"

#define PAGES 32
#define LARGE_ORDER 9
/* How long an interrupt is looked for at a time, in ticks: a 16th of a slot, so
   that it seldom meets the slot's edge, and the least of some runs never. */
#define LOOK 625

static uint64_t binding;
static uint64_t large;

static void
disk_open(void)
{
    if (binding == 0) {
        binding = (uint64_t)sys_disk_bind(0, DISK_WHOLE, 0, 1024, CAP_READ);
        large = (uint64_t)sys_frame_alloc(0, LARGE_ORDER, 0);
        while (sys_frame_scrub(large) == -EAGAIN) {
        }
        bench_result = (int64_t)binding > 0 && (int64_t)large > 0;
        want("disk_bind", 1);
    }
}

/* The interrupt of the request that is on its way; 0 if it has come already. */
static uint64_t
answer_count(void)
{
    uint64_t posted = exo_uarea->ring_taken;
    uint64_t longest = 0;
    uint64_t now;

    while (__atomic_load_n(&exo_uarea->ring_posted, __ATOMIC_ACQUIRE) ==
           posted) {
        __asm__ volatile("rdtime %0" : "=r"(now));
        longest = bench_gap(now + LOOK);
    }
    bench_result = (int64_t)exo_uarea->ring[posted % UAREA_RING_ENTRIES].value;
    want("its answer", 0);
    exo_uarea->ring_taken = posted + 1;
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
    return longest;
}

static uint64_t
read_count(uint64_t pieces)
{
    uint64_t count;

    exo_uarea->masked = MASKED_INTERRUPT;
    count = bench_call(CALL_disk_read, 0, binding, 0, pieces, 1);

    want("disk_read", 0);
    return count;
}

uint64_t
disk_submit(void)
{
    uint64_t count;

    disk_open();
    exo_uarea->batch[0] = DISK_PIECE(frames[0], 0, 1);
    count = read_count(1);
    (void)answer_count();
    return count;
}

/* Submits until the answer came while it was looked for: what both cost, or the
   second alone. */
static uint64_t
both_count(uint64_t pieces, bool all)
{
    uint64_t answer;
    uint64_t count;

    do {
        count = read_count(pieces);
        answer = answer_count();
    } while (answer == 0);
    return all ? count + answer : answer + overhead;
}

uint64_t
disk_complete(void)
{
    exo_uarea->batch[0] = DISK_PIECE(frames[0], 0, 1);
    return both_count(1, false);
}

uint64_t
disk_read_128k(void)
{
    exo_uarea->batch[0] = DISK_PIECE(large, 0, PAGES);
    return both_count(1, true);
}

uint64_t
disk_read_128k_loose(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        exo_uarea->batch[i] = DISK_PIECE(frames[i], 0, 1);
    }
    return both_count(PAGES, true);
}

uint64_t
extent_bind(void)
{
    uint64_t count = bench_call(CALL_disk_bind, 0, DISK_WHOLE, 7, 9, CAP_READ);

    (void)sys_release(RELEASE_BINDING, (uint64_t)bench_result);
    return count;
}

/* Requests at once, each of so many frames: what they cost, and the interrupt
   that answers them. No more than one takes: the next would come before
   anything else is counted. */
static void
longest_transfer(uint64_t number, unsigned many, uint64_t pieces)
{
    uint64_t posted = exo_uarea->ring_taken;
    uint64_t now;

    exo_uarea->masked = MASKED_INTERRUPT;
    for (unsigned i = 0; i < PAGES; i++) {
        exo_uarea->batch[i] = DISK_PIECE(frames[i], 0, 1);
    }
    for (unsigned i = 0; i < many; i++) {
        (void)timed("32 frames", number, 0, binding, 0, pieces, i, 0);
        want("a request of many", 0);
    }
    while (__atomic_load_n(&exo_uarea->ring_posted, __ATOMIC_ACQUIRE) !=
           posted + many) {
        __asm__ volatile("rdtime %0" : "=r"(now));
        row_note(EDGE, "with the answers of disks", bench_gap(now + LOOK));
    }
    exo_uarea->ring_taken = posted + many;
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
}

/* On a raw disk; what becomes of a tree's calls is in steps. */
void
longest_disk(void)
{
    int64_t bound = timed("of a raw disk", CALL_disk_bind, 0, DISK_WHOLE, 0, 64,
                          CAP_READ | CAP_WRITE, 0);
    uint64_t reader = binding;

    longest_transfer(CALL_disk_read, 2, PAGES);
    longest_transfer(CALL_disk_read, 9, 1);
    binding = (uint64_t)bound;
    longest_transfer(CALL_disk_write, 2, PAGES);
    TIMED(-EBUSY, "while it is bound", disk_recover, 0, 0, 0, 0, 0, 0);
    TIMED(0, "a binding", release, RELEASE_BINDING, binding, 0, 0, 0, 0);
    binding = reader;
}
