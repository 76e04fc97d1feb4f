/* SPDX-License-Identifier: MIT */
/*
 * The resource manager at work on a small machine that five envs fill: two that
 * free what they are asked for, of which one does not for a while, one that is
 * deaf, one that has nothing above its floor, one on an account of its own.
 * Each time that memory is short there is enough afterwards, from each exactly
 * its share, a deaf one's by force; at last that is given up. And another
 * policy, of a few lines here, takes the place of lib/manager's.
 */
#include "lib/manager/manager.h"

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"
#include "test/user/frames.h"
#include "test/user/harts.h"

#define LOW 1000u
#define HIGH 2000u
#define LEFT 600u /* when all have what they want */
#define TICKS (3000 * MILLISECOND)
#define FLOOR_OWN 1500u
#define FLOOR_ALL (1u << 30) /* more than anybody has */
#define ACCOUNT_OTHER 200u
#define OWN 100u /* what this env has at least, above its floor */

enum { LARGE, GUARANTEED, DEAF, SMALL, OTHER, CHILDREN };

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

struct cell {
    uint64_t record;          /* the page number of the env's record */
    volatile uint64_t wanted; /* how many frames it takes in all, */
    volatile uint64_t grown;  /* has taken, */
    volatile uint64_t freed;  /* and has freed when it was asked; */
    volatile uint64_t deaf;   /* that it does not do now */
    volatile int64_t error;
};

#define CELLS ((struct cell *)SHARED)

static struct child child[CHILDREN];
static struct manager manager;

/* In the child: frees what it is asked for, the newest first. All its frames
   hang together by their records; its own may be anywhere among them. Who asks
   once at a time does so in the first entry. */
static void
answer(const volatile struct uarea *uarea, struct cell *cell)
{
    const volatile struct request *r = &uarea->request[0];
    uint32_t number = (uint32_t)cell->record;

    while (r->left > 0 && RECORDS[number].previous != 0) {
        number = RECORDS[number].previous;
    }
    while (r->left > 0 && number != 0) {
        uint32_t next = RECORDS[number].next;

        if (RECORDS[number].type == FRAME_DATA && RECORDS[number].order == 0 &&
            RECORDS[number].maps_and_pins == 0) {
            cell->error = sys_frame_free(number, 0);
            cell->freed++;
        }
        number = next;
    }
}

static void
child_main(struct uarea *uarea)
{
    uint64_t which = uarea->own[25];
    struct cell *cell = &CELLS[which];

    uarea->masked = MASKED_INTERRUPT;
    if (which == LARGE &&
        sys_frame_alloc(CHILD_CAP_OWN, FRAME_ORDER_2M, 0) < 0) {
        cell->error = -ENOMEM;
    }
    for (;;) {
        int64_t error;

        uarea->ring_taken = uarea->ring_posted;
        __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
        error = sys_alarm(time_now() + 2 * MILLISECOND, 1);
        if (!cell->deaf) {
            answer(uarea, cell);
        }
        while (error >= 0 && cell->grown < cell->wanted) {
            error = sys_frame_alloc(CHILD_CAP_OWN, 0, 0);
            cell->grown += error > 0;
        }
        if (error < 0) {
            cell->error = error;
        }
        (void)exo_sleep(uarea);
    }
}

/* Another policy: who has most above its floor gives all that is missing, or
   all of that; then the next. */
static void
policy_largest(const struct manager_view *view, struct manager_request *request)
{
    uint64_t missing = view->high > view->free ? view->high - view->free : 0;

    for (unsigned n = 0; n < view->count && missing > 0; n++) {
        unsigned largest = 0;
        uint64_t most = 0;

        for (unsigned i = 0; i < view->count; i++) {
            const struct manager_env *e = &view->env[i];

            if (request[i].count == 0 && e->frames > e->floor + most) {
                most = e->frames - e->floor;
                largest = i;
            }
        }
        request[largest].count = most < missing ? most : missing;
        request[largest].ticks = view->ticks;
        missing -= request[largest].count;
    }
}

/* Sleeps until a time, or an event. */
static void
sleep_till(uint64_t when)
{
    exo_uarea->masked = MASKED_INTERRUPT;
    if (when > time_now()) {
        EXPECT(sys_alarm(when, 1), 0);
        (void)exo_sleep(exo_uarea);
    }
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    exo_uarea->masked = 0;
}

static void
grow(unsigned i, uint64_t frames)
{
    CELLS[i].wanted += frames;
    harts_wait_for(&CELLS[i].grown, CELLS[i].wanted);
    EXPECT(CELLS[i].grown, CELLS[i].wanted);
}

