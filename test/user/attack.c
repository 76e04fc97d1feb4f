/* SPDX-License-Identifier: MIT */
/*
 * Envs that do their worst, on the hart beside this program's if there is one:
 * bad arguments to calls on time, events and transfers; U-areas that another
 * hart fills with garbage while their owner runs, or that the owner has mapped
 * no more; ends at every bad moment. Beside each runs another that must get its
 * time, and of each nothing must be left.
 */
#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#define BOOT ((const volatile struct information *)INFORMATION_BOOT)
#define RW 0xc6 /* D, A, W, R */
#define VIEW 30 /* place of the window: a victim's U-area */
#define VICTIMS 40
#define POKES 300

struct shared {
    volatile uint64_t victim;  /* how far it came */
    volatile uint64_t other;   /* the one beside it */
    volatile uint64_t entered; /* the gate, how often */
    volatile uint64_t open;    /* the gate lets its callers go */
    volatile uint64_t callee;
    volatile int64_t result;
    volatile uint64_t excess;
};

#define SHARED_PAGE ((struct shared *)SHARED)

static uint64_t page;
static uint64_t window;
static uint64_t far; /* the hart of the victims */
static uint64_t state = 88172645463325252;

static uint64_t
random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dUL;
}

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* Lets the others run for so many milliseconds. */
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

/* Until a word is not what it was, which takes a second at most. */
static void
await(const volatile uint64_t *word, uint64_t old)
{
    for (unsigned i = 0; *word == old && i < 1000; i++) {
        wait(1);
    }
    EXPECT(*word != old, 1);
}

static void
skip(struct uarea *uarea)
{
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

/* A store that may fault. */
static void
poke(uint64_t address, uint64_t value)
{
    __asm__ volatile(".option push; .option norvc\n"
                     "sd %1, 0(%0)\n"
                     ".option pop" ::"r"(address),
                     "r"(value)
                     : "memory");
}

static void
spin_other(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        SHARED_PAGE->other++;
    }
}

static void
spin_victim(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        __asm__ volatile("" ::: "memory"); /* the U-area is read */
        SHARED_PAGE->victim++;
    }
}

/* Makes calls all the time. */
static void
call_victim(struct uarea *uarea)
{
    for (;;) {
        (void)sys_alarm(0, 0);
        (void)sys_batch(0, 3);
        (void)exo_yield(0, uarea);
        SHARED_PAGE->victim++;
    }
}

static void
sleep_victim(struct uarea *uarea)
{
    uarea->masked = MASKED_EXCEPTION | MASKED_INTERRUPT | MASKED_DOUBLE;
    for (;;) {
        (void)sys_alarm(time_now() + 20000, 0);
        SHARED_PAGE->victim++;
        (void)exo_sleep(uarea);
    }
}

/* Epilogues that never end, and one that sets an alarm. */
void attack_epilogue(void);
void attack_epilogue_alarm(void);
void attack_gate(void);
__asm__(".text\n"
        ".balign 4\n"
        "attack_epilogue:\n"
        "   li t1, 0x40000000\n"
        "1: ld a7, 0(t1)\n"
        "   addi a7, a7, 1\n"
        "   sd a7, 0(t1)\n"
        "   j 1b\n"
        ".balign 4\n"
        "attack_epilogue_alarm:\n"
        /* Calls lose these. */
        "   .irp n, 7, 10, 11, 12, 13, 14, 15, 16, 28, 29, 30, 31\n"
        "   sd x\\n, 0x610 + \\n*8(t0)\n" /* save[] */
        "   .endr\n"
        "   rdtime a0\n"
        "   li t1, 5000\n"
        "   add a0, a0, t1\n"
        "   li a7, 39\n" /* alarm */
        "   ecall\n"
        "   li t0, 0x40001000\n"
        "   ld t1, 0x120(t0)\n" /* ring_taken = ring_posted */
        "   sd t1, 0x128(t0)\n"
        "   .irp n, 7, 10, 11, 12, 13, 14, 15, 16, 28, 29, 30, 31\n"
        "   ld x\\n, 0x610 + \\n*8(t0)\n"
        "   .endr\n"
        "   j exo_epilogue\n"
        /* Touches no stack; lets nobody go until it is told. */
        ".balign 4\n"
        "attack_gate:\n"
        "   li s1, 0x40000000\n"
        "   ld s2, 16(s1)\n"
        "   addi s2, s2, 1\n"
        "   sd s2, 16(s1)\n"
        "1: ld s2, 24(s1)\n"
        "   beqz s2, 1b\n"
        "   li a7, 28\n" /* pct_return */
        "   ecall\n"
        "2: li a0, 0\n"
        "   li a7, 20\n" /* yield */
        "   ecall\n"
        "   j 2b\n");

