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
#define MILLISECOND 10000

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

/* The interrupt of the request that is on its way. */
static uint64_t
answer_count(void)
{
    uint64_t posted = exo_uarea->ring_taken;
    uint64_t longest = 0;
    uint64_t now;

    while (__atomic_load_n(&exo_uarea->ring_posted, __ATOMIC_ACQUIRE) ==
           posted) {
        __asm__ volatile("rdtime %0" : "=r"(now));
        longest = bench_gap(now + MILLISECOND);
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

uint64_t
disk_complete(void)
{
    exo_uarea->batch[0] = DISK_PIECE(frames[0], 0, 1);
    (void)read_count(1);
    return answer_count() + overhead;
}

uint64_t
disk_read_128k(void)
{
    uint64_t count;

    exo_uarea->batch[0] = DISK_PIECE(large, 0, PAGES);
    count = read_count(1);
    return count + answer_count();
}

uint64_t
disk_read_128k_loose(void)
{
    uint64_t count;

    for (unsigned i = 0; i < PAGES; i++) {
        exo_uarea->batch[i] = DISK_PIECE(frames[i], 0, 1);
    }
    count = read_count(PAGES);
    return count + answer_count();
}

uint64_t
extent_bind(void)
{
    uint64_t count = bench_call(CALL_disk_bind, 0, DISK_WHOLE, 7, 9, CAP_READ);

    (void)sys_release(RELEASE_BINDING, (uint64_t)bench_result);
    return count;
}
