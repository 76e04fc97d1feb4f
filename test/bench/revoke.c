/* SPDX-License-Identifier: MIT */
/*
 * What it costs to get resources back: from an env that answers, from one that
 * does not, and with the env itself.
 */
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "test/bench/bench.h"
#include "test/bench/mark.h"
#include "test/user/child.h"

void bench_asked(void);
void bench_asked_prologue(void);
void bench_asked_handler(void);

#define BOTH (CAP_CHILD | CAP_CHILD << 8)
#define NEVER (~0UL)
#define TAKEN 256
#define OWNED 1024
#define ENTRIES 512
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

/* Where the env that is asked looks: primitives.S knows it. */
struct asked {
    uint64_t parent;
    uint64_t frame;  /* that it frees, */
    uint64_t number; /* and the number of that call */
    uint64_t freed;  /* the count, when it had */
};
#define ASKED ((volatile struct asked *)(SHARED + 64))

static struct child asked;
static uint64_t owned[OWNED];

/* It yields back whenever it gets the hart. */
static void
asked_main(struct uarea *uarea)
{
    uarea->consent = CONSENT_FRAMES;
    uarea->entry_prologue = (uint64_t)bench_asked_prologue;
    uarea->entry_interrupt = (uint64_t)bench_asked_handler;
    bench_asked();
}

static void
asked_make(void)
{
    if (asked.id == 0) {
        ASKED->parent = exo_id;
        ASKED->number = CALL_frame_free;
        asked = child_make(bench_page, asked_main);
        bench_result = exo_yield(asked.id, exo_uarea);
        want("yield", 0);
    }
}

static void
give(uint64_t frame, uint64_t env)
{
    bench_result = sys_frame_give(CAP_CHILD, frame, env);
    want("frame_give", 0);
}

uint64_t
revoke_roundtrip(void)
{
    uint64_t before;

    asked_make();
    ASKED->frame = frame_clean(CAP_CHILD);
    give(ASKED->frame, asked.id);
    before = COUNT_BEGIN();
    (void)sys_revoke(CAP_CHILD, asked.id, RESOURCE_FRAME, REVOKE_ANY, 1, NEVER);
    (void)exo_yield(asked.id, exo_uarea);
    before = ASKED->freed - before;
    bench_result = RECORDS[ASKED->frame].owner;
    want("its owner", 0);
    bench_result = sys_repossess(CAP_CHILD, asked.id);
    want("requests", 0);
    return before;
}

/* Takes frames, and maps them one after the other from entry `index` of the
   tables on. */
static void
owned_map(unsigned count, const uint64_t *table, uint64_t index)
{
    for (unsigned i = 0; i < count; i++, index++) {
        owned[i] = frame_clean(CAP_CHILD);
        exo_uarea->batch[i % PLACES] = LEAF(owned[i]);
        if (i % PLACES == PLACES - 1) {
            bench_result = sys_pt_map(BOTH, table[index / ENTRIES],
                                      (index + 1 - PLACES) % ENTRIES, PLACES);
            want("pt_map", PLACES);
        }
    }
}

uint64_t
repossess_per_frame(void)
{
    uint64_t before;

    asked_make();
    owned_map(TAKEN, &asked.leaf, PLACE);
    for (unsigned i = 0; i < TAKEN; i++) {
        give(owned[i], asked.id);
    }
    before = COUNT_BEGIN();
    (void)sys_revoke(CAP_CHILD, asked.id, RESOURCE_FRAME, REVOKE_ANY, TAKEN, 0);
    do {
        bench_result = sys_repossess(CAP_CHILD, asked.id);
    } while (bench_result == -EAGAIN);
    before = COUNT_END() - before;
    want("repossess", 0);
    for (unsigned i = 0; i < TAKEN; i++) {
        bench_result = RECORDS[owned[i]].owner;
        want("its owner", 0);
    }
    return per(TAKEN, before);
}

uint64_t
env_abort(void)
{
    uint64_t record = frame_clean(CAP_CHILD);
    uint64_t list = frame_clean(CAP_CHILD);
    uint64_t root = table_new(CAP_CHILD, 2);
    uint64_t middle = table_new(CAP_CHILD, 1);
    uint64_t leaf[OWNED / ENTRIES];
    uint64_t before;
    uint64_t env;

    bench_result = sys_pt_link(BOTH, root, 1, middle);
    want("pt_link", 0);
    for (unsigned i = 0; i < OWNED / ENTRIES; i++) {
        leaf[i] = table_new(CAP_CHILD, 0);
        bench_result = sys_pt_link(BOTH, middle, i, leaf[i]);
        want("pt_link", 0);
    }
    owned_map(OWNED, leaf, 0);
    env = (uint64_t)sys_env_create(CAP_CHILD, record, list, root, 0);
    for (unsigned i = 0; i < OWNED; i++) {
        give(owned[i], env);
    }
    give(middle, env);
    for (unsigned i = 0; i < OWNED / ENTRIES; i++) {
        give(leaf[i], env);
    }
    before = COUNT_BEGIN();
    do {
        bench_result = sys_env_destroy(CAP_CHILD, env);
    } while (bench_result == -EAGAIN);
    before = COUNT_END() - before;
    want("env_destroy", 0);
    for (unsigned i = 0; i < OWNED; i++) {
        bench_result = RECORDS[owned[i]].owner;
        want("its owner", 0);
    }
    return per(OWNED, before);
}
