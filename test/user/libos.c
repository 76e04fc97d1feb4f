/* SPDX-License-Identifier: MIT */
/*
 * Two libOSes, different on purpose, side by side (test/user/libos.h): each
 * does its work with the other, and goes on without it when the other is
 * killed.
 */
#include "test/user/libos.h"

#include "kern/abi/cap.h"
#include "lib/exo/archive.h"
#include "lib/exo/program.h"
#include "test/user/expect.h"
#include "test/user/frames.h"

#define CAP_FIXED 3
#define CAP_PAGED 4
#define BINDING 9

static struct libos_shared *const shared =
    (struct libos_shared *)LIBOS_INIT_SHARED;
static uint64_t page;

static void
start(struct exo_child *child, const char *name, uint64_t cap, uint64_t address)
{
    static const struct exo_grant share = {LIBOS_CAP_SHARE, LIBOS_CAP_SHARE,
                                           CAP_READ | CAP_WRITE};
    struct exo_range range = {address, 1, 0};
    const void *file;
    size_t size;

    EXPECT(exo_archive_find(exo_archive, exo_archive_size, name, &file, &size),
           0);
    EXPECT(exo_program_load(child, cap, file, size), 0);
    EXPECT(exo_map_insert(&child->map, &range, LIBOS_CAP_SHARE, &page,
                          EXO_R | EXO_W),
           0);
    EXPECT(exo_program_start(child, LIBOS_CAP_OWN, &share, 1, address), 0);
}

/* Trial division, knowing nothing of what the two did. */
static uint64_t
sum_expected(void)
{
    uint64_t sum = 0;
    uint64_t found = 0;

    for (uint64_t n = 2; found < LIBOS_BLOCK * LIBOS_BLOCKS; n++) {
        uint64_t d = 2;

        while (d * d <= n && n % d != 0) {
            d++;
        }
        if (d * d > n) {
            sum += libos_mix(n, found++);
        }
    }
    return sum;
}

static void
fixed_start(struct exo_child *fixed)
{
    start(fixed, "libos_fixed", CAP_FIXED, LIBOS_FIXED_SHARED);
    EXPECT(exo_yield(fixed->id, exo_uarea), 0);
    EXPECT(exo_uarea->pending, 0);
    shared->fixed = fixed->id;
}

static void
paged_start(struct exo_child *paged)
{
    start(paged, "libos_paged", CAP_PAGED, LIBOS_PAGED_SHARED);
    shared->order = LIBOS_COMPUTE;
    EXPECT(exo_yield(paged->id, exo_uarea), 0);
    EXPECT(exo_uarea->pending, 0);
}

static void
kill(struct exo_child *child, const char *name)
{
    uint64_t id = child->id;

    printf("libos: kill %s, which has %u frames\n", name, frames_of(id));
    EXPECT(exo_program_end(child), 0);
    EXPECT(frames_of(id), 0);
    EXPECT(exo_uarea->pending, PENDING_DEATH);
    exo_uarea->pending = 0;
}

/* Both at work. */
static void
together(struct exo_child *fixed, struct exo_child *paged, uint64_t sum)
{
    fixed_start(fixed);
    paged_start(paged);
    EXPECT(shared->error, LIBOS_BLOCK);
    EXPECT(shared->served, LIBOS_BLOCKS);
    EXPECT(shared->caller, paged->id);
    for (unsigned i = 0; i < LIBOS_THREADS; i++) {
        EXPECT(shared->turns[i], LIBOS_BLOCKS / LIBOS_THREADS);
    }
    EXPECT(shared->sum, sum);
    /* The heap is promised, and little of it is there. */
    EXPECT(shared->faults >= LIBOS_BLOCKS, 1);
    EXPECT(shared->faults < shared->allocated / 3, 1);
    printf("libos: sum 0x%lx by %d threads, %lu calls, %lu faults for %lu "
           "pages of heap\n",
           shared->sum, LIBOS_THREADS, shared->served, shared->faults,
           shared->allocated);
}

static void
without_fixed(struct exo_child *fixed, const struct exo_child *paged,
              uint64_t sum)
{
    uint64_t faults = shared->faults;

    kill(fixed, "fixed");
    shared->sum = 0;
    shared->order = LIBOS_AGAIN;
    EXPECT(exo_yield(paged->id, exo_uarea), 0);
    EXPECT(exo_uarea->pending, 0);
    EXPECT(shared->error, -ESRCH);
    EXPECT(shared->sum, sum);
    EXPECT(shared->faults, faults + LIBOS_BLOCKS);
    printf("libos: paged works without fixed\n");
}

static void
without_paged(struct exo_child *fixed, struct exo_child *paged)
{
    fixed_start(fixed);
    kill(paged, "paged");
    EXPECT(sys_gate_bind(LIBOS_CAP_SHARE, fixed->id, 0, BINDING), 0);
    EXPECT(exo_call(BINDING, exo_uarea, LIBOS_BLOCKS), 0);
    EXPECT(exo_call(BINDING, exo_uarea, 0), LIBOS_BLOCK);
    EXPECT(shared->prime[0], 2);
    EXPECT(exo_call(BINDING, exo_uarea, LIBOS_BLOCKS - 1), LIBOS_BLOCK);
    EXPECT(shared->prime[LIBOS_BLOCK - 1], 38873); /* the 4096th */
    EXPECT(shared->caller, exo_id);
    printf("libos: fixed works without paged\n");
    kill(fixed, "fixed");
}

int
main(void)
{
    struct exo_map own = exo_map_own();
    struct exo_range range = {LIBOS_INIT_SHARED, 1, 0};
    uint64_t sum = sum_expected();
    unsigned before = 0;

    /* No slices: whoever runs does so until it yields. */
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0);
    exo_uarea->entry_interrupt = 0;
    EXPECT(sys_cap_fresh(0, LIBOS_CAP_SHARE), 0);
    EXPECT(sys_cap_fresh(0, CAP_FIXED), 0);
    EXPECT(sys_cap_fresh(0, CAP_PAGED), 0);
    page = (uint64_t)exo_frame_alloc(LIBOS_CAP_SHARE, 0);
    EXPECT(exo_map_insert(&own, &range, LIBOS_CAP_SHARE, &page, EXO_R | EXO_W),
           0);
    for (unsigned round = 0; round < 3; round++) {
        struct exo_child fixed;
        struct exo_child paged;

        *shared = (struct libos_shared){.init = exo_id};
        together(&fixed, &paged, sum);
        without_fixed(&fixed, &paged, sum);
        without_paged(&fixed, &paged);
        before = round == 0 ? frames_of(exo_id) : before;
    }
    EXPECT(frames_of(exo_id), before);
    printf("test: libos ok\n");
    return 0;
}
