/* SPDX-License-Identifier: MIT */
/*
 * Envs that are made, run on another hart and are destroyed from here while
 * they run, many times: no frame is lost, and no hart keeps anything of them.
 * And an env that runs on all harts at once, each of which changes the
 * capability list and the bindings that the others use. And an env that asks
 * for others all the while they are made and destroyed: it finds them, or does
 * not.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define ROUNDS 2000u
#define HARTS_MAX 8

struct shared {
    volatile uint64_t begun;
    volatile uint64_t parent;
    volatile uint64_t turns[HARTS_MAX];
    volatile int64_t wrong[HARTS_MAX];
    volatile uint64_t stop;
    volatile uint64_t id;   /* of the env that several harts run, */
    volatile uint64_t leaf; /* and the table that it uses here */
    volatile uint64_t harts;
};

#define SHARED_PAGE ((struct shared *)SHARED)

static void
runner(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        SHARED_PAGE->begun++;
    }
}

static uint64_t page;

/* How many frames this env can have: all that are free, and all its own. */
static uint64_t
frames_free(void)
{
    uint64_t low = 0, high = 1UL << 30;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        int64_t account = sys_account_carve(middle, 0);

        if (account < 0) {
            high = middle - 1;
        } else {
            EXPECT(sys_account_close((uint64_t)account), 0);
            low = middle;
        }
    }
    return low;
}

static void
rounds(uint64_t harts)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t free = 0;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t hart = i % harts;
        uint64_t before = shared->begun;
        struct child child = child_make_on(page, runner, hart);

        for (uint64_t slot = 1; slot < 1024; slot += 128) {
            EXPECT(sys_slot_alloc(0, child.id, hart, slot), 0);
        }
        if (i % 4 != 3) { /* else perhaps before it begins */
            uint64_t end = time_now() + 10000 * MILLISECOND;

            while (shared->begun == before && time_now() < end) {
                (void)exo_yield(hart == 0 ? child.id : 0, exo_uarea);
            }
            EXPECT(shared->begun != before, 1);
        }
        child_end(&child);
        if (i == harts) { /* tables of this env's own have been made by then */
            free = frames_free();
        }
    }
    EXPECT(frames_free(), free);
}

/* What all harts of the env use, and its first one changes. */
#define ENTRY 20
#define BINDING 2

/* Makes and drops a capability, and binds the env's own gate anew. */
static int64_t
change(struct uarea *uarea, uint64_t turn)
{
    int64_t error = sys_cap_derive(CHILD_CAP_OWN, ENTRY, 7, CAP_RIGHTS_ALL);

    if (error == 0) {
        error = sys_cap_drop(ENTRY);
    }
    if (error == 0 && turn % 4 == 0) {
        error = sys_gate_set(CHILD_CAP_OWN, 0, 0x10000 + turn);
    }
    return error != 0
               ? error
               : exo_bind(uarea, CHILD_CAP_OWN, SHARED_PAGE->id, 0, BINDING);
}

/* Whatever the first does meanwhile, both are there or not. That its own env is
   masked is the last thing that a call finds out, so none is made. */
static int64_t
use(struct uarea *uarea)
{
    int64_t error = sys_gate_set(ENTRY, 1, 0x20000);

    if (error != 0 && error != -EBADF) {
        return error;
    }
    error = sys_cap_derive(CHILD_CAP_OWN, 21 + uarea->hart, 7, CAP_READ);
    if (error == 0) {
        error = sys_cap_drop(21 + uarea->hart);
    }
    if (error != 0) {
        return error;
    }
    error = exo_call(BINDING, uarea, 1);
    return error == -EBUSY || error == -ESRCH ? 0 : error;
}

static void
sharer(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t hart = uarea->hart;
    int64_t error = 0;

    while (error == 0 && shared->stop == 0) {
        error = hart == 0 ? change(uarea, shared->turns[hart]) : use(uarea);
        shared->turns[hart]++;
    }
    shared->wrong[hart] = error;
    for (;;) {
        (void)exo_sleep(uarea);
    }
}

/* A page of the env's own in its table, from the first hart. */
static uint64_t
page_add(struct uarea *uarea, uint64_t index)
{
    int64_t frame = sys_frame_alloc(CHILD_CAP_OWN, 0, 0);

    (void)sys_frame_scrub((uint64_t)frame);
    uarea->batch[0] = (uint64_t)frame << 10 | 0xc6; /* D, A, W, R */
    if (frame <= 0 || sys_pt_map(CHILD_CAP_OWN << 8 | CHILD_CAP_OWN,
                                 SHARED_PAGE->leaf, index, 1) != 1) {
        SHARED_PAGE->wrong[0] = __LINE__;
    }
    return (uint64_t)frame;
}

