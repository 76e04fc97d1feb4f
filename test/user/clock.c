/* SPDX-License-Identifier: MIT */
/*
 * Corners of the kernel's clockwork: an epilogue that sets an alarm is not
 * charged; an owner of slots that is woken by an env without any gets the hart;
 * a handler of a fault in a prologue lives through slices; a caller that sleeps
 * learns of its callee's death; a slot that moves between envs of another hart
 * is not lost; an interrupt in an epilogue is not the end of its grace.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

struct shared {
    volatile uint64_t count; /* assembly knows where these are */
    volatile uint64_t excess;
    volatile uint64_t fault;   /* whether the prologue is to fault */
    volatile uint64_t handled; /* by the double-fault handler */
    volatile uint64_t result;  /* of a call, plus 1000 */
    volatile uint64_t step;
    volatile uint64_t woken;
    volatile uint64_t callee;
    volatile uint64_t back;
    volatile uint64_t never;     /* stays 0 */
    volatile uint64_t epilogues; /* begun */
};

#define SHARED_PAGE ((struct shared *)SHARED)
#define SETTLE 20

static uint64_t page;

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static void
wait(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * 10000;

    exo_uarea->masked = MASKED_INTERRUPT;
    while (time_now() < end) {
        EXPECT(sys_alarm(end, 1), 0);
        (void)exo_sleep(exo_uarea);
        exo_uarea->ring_taken = exo_uarea->ring_posted;
        __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    }
    exo_uarea->masked = 0;
}

/* Until the word is as wanted, which takes ten seconds at most. */
static void
await(const volatile uint64_t *word, uint64_t wanted)
{
    uint64_t end = time_now() + 10000 * 10000;

    while (*word != wanted && time_now() < end) {
        wait(1);
    }
    EXPECT(*word, wanted);
}

/* Until the word is not 0, for at most so long; without sleeping. */
static void
spin_until(volatile const uint64_t *word, uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * 10000;

    while (*word == 0 && time_now() < end) {
    }
}

/* Of each eight slots of the boot hart; this program has the first. */
static void
slots_take(uint64_t env, uint64_t first, uint64_t last)
{
    for (uint64_t slot = 0; slot < 1024; slot++) {
        if (slot % 8 >= first && slot % 8 <= last) {
            EXPECT(sys_slot_alloc(0, env, 0, slot), 0);
        }
    }
}

static void
spin(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        SHARED_PAGE->count++;
    }
}

/* Sets an alarm a millisecond ahead, and ends at once. */
void clock_epilogue(void);
__asm__(".text\n"
        ".balign 4\n"
        "clock_epilogue:\n"
        "   sd s0, 0x1f8(t0)\n" /* own[25]; s0 to s2 are in nobody's way */
        "   mv s0, t0\n"
        "   rdtime a0\n"
        "   li a1, 10000\n"
        "   add a0, a0, a1\n"
        "   li a7, 39\n" /* alarm */
        "   ecall\n"
        "   mv t0, s0\n"
        "   ld s0, 0x1f8(t0)\n"
        "   lwu t1, 0x114(t0)\n" /* excess */
        "   li a7, 0x40000000\n"
        "   sd t1, 8(a7)\n"
        "   ld t1, 0x120(t0)\n" /* take what the ring has */
        "   sd t1, 0x128(t0)\n"
        "   sd zero, 0xf8(t0)\n"
        "   j exo_epilogue\n"
        "clock_spin:\n"
        "   li s2, 0x40000000\n"
        "1: ld s3, 0(s2)\n"
        "   addi s3, s3, 1\n"
        "   sd s3, 0(s2)\n"
        "   j 1b\n");

void clock_spin(void);

static void
spin_alarm(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)clock_epilogue;
    clock_spin();
}

static void
alarm_in_epilogue(void)
{
    struct child child = child_make(page, spin_alarm);
    struct child other = child_make(page, spin);

    SHARED_PAGE->excess = 0;
    slots_take(child.id, 1, 3);
    slots_take(other.id, 4, 7);
    wait(300);
    /* Each end of a slice would be; some may be the host's fault. */
    printf("clock: excess %lu\n", SHARED_PAGE->excess);
    EXPECT(SHARED_PAGE->excess < 12, 1);
    child_end(&child);
    child_end(&other);
}

static void
sleeper(struct uarea *uarea)
{
    uarea->masked = MASKED_INTERRUPT;
    (void)sys_gate_set(CHILD_CAP_OWN, 0, GATE_NOTIFY);
    SHARED_PAGE->step = 1;
    for (;;) {
        (void)exo_sleep(uarea);
        __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
        SHARED_PAGE->woken++;
        if (SHARED_PAGE->back != 0) { /* who woke it has no slots */
            (void)exo_yield(SHARED_PAGE->back, uarea);
        }
    }
}

