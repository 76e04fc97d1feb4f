/* SPDX-License-Identifier: MIT */
/*
 * Revocation of slots, of an env that runs all the time: by count and by name,
 * in its own time or by force; and an env whose epilogue overruns, which pays,
 * then dies. Their neighbour gets what its slots are worth all the time, in
 * rounds of a loop, which under -icount are instructions.
 *
 * Of each eight slots this env has slot 0. The one that is asked has 1 to 3;
 * whatever becomes of these is lent to a third env, which has slot 4 and 7, for
 * it is the next along the vector. The neighbour has 5 and 6.
 */
#include "lib/exo/map.h"
#include "test/user/asked.h"

#define LONG (100000UL * MILLISECOND)
#define VECTOR_TIME 1024u /* milliseconds */
#define HAS 384           /* slots of the one that is asked */

enum other { NEIGHBOUR, THIRD, OVERRUNNER };

static struct child other[3];

/* Counts in word own[25] of the rounds. */
static void
count(struct uarea *uarea)
{
    volatile uint64_t *rounds = &ASKED->rounds[uarea->own[25]];

    for (;;) {
        ++*rounds;
    }
}

/* An epilogue that takes longer than the grace, and then does its work. */
void epilogue_late(void);
__asm__(".text\n"
        ".balign 4\n"
        "epilogue_late:\n"
        "   rdtime t1\n"
        "   sd t1, 0x1f8(t0)\n" /* uarea->own[25] */
        "1: rdtime t1\n"
        "   ld a7, 0x1f8(t0)\n"
        "   sub t1, t1, a7\n"
        "   li a7, 5000\n"
        "   bltu t1, a7, 1b\n"
        "   j exo_epilogue\n");

static void
count_late(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)epilogue_late;
    __asm__ volatile("" ::: "memory"); /* the kernel reads it */
    for (;;) {
        ASKED->rounds[OVERRUNNER]++;
    }
}

static void
others_begin(uint64_t third, uint64_t first)
{
    other[NEIGHBOUR] = harts_child(asked_page, count, 0, NEIGHBOUR);
    other[THIRD] = harts_child(asked_page, count, 0, THIRD);
    harts_slots(other[THIRD].id, 0, third);
    harts_slots(other[THIRD].id, 0, 7);
    harts_slots(other[NEIGHBOUR].id, 0, first);
    harts_slots(other[NEIGHBOUR].id, 0, first + 1);
}

static void
others_end(void)
{
    child_end(&other[NEIGHBOUR]);
    child_end(&other[THIRD]);
}

struct sample {
    uint64_t time;
    uint64_t rounds;
};

/* Now, which is in a slot of this env's: so between two samples lie whole
   eights. */
static struct sample
sample(void)
{
    harts_wait(1);
    return (struct sample){time_now(), ASKED->rounds[NEIGHBOUR]};
}

/* What the neighbour did in a second, since the sample and until so many
   milliseconds after it. */
static uint64_t
rate_for(struct sample begun, uint64_t milliseconds)
{
    struct sample now = sample();

    while (now.time < begun.time + milliseconds * MILLISECOND) {
        now = sample();
    }
    return (now.rounds - begun.rounds) * 1000 * MILLISECOND /
           (now.time - begun.time);
}

/* Until the vector has gone round. */
static uint64_t
rate(struct sample begun)
{
    return rate_for(begun, VECTOR_TIME);
}

static void
kept(const char *while_what, uint64_t before, uint64_t now)
{
    uint64_t apart = now > before ? now - before : before - now;

    printf("revoke_slots: the neighbour, while %s: %lu of %lu rounds\n",
           while_what, now, before);
    EXPECT(apart * 100 <= before, 1);
}

/* How many slots of hart 0 it has, and which is the last. */
static uint64_t
slots_of(uint64_t id, uint64_t *last)
{
    uint64_t slots = 0;

    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        if (VECTOR[slot] == id) {
            slots++;
            *last = slot;
        }
    }
    EXPECT(asked_used(ACCOUNT_SLOTS), slots);
    return slots;
}

/* It frees the slots with the highest numbers, or the one that is named. */
static void
cooperative(void)
{
    struct sample begun;
    uint64_t before;
    uint64_t last;

    asked_prepare(1, 0, ANSWER_HANDLED, ~0UL);
    asked_begin(0, 3);
    others_begin(4, 5);
    before = rate(sample());
    begun = sample();
    EXPECT(slots_of(asked_child.id, &last), HAS);
    EXPECT(last, 1019);
    EXPECT(asked_ask(RESOURCE_SLOT, REVOKE_ANY, 99, time_now() + LONG), 0);
    WAIT_UNTIL(ASKED->freed == 99);
    EXPECT(asked_requests(), 0);
    EXPECT(slots_of(asked_child.id, &last), HAS - 99);
    EXPECT(last, 1019 - 33 * 8);
    EXPECT(asked_ask(RESOURCE_SLOT, 8 * 5 + 2, 1, time_now() + LONG), 0);
    WAIT_UNTIL(ASKED->freed == 100);
    EXPECT(asked_requests(), 0);
    EXPECT(slots_of(asked_child.id, &last), HAS - 100);
    EXPECT(VECTOR[8 * 5 + 2], 0);
    EXPECT(asked_ask(RESOURCE_SLOT, 8 * 5 + 2, 1, 0), -EPERM);
    EXPECT(asked_uarea->losses_posted, 0);
    EXPECT(asked_uarea->losses_missed, 0);
    kept("slots are given", before, rate(begun));
    others_end();
    asked_end();
}

