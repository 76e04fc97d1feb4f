/* SPDX-License-Identifier: MIT */
/*
 * Sleep until a predicate holds: of a page that another env writes, on this
 * hart or another; of a table that the kernel writes. And what ends the sleep
 * else: an event, the loss of the page in each way that there is, the release
 * of the program, the end of the sleeper.
 */
#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "test/user/download.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define ACCOUNT ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define RECORD ((const volatile struct frame *)INFORMATION_FRAMES)
#define ENV_ROW ((const volatile struct env_row *)INFORMATION_ENVS)
#define ROUNDS 20
#define NEVER 0x123456789abcdefUL

struct shared {
    uint64_t parent;
    uint64_t cap; /* with which the child sleeps */
    uint64_t code_page;
    uint64_t code_count;
    uint64_t page;
    uint64_t argument;
    volatile uint64_t go;    /* the parent wants it to sleep so often */
    volatile uint64_t wakes; /* so often it has come back */
    volatile int64_t result; /* from that */
    volatile int64_t code;
};

static struct shared *const shared = (struct shared *)SHARED;
static struct code_instruction *program;
static volatile uint64_t *word; /* of the page that is looked at */
static uint64_t code_page;
static uint64_t page;
static struct exo_map own;
static uint64_t harts;

static const struct code_instruction word_is[] = {WORD_IS};
/* That the row of an env, at the argument in its page, tells of a life. */
static const struct code_instruction row_dead[] = {
    SET(0, 0),
    ADD_REGISTER(1, 2),
    LOAD(3, 1, offsetof(struct env_row, state), CODE_W),
    JUMP_IF(CODE_JEQ, 3, ENV_LIVE, 1),
    SET(0, 1),
    EXIT_PROGRAM};
static const struct code_instruction spin[] = {SET(0, 1), JUMP(-2),
                                               EXIT_PROGRAM};
/* Reads at the argument. */
static const struct code_instruction reach[] = {
    ADD_REGISTER(1, 2), LOAD(3, 1, 0, CODE_B), SET(0, 1), EXIT_PROGRAM};

/* Puts a program into the page of programs: its length. */
#define WRITE(name) program_write(name, sizeof(name) / sizeof(*(name)))

static uint64_t
program_write(const struct code_instruction *from, uint64_t count)
{
    memcpy(program, from, count * sizeof(*from));
    return count;
}

static uint64_t
used(void)
{
    return ACCOUNT[ACCOUNT_FIRST].used[ACCOUNT_CODE];
}

static unsigned
watchers(uint64_t number)
{
    return FRAME_PREDICATES(RECORD[number].harts);
}

/* Each time that the parent says so the child sleeps; by what program is in the
   page at its start. */
static void
child_main(struct uarea *uarea)
{
    struct shared *with = (struct shared *)SHARED;

    uarea->masked = MASKED_INTERRUPT;
    with->code = download(3, with->code_page, with->code_count);
    for (;;) {
        while (with->wakes == with->go) {
            (void)exo_yield(with->parent, uarea);
        }
        with->result =
            exo_sleep_until(with->cap, (uint64_t)with->code, with->page,
                            with->argument, uarea);
        uarea->pending = 0;
        with->wakes++;
    }
}

static struct child
child_begin(uint64_t window, uint64_t hart, uint64_t cap, uint64_t count)
{
    struct child child;

    *shared = (struct shared){.parent = exo_id, .cap = cap,
                              .code_page = code_page, .code_count = count,
                              .page = page};
    child = child_make_on(window, child_main, hart);
    harts_slots(child.id, hart, 1);
    while (shared->code == 0) {
        harts_wait(2);
    }
    EXPECT(shared->code > 0 ? 1 : shared->code, 1);
    return child;
}

/* Has the child go to sleep until the first word of `number` is that, and waits
   until it does. */
static void
child_sleeps(uint64_t number, uint64_t argument)
{
    shared->page = number;
    shared->argument = argument;
    shared->go++;
    while (watchers(number) == 0) {
        harts_wait(2);
    }
    harts_wait(3);
    EXPECT(shared->wakes, shared->go - 1);
    EXPECT(watchers(number), 1);
}

static void
child_wakes(int64_t result)
{
    while (shared->wakes != shared->go) {
        harts_wait(2);
    }
    EXPECT(shared->result, result);
}