static void
wake_without_slots(void)
{
    struct child child = child_make(page, sleeper);

    SHARED_PAGE->step = 0;
    slots_take(child.id, 1, 7);
    await(&SHARED_PAGE->step, 1);
    wait(SETTLE); /* it sleeps */
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, child.id, 0, 0), 0);
    for (uint64_t slot = 0; slot < 1024; slot += 8) {
        EXPECT(sys_slot_free(0, exo_id, 0, slot), 0);
    }
    /* A slice ends; then nobody who has slots is awake, and no other will. */
    spin_until(&SHARED_PAGE->never, SETTLE);
    SHARED_PAGE->woken = 0;
    SHARED_PAGE->back = exo_id;
    EXPECT(sys_notify(0, 0), 0);
    spin_until(&SHARED_PAGE->woken, 5000);
    EXPECT(SHARED_PAGE->woken, 1);
    slots_take(exo_id, 0, 0);
    SHARED_PAGE->back = 0;
    child_end(&child);
}

/* Loads from nowhere while it is told to. */
void clock_prologue(void);
void clock_double(void);
__asm__(".text\n"
        ".balign 4\n"
        "clock_prologue:\n"
        "   lwu t1, 0x118(t0)\n" /* not before a forced save is taken up */
        "   bnez t1, 1f\n"
        "   li t1, 0x40000000\n"
        "   ld a7, 16(t1)\n"
        "   beqz a7, 1f\n"
        "   li a7, 0x50000000\n"
        "   .option push\n"
        "   .option norvc\n"
        "   ld a7, 0(a7)\n"
        "   .option pop\n"
        "1: j exo_prologue\n"
        "clock_double:\n" /* takes ten milliseconds */
        "   li s2, 0x40000000\n"
        "   rdtime s4\n"
        "1: rdtime s5\n"
        "   sub s5, s5, s4\n"
        "   li s6, 100000\n"
        "   bltu s5, s6, 1b\n"
        "   sd zero, 16(s2)\n"
        "   ld s5, 24(s2)\n"
        "   addi s5, s5, 1\n"
        "   sd s5, 24(s2)\n"
        "   ld t1, 0x80(t0)\n"
        "   addi t1, t1, 4\n"
        "   sd t1, 0x80(t0)\n"
        "   li t1, 2\n"
        "   li a7, 1\n" /* resume */
        "   ecall\n");

static void
spin_prologue(struct uarea *uarea)
{
    uarea->entry_double = (uint64_t)clock_double;
    uarea->entry_prologue = (uint64_t)clock_prologue;
    clock_spin();
}

static void
fault_in_prologue(void)
{
    struct child child = child_make(page, spin_prologue);
    struct child other = child_make(page, spin);

    SHARED_PAGE->fault = SHARED_PAGE->handled = 0;
    slots_take(child.id, 1, 1);
    slots_take(other.id, 4, 7);
    wait(SETTLE);
    SHARED_PAGE->fault = 1;
    await(&SHARED_PAGE->handled, 1);
    EXPECT(sys_slot_free(0, child.id, 0, 1), 0); /* it lives */
    child_end(&child);
    child_end(&other);
}

/* A callee that does not return; a caller whose prologue sleeps. */
void clock_gate(void);
void clock_return(void);
void clock_sleep(void);
__asm__(".text\n"
        ".balign 4\n"
        "clock_gate:\n"
        "   li t1, 0x40000000\n"
        "   li t2, 3\n"
        "   sd t2, 40(t1)\n"
        "1: j 1b\n"
        "clock_return:\n"
        "   li t1, 0x40000000\n"
        "   addi a0, a0, 1000\n"
        "   sd a0, 32(t1)\n"
        "1: j 1b\n"
        "clock_sleep:\n" /* not before the gate was entered */
        "   li t1, 0x40000000\n"
        "   ld t1, 40(t1)\n"
        "   addi t1, t1, -3\n"
        "   bnez t1, 2f\n"
        "   sd zero, 0xf8(t0)\n"
        "   mv s0, t0\n"
        "   li a7, 38\n" /* sleep */
        "   ecall\n"
        "   mv t0, s0\n"
        "   j clock_sleep\n"
        "2: j exo_prologue\n");

static void
callee(struct uarea *uarea)
{
    (void)sys_gate_set(CHILD_CAP_OWN, 0, (uint64_t)clock_gate);
    SHARED_PAGE->step = 1;
    for (;;) {
        (void)exo_sleep(uarea);
    }
}

static void
caller(struct uarea *uarea)
{
    (void)sys_gate_bind(CHILD_CAP_OWN, SHARED_PAGE->callee, 0, 0);
    uarea->entry_return = (uint64_t)clock_return;
    uarea->entry_prologue = (uint64_t)clock_sleep;
    for (;;) { /* refused until the callee is asleep */
        __asm__ volatile("li t2, 0\n"
                         "li a7, 26\n" /* pct_call */
                         "ecall\n" ::
                             : "t0", "t1", "t2", "a0", "a6", "a7", "memory");
    }
}