/* It does not answer: exactly those go, it is told which, and runs on with the
   others, till it has none. */
static void
forced(void)
{
    struct sample begun;
    uint64_t before;
    uint64_t turns;
    uint64_t last;

    asked_prepare(1, 0, ANSWER_NEVER, 0);
    asked_begin(0, 3);
    others_begin(4, 5);
    before = rate(sample());
    begun = sample();
    EXPECT(asked_ask(RESOURCE_SLOT, REVOKE_ANY, 60, time_now() + 1000), 0);
    EXPECT(asked_ask(RESOURCE_SLOT, 8 * 100 + 3, 1, time_now() + 1000), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(slots_of(asked_child.id, &last), HAS - 61);
    EXPECT(VECTOR[8 * 100 + 3], 0);
    EXPECT(asked_uarea->losses_posted, 61);
    EXPECT(asked_uarea->losses_missed, 0);
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        bool had = slot % 8 >= 1 && slot % 8 <= 3;
        unsigned times = 0;

        for (unsigned i = 0; i < 61; i++) {
            times += asked_uarea->loss[i] == LOSS(RESOURCE_SLOT, slot, 0);
        }
        EXPECT(times, had && VECTOR[slot] != asked_child.id);
    }
    turns = ASKED->turns;
    WAIT_UNTIL(ASKED->turns > turns);

    /* More than it has: all of them, and the request ends. */
    EXPECT(asked_ask(RESOURCE_SLOT, REVOKE_ANY, 1000, 0), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(slots_of(asked_child.id, &last), 0);
    EXPECT(asked_uarea->losses_posted, UAREA_LOSS_ENTRIES);
    EXPECT(asked_uarea->losses_missed, HAS - UAREA_LOSS_ENTRIES);
    harts_wait(20);
    turns = ASKED->turns;
    kept("slots are taken", before, rate(begun));
    EXPECT(ASKED->turns, turns); /* without slots it does not run */
    others_end();
    asked_end();
}

/* It pays with slots of its own, then it dies. If it is next to the neighbour
   its grace is at that one's cost, and what it pays is lent to that one; which
   would have gained from more slots before. The rate of the neighbour. */
static uint64_t
overrun(bool next)
{
    const volatile struct env_row *row;
    const struct uarea *uarea;
    struct sample begun;
    uint64_t before;
    uint64_t during;

    asked_prepare(1, 0, ANSWER_YIELDED, 0);
    others_begin(next ? 6 : 4, next ? 4 : 5);
    other[OVERRUNNER] = harts_child(asked_page, count_late, 0, OVERRUNNER);
    row = &ROWS[other[OVERRUNNER].id >> 20];
    before = rate(sample());
    begun = sample();
    for (uint64_t eighth = 1; eighth <= 3; eighth++) {
        harts_slots(other[OVERRUNNER].id, 0, eighth);
    }
    during = rate_for(begun, 200);
    EXPECT(row->state, ENV_LIVE);
    uarea = exo_map_borrow(CAP_CHILD, other[OVERRUNNER].uarea);
    EXPECT(uarea != NULL, 1);
    printf("revoke_slots: %u overruns\n", uarea->excess);
    EXPECT(uarea->excess > 4 && uarea->excess <= 64, 1);
    exo_map_return();
    exo_map_forget();
    if (!next) { /* it has three slots of eight, the neighbour two */
        EXPECT(ASKED->rounds[OVERRUNNER] * 2 * 4 <
                   (ASKED->rounds[NEIGHBOUR] - begun.rounds) * 3 * 3,
               1);
    }
    WAIT_UNTIL(row->state != ENV_LIVE);
    EXPECT(row->cause, CAUSE_EXCESS);
    if (!next) {
        kept("another overruns and dies", before, rate(begun));
    }
    child_end(&other[OVERRUNNER]);
    others_end();
    return next ? during : before;
}

int
main(void)
{
    uint64_t alone;
    uint64_t during;

    EXPECT(asked_open(), 1);
    cooperative();
    forced();
    alone = overrun(false);
    during = overrun(true);
    printf("revoke_slots: the neighbour, next to it: %lu of %lu rounds\n",
           during, alone);
    EXPECT(during * 100 >= alone * 99, 1);
    printf("test: revoke_slots ok\n");
    return 0;
}