/* On the first hart: makes what the others need, and goes there too. */
static void
spread(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    for (uint64_t hart = 1; hart < shared->harts; hart++) {
        uint64_t frame = page_add(uarea, 4 + 2 * hart);
        struct uarea *other = (struct uarea *)(SHARED + (4 + 2 * hart) * 4096);
        int64_t error;

        (void)page_add(uarea, 5 + 2 * hart);
        other->self = (uint64_t)other;
        other->version = UAREA_VERSION;
        exo_uarea_init(other, NULL);
        other->entry_exception = 0;
        other->entry_interrupt = 0;
        other->level[LEVEL_INTERRUPT].pc = (uint64_t)child_start;
        other->level[LEVEL_INTERRUPT].t0 = (uint64_t)other;
        other->level[LEVEL_INTERRUPT].t1 = (uint64_t)other + 2 * 4096ul;
        other->own[24] = (uint64_t)sharer;
        do {
            error = sys_env_bind(CHILD_CAP_OWN, shared->id, hart, frame);
        } while (error == -EAGAIN);
        for (uint64_t slot = 1; error == 0 && slot < 1024; slot += 8) {
            error = sys_slot_alloc(CHILD_CAP_OWN, shared->id, hart, slot);
        }
        if (error != 0) {
            shared->wrong[0] = error;
        }
    }
    sharer(uarea);
}

static void
share(uint64_t harts)
{
    struct shared *shared = SHARED_PAGE;
    struct child child = child_make(page, spread);
    /* Harts that QEMU runs in turns wait a whole turn for each lock. */
    uint64_t turns = harts > 2 ? 20 : 500;

    *shared = (struct shared){
        .parent = exo_id, .id = child.id, .leaf = child.leaf, .harts = harts};
    harts_slots(child.id, 0, 1);
    for (uint64_t hart = 0; hart < harts; hart++) {
        /* A host that is busy makes them slow: the test's limit ends it. */
        while (shared->turns[hart] < turns) {
            harts_wait_for(&shared->turns[hart], turns);
        }
        printf("envs_smp: hart %lu: %lu turns\n", hart, shared->turns[hart]);
        EXPECT(shared->wrong[hart], 0);
    }
    shared->stop = 1;
    harts_wait(50);
    for (uint64_t hart = 0; hart < harts; hart++) {
        EXPECT(shared->wrong[hart], 0);
    }
    child_end(&child);
}

/* What the kernel says of an env without gates, and of one that is gone. */
enum { FOUND, GONE };

static void
asker(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    (void)uarea;
    for (;;) {
        int64_t error = sys_gate_bind(CHILD_CAP_OWN, shared->id, 0, BINDING);

        if (error == -ENOENT) {
            shared->turns[FOUND]++;
        } else if (error == -ESRCH) {
            shared->turns[GONE]++;
        } else {
            shared->wrong[0] = error;
        }
    }
}

#define ASKED_ROUNDS 200

static void
ask(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child asks = child_make_on(page, asker, hart);
    uint64_t both = 0;

    *shared = (struct shared){.parent = exo_id};
    harts_slots(asks.id, hart, 1);
    for (uint64_t i = 0; i < ASKED_ROUNDS; i++) {
        struct child child = child_make(page, runner);
        uint64_t gone;

        shared->id = child.id;
        harts_wait_for(&shared->turns[FOUND], shared->turns[FOUND] + 1);
        gone = shared->turns[GONE];
        child_end(&child);
        harts_wait_for(&shared->turns[GONE], gone + 1);
        both += shared->turns[GONE] > gone;
    }
    EXPECT(shared->turns[FOUND] >= ASKED_ROUNDS, 1);
    EXPECT(both, ASKED_ROUNDS);
    EXPECT(shared->wrong[0], 0);
    child_end(&asks);
}

int
main(void)
{
    uint64_t harts;

    page = frame_clean(0);
    (void)window_open(page);
    harts = harts_open();
    SHARED_PAGE->parent = exo_id;
    share(harts);
    rounds(harts);
    ask(harts - 1);
    printf("test: envs_smp ok: %lu harts\n", harts);
    return 0;
}