static void
refusals(void)
{
    uint64_t other = frame_clean(CAP_CHILD);
    int64_t code;

    WRITE(word_is);
    code = download(0, code_page, WORD_IS_COUNT);
    EXPECT(code > 0, 1);
    EXPECT(sys_sleep_until(40, (uint64_t)code, page, 0), -EBADF);
    EXPECT(sys_sleep_until(0, 0, page, 0), -ENOENT);
    EXPECT(sys_sleep_until(0, ~0UL, page, 0), -ENOENT);
    EXPECT(sys_sleep_until(0, (uint64_t)code, 0, 0), -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, 1UL << 23, 0), -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, ~0UL, 0), -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, exo_root, 0), -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, INFORMATION_BOOT + 8, 0),
           -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, INFORMATION_BOOT + 4096, 0),
           -EINVAL); /* nothing there */
    EXPECT(sys_sleep_until(0, (uint64_t)code, INFORMATION_END, 0), -EINVAL);
    EXPECT(sys_sleep_until(0, (uint64_t)code, INFORMATION_FRAMES + (1UL << 30),
                           0),
           -EINVAL);
    EXPECT(sys_sleep_until(CAP_CHILD, (uint64_t)code, page, 0), -EPERM);
    EXPECT(sys_frame_free(other, 0), 0);
    other = (uint64_t)sys_frame_alloc(0, 0, other);
    EXPECT(sys_sleep_until(0, (uint64_t)code, other, 0), -EBUSY);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(watchers(page), 0);
    /* It holds already; of a page in the middle of a large frame. */
    *word = 5;
    EXPECT(sys_sleep_until(0, (uint64_t)code, page, 5), 1);
    other = (uint64_t)sys_frame_alloc(0, 9, 0);
    while (sys_frame_scrub(other) == -EAGAIN) {
    }
    EXPECT(sys_sleep_until(0, (uint64_t)code, other + 511, 0), 1);
    EXPECT(RECORD[other].maps, 0);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(sys_sleep_until(0, (uint64_t)code, INFORMATION_ENVS, 0), 1);
    EXPECT(RECORD[page].maps, 1); /* this program's own */
    /* An event comes first. */
    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_alarm(0, 7), 0);
    EXPECT(exo_sleep(exo_uarea), 0);
    EXPECT(sys_sleep_until(0, (uint64_t)code, page, 5), 0);
    exo_uarea->pending = 0;
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    exo_uarea->masked = 0;
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
}

/* Sleeps for a time with a program that shall not hold; whether it did. */
static int64_t
alarm_ends(uint64_t count, uint64_t argument)
{
    int64_t code = download(0, code_page, count);
    int64_t result;

    EXPECT(code > 0, 1);
    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_alarm(time_now() + 20 * MILLISECOND, 1), 0);
    result = exo_sleep_until(0, (uint64_t)code, page, argument, exo_uarea);
    if (result == 0) {
        EXPECT(exo_uarea->pending, PENDING_COMPLETION);
    } else {
        EXPECT(sys_alarm(~0UL, 0), 0);
    }
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    EXPECT(RECORD[page].maps, 1);
    return result;
}

/* What is stopped does not hold, and harms nobody: without fuel, or outside the
   page. */
static void
hostile(void)
{
    EXPECT(alarm_ends(WRITE(spin), 0), 0);
    EXPECT(alarm_ends(WRITE(reach), 0), 1);
    EXPECT(alarm_ends(WRITE(reach), 4095), 1);
    EXPECT(alarm_ends(WRITE(reach), 4096), 0);
    EXPECT(alarm_ends(WRITE(reach), ~0UL), 0);
    EXPECT(alarm_ends(WRITE(reach), 0xffffffc080000000), 0);
}

static void
page_fresh(void)
{
    struct exo_range range = {0x50001000, 1, 0};

    page = frame_clean(0);
    EXPECT(exo_map_insert(&own, &range, 0, &page, EXO_R | EXO_W), 0);
    word = (volatile uint64_t *)range.address;
    exo_map_forget();
}

/* A child sleeps on `hart` and wakes when the word is written. */
static void
writes(uint64_t window, uint64_t hart)
{
    struct child child =
        child_begin(window, hart, 3, WRITE(word_is));
    uint64_t maps = RECORD[page].maps;

    for (uint64_t i = 1; i <= ROUNDS; i++) {
        *word = 0;
        child_sleeps(page, i);
        EXPECT(RECORD[page].maps, maps + 1);
        *word = i;
        child_wakes(0);
        EXPECT(RECORD[page].maps, maps);
        EXPECT(watchers(page), 0);
    }
    /* Its end in the middle of a sleep leaves nothing. */
    child_sleeps(page, NEVER);
    child_end(&child);
    EXPECT(RECORD[page].maps, maps);
    EXPECT(watchers(page), 0);
    EXPECT(used(), 0);
}

/* The page goes, in each way; each wakes the child, and lets it not sleep on it
   again. */
