/* SPDX-License-Identifier: MIT */
/*
 * Envs that do their worst, on the hart beside this program's if there is one:
 * bad arguments to calls on time, events and transfers; U-areas that another
 * hart fills with garbage while their owner runs, or that the owner has mapped
 * no more; ends at every bad moment. Beside each runs another that must get its
 * time, and of each nothing must be left.
 */
#include "test/user/attack.h"

#define RW 0xc6 /* D, A, W, R */
#define VIEW 30 /* place of the window: a victim's U-area */
#define VICTIMS 40
#define POKES 300

uint64_t page;
static uint64_t window;
uint64_t far;
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

/* Until a word is not what it was, which takes ten seconds at most. */
static void
await(const volatile uint64_t *word, uint64_t old)
{
    uint64_t end = time_now() + 10000 * 10000;

    while (*word == old && time_now() < end) {
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

void
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
void attack_gate_quick(void);
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
        "   li t1, 0x40000000\n"
        "   ld a7, 56(t1)\n" /* epilogues */
        "   addi a7, a7, 1\n"
        "   sd a7, 56(t1)\n"
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
        "attack_gate_quick:\n"
        "   li a7, 28\n" /* pct_return */
        "   ecall\n"
        "   ebreak\n"
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

void
other_begin(void)
{
    *SHARED_PAGE = (struct shared){0};
    other = child_make_on(page, spin_other, far);
    slots_take(other.id, far, 4, 5);
}

void
other_end(void)
{
    await(&SHARED_PAGE->other, SHARED_PAGE->other);
    child_end(&other);
}

struct child
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

/* Opens and closes its gate all the time. */
static void
gates_victim(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        (void)sys_gate_set(CHILD_CAP_OWN, 0, 0);
        (void)sys_gate_set(CHILD_CAP_OWN, 0, (uint64_t)attack_gate_quick);
        SHARED_PAGE->victim++;
    }
}

/* Binds an env that runs on another hart to this one as well. */
static void
bind_here(const struct child *victim)
{
    struct uarea *view = (struct uarea *)(SHARED + VIEW * 4096);
    uint64_t frame = frame_clean(CAP_CHILD);
    int64_t error;

    exo_uarea->batch[0] = victim->uarea << 10 | RW;
    exo_uarea->batch[1] = frame << 10 | RW;
    EXPECT(sys_pt_map(0, window, VIEW, 2), 2);
    view[0].consent = CONSENT_FRAMES;
    view[1].version = UAREA_VERSION;
    view[1].self = CHILD_UAREA + 4 * 4096;
    exo_uarea_init(&view[1], NULL);
    view[1].entry_exception = view[1].entry_interrupt = 0;
    exo_uarea->batch[0] = frame << 10 | RW;
    EXPECT(sys_pt_map(CAP_CHILD | CAP_CHILD << 8, victim->leaf, 5, 1), 1);
    EXPECT(sys_frame_give(CAP_CHILD, frame, victim->id), 0);
    do {
        error = sys_env_bind(CAP_CHILD, victim->id, 0, frame);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    EXPECT(sys_pt_unmap(0, window, VIEW, 2), 2);
}

/* Calls gates that another hart sets anew meanwhile. */
static void
gates_race(void)
{
    uint64_t count[3] = {0};
    struct child victim;

    if (far == 0) {
        return;
    }
    other_begin();
    victim = victim_begin(gates_victim, 1, 3);
    bind_here(&victim);
    await(&SHARED_PAGE->victim, SHARED_PAGE->victim);
    for (unsigned i = 0; i < 20000; i++) {
        int64_t error = i % 4 == 0
                            ? exo_bind(exo_uarea, CAP_CHILD, victim.id, 0, 0)
                            : exo_call(0, exo_uarea, 0);

        EXPECT(error == 0 || error == -ESRCH || error == -ENOENT ||
                   error == -EBUSY,
               1);
        count[error >= 0 ? 0 : error == -EBUSY ? 1 : 2]++;
    }
    printf("attack: gates: %lu well, %lu busy, %lu refused\n", count[0],
           count[1], count[2]);
    EXPECT(count[0] > 0 && count[2] > 0, 1);
    child_end(&victim);
    EXPECT(exo_call(0, exo_uarea, 0), -ESRCH);
    other_end();
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
    while (SHARED_PAGE->epilogues < 40) {
        wait(50);
    }
    printf("attack: alarms in epilogues: %lu, excess %lu\n",
           SHARED_PAGE->epilogues, SHARED_PAGE->excess);
    /* Each would be; some are, where the host stops the hart just there. */
    EXPECT(SHARED_PAGE->excess < SHARED_PAGE->epilogues / 2, 1);
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
    gates_race();
    alarms_in_epilogues();
    EXPECT(used(), before);
    printf("test: attack ok\n");
    return 0;
}