static void
sleeping_caller(void)
{
    struct child called = child_make(page, callee);
    struct child calls = child_make(page, caller);

    SHARED_PAGE->step = SHARED_PAGE->result = 0;
    SHARED_PAGE->callee = called.id;
    EXPECT(sys_slot_alloc(0, called.id, 0, 1), 0);
    await(&SHARED_PAGE->step, 1);
    slots_take(calls.id, 2, 3);
    await(&SHARED_PAGE->step, 3); /* in the gate; the caller soon sleeps */
    EXPECT(sys_slot_free(0, called.id, 0, 1), 0);
    wait(100);
    child_end(&called);
    await(&SHARED_PAGE->result, 1000 - EDIED);
    child_end(&calls);
}

/* A batch that takes slot 5 of hart 1 from one env and gives it to another,
   whose place in the table comes before. */
static void
slot_move(uint64_t from, uint64_t to)
{
    uint64_t *words = exo_uarea->batch;
    uint64_t done;

    *words++ = BATCH_HEADER(NUMBER_slot_free, 4ul);
    *words++ = 0;
    *words++ = from;
    *words++ = 1;
    *words++ = 5;
    *words++ = BATCH_HEADER(NUMBER_slot_alloc, 4ul);
    *words++ = 0;
    *words++ = to;
    *words++ = 1;
    *words++ = 5;
    EXPECT(exo_batch(exo_uarea, 0, 2, &done), 0);
}

static void
moving_slot(void)
{
    struct child to = child_make_on(page, sleeper, 1);
    struct child from = child_make_on(page, sleeper, 1);

    SHARED_PAGE->step = 0;
    EXPECT(sys_slot_alloc(0, to.id, 1, 5), 0);
    spin_until(&SHARED_PAGE->step, 5000);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 0, 0), 0);
    EXPECT(sys_slot_free(0, to.id, 1, 5), 0);
    for (unsigned i = 0; i < 200; i++) {
        EXPECT(sys_slot_alloc(0, from.id, 1, 5), 0);
        SHARED_PAGE->woken = 0;
        EXPECT(sys_notify(0, 1), 0);
        slot_move(from.id, to.id);
        spin_until(&SHARED_PAGE->woken, 5000);
        EXPECT(SHARED_PAGE->woken > 0, 1);
        EXPECT(sys_slot_free(0, to.id, 1, 5), 0);
    }
    child_end(&to);
    child_end(&from);
}

/* An epilogue of half the grace, which forgets events: each notify is an
   interrupt. */
void clock_disturbed(void);
__asm__(".text\n"
        ".balign 4\n"
        "clock_disturbed:\n"
        "   li a7, 0x40000000\n"
        "   ld t1, 80(a7)\n"
        "   addi t1, t1, 1\n"
        "   sd t1, 80(a7)\n"
        "   rdtime t1\n"
        "   sd t1, 0x1f8(t0)\n" /* own[25] */
        "1: sd zero, 0xf8(t0)\n"
        "   rdtime t1\n"
        "   ld a7, 0x1f8(t0)\n"
        "   sub t1, t1, a7\n"
        "   li a7, 1000\n"
        "   bltu t1, a7, 1b\n"
        "   lwu t1, 0x114(t0)\n" /* excess */
        "   li a7, 0x40000000\n"
        "   sd t1, 8(a7)\n"
        "   j exo_epilogue\n");

static void
disturbed(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)clock_disturbed;
    (void)sys_gate_set(CHILD_CAP_OWN, 0, GATE_NOTIFY);
    SHARED_PAGE->step = 1;
    clock_spin();
}

static void
interrupted_epilogue(void)
{
    struct child child = child_make_on(page, disturbed, 1);
    struct child other = child_make_on(page, spin, 1);
    uint64_t end = time_now() + 10000 * 10000;

    SHARED_PAGE->step = SHARED_PAGE->excess = SHARED_PAGE->epilogues = 0;
    for (uint64_t slot = 0; slot < 512; slot++) {
        uint64_t id = slot % 2 ? child.id : other.id;

        EXPECT(sys_slot_alloc(0, id, 1, slot), 0);
    }
    spin_until(&SHARED_PAGE->step, 5000);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, child.id, 0, 0), 0);
    while (SHARED_PAGE->epilogues < 100 && time_now() < end) {
        (void)sys_notify(0, 1);
    }
    printf("clock: interrupted in %lu epilogues, excess %lu\n",
           SHARED_PAGE->epilogues, SHARED_PAGE->excess);
    EXPECT(SHARED_PAGE->epilogues >= 100, 1);
    /* The host may stop us just there, but not each time. */
    EXPECT(SHARED_PAGE->excess < 40, 1);
    child_end(&child);
    child_end(&other);
}

int
main(void)
{
    bool second;

    page = frame_clean(0);
    (void)window_open(page);
    slots_take(exo_id, 0, 0);
    alarm_in_epilogue();
    wake_without_slots();
    fault_in_prologue();
    sleeping_caller();
    second = sys_slot_alloc(0, exo_id, 1, 0) == 0;
    if (second) {
        EXPECT(sys_slot_free(0, exo_id, 1, 0), 0);
        moving_slot();
        interrupted_epilogue();
    }
    printf("test: clock ok on %d hart%s\n", second ? 2 : 1, second ? "s" : "");
    return 0;
}