/* How many pages an env has, large ones too. */
static uint64_t
pages_of(uint64_t id)
{
    uint64_t count = 0;

    for (uint64_t i = RAM_FIRST; i < RAM_END; i++) {
        count += RECORDS[i].owner == id ? 1UL << RECORDS[i].order : 0;
    }
    return count;
}

static const struct manager_row *
row(unsigned i)
{
    return &manager.row[child[i].id >> 20];
}

static void
children_make(void)
{
    uint64_t page = frame_clean(0);
    uint64_t harts;

    (void)window_open(page);
    harts = harts_open();
    for (unsigned i = 0; i < CHILDREN; i++) {
        uint64_t hart = i % 2 < harts ? i % 2 : 0;

        child_account =
            i == OTHER ? (uint64_t)sys_account_carve(ACCOUNT_OTHER, SLOTS / 8)
                       : 0;
        child[i] = harts_child(page, child_main, hart, i);
        CELLS[i].record = child[i].frames[0];
        harts_slots(child[i].id, hart, i + 1);
    }
}

/* What was taken from a child, as it was told. */
static uint64_t
losses(unsigned i)
{
    const struct uarea *uarea = exo_map_borrow(CAP_CHILD, child[i].uarea);
    uint64_t count;

    EXPECT(uarea != NULL, 1);
    count = uarea->losses_posted + uarea->losses_missed;
    exo_map_return();
    exo_map_forget();
    return count;
}

/* What the children have before a round. */
struct before {
    uint64_t free;
    uint64_t frames[CHILDREN];
    uint64_t freed[CHILDREN];
    uint64_t losses[CHILDREN];
};

/* Steps until the policy was asked once and all it wanted is done. Each child
   has then as many frames less as it was asked for. */
static struct before
round_run(manager_policy *policy)
{
    uint64_t end = time_now() + 20000 * MILLISECOND;
    uint64_t rounds = manager.rounds;
    uint64_t own = pages_of(exo_id);
    struct before before;

    before.free = manager_free(&manager);
    EXPECT(before.free < LOW, 1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        before.frames[i] = pages_of(child[i].id);
        before.freed[i] = CELLS[i].freed;
        before.losses[i] = losses(i);
    }
    manager.policy = policy;
    do {
        sleep_till(manager_step(&manager, time_now()));
    } while ((manager.rounds == rounds || manager.phase != MANAGER_WATCHING) &&
             time_now() < end);
    EXPECT(manager.phase, MANAGER_WATCHING);
    EXPECT(manager.rounds, rounds + 1);
    EXPECT(manager_free(&manager) >= manager.high, 1);
    EXPECT(pages_of(exo_id), own);
    for (unsigned i = 0; i < CHILDREN; i++) {
        EXPECT(CELLS[i].error, 0);
        EXPECT(row(i)->env.frames, before.frames[i]);
        if (manager.ended > 0 && i == DEAF) {
            continue;
        }
        EXPECT(pages_of(child[i].id), before.frames[i] - row(i)->env.asked);
        EXPECT(CELLS[i].freed - before.freed[i],
               CELLS[i].deaf ? 0 : row(i)->env.asked);
        EXPECT(losses(i) - before.losses[i],
               CELLS[i].deaf ? row(i)->env.asked : 0);
    }
    return before;
}

static uint64_t
spare(const struct before *before, unsigned i)
{
    uint64_t floor = row(i)->env.floor;

    return i != OTHER && before->frames[i] > floor ? before->frames[i] - floor
                                                   : 0;
}

/* A round of the first policy: the shares are what they should be. */
static void
round_share(void)
{
    struct before before = round_run(policy_share);
    uint64_t missing = manager.high - before.free;
    uint64_t spares = 0;
    uint64_t asked = 0;

    for (unsigned i = 0; i < CHILDREN; i++) {
        spares += spare(&before, i);
        asked += row(i)->env.asked;
    }
    EXPECT(asked, missing);
    EXPECT(row(SMALL)->env.asked, 0);
    EXPECT(row(OTHER)->env.asked, 0);
    for (unsigned i = 0; i < CHILDREN; i++) {
        int64_t error =
            (int64_t)(row(i)->env.asked * spares - missing * spare(&before, i));

        EXPECT(error < (int64_t)spares && error > -(int64_t)spares, 1);
        EXPECT(i >= SMALL || row(i)->env.asked > 0, 1);
    }
}

static void
round_largest(void)
{
    struct before before = round_run(policy_largest);

    EXPECT(row(LARGE)->env.asked, HIGH - before.free);
    EXPECT(row(GUARANTEED)->env.asked, 0);
    EXPECT(row(DEAF)->env.asked, 0);
    EXPECT(row(SMALL)->env.asked, 0);
    EXPECT(row(OTHER)->env.asked, 0);
}