static void
losses(uint64_t window, uint64_t hart)
{
    struct child child;
    int64_t error;

    child = child_begin(window, hart, 3, WRITE(word_is));
    /* Freed. */
    child_sleeps(page, NEVER);
    EXPECT(sys_frame_free(page, 0), -EBUSY);
    EXPECT(shared->wakes, shared->go - 1);
    do {
        error = sys_frame_free(page, FRAME_FREE_BREAK);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    EXPECT(RECORD[page].harts, 0);
    child_wakes(0);
    shared->go++;
    child_wakes(-EINVAL);
    /* Taken. */
    page_fresh();
    child_sleeps(page, NEVER);
    EXPECT(sys_revoke(0, exo_id, RESOURCE_FRAME, page, 1, 0), 0);
    while (sys_repossess(0, exo_id) == -EAGAIN) {
    }
    EXPECT(RECORD[page].owner != exo_id, 1);
    child_wakes(0);
    exo_uarea->pending = 0;
    exo_uarea->losses_taken = exo_uarea->losses_posted;
    page_fresh();
    child_end(&child);
    /* Put under another guard. */
    child = child_begin(window, hart, CHILD_CAP_OWN, WRITE(word_is));
    do {
        error = sys_frame_set_guard(CAP_CHILD, 0, page);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    child_sleeps(page, NEVER);
    do {
        error = sys_frame_set_guard(0, 0, page);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    child_wakes(0);
    shared->go++;
    child_wakes(-EPERM);
    EXPECT(RECORD[page].maps, 0);
    EXPECT(sys_frame_free(page, 0), 0);
    page_fresh();
    child_end(&child);
    EXPECT(used(), 0);
}

/* A child waits for the end of another, by the table of envs. */
static void
sibling(uint64_t window, uint64_t hart)
{
    uint64_t other = frame_clean(0);
    struct child victim;
    struct child child;

    victim = child_make_on(other, child_main, hart);
    child = child_begin(window, hart, 3, WRITE(row_dead));
    shared->page = INFORMATION_ENVS + (victim.id >> 20) * 64 / 4096 * 4096;
    shared->argument = (victim.id >> 20) * 64 % 4096;
    shared->go++;
    harts_wait(20);
    EXPECT(shared->wakes, 0);
    child_end(&victim);
    child_wakes(0);
    /* It holds of one that has ended. */
    shared->go++;
    child_wakes(1);
    child_end(&child);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(used(), 0);
}

/* This env on another hart, asleep; its program is released from here. */
static _Alignas(16) char stack[4096];
static volatile uint64_t sleeper_wakes;
static volatile int64_t sleeper_result = -1;
static int64_t sleeper_code;
static struct uarea *sleeper_uarea;

static void
sleeper_main(void)
{
    for (;;) {
        sleeper_result = exo_sleep_until(0, (uint64_t)sleeper_code, page,
                                         NEVER, sleeper_uarea);
        sleeper_uarea->pending = 0;
        sleeper_wakes++;
        while (sleeper_result < 0) {
            (void)exo_sleep(sleeper_uarea);
        }
    }
}

__asm__(".text\n"
        ".balign 4\n"
        ".global sleeper_start\n"
        "sleeper_start:\n"
        "   .option push\n"
        "   .option norelax\n"
        "   lla gp, __global_pointer$\n"
        "   .option pop\n"
        "   mv sp, t1\n"
        "   ld t2, 0x1f0(t0)\n"
        "   jr t2\n");
void sleeper_start(void);

static void
releases(void)
{
    struct exo_range range = {0x50002000, 1, 0};
    uint64_t frame = frame_clean(0);
    int64_t error;

    EXPECT(exo_map_insert(&own, &range, 0, &frame, EXO_R | EXO_W), 0);
    exo_map_forget();
    sleeper_uarea = (struct uarea *)range.address;
    sleeper_uarea->self = range.address;
    sleeper_uarea->version = UAREA_VERSION;
    exo_uarea_init(sleeper_uarea, NULL);
    sleeper_uarea->level[LEVEL_INTERRUPT].pc = (uint64_t)sleeper_start;
    sleeper_uarea->level[LEVEL_INTERRUPT].t0 = range.address;
    sleeper_uarea->level[LEVEL_INTERRUPT].t1 = (uint64_t)stack + sizeof(stack);
    sleeper_uarea->level[LEVEL_INTERRUPT].masked = MASKED_INTERRUPT;
    sleeper_uarea->own[24] = (uint64_t)sleeper_main;
    WRITE(word_is);
    sleeper_code = download(0, code_page, WORD_IS_COUNT);
    EXPECT(sleeper_code > 0, 1);
    do {
        error = sys_env_bind(0, exo_id, 1, frame);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    harts_slots(exo_id, 1, 2);
    while (watchers(page) == 0) {
        harts_wait(2);
    }
    harts_wait(5);
    EXPECT(sleeper_wakes, 0);
    do {
        error = sys_release(RELEASE_CODE, (uint64_t)sleeper_code);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    EXPECT(used(), 0);
    EXPECT(watchers(page), 0);
    harts_wait_for(&sleeper_wakes, 2);
    EXPECT(sleeper_result, -ENOENT);
}

int
main(void)
{
    struct exo_range range = {0x50000000, 1, 0};
    uint64_t window = frame_clean(0);

    own = exo_map_own();
    code_page = frame_clean(0);
    EXPECT(exo_map_insert(&own, &range, 0, &code_page, EXO_R | EXO_W), 0);
    program = (struct code_instruction *)range.address;
    (void)window_open(window);
    harts = harts_open();
    page_fresh();
    refusals();
    hostile();
    for (uint64_t hart = 0; hart < harts; hart++) {
        writes(window, hart);
        losses(window, hart);
        sibling(window, hart);
    }
    if (harts > 1) {
        releases();
    }
    printf("test: predicate ok: %lu hart%s\n", harts, harts > 1 ? "s" : "");
    return 0;
}
