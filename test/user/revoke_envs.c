/* SPDX-License-Identifier: MIT */
/*
 * Revocation of frames, asked of another env: of one that answers, in its event
 * handler or when it wakes; of one that does not, which loses as many as are
 * missing at the deadline, hears of each, and lives; of one that answers in
 * part. Nobody here calls repossess but to see that there is nothing to do.
 */
#include "test/user/asked.h"

#define ALL ASKED_FRAMES
#define LONG (10000UL * MILLISECOND)

static uint64_t
soon(uint64_t milliseconds)
{
    return time_now() + milliseconds * MILLISECOND;
}

/* It goes on: it has had turns since. */
static void
lives(void)
{
    uint64_t turns = ASKED->turns;

    WAIT_UNTIL(ASKED->turns > turns + 10);
}

/* That `count` losses, which somebody has put here, name each of its frames
   that it does not own, once, and nothing else. */
static void
losses_check(const volatile uint64_t *loss, uint64_t count)
{
    uint64_t named = 0;

    for (uint64_t i = 0; i < count; i++) {
        EXPECT(LOSS_KIND(loss[i]), RESOURCE_FRAME);
        EXPECT(LOSS_PLACE(loss[i]), 0);
    }
    for (uint64_t i = 0; i < ASKED->frames; i++) {
        unsigned times = 0;

        for (uint64_t j = 0; j < count; j++) {
            times += LOSS_NAME(loss[j]) == ASKED->frame[i];
        }
        EXPECT(times, asked_owns(ASKED->frame[i]) ? 0 : 1);
        named += times;
    }
    EXPECT(named, count);
}

/* What is guaranteed is there, mapped, and says so; `lost` others are not. */
static void
kept_check(uint64_t lost)
{
    uint64_t first = ASKED->frames - ASKED->guaranteed;

    EXPECT(asked_owned(), ASKED->frames - lost);
    EXPECT(RECORDS[ASKED->leaf].owner, asked_child.id);
    EXPECT(RECORDS[ASKED->leaf].used, ASKED_FIRST + ASKED->frames - lost);
    for (uint64_t i = first; i < ASKED->frames; i++) {
        EXPECT(asked_owns(ASKED->frame[i]), true);
        EXPECT(RECORDS[ASKED->frame[i]].maps, 1);
        EXPECT(RECORDS[ASKED->frame[i]].flags, FRAME_GUARANTEED);
    }
    for (unsigned i = 1; i < 3; i++) { /* stack, root */
        EXPECT(RECORDS[asked_child.frames[i]].owner, asked_child.id);
        EXPECT(RECORDS[asked_child.frames[i]].flags, FRAME_GUARANTEED);
    }
}

/* All are given in time, those that it chose, and nothing is taken. */
static void
cooperative(uint64_t hart, enum answer answer)
{
    uint64_t deadline;
    uint64_t used;

    asked_prepare(ALL, 2, answer, 256);
    asked_begin(hart, 3);
    used = asked_used(ACCOUNT_FRAMES);
    deadline = time_now() + LONG;
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 256, deadline), 0);
    WAIT_UNTIL(ASKED->freed == 256);
    EXPECT(time_now() < deadline, 1);
    EXPECT(asked_requests(), 0);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 256);
    EXPECT(sys_repossess(CAP_CHILD, asked_child.id), 0);
    for (unsigned i = 0; i < ALL; i++) {
        EXPECT(RECORDS[ASKED->frame[i]].type,
               i < 256 ? FRAME_FREE : FRAME_DATA);
        EXPECT(asked_owns(ASKED->frame[i]), i >= 256);
    }
    EXPECT(asked_uarea->losses_posted, 0);
    EXPECT(asked_uarea->losses_missed, 0);
    kept_check(256);
    WAIT_UNTIL((ASKED->events & PENDING_REQUEST) != 0); /* after the request */
    asked_end();
}

/* It hears what it loses, and does nothing about what it is asked. */
static void
deaf(uint64_t hart)
{
    uint64_t used;

    asked_prepare(ALL, 8, ANSWER_HANDLED, 0);
    asked_begin(hart, 3);
    used = asked_used(ACCOUNT_FRAMES);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 100, soon(30)), 0);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 28, soon(40)), 0);
    WAIT_UNTIL(ASKED->losses >= 128);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 128);
    EXPECT(asked_uarea->losses_posted, 128);
    EXPECT(asked_uarea->losses_missed, 0);
    losses_check(ASKED->loss, 128);
    kept_check(128);
    lives();
    EXPECT(ASKED->losses, 128);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 128);
    WAIT_UNTIL(ASKED->events == (PENDING_REQUEST | PENDING_LOSS));
    asked_end();
}

