/* SPDX-License-Identifier: MIT */
/*
 * Batches: what each entry answers stands where its header was; the first error
 * ends the batch, and the entries before it stay done; what may not stand in a
 * batch is refused; 64 calls are one crossing, or a few if they take long.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define AD 0xc0
#define BASE 0x40000000UL

static uint64_t at; /* the next free word */

static void
entry_add(uint64_t number, uint64_t count, uint64_t a, uint64_t b, uint64_t c,
          uint64_t d)
{
    const uint64_t argument[] = {a, b, c, d, 0, 0};

    exo_uarea->batch[at++] = BATCH_HEADER(number, count);
    for (uint64_t i = 0; i < count; i++) {
        exo_uarea->batch[at++] = argument[i];
    }
}

/* After the batch: how many entries succeeded, and where the next one is. */
static void
ended(uint64_t done, uint64_t next)
{
    EXPECT(exo_uarea->batch_done, done);
    EXPECT(exo_uarea->batch_next, next);
}

static void
refusals(void)
{
    static const uint64_t alone[] = {NUMBER_resume,     NUMBER_yield,
                                     NUMBER_pct_call,   NUMBER_pct_send,
                                     NUMBER_pct_return, NUMBER_machine_exit,
                                     NUMBER_batch};
    volatile uint64_t *word = exo_uarea->batch;

    for (unsigned i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        at = 0;
        entry_add(NUMBER_null, 0, 0, 0, 0, 0);
        entry_add(alone[i], 2, 0, 1, 0, 0);
        EXPECT(exo_batch(exo_uarea, 0, 2, &at), -EINVAL);
        EXPECT(at, 1);
        EXPECT(word[0], 0);
        EXPECT(word[1], -EINVAL);
    }
    /* No such call, no such header. */
    word[7] = CALL_MAX - 1;
    EXPECT(sys_batch(7, 1), -EINVAL);
    ended(0, 7);
    word[7] = CALL_MAX;
    EXPECT(sys_batch(7, 1), -EINVAL);
    word[7] = BATCH_HEADER(0, 7);
    EXPECT(sys_batch(7, 1), -EINVAL);
    word[7] = 1UL << 63;
    EXPECT(sys_batch(7, 1), -EINVAL);
    /* Entries end with the words. */
    word[UAREA_BATCH_WORDS - 1] = BATCH_HEADER(NUMBER_null, 1);
    EXPECT(sys_batch(UAREA_BATCH_WORDS - 1, 1), -EINVAL);
    EXPECT(word[UAREA_BATCH_WORDS - 1], -EINVAL);
    ended(0, UAREA_BATCH_WORDS - 1);
    word[UAREA_BATCH_WORDS - 1] = NUMBER_null;
    EXPECT(sys_batch(UAREA_BATCH_WORDS - 1, 1), 1);
    ended(1, UAREA_BATCH_WORDS);
    word[UAREA_BATCH_WORDS - 1] = NUMBER_null;
    EXPECT(exo_batch(exo_uarea, UAREA_BATCH_WORDS - 1, 2, &at), -EINVAL);
    EXPECT(at, 1);
    ended(1, UAREA_BATCH_WORDS);
}

/* Errors of the call itself leave the U-area as it is. */
static void
arguments(void)
{
    exo_uarea->batch[0] = NUMBER_null;
    EXPECT(sys_batch(0, 0), 0);
    ended(0, 0);
    EXPECT(sys_batch(0, BATCH_ENTRIES_MAX + 1), -EINVAL);
    EXPECT(sys_batch(0, ~0UL), -EINVAL);
    EXPECT(sys_batch(UAREA_BATCH_WORDS, 1), -EINVAL);
    EXPECT(sys_batch(~0UL, 1), -EINVAL);
    ended(0, 0);
    EXPECT(exo_uarea->batch[0], NUMBER_null);
}

/* An error in the middle: what is before stays done, what is behind is not. */
static void
middle(void)
{
    at = 0;
    entry_add(NUMBER_cap_derive, 4, 0, 10, 7, CAP_READ);
    entry_add(NUMBER_cap_derive, 4, 0, 10, 7, CAP_READ);
    entry_add(NUMBER_cap_derive, 4, 0, 11, 7, CAP_READ);
    EXPECT(exo_batch(exo_uarea, 0, 3, &at), -EBUSY);
    EXPECT(at, 1);
    EXPECT(exo_uarea->batch_next, 5);
    EXPECT(exo_uarea->batch[0], 0);
    EXPECT(exo_uarea->batch[5], -EBUSY);
    EXPECT(exo_uarea->batch[10], BATCH_HEADER(NUMBER_cap_derive, 4));
    EXPECT(sys_cap_drop(11), -EBADF);
    /* Corrected, it goes on from there. */
    exo_uarea->batch[5] = BATCH_HEADER(NUMBER_cap_drop, 1) | 0UL;
    exo_uarea->batch[6] = 10;
    EXPECT(sys_batch(5, 1), 1);
    EXPECT(sys_cap_drop(10), -EBADF);
    /* -EAGAIN of an entry is an error like any other: nobody typed. */
    at = 0;
    entry_add(NUMBER_console_read, 1, 0, 0, 0, 0);
    EXPECT(exo_batch(exo_uarea, 0, 1, &at), -EAGAIN);
    EXPECT(at, 0);
    EXPECT(exo_uarea->batch[0], -EAGAIN);
}

