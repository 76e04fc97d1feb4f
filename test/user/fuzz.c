/* SPDX-License-Identifier: MIT */
/*
 * Random calls. The kernel must answer each, whatever its arguments, and its
 * records must stay consistent: after each thousand every page table is read
 * and compared with what the frame table says of the frames in it; each frame
 * must be in the list of the env that it belongs to, or free; slots and
 * accounts must add up; and an env that nobody has power over must have what it
 * had. At the end all is taken apart, and every frame must be to be had by its
 * name. The line at the start has what repeats the run (fuzz.h).
 *
 * The program keeps itself alive by what it plays with: a pool of frames in
 * which nothing of its own lies, the part of its root from FREE_ROOT on, and
 * other envs. One of these on each hart, the puppet, makes calls that it is
 * told to make; those made at random have nothing to run and end at once.
 *
 * On several harts (harts=) each is one of the program's own, with a U-area, a
 * stack and random numbers of its own; pool, envs, capabilities, gates and
 * slots are common, so that what they do meets. They stand still for the
 * checks, asleep between looks whether these are over.
 */
#include "test/user/fuzz.h"

#define STACK_SIZE 16384
#define TLS_SIZE 8192
#define LOOK_TICKS 2000 /* of 100 ns, between two looks */

static _Alignas(16) unsigned char stacks[INFORMATION_HARTS][STACK_SIZE];
static _Alignas(16) unsigned char event_stacks[INFORMATION_HARTS][STACK_SIZE];
static _Alignas(16) unsigned char tls[INFORMATION_HARTS][TLS_SIZE];
static volatile uint64_t current_round;

/* In a puppet, which has none of this program's data. */
static void
puppet_main(struct uarea *uarea)
{
    volatile struct shared *shared = (volatile struct shared *)SHARED;

    for (;;) {
        if (shared->number == NUMBER_sleep) {
            shared->result = exo_sleep(uarea);
        } else {
            shared->result = call_raw(shared->number, shared->argument[0],
                                      shared->argument[1], shared->argument[2],
                                      shared->argument[3], shared->argument[4],
                                      shared->argument[5]);
        }
        (void)exo_yield(shared->parent, uarea);
    }
}

/* Takes frames until it runs again. */
static void
witness_main(struct uarea *uarea)
{
    uarea->consent = CONSENT_FRAMES;
    for (;;) {
        (void)exo_yield(((volatile struct shared *)SHARED)->parent, uarea);
        uarea->consent = 0;
    }
}

static void
look_later(void)
{
    if (hart_count > 1) {
        nap(LOOK_TICKS);
    }
    me->passes++;
}

static void
calls_make(void)
{
    uint64_t until = me->calls + ROUND / hart_count;

    while (me->calls < until) {
        step_random();
    }
}

/* Stands still until the next round. */
static void
stand_still(void)
{
    uint64_t round = current_round;

    me->arrived = round + 1;
    while (current_round == round) {
        look_later();
    }
}

_Noreturn void fuzz_hart_main(struct uarea *uarea);
_Noreturn void
fuzz_hart_main(struct uarea *uarea)
{
    me = &workers[uarea->hart];
    for (;;) {
        stand_still();
        calls_make();
    }
}

static void
others_await(void)
{
    for (unsigned i = 1; i < hart_count; i++) {
        while (workers[i].arrived != current_round + 1) {
            look_later();
        }
    }
}

/* Who has no slots any more runs for the rest of the slice; after that the hart
   is this program's. */
static void
quiet(void)
{
    slots_check();
    slots_take_back();
    for (unsigned i = 1; i < hart_count; i++) {
        uint64_t passes = workers[i].passes;

        while (workers[i].passes < passes + 3) {
            look_later();
        }
    }
    takes_end();
    dying_end();
    disks_settle();
}

static void
window_map(uint64_t index, uint64_t frame)
{
    me->uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(0, window, index, 1), 1);
}

static void
slots_own(uint64_t hart)
{
    for (uint64_t slot = 0; slot < SLOTS; slot += 8) {
        EXPECT(sys_slot_alloc(0, exo_id, hart, slot), 0);
    }
}