static void
epilogue_victim(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)attack_epilogue;
    spin_victim(uarea);
}

static void
callee(struct uarea *uarea)
{
    SHARED_PAGE->result = sys_gate_set(CHILD_CAP_OWN, 0, (uint64_t)attack_gate);
    SHARED_PAGE->victim++;
    for (;;) {
        (void)exo_yield(0, uarea);
    }
}

static void
caller(struct uarea *uarea)
{
    int64_t error = exo_bind(uarea, CHILD_CAP_OWN, SHARED_PAGE->callee, 0, 0);

    SHARED_PAGE->result = error;
    SHARED_PAGE->victim++;
    for (;;) {
        SHARED_PAGE->result = exo_call(0, uarea, 0);
        SHARED_PAGE->victim++;
        if (SHARED_PAGE->result < 0) {
            (void)exo_yield(0, uarea);
        }
    }
}

static void
slots_take(uint64_t env, uint64_t hart, uint64_t first, uint64_t last)
{
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        if (slot % 8 >= first && slot % 8 <= last) {
            EXPECT(sys_slot_alloc(0, env, hart, slot), 0);
        }
    }
}

static struct child other;

static void
other_begin(void)
{
    *SHARED_PAGE = (struct shared){0};
    other = child_make_on(page, spin_other, far);
    slots_take(other.id, far, 4, 5);
}

static void
other_end(void)
{
    await(&SHARED_PAGE->other, SHARED_PAGE->other);
    child_end(&other);
}

static struct child
victim_begin(void (*run)(struct uarea *uarea), uint64_t first, uint64_t last)
{
    struct child victim = child_make_on(page, run, far);

    slots_take(victim.id, far, first, last);
    return victim;
}

/* Words of a U-area, as bad as can be. */
static uint64_t
garbage(void)
{
    static const uint64_t bad[] = {0,
                                   1,
                                   7,
                                   ~0UL,
                                   CHILD_UAREA + 1,
                                   0xffffffc080000000,
                                   0xffffffffc0000000,
                                   1UL << 38,
                                   1UL << 63};
    uint64_t i = random64() >> 32;

    return i % 3 == 0 ? random64() : bad[i % (sizeof(bad) / sizeof(bad[0]))];
}

static void
scribble(void (*run)(struct uarea *uarea))
{
    struct child victim = victim_begin(run, 1, 3);

    exo_uarea->batch[0] = victim.uarea << 10 | RW;
    EXPECT(sys_pt_map(0, window, VIEW, 1), 1);
    await(&SHARED_PAGE->victim, SHARED_PAGE->victim);
    for (unsigned i = 0; i < POKES; i++) {
        /* The levels, and the words behind them, more often. */
        uint64_t word = (random64() >> 32) % (i % 2 ? 512 : 40);

        poke(SHARED + VIEW * 4096 + word * 8, garbage());
        if (random64() % 16 == 0) {
            wait(1);
        }
    }
    (void)sys_pt_unmap(0, window, VIEW, 1);
    child_end(&victim);
}

static void
scribbles(void)
{
    other_begin();
    for (unsigned i = 0; i < VICTIMS; i++) {
        scribble(i % 4 == 0   ? sleep_victim
                 : i % 4 == 1 ? call_victim
                              : spin_victim);
    }
    other_end();
}

/* The page is pinned, but where the owner has it mapped nothing is. */
static void
unmapped(void)
{
    struct child victim;

    other_begin();
    victim = victim_begin(spin_victim, 1, 3);
    await(&SHARED_PAGE->victim, 0);
    EXPECT(sys_pt_unmap(CAP_CHILD, victim.leaf, 1, 1), 1);
    EXPECT(sys_frame_free(victim.uarea, FRAME_FREE_BREAK), -EPERM);
    wait(50);
    child_end(&victim);
    other_end();
}

/* Ends while it runs, calls, sleeps, or is in an epilogue. */
static void
ends(void)
{
    static void (*const runs[])(struct uarea *) = {
        spin_victim, call_victim, sleep_victim, epilogue_victim};

    other_begin();
    for (unsigned i = 0; i < 10 * (sizeof(runs) / sizeof(runs[0])); i++) {
        struct child victim = victim_begin(runs[i % 4], 1, 3);

        await(&SHARED_PAGE->victim, SHARED_PAGE->victim);
        if (i % 3 != 0) {
            wait(random64() % 8);
        }
        child_end(&victim);
    }
    other_end();
}