static uint64_t
frame_clean(void)
{
    int64_t frame = sys_frame_alloc(0, 0, 0);

    EXPECT(frame > 0, 1);
    (void)sys_frame_scrub((uint64_t)frame);
    return (uint64_t)frame;
}

static uint64_t
table_new(uint64_t level)
{
    uint64_t table = frame_clean();

    EXPECT(sys_pt_make(table, frame_clean(), level), 0);
    return table;
}

/* 64 frames had, and an address space made of them, by three batches. */
static void
many(void)
{
    uint64_t frame[BATCH_ENTRIES_MAX];
    uint64_t middle_table = table_new(1);
    uint64_t leaf = table_new(0);
    uint64_t done;

    at = 0;
    for (unsigned i = 0; i < BATCH_ENTRIES_MAX; i++) {
        entry_add(NUMBER_frame_alloc, 1, 0, 0, 0, 0);
    }
    EXPECT(exo_batch(exo_uarea, 0, BATCH_ENTRIES_MAX, &done), 0);
    EXPECT(done, BATCH_ENTRIES_MAX);
    for (unsigned i = 0; i < BATCH_ENTRIES_MAX; i++) {
        frame[i] = exo_uarea->batch[2 * i];
        (void)sys_frame_scrub(frame[i]);
        for (unsigned j = 0; j < i; j++) {
            EXPECT(frame[i] == frame[j], 0);
        }
    }
    /* Entries in front, the words of pt_map behind them. */
    at = 0;
    entry_add(NUMBER_pt_link, 4, 0, exo_root, BASE >> 30, middle_table);
    entry_add(NUMBER_pt_link, 4, 0, middle_table, 0, leaf);
    entry_add(NUMBER_pt_map, 4, 0, leaf, 0, 40 | 60 << 16);
    entry_add(NUMBER_pt_map, 4, 0, leaf, 40, 23 | 100 << 16);
    entry_add(NUMBER_pt_map, 4, 0, leaf, 63, 1 | 123 << 16);
    for (unsigned i = 0; i < BATCH_ENTRIES_MAX; i++) {
        exo_uarea->batch[60 + i] = frame[i] << 10 | R | W | AD;
    }
    EXPECT(exo_batch(exo_uarea, 0, 5, &done), 0);
    EXPECT(exo_uarea->batch[10], 40);
    EXPECT(exo_uarea->batch[15], 23);
    EXPECT(exo_uarea->batch[20], 1);
    for (unsigned i = 0; i < BATCH_ENTRIES_MAX; i++) {
        ((volatile uint64_t *)(BASE + i * FRAME_SIZE))[3] = i;
    }
    EXPECT(sys_pt_map(0, leaf, 64, 2 | (UAREA_BATCH_WORDS - 1) << 16), -EINVAL);
    EXPECT(sys_pt_map(0, leaf, 64, 0xffffUL << 16 | 2), -EINVAL);
    EXPECT(sys_pt_map(0, leaf, 64, ~0UL), -EINVAL);
    at = 0;
    entry_add(NUMBER_pt_unmap, 4, 0, leaf, 0, 64);
    entry_add(NUMBER_null, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < BATCH_ENTRIES_MAX - 2; i++) {
        entry_add(NUMBER_frame_free, 1, frame[i], 0, 0, 0);
    }
    EXPECT(exo_batch(exo_uarea, 0, BATCH_ENTRIES_MAX, &done), 0);
    EXPECT(done, BATCH_ENTRIES_MAX);
    EXPECT(exo_uarea->batch[0], 64);
    EXPECT(sys_frame_free(frame[BATCH_ENTRIES_MAX - 2], 0), 0);
    EXPECT(sys_frame_free(frame[BATCH_ENTRIES_MAX - 1], 0), 0);
    EXPECT(sys_frame_free(frame[0], 0), -EPERM);
}

/* Calls that take long do not add up: a crossing ends, and says so. */
static void
early(void)
{
    int64_t result;

    at = 0;
    entry_add(NUMBER_frame_join, 1, exo_root, 0, 0, 0);
    EXPECT(sys_batch(0, 1), -EINVAL); /* the first is always begun */
    ended(0, 0);
    at = 0;
    entry_add(NUMBER_null, 0, 0, 0, 0, 0);
    entry_add(NUMBER_frame_join, 1, exo_root, 0, 0, 0);
    result = sys_batch(0, 2);
    EXPECT(result, -EAGAIN);
    ended(1, 1);
    EXPECT(exo_uarea->batch[1], BATCH_HEADER(NUMBER_frame_join, 1));
    EXPECT(exo_batch(exo_uarea, 1, 1, &at), -EINVAL);
}

int
main(void)
{
    refusals();
    arguments();
    middle();
    many();
    early();
    printf("test: batch ok\n");
    return 0;
}