static void
refill(void)
{
    grow(LARGE, manager_free(&manager) - LEFT);
}

static void
floors_set(uint64_t floor, uint64_t own)
{
    for (unsigned i = 0; i < CHILDREN; i++) {
        EXPECT(manager_floor_set(&manager, (uint32_t)child[i].id,
                                 i == GUARANTEED ? own : floor),
               0);
    }
}

/* Memory is short, and nobody has anything above its floor: nobody is asked,
   and nothing is counted again soon, unless a floor changes. */
static void
floors_all(void)
{
    floors_set(FLOOR_ALL, FLOOR_ALL);
    do {
        (void)manager_step(&manager, time_now());
    } while (manager.phase != MANAGER_WATCHING);
    EXPECT(manager.rounds, 1);
    EXPECT(manager.view.count, CHILDREN - 1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        EXPECT(row(i)->env.asked, 0);
        EXPECT(sys_repossess(0, child[i].id), 0);
    }
    (void)manager_step(&manager, manager.rest - 1);
    EXPECT(manager.phase, MANAGER_WATCHING);
    (void)manager_step(&manager, manager.rest);
    EXPECT(manager.phase, MANAGER_COUNTING);
    while (manager.phase != MANAGER_WATCHING) {
        (void)manager_step(&manager, time_now());
    }
    EXPECT(manager.rounds, 2);
    floors_set(MANAGER_FLOOR, FLOOR_OWN);
    (void)manager_step(&manager, time_now());
    EXPECT(manager.phase, MANAGER_COUNTING);
}

/* The deaf one has less and less time, and in the end none; the one that was
   deaf once is forgiven. */
static void
deaf(void)
{
    while (row(DEAF)->env.late < POLICY_LATE_END) {
        unsigned late = row(DEAF)->env.late;

        refill();
        /* Also if so little is asked for that it is taken at once. */
        manager.high = late == 1 ? LEFT + 20 : HIGH;
        round_share();
        EXPECT(row(DEAF)->env.late, late + 1);
        EXPECT(row(GUARANTEED)->env.late, 0);
        EXPECT((row(DEAF)->deadline - row(DEAF)->notice) * 8,
               late < POLICY_LATE_SHORT ? TICKS : TICKS / 4);
        EXPECT((row(LARGE)->deadline - row(LARGE)->notice) * 8, TICKS);
    }
    EXPECT(manager.ended, 0);
    refill();
    (void)round_run(policy_share);
    EXPECT(manager.ended, 1);
    EXPECT(pages_of(child[DEAF].id), 0);
    EXPECT(sys_repossess(0, child[DEAF].id), -ESRCH);
    EXPECT(row(LARGE)->env.asked + row(GUARANTEED)->env.asked, 0);
}

int
main(void)
{
    uint64_t total;

    children_make();
    manager_init(&manager, (uint32_t)exo_id, ACCOUNT_FIRST);
    manager.low = LOW;
    manager.high = HIGH;
    manager.ticks = TICKS;
    EXPECT(manager_floor_set(&manager, 0, 1), -ESRCH);
    EXPECT(manager_floor_set(&manager, ~0u, 1), -ESRCH);

    for (unsigned i = 0; i < OWN; i++) {
        (void)frame_clean(0);
    }
    total = manager_free(&manager) - LEFT;
    EXPECT(total > 8000, 1);
    grow(SMALL, 5);
    grow(OTHER, ACCOUNT_OTHER / 2);
    grow(GUARANTEED, total * 2 / 10);
    grow(DEAF, total * 3 / 10);
    /* Nothing is short: nobody is asked. */
    EXPECT(manager_step(&manager, time_now()) > time_now(), 1);
    EXPECT(manager.phase, MANAGER_WATCHING);
    EXPECT(manager.rounds, 0);

    refill();
    floors_all();
    CELLS[DEAF].deaf = 1;
    CELLS[GUARANTEED].deaf = 1;
    round_share();
    EXPECT(row(DEAF)->env.late, 1);
    EXPECT(row(GUARANTEED)->env.late, 1);
    EXPECT(row(LARGE)->env.late, 0);
    CELLS[GUARANTEED].deaf = 0;
    refill();
    round_largest();
    EXPECT(row(GUARANTEED)->env.late, 1);
    deaf();
    for (unsigned i = 0; i < CHILDREN; i++) {
        child_end(&child[i]);
    }
    printf("test: manager ok: %lu frames, %lu rounds\n", total, manager.rounds);
    return 0;
}
