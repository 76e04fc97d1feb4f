/* SPDX-License-Identifier: MIT */
/*
 * Revocation of an env that does not want it: what is asked for by name goes,
 * whatever its owner does between the steps; and what is told stays true.
 */
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define NEVER (~0UL)
/* The entry with the name that all here is under: not the empty one, whose
   holder may do anything; and that for page table and frame. */
#define OWN 40
#define BOTH (OWN | OWN << 8)
#define ROUNDS 8
#define MANY 64 /* entries that one call sets */
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

static int64_t
ask(uint64_t name, uint64_t count, uint64_t deadline)
{
    return sys_revoke(0, exo_id, RESOURCE_FRAME, name, count, deadline);
}

static bool
mine(uint64_t number)
{
    return RECORDS[number].owner == exo_id;
}

/* Sets the first entries to a frame. */
static void
fill(uint64_t table, uint64_t page, unsigned count)
{
    for (unsigned i = 0; i < MANY; i++) {
        exo_uarea->batch[i] = page << 10 | 0xc2; /* R, A, D */
    }
    for (unsigned i = 0; i < count; i += MANY) {
        if (sys_pt_map(BOTH, table, i, MANY) != MANY) {
            return;
        }
    }
}

static void
guard_again(uint64_t frame)
{
    int64_t result;

    do {
        result = sys_frame_set_guard(OWN, OWN, frame);
    } while (result == -EAGAIN);
}

/* Whether there is more after another step. The first was made at once, by the
   interrupt at the deadline: so what is to be tried comes before this. */
static bool
owing(void)
{
    return sys_repossess(0, exo_id) == -EAGAIN;
}

/* Takes until nothing is due; how many losses there were. */
static uint64_t
take(void)
{
    int64_t result;
    uint64_t before = exo_uarea->losses_taken;

    do {
        result = sys_repossess(0, exo_id);
    } while (result == -EAGAIN);
    EXPECT(result >= 0, 1);
    exo_uarea->losses_taken = exo_uarea->losses_posted;
    return exo_uarea->losses_posted - before;
}

/* A page table that is made again after each step. */
static void
table_again(void)
{
    uint64_t spare[2] = {frame_clean(OWN), frame_clean(OWN)};
    uint64_t table = table_new(OWN, 0);
    uint64_t shadow = RECORDS[table].shadow;
    unsigned i;

    EXPECT(ask(table, 1, 0), 0);
    i = 0;
    do {
        (void)sys_pt_make(table, spare[i % 2], 0);
    } while (owing() && ++i < 5 * ROUNDS);
    (void)take();
    EXPECT(i < ROUNDS, 1);
    EXPECT(mine(table), 0);
    EXPECT(mine(shadow), 0);
    for (i = 0; i < 2; i++) {
        EXPECT(sys_frame_free(spare[i], 0), 0);
    }
}

/* A page table that is put under its guard and filled again after each step. */
static void
table_refilled(void)
{
    uint64_t page = frame_clean(OWN);
    uint64_t table = table_new(OWN, 0);
    unsigned i;

    fill(table, page, 2 * MANY);
    EXPECT(ask(table, 1, 0), 0);
    i = 0;
    do {
        guard_again(table);
        fill(table, page, 2 * MANY);
    } while (owing() && ++i < ROUNDS);
    (void)take();
    EXPECT(i < ROUNDS, 1);
    EXPECT(mine(table), 0);
    EXPECT(sys_frame_free(page, 0), 0);
}

/* The same, emptied by way of what it holds, to be made anew. */
static void
table_anew(void)
{
    uint64_t page = frame_clean(OWN);
    uint64_t table = table_new(OWN, 0);
    uint64_t shadow = RECORDS[table].shadow;
    unsigned i;

    fill(table, page, 2 * MANY);
    EXPECT(ask(table, 1, 0), 0);
    i = 0;
    do {
        guard_again(page);
        (void)sys_pt_unmake(table);
        guard_again(table);
        guard_again(shadow);
        (void)sys_pt_make(table, shadow, 0);
        fill(table, page, 2 * MANY);
    } while (owing() && ++i < ROUNDS);
    (void)take();
    EXPECT(i < ROUNDS, 1);
    EXPECT(mine(table), 0);
    EXPECT(sys_frame_free(page, 0), 0);
}

/* A frame with many bindings, which its owner breaks, to bind it again. */
static void
bound_again(void)
{
    uint64_t page = frame_clean(OWN);
    uint64_t table = table_new(OWN, 0);
    uint64_t shadow = RECORDS[table].shadow;
    unsigned i;

    fill(table, page, MANY);
    EXPECT(ask(page, 1, 0), 0);
    i = 0;
    do {
        guard_again(page);
        fill(table, page, MANY);
    } while (owing() && ++i < ROUNDS);
    (void)take();
    EXPECT(i < ROUNDS, 1);
    EXPECT(mine(page), 0);
    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(sys_frame_free(table, 0), 0);
    EXPECT(sys_frame_free(shadow, 0), 0);
}

