/* SPDX-License-Identifier: MIT */
/*
 * An env that will not give its frames back. It runs on all harts but the first
 * (or on the one there is) with its upcalls masked, maps its frames again as
 * soon as they are gone, hides some as page tables that map the others, and has
 * two helpers that map them too. A little after the deadline all are this
 * env's, which keeps a secret in them; nobody ever reads it.
 */
#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"
#include "test/user/harts.h"
#include "test/user/spread.h"

#define SECRET 0x5ec2e75ec2e75ec2UL
#define MARK 0x4d41524bUL

#define DATA 80   /* frames of data, */
#define HIDDEN 10 /* and page tables that map some of them, with shadows */
#define EACH 8    /* that each of those maps */
#define SOME 20   /* one of so many is mapped in a turn */
#define ALL (DATA + 2 * HIDDEN)

/* Where in the table at SHARED an env has the data, once for each hart on which
   it runs, and U-areas and stacks; in that above, the hidden tables; and where
   this env has what it got. */
#define FIRST 3
#define STACKS 400
#define TABLES 8
#define OURS 128
#define WINDOW 40

#define ENVS 3 /* the hostile one and its helpers */
#define HARTS_MAX 8

struct shared {
    uint64_t harts;
    uint64_t first; /* hart of the hostile one */
    uint64_t middle;
    uint64_t id[ENVS];
    uint64_t leaf[ENVS];
    volatile uint64_t ready; /* it, and each hart of it */
    volatile uint64_t read;  /* how often the secret was */
    volatile uint64_t wrong;
    volatile uint32_t frame[ALL];
    struct {
        volatile uint64_t turns;
        volatile uint64_t seen; /* in its last turn, pages that were there */
    } actor[ENVS][HARTS_MAX];
};

_Static_assert(sizeof(struct shared) <= 4096, "one page");

#define SHARED_PAGE ((struct shared *)SHARED)
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define ACCOUNTS ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define ROWS ((const volatile struct env_row *)INFORMATION_ENVS)

/* Whether something is at an address, which is not to be the secret. */
static uint64_t
look(uint64_t address)
{
    uint64_t value = touch_read(address);

    if (value == SECRET) {
        SHARED_PAGE->read++;
    }
    return value == MARK;
}

/* Maps some of what is not mapped, looks at all, and unmaps something, for
   ever. More calls, and harts that share a processor wait for nothing but
   locks. */
static void
attack(struct uarea *uarea, uint64_t env)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t hart = uarea->hart;
    uint64_t first =
        FIRST + (env == 0 ? (hart - shared->first) * DATA : 0); /* its own */

    touch_begin(uarea);
    uarea->masked = MASKED_INTERRUPT;
    for (uint64_t turns = 0;; turns++) {
        uint64_t seen = 0;

        for (uint64_t i = 0; i < DATA; i++) {
            if (turns == 0 || (turns + i) % SOME == 0) {
                uarea->batch[0] = (uint64_t)shared->frame[i] << 10 | 0xc6;
                (void)sys_pt_map(CAP_OWN_BOTH, shared->leaf[env], first + i, 1);
            }
            seen += look(SHARED + (first + i) * 4096);
        }
        (void)sys_pt_unmap(CHILD_CAP_OWN, shared->leaf[env],
                           first + turns % DATA, 1);
        for (uint64_t i = 0; env == 0 && i < HIDDEN * EACH; i++) {
            seen +=
                look(SHARED + ((TABLES + i / EACH) << 21) + i % EACH * 4096);
        }
        shared->actor[env][hart].seen = seen;
        shared->actor[env][hart].turns = turns + 1;
    }
}

/* Two more frames become a table, which maps some of the others. */
static bool
hide(struct uarea *uarea, uint64_t n)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t table = (uint64_t)sys_frame_alloc(CHILD_CAP_OWN, 0, 0);
    uint64_t shadow = (uint64_t)sys_frame_alloc(CHILD_CAP_OWN, 0, 0);

    (void)sys_frame_scrub(table);
    (void)sys_frame_scrub(shadow);
    shared->frame[DATA + 2 * n] = (uint32_t)table;
    shared->frame[DATA + 2 * n + 1] = (uint32_t)shadow;
    for (uint64_t i = 0; i < EACH; i++) {
        uarea->batch[i] =
            (uint64_t)shared->frame[(n * EACH + i) % DATA] << 10 | 0xc6;
    }
    return sys_pt_make(table, shadow, 0) == 0 &&
           sys_pt_map(CAP_OWN_BOTH, table, 0, EACH) == EACH &&
           sys_pt_link(CAP_OWN_BOTH, shared->middle, TABLES + n, table) == 0;
}