/* It has its events masked, and reads nothing of what it lost until then. */
static void
blind(uint64_t hart)
{
    uint64_t used;

    asked_prepare(ALL, 8, ANSWER_NEVER, 0);
    asked_begin(hart, 3);
    used = asked_used(ACCOUNT_FRAMES);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 200, soon(20)), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 200);
    EXPECT(asked_uarea->losses_posted, 128);
    EXPECT(asked_uarea->losses_missed, 72);
    kept_check(200);
    WAIT_UNTIL(asked_uarea->pending == (PENDING_REQUEST | PENDING_LOSS));
    for (unsigned i = 0; i < 128; i++) {
        EXPECT(LOSS_KIND(asked_uarea->loss[i]), RESOURCE_FRAME);
        EXPECT(RECORDS[LOSS_NAME(asked_uarea->loss[i])].owner, 0);
    }
    lives();

    /* It begins to look: what it could not be told is counted, and more that
       it loses it is told again. */
    ASKED->answer = ANSWER_AWAKE;
    WAIT_UNTIL(ASKED->losses == 128);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 20, soon(10)), 0);
    WAIT_UNTIL(ASKED->losses == 148);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 220);
    EXPECT(asked_uarea->losses_posted, 148);
    EXPECT(asked_uarea->losses_missed, 72);
    kept_check(220);
    asked_end();
}

/* What it frees in time counts; nothing is taken before the deadline. */
static void
partly(uint64_t hart)
{
    uint64_t deadline;
    uint64_t used;

    asked_prepare(ALL, 4, ANSWER_HANDLED, 30);
    asked_begin(hart, 3);
    used = asked_used(ACCOUNT_FRAMES);
    deadline = soon(3000);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 100, deadline), 0);
    WAIT_UNTIL(ASKED->freed == 30);
    EXPECT(time_now() < deadline, 1);
    EXPECT(sys_repossess(CAP_CHILD, asked_child.id), 1);
    EXPECT(asked_uarea->request[0].left, 70);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 30);
    harts_wait(20);
    if (time_now() < deadline) {
        EXPECT(asked_uarea->losses_posted, 0);
    }
    WAIT_UNTIL(ASKED->losses >= 70);
    EXPECT(time_now() >= deadline, 1);
    WAIT_UNTIL(asked_requests() == 0);
    lives();
    EXPECT(ASKED->losses, 70);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 100);
    kept_check(100);
    asked_end();
}

/* One that has no slots never runs, and nobody calls: harts that idle take. Or
   this one does, at edges, though it runs all the time. */
static void
asleep(uint64_t hart, bool busy)
{
    uint64_t end;

    asked_prepare(ALL, 2, ANSWER_YIELDED, 0);
    asked_begin(hart, 0);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 100, soon(5)), 0);
    end = time_now() + LONG;
    while (busy && asked_requests() != 0 && time_now() < end) {
    }
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(asked_uarea->losses_posted, 100);
    losses_check(asked_uarea->loss, 100);
    kept_check(100);
    asked_end();
}

/* A frame larger than what is missing goes last; and then it is enough. */
static void
large(uint64_t hart)
{
    uint64_t used;

    asked_prepare(5, 0, ANSWER_NEVER, 0);
    ASKED->large = 1;
    asked_begin(hart, 3);
    used = asked_used(ACCOUNT_FRAMES);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 3, 0), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(asked_owned(), 3);
    EXPECT(asked_owns(ASKED->frame[5]), true);
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 7, 0), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(asked_owned(), 0);
    EXPECT(used - asked_used(ACCOUNT_FRAMES), 512 + 5);
    EXPECT(asked_uarea->losses_posted, 6);
    EXPECT(asked_uarea->loss[5], LOSS(RESOURCE_FRAME, ASKED->frame[5], 0));
    lives();
    asked_end();
}

/* One that has guaranteed nothing loses all but what the kernel needs to tell
   it: record, list, U-area, root and its shadow. Then the request ends, and the
   env, when it runs. */
static void
stripped(void)
{
    const volatile struct env_row *row;
    uint64_t end;

    asked_prepare(40, ~0UL, ANSWER_YIELDED, 0);
    asked_begin(0, 0);
    row = &ROWS[asked_child.id >> 20];
    EXPECT(asked_ask(RESOURCE_FRAME, REVOKE_ANY, 1000, soon(5)), 0);
    WAIT_UNTIL(asked_requests() == 0);
    EXPECT(asked_used(ACCOUNT_FRAMES), 5);
    EXPECT(asked_owned(), 0);
    EXPECT(row->id, asked_child.id);
    EXPECT(row->state, ENV_LIVE);
    EXPECT(asked_ask(RESOURCE_FRAME, row->root, 1, 0), -EBUSY);
    EXPECT(asked_ask(RESOURCE_FRAME, asked_child.uarea, 1, 0), -EBUSY);
    end = time_now() + LONG;
    while (row->state == ENV_LIVE && time_now() < end) {
        (void)exo_yield(asked_child.id, exo_uarea);
    }
    EXPECT(row->state != ENV_LIVE, 1);
    EXPECT(row->cause, CAUSE_LOSS);
    asked_end();
}

int
main(void)
{
    uint64_t harts = asked_open();
    uint64_t hart = harts > 1;

    cooperative(0, ANSWER_HANDLED);
    cooperative(hart, ANSWER_HANDLED);
    cooperative(hart, ANSWER_AWAKE);
    deaf(0);
    deaf(hart);
    blind(hart);
    partly(hart);
    asleep(0, false);
    asleep(0, true);
    large(hart);
    stripped();
    printf("test: revoke_envs ok: %lu harts\n", harts);
    return 0;
}