/* Several page tables at once. */
static void
tables(void)
{
    uint64_t table[6];
    uint64_t shadow[6];

    for (unsigned i = 0; i < 6; i++) {
        table[i] = table_new(OWN, 0);
        shadow[i] = RECORDS[table[i]].shadow;
        EXPECT(ask(table[i], 1, 0), 0);
    }
    EXPECT(take(), 12);
    for (unsigned i = 0; i < 6; i++) {
        EXPECT(mine(table[i]), 0);
        EXPECT(mine(shadow[i]), 0);
    }
}

/* A page of a larger frame that was made since. */
static void
joined(void)
{
    int64_t frame = sys_frame_alloc(OWN, FRAME_ORDER_2M, 0);
    int64_t result;

    EXPECT(frame > 0, 1);
    EXPECT(sys_frame_split((uint64_t)frame), 0);
    EXPECT(ask((uint64_t)frame + 5, 1, NEVER), 0);
    do {
        result = sys_frame_join((uint64_t)frame);
    } while (result == -EAGAIN);
    EXPECT(result, 0);
    EXPECT(ask((uint64_t)frame + 5, 1, 0), 0);
    EXPECT(take(), 1);
    EXPECT(mine((uint64_t)frame), 0);
}

/* What is taken by name is not what is asked for by count; nor the other way
   round. */
static void
counted(void)
{
    uint64_t a = frame_clean(OWN);
    uint64_t b;

    EXPECT(ask(REVOKE_ANY, 5, NEVER), 0);
    EXPECT(ask(a, 1, 0), 0);
    EXPECT(take(), 1);
    EXPECT(mine(a), 0);
    EXPECT(exo_uarea->request[0].left, 5);
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(sys_frame_free(frame_clean(OWN), 0), 0);
    }
    EXPECT(exo_uarea->request[0].left, 0);
    a = frame_clean(OWN);
    b = frame_clean(OWN); /* is looked at first */
    EXPECT(sys_frame_mark(a, 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(sys_frame_mark(b, 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(ask(b, 1, NEVER), 0);
    EXPECT(ask(REVOKE_ANY, 1, 0), 0);
    EXPECT(take(), 2);
    EXPECT(mine(a), 0);
    EXPECT(mine(b), 0);
    EXPECT(sys_repossess(0, exo_id), 0);
}

/* Marks go when the type changes; they do not keep it. */
static void
marked(void)
{
    uint64_t table = frame_clean(OWN);
    uint64_t shadow = frame_clean(OWN);

    EXPECT(sys_frame_mark(table, 1, MARK_EXPENDABLE, shadow), 1);
    EXPECT(sys_frame_mark(shadow, 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(sys_pt_make(table, shadow, 0), 0);
    EXPECT(RECORDS[table].flags | RECORDS[shadow].flags, 0);
    EXPECT(RECORDS[table].used, 0);
    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(sys_frame_free(table, 0), 0);
    EXPECT(sys_frame_free(shadow, 0), 0);
}

/* An env that was asked before it had a U-area finds the request in it. */
static void
asked_unborn(void)
{
    uint64_t root = table_new(OWN, 2);
    uint64_t record = frame_clean(OWN);
    uint64_t list = frame_clean(OWN);
    uint64_t page = frame_clean(OWN);
    struct uarea *uarea = (struct uarea *)SHARED;
    uint64_t id;
    int64_t result;

    (void)window_open(page);
    uarea->version = UAREA_VERSION;
    id = (uint64_t)sys_env_create(OWN, record, list, root, 0);
    EXPECT((int64_t)id > 0, 1);
    EXPECT(sys_frame_give(OWN, page, id), 0);
    EXPECT(sys_revoke(OWN, id, RESOURCE_FRAME, REVOKE_ANY, 3, NEVER), 0);
    EXPECT(sys_env_bind(OWN, id, 0, page), 0);
    EXPECT(uarea->request[0].left, 3);
    EXPECT(uarea->request[0].deadline, NEVER);
    EXPECT(uarea->pending, PENDING_REQUEST);
    do {
        result = sys_env_destroy(OWN, id);
    } while (result == -EAGAIN);
    EXPECT(result == 0 || result == -ESRCH, 1);
}

int
main(void)
{
    /* Deaf: no event is a chance for the kernel. */
    exo_uarea->masked = MASKED_INTERRUPT;
    exo_uarea->pending = PENDING_REQUEST | PENDING_LOSS;
    EXPECT(sys_cap_derive(0, OWN, 1, CAP_RIGHTS_ALL), 0);
    counted();
    marked();
    joined();
    tables();
    bound_again();
    table_refilled();
    table_anew();
    table_again();
    asked_unborn();
    printf("test: revoke_attack ok\n");
    return 0;
}