static void
hostile_elsewhere(struct uarea *uarea)
{
    if (sys_guarantee((uint64_t)__builtin_frame_address(0) - 1) != 0) {
        SHARED_PAGE->wrong = __LINE__;
    }
    SHARED_PAGE->ready++;
    attack(uarea, 0);
}

static void
hostile(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    for (uint64_t i = 0; i < DATA; i++) {
        uint64_t frame = spread_page(uarea, shared->leaf[0], FIRST + i);

        if (frame == 0) {
            shared->wrong = __LINE__;
        }
        shared->frame[i] = (uint32_t)frame;
        *(volatile uint64_t *)(SHARED + (FIRST + i) * 4096) = MARK;
    }
    for (uint64_t n = 0; n < HIDDEN; n++) {
        if (!hide(uarea, n)) {
            shared->wrong = __LINE__;
        }
    }
    for (uint64_t hart = shared->first + 1; hart < shared->harts; hart++) {
        struct spread to = {shared->id[0], shared->leaf[0], hart,
                            STACKS + 2 * hart, hostile_elsewhere};

        if (spread_to(uarea, &to) != 0) {
            shared->wrong = __LINE__;
        }
    }
    hostile_elsewhere(uarea);
}

static void
helper(struct uarea *uarea)
{
    attack(uarea, uarea->own[25]);
}

static struct child child[ENVS];
static uint64_t page;
static uint64_t window;
static volatile struct uarea *const told =
    (volatile struct uarea *)(SHARED + WINDOW * 4096);
static volatile uint64_t *const ours =
    (volatile uint64_t *)(SHARED + OURS * 4096);

/* Finds the table above that at SHARED. */
static int64_t
middle_find(void *context, const struct exo_entry *e)
{
    if (e->level == 1 && e->address >> 30 == SHARED >> 30) {
        *(uint64_t *)context = e->table;
    }
    return 0;
}

static uint64_t
hart_of(uint64_t env)
{
    return SHARED_PAGE->harts > ENVS ? env + 1 : SHARED_PAGE->first;
}

/* Makes the three, each with slots of its own, and waits until they have all
   mapped, and seen, what there is. */
static void
begin(uint64_t harts)
{
    struct shared *shared = SHARED_PAGE;
    struct exo_map map;

    memset(shared, 0, sizeof(*shared));
    shared->harts = harts;
    shared->first = harts > 1;
    for (uint64_t env = 0; env < ENVS; env++) {
        child[env] =
            harts_child(page, env == 0 ? hostile : helper, hart_of(env), env);
        shared->id[env] = child[env].id;
        shared->leaf[env] = child[env].leaf;
    }
    map = (struct exo_map){child[0].frames[2], CAP_CHILD};
    EXPECT(exo_map_visit(&map, middle_find, &shared->middle), 0);
    exo_map_forget();
    exo_uarea->batch[0] = child[0].uarea << 10 | 0xc6;
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, WINDOW, 1), 1);
    for (uint64_t hart = shared->first; hart < harts; hart++) {
        harts_slots(child[0].id, hart, 1);
        harts_slots(child[0].id, hart, 2);
    }
    harts_wait_for(&shared->ready, harts - shared->first);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->ready, harts - shared->first);
    for (uint64_t env = 1; env < ENVS; env++) {
        harts_slots(child[env].id, hart_of(env), 2 * env + 1);
        harts_slots(child[env].id, hart_of(env), 2 * env + 2);
    }
}

/* Waits until everyone has had two more turns: in the last each has seen some
   of the pages, or none. */