/* Lets a hart of the machine run this program. */
static void
hart_begin(uint64_t hart)
{
    uint64_t frame = frame_clean(0);
    struct uarea *uarea = (struct uarea *)(SHARED + (8 + hart) * 4096);
    int64_t error;

    window_map(8 + hart, frame);
    uarea->self = (uint64_t)uarea;
    uarea->version = UAREA_VERSION;
    exo_uarea_init(uarea, event_stacks[hart] + STACK_SIZE);
    uarea->entry_prologue = (uint64_t)fuzz_prologue;
    uarea->own[OWN_TP] = (uint64_t)tls[hart];
    uarea->level[LEVEL_INTERRUPT].pc = (uint64_t)fuzz_hart_entry;
    uarea->level[LEVEL_INTERRUPT].t0 = (uint64_t)uarea;
    uarea->level[LEVEL_INTERRUPT].t1 = (uint64_t)(stacks[hart] + STACK_SIZE);
    EXPECT(EXO_TLS_SIZE <= TLS_SIZE, 1);
    exo_tls_init(tls[hart]);
    workers[hart].uarea = uarea;
    do {
        error = sys_env_bind(0, exo_id, hart, frame);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    slots_own(hart);
}

static void
witness_make(uint64_t page)
{
    int64_t account = sys_account_carve(100, 2);
    uint64_t *words = (uint64_t *)(SHARED + WITNESS_INDEX * 4096UL);

    EXPECT(account > 0, 1);
    child_account = (uint64_t)account;
    witness = child_make(page, witness_main);
    child_account = 0;
    witness_page = frame_clean(CAP_CHILD);
    EXPECT(sys_cap_drop(CAP_CHILD), 0);
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    window_map(WITNESS_INDEX, witness_page);
    for (unsigned i = 0; i < 512; i++) {
        words[i] = WITNESS_WORD(i);
    }
    EXPECT(exo_yield(witness.id, exo_uarea), 0);
    EXPECT(sys_frame_give(63, witness_page, witness.id), 0);
    EXPECT(exo_yield(witness.id, exo_uarea), 0);
    if (hart_count > 1) {
        slots_own(0);
        EXPECT(sys_slot_alloc(0, witness.id, 0, WITNESS_SLOT), 0);
    }
}

static void
workers_make(void)
{
    for (unsigned i = 0; i < hart_count; i++) {
        struct worker *w = &workers[i];

        w->hart = i;
        w->page = frame_clean(0);
        w->shared = (volatile struct shared *)(SHARED + i * 4096UL);
        if (i == 0) {
            me = w;
            me->uarea = exo_uarea;
            exo_uarea->entry_prologue = (uint64_t)fuzz_prologue;
            window = window_open(w->page);
        } else {
            window_map(i, w->page);
        }
        w->shared->parent = exo_id;
    }
    witness_make(workers[0].page);
}

static uint64_t
calls_made(void)
{
    uint64_t calls = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        calls += workers[i].calls;
    }
    return calls;
}

static void
round_make(void)
{
    versions_write();
    for (unsigned i = 0; i < hart_count; i++) {
        workers[i].puppet =
            child_make_on(workers[i].page, puppet_main, workers[i].hart);
    }
    current_round++;
    calls_make();
    others_await();
    quiet();
    check();
    check_machine();
    others_end();
    check();
}

static void
report(uint64_t limit)
{
    uint64_t longest = 0;
    uint64_t faults = 0;

    for (unsigned i = 0; i < CALL_MAX; i++) {
        uint64_t most = 0;
        uint64_t good = 0;

        for (unsigned j = 0; j < hart_count; j++) {
            good += workers[j].good_of[i];
            if (workers[j].longest_of[i] > most) {
                most = workers[j].longest_of[i];
            }
        }
        longest = most > longest ? most : longest;
        if (good > 0) {
            printf("fuzz: call %u: %lu succeeded, longest %lu\n", i, good,
                   most);
        }
    }
    EXPECT(longest <= limit, 1);
    for (unsigned i = 0; i < hart_count; i++) {
        faults += workers[i].faults;
        printf("fuzz: hart %u: %lu calls, %lu looks, excess %u\n", i,
               workers[i].calls, workers[i].passes, workers[i].uarea->excess);
    }
    printf("fuzz: %lu faults, %lu rounds\n", faults, current_round);
}

int
main(void)
{
    uint64_t wanted = argument("calls=", CALLS);

    seed = argument("seed=", SEED);
    hart_count = (unsigned)argument("harts=", 1);
    printf("test: fuzz: seed=%lu calls=%lu harts=%u\n", seed, wanted,
           hart_count);
    EXPECT(hart_count > 0 && hart_count <= INFORMATION_HARTS, 1);
    disks_begin();
    workers_make();
    exo_exception_handler = skip;
    exo_event_handler = events_take;
    for (unsigned i = 0; i <= LARGE; i++) {
        int64_t number = sys_frame_alloc(0, 9, 0);

        EXPECT(number > 0, 1);
        base[i] = (uint64_t)number;
    }
    EXPECT(sys_frame_split(base[0]), 0);
    codes_begin();
    for (unsigned i = 1; i < hart_count; i++) {
        hart_begin(i);
    }
    others_await();
    while (calls_made() < wanted) {
        round_make();
    }
    end();
    report(argument("longest=", ~0UL));
    printf("test: fuzz ok, %lu calls\n", calls_made());
    return 0;
}