static void
calls_end(void)
{
    struct child called;
    struct child calls;

    other_begin();
    called = victim_begin(callee, 1, 1);
    await(&SHARED_PAGE->victim, 0);
    EXPECT(SHARED_PAGE->result, 0);
    SHARED_PAGE->callee = called.id;

    /* Who waits ends; its callee returns to nobody, and goes on. */
    calls = victim_begin(caller, 2, 3);
    await(&SHARED_PAGE->entered, 0);
    EXPECT(sys_pct_cancel(called.id), far == 0 ? -EINVAL : -ESRCH);
    child_end(&calls);
    SHARED_PAGE->open = 1;
    wait(10);

    /* It takes calls again; when it ends, who waits is told. */
    calls = victim_begin(caller, 2, 3);
    await(&SHARED_PAGE->entered, 1);
    SHARED_PAGE->open = 0;
    wait(10);
    child_end(&called);
    wait(20);
    await(&SHARED_PAGE->victim, SHARED_PAGE->victim);
    EXPECT(SHARED_PAGE->result, -ESRCH);
    child_end(&calls);
    other_end();
}

static void
arguments_slots(const struct child *child)
{
    uint64_t id = child->id;
    uint64_t harts = BOOT->hart_count;

    EXPECT(sys_slot_alloc(63, id, far, 1), -EBADF);
    EXPECT(sys_slot_alloc(~0UL, id, far, 1), -EBADF);
    EXPECT(sys_slot_alloc(2, id, far, 1), -EPERM);
    EXPECT(sys_slot_free(2, id, far, 4), -EPERM);
    EXPECT(sys_slot_alloc(CAP_CHILD, exo_id, far, 1), -EPERM);
    EXPECT(sys_slot_free(CAP_CHILD, exo_id, 0, 0), -EPERM);
    EXPECT(sys_slot_free(CAP_CHILD, id, 0, 0), -EPERM);
    EXPECT(sys_slot_alloc(0, id, 0, 0), -EBUSY);
    for (unsigned i = 0; i < 61; i++) {
        EXPECT(sys_slot_alloc(0, id, ~0UL << i, 1) != 0 || ~0UL << i < harts,
               1);
        EXPECT(sys_slot_alloc(0, id, harts << i, 1) < 0, 1);
        EXPECT(sys_slot_free(0, id, far, (uint64_t)SLOTS << i) < 0 || i > 53,
               1);
        if (i < 20 || i > 27) { /* in between lies which of the envs it is */
            EXPECT(sys_slot_alloc(0, id ^ 1UL << i, far, 1), -ESRCH);
            EXPECT(sys_pct_cancel(id ^ 1UL << i), -ESRCH);
        }
        EXPECT(sys_env_bind(0, id, harts << i, child->uarea), -EINVAL);
    }
    EXPECT(sys_env_bind(0, id, far, ~0UL), -EINVAL);
    EXPECT(sys_env_bind(0, id, far, child->uarea), -EBUSY);
}

static void
arguments_events(const struct child *child)
{
    EXPECT(sys_pct_cancel(0), -ESRCH);
    EXPECT(sys_pct_cancel(~0UL), -ESRCH);
    EXPECT(sys_pct_cancel(exo_id), -EINVAL);
    EXPECT(sys_gate_set(63, 0, 1), -EBADF);
    EXPECT(sys_gate_set(0, 8, 1), -EINVAL);
    EXPECT(sys_gate_set(0, ~0UL, 1), -EINVAL);
    EXPECT(sys_gate_set(CAP_CHILD, 1, GATE_NOTIFY), 0);
    EXPECT(sys_gate_bind(0, exo_id, 1, 16), -EINVAL);
    EXPECT(sys_gate_bind(0, exo_id, 1, ~0UL), -EINVAL);
    EXPECT(sys_gate_bind(0, exo_id, ~0UL, 0), -EINVAL);
    EXPECT(sys_gate_bind(0, child->id, 7, 0), -ENOENT);
    EXPECT(sys_gate_bind(3, exo_id, 1, 0), -EBADF);
    EXPECT(sys_gate_bind(0, exo_id, 1, 0), 0);
    EXPECT(sys_notify(0, 8), -EINVAL);
    EXPECT(sys_notify(0, 1UL << 32), -EINVAL);
    EXPECT(sys_notify(0, ~1UL), -EINVAL);
    EXPECT(sys_notify(~0UL, 0), -EINVAL);
    EXPECT(sys_notify(15, 0), -ESRCH);
    for (unsigned i = 0; i < 100000; i++) { /* a flood */
        EXPECT(sys_notify(0, GATE_HART_ANY), 0);
    }
    EXPECT(sys_gate_set(CAP_CHILD, 1, 0), 0);
    EXPECT(sys_notify(0, 0), -ESRCH);
}