static void
turns_wait(bool some)
{
    struct shared *shared = SHARED_PAGE;

    for (uint64_t env = 0; env < ENVS; env++) {
        uint64_t last = env == 0 ? shared->harts - 1 : hart_of(env);

        for (uint64_t hart = hart_of(env); hart <= last; hart++) {
            const volatile uint64_t *turns = &shared->actor[env][hart].turns;
            uint64_t wanted = *turns + 2;

            harts_wait_for(turns, wanted);
            EXPECT(*turns >= wanted, 1);
            EXPECT(shared->actor[env][hart].seen > 0, some);
        }
    }
    EXPECT(shared->wrong, 0);
}

/* Takes all of it, while this env sleeps or is busy. */
static void
take(bool busy)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t deadline = time_now() + 20UL * MILLISECOND;
    /* A slot for each dozen frames, and for each step of a table. Harts that
       share the host's processors wait for each other at every fence. */
    uint64_t bound = shared->harts == 1 ? 100 : 30000;
    uint64_t end = deadline + bound * MILLISECOND;
    uint64_t account = ROWS[child[0].id >> 20].account;
    uint64_t used = ACCOUNTS[account].used[ACCOUNT_FRAMES];

    EXPECT(sys_revoke(CAP_CHILD, child[0].id, RESOURCE_FRAME, REVOKE_ANY, ALL,
                      deadline),
           0);
    while (told->request[0].left != 0 && time_now() < end) {
        if (!busy) {
            harts_wait(1);
        }
    }
    EXPECT(told->request[0].left, 0);
    printf("revoke_hostile: taken in %lu ms\n",
           (time_now() - deadline) / MILLISECOND);
    EXPECT(used - ACCOUNTS[account].used[ACCOUNT_FRAMES], ALL);
    EXPECT(told->losses_posted, ALL);
    for (unsigned i = 0; i < ALL; i++) {
        unsigned times = 0;

        for (unsigned j = 0; j < ALL; j++) {
            times += told->loss[j] == LOSS(RESOURCE_FRAME, shared->frame[i], 0);
        }
        EXPECT(times, 1);
        EXPECT(RECORDS[shared->frame[i]].owner, 0);
        EXPECT(RECORDS[shared->frame[i]].maps, 0);
    }
}

/* What was taken is this env's; what it writes there nobody sees or changes. */
static void
keep(void)
{
    struct shared *shared = SHARED_PAGE;

    for (unsigned i = 0; i < ALL; i++) {
        EXPECT(sys_frame_alloc(0, 0, shared->frame[i]), shared->frame[i]);
        (void)sys_frame_scrub(shared->frame[i]);
        exo_uarea->batch[0] = (uint64_t)shared->frame[i] << 10 | 0xc6;
        EXPECT(sys_pt_map(0, window, OURS + i, 1), 1);
    }
    for (unsigned i = 0; i < ALL * 512; i++) {
        EXPECT(ours[i], 0);
        ours[i] = SECRET;
    }
    for (unsigned i = 0; i < 10; i++) {
        turns_wait(false);
    }
    EXPECT(shared->read, 0);
    for (unsigned i = 0; i < ALL * 512; i++) {
        EXPECT(ours[i], SECRET);
    }
    for (unsigned i = 0; i < ALL; i++) {
        EXPECT(sys_frame_free(shared->frame[i], FRAME_FREE_BREAK), 0);
    }
}

static void
attempt(uint64_t harts, bool busy)
{
    begin(harts);
    turns_wait(true);
    for (unsigned n = 0; n < HIDDEN; n++) {
        EXPECT(RECORDS[SHARED_PAGE->frame[DATA + 2 * n]].type, FRAME_TABLE_0);
        EXPECT(RECORDS[SHARED_PAGE->frame[DATA + 2 * n]].used, EACH);
    }
    take(busy);
    keep();
    EXPECT(sys_pt_unmap(0, window, WINDOW, 1), 1);
    for (unsigned env = 0; env < ENVS; env++) {
        child_end(&child[env]);
    }
}

int
main(void)
{
    const volatile uint64_t *used =
        &ACCOUNTS[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
    uint64_t harts;
    uint64_t before;

    page = frame_clean(0);
    window = window_open(page);
    harts = harts_open();
    attempt(harts, false); /* after it this env has all tables that it makes */
    before = *used;
    attempt(harts, false);
    EXPECT(*used, before);
    attempt(harts, true);
    EXPECT(*used, before);
    printf("test: revoke_hostile ok: %lu harts\n", harts);
    return 0;
}
