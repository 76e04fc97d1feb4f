/* SPDX-License-Identifier: MIT */
/*
 * An env touches its pages on several harts, in a tight loop that is never
 * switched away from, so that their translations stay in the harts. One page
 * after the other is taken from it by name, given to this env, which writes a
 * secret there, and back: it never reads the secret, nor writes beside it.
 */
#include <string.h>

#include "kern/abi/frame.h"
#include "test/user/expect.h"
#include "test/user/harts.h"
#include "test/user/spread.h"

/* How many pages are taken. */
#ifndef ROUNDS
#define ROUNDS 10000u
#endif

#define SECRET 0x5ec2e75ec2e75ec2UL
#define PAGES 48
/* Where in the table at SHARED the env has these pages, and the U-areas and
   stacks of further harts; and where this env has the pages when they are its.
 */
#define FIRST 3
#define STACKS 80
#define OURS 128
#define HARTS_MAX 8

struct shared {
    uint64_t id;
    uint64_t leaf;
    uint64_t harts;
    volatile uint64_t read; /* how often the secret was */
    volatile uint64_t wrong;
    struct {
        volatile uint64_t turns;
        uint64_t apart[7];
    } hart[HARTS_MAX];
};

#define SHARED_PAGE ((struct shared *)SHARED)

static void
touch(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t hart = uarea->hart;

    touch_begin(uarea);
    for (;;) {
        for (uint64_t i = FIRST; i < FIRST + PAGES; i++) {
            if (touch_read(SHARED + i * 4096) == SECRET) {
                shared->read++;
            }
            touch_write(SHARED + i * 4096 + 8 + 8 * hart, hart);
        }
        shared->hart[hart].turns++;
    }
}

/* On hart 1: goes to the others, and there too. */
static void
spread(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    uarea->consent = CONSENT_FRAMES;
    for (uint64_t hart = 2; hart < shared->harts; hart++) {
        struct spread to = {shared->id, shared->leaf, hart, STACKS + 2 * hart,
                            touch};

        if (spread_to(uarea, &to) != 0 ||
            sys_slot_alloc(CHILD_CAP_OWN, shared->id, hart, 1) != 0) {
            shared->wrong = __LINE__;
        }
    }
    touch(uarea);
}

static struct child child;

static uint64_t frame[PAGES];

/* A clean page `number`, or any if that is 0, under the name of `cap`. */
static uint64_t
frame_take(uint64_t cap, uint64_t number)
{
    int64_t taken = sys_frame_alloc(cap, 0, number);

    EXPECT(taken > 0 && (number == 0 || (uint64_t)taken == number), 1);
    (void)sys_frame_scrub((uint64_t)taken);
    return (uint64_t)taken;
}

static void
map(uint64_t caps, uint64_t table, uint64_t index)
{
    for (unsigned i = 0; i < PAGES; i++) {
        exo_uarea->batch[i] = frame[i] << 10 | 0xc6;
    }
    EXPECT(sys_pt_map(caps, table, index, PAGES), PAGES);
}

static void
hand_over(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        frame[i] = frame_take(CAP_CHILD, frame[i]);
        EXPECT(sys_frame_give(CAP_CHILD, frame[i], child.id), 0);
    }
    map(CAP_CHILD << 8 | CAP_CHILD, child.leaf, FIRST);
}

/* That a hart has looked at every page since. */
static void
passed(uint64_t hart)
{
    const volatile uint64_t *turns = &SHARED_PAGE->hart[hart].turns;
    uint64_t wanted = *turns + 2;
    uint64_t end = time_now() + 10000UL * MILLISECOND;

    while (*turns < wanted && time_now() < end) {
    }
    EXPECT(*turns >= wanted, 1);
}

/* Takes all of them: by name, each with a fence of its own; or by count, for
   what it was given last is what is taken first. */
static void
take(bool by_name)
{
    for (unsigned i = 0; i < PAGES;) {
        uint64_t name = by_name ? frame[i] : REVOKE_ANY;
        uint64_t count = by_name ? 1 : PAGES;
        int64_t result;

        EXPECT(sys_revoke(CAP_CHILD, child.id, RESOURCE_FRAME, name, count, 0),
               0);
        do {
            result = sys_repossess(CAP_CHILD, child.id);
        } while (result == -EAGAIN);
        EXPECT(result, 0);
        i += (unsigned)count;
    }
}

/* What this env writes to pages that it has just got stays there. */
static void
hide(uint64_t window, uint64_t hart)
{
    volatile uint64_t *ours = (volatile uint64_t *)(SHARED + OURS * 4096);

    for (unsigned i = 0; i < PAGES; i++) {
        (void)frame_take(0, frame[i]);
    }
    map(0, window, OURS);
    for (unsigned i = 0; i < PAGES * 512; i++) {
        ours[i] = SECRET;
    }
    passed(hart);
    for (unsigned i = 0; i < PAGES * 512; i++) {
        EXPECT(ours[i], SECRET);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        EXPECT(sys_frame_free(frame[i], FRAME_FREE_BREAK), 0);
    }
}

int
main(void)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t page = frame_clean(0);
    uint64_t window = window_open(page);
    uint64_t harts = harts_open();
    uint64_t rounds = 0;

    EXPECT(harts > 1 && harts <= HARTS_MAX, 1);
    memset(shared, 0, sizeof(*shared));
    shared->harts = harts;
    child = harts_child(page, spread, 1, 0);
    shared->id = child.id;
    shared->leaf = child.leaf;
    EXPECT(sys_slot_alloc(0, child.id, 1, 1), 0);
    for (uint64_t hart = 1; hart < harts; hart++) {
        harts_wait_for(&shared->hart[hart].turns, 1);
    }
    for (uint64_t i = 0; rounds < ROUNDS; i++) {
        uint64_t hart = 1 + i % (harts - 1);

        hand_over();
        passed(hart); /* it has their translations */
        take(i % 16 == 0);
        hide(window, hart);
        rounds += PAGES;
        EXPECT(shared->read, 0);
        EXPECT(shared->wrong, 0);
    }
    child_end(&child);
    printf("test: revoke_race ok: %lu rounds on %lu harts\n", rounds, harts);
    return 0;
}