/* No alarm is lost, nor is one taken for which the ring has no room. */
static void
arguments_alarms(void)
{
    exo_uarea->masked = MASKED_INTERRUPT;
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    for (uint64_t i = 0; i < UAREA_RING_ENTRIES; i++) {
        const volatile uint64_t *posted = &exo_uarea->ring_posted;
        uint64_t before = *posted;

        EXPECT(sys_alarm(i, i), 0);
        while (*posted == before) {
        }
        EXPECT(exo_uarea->ring[before % UAREA_RING_ENTRIES].cookie, i);
    }
    EXPECT(sys_alarm(0, 0), -ENOSPC);
    EXPECT(sys_alarm(~0UL, 0), 0);
    exo_uarea->ring_taken = ~0UL;
    (void)sys_alarm(0, 0);
    exo_uarea->ring_taken = 0;
    (void)sys_alarm(0, 0);
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    EXPECT(sys_alarm(~0UL, 0), 0);
    EXPECT(sys_sleep(), 0); /* something is pending */
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
}

/* An env whose end has begun, or is over. */
static void
arguments_dying(const struct child *child)
{
    uint64_t id = child->id;

    EXPECT(sys_env_destroy(2, id), -EPERM);
    EXPECT(sys_env_destroy(0, id), -EAGAIN);
    EXPECT(sys_slot_alloc(0, id, far, 1), -ESRCH);
    EXPECT(sys_slot_free(0, id, far, 1) < 0, 1);
    EXPECT(sys_env_bind(0, id, far, child->uarea), -ESRCH);
    EXPECT(sys_gate_bind(0, id, 0, 0), -ESRCH);
    EXPECT(sys_cap_grant(0, 0, id, 9, CAP_READ) < 0, 1);
    EXPECT(sys_frame_give(0, page, id) < 0, 1);
}

static void
arguments(void)
{
    struct child child;

    EXPECT(sys_cap_derive(CAP_CHILD, 2, 0, CAP_RIGHTS_ALL & ~CAP_CONTROL), 0);
    other_begin();
    child = victim_begin(spin_victim, 2, 3);
    arguments_slots(&child);
    arguments_events(&child);
    arguments_alarms();
    arguments_dying(&child);
    child_end(&child);
    other_end();
    EXPECT(sys_cap_drop(2), 0);
}

/* An alarm that is set in an epilogue costs nothing: it does not end it. */
static void
alarm_victim(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)attack_epilogue_alarm;
    for (;;) {
        __asm__ volatile("" ::: "memory");
        SHARED_PAGE->excess = uarea->excess;
        SHARED_PAGE->victim++;
    }
}

static void
alarms_in_epilogues(void)
{
    struct child victim;

    other_begin();
    victim = victim_begin(alarm_victim, 1, 3);
    wait(300);
    printf("attack: alarms in epilogues: excess %lu\n", SHARED_PAGE->excess);
    EXPECT(SHARED_PAGE->excess <= 3, 1); /* the host may have been slow */
    child_end(&victim);
    other_end();
}

static uint64_t
used(void)
{
    const volatile struct account *accounts =
        (const volatile struct account *)INFORMATION_ACCOUNTS;

    return accounts[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
}

int
main(void)
{
    uint64_t before;

    page = frame_clean(0);
    window = window_open(page);
    far = BOOT->hart_count > 1;
    exo_exception_handler = skip;
    slots_take(exo_id, 0, 0, 0);
    other_begin(); /* once, for what the library keeps */
    other_end();
    before = used();
    arguments();
    printf("attack: arguments ok\n");
    scribbles();
    printf("attack: scribbles ok\n");
    unmapped();
    ends();
    printf("attack: ends ok\n");
    calls_end();
    printf("attack: calls ok\n");
    alarms_in_epilogues();
    EXPECT(used(), before);
    printf("test: attack ok\n");
    return 0;
}
