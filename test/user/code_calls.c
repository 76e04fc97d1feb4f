/* SPDX-License-Identifier: MIT */
/*
 * The calls on downloaded code: what they refuse, what a program goes through,
 * and that nothing of it is left, whoever ends in the middle of it.
 */
#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "test/user/child.h"
#include "test/user/download.h"
#include "test/user/expect.h"

#define ACCOUNT ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define CAP_BLIND 6 /* the root's name, without the right to read */
#define OBJECTS 512
#define LARGE_COUNT 4096
#define STEPS_MAX 1000 /* for a few instructions, on a busy host */

struct shared {
    uint64_t parent;
    uint64_t page; /* of the child's program */
    uint64_t count;
    uint64_t steps; /* to take with it */
    volatile int64_t code;
    volatile int64_t result;
    volatile uint64_t done;
};

static struct code_instruction *program; /* the page of programs, mapped */
static uint64_t page;

static void
program_write(const struct code_instruction *from, uint64_t count)
{
    memcpy(program, from, count * sizeof(*from));
}

#define WRITE(...)                                                             \
    program_write((const struct code_instruction[]){__VA_ARGS__},              \
                  sizeof((struct code_instruction[]){__VA_ARGS__}) /           \
                      sizeof(struct code_instruction))

static uint64_t
used(void)
{
    return ACCOUNT[ACCOUNT_FIRST].used[ACCOUNT_CODE];
}

static void
refusals(void)
{
    int64_t large = sys_frame_alloc(0, 0, 0);

    WRITE(WORD_IS);
    EXPECT(sys_code_load(40, 0, page, 0, 5), -EBADF);
    EXPECT(sys_code_load(0, 1, page, 0, 5), -EINVAL); /* no such purpose */
    EXPECT(sys_code_load(0, ~0UL, page, 0, 5), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 0, 0), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 0, 4097), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 0, ~0UL / 8 + 2), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 4, 5), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 4096, 1), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, ~0UL - 7, 1), -EINVAL);
    EXPECT(sys_code_load(0, 0, page, 0, 513), -EINVAL); /* not in the frame */
    EXPECT(sys_code_load(0, 0, page, 4088, 2), -EINVAL);
    EXPECT(sys_code_load(0, 0, 0, 0, 5), -EINVAL); /* no frame of anybody's */
    EXPECT(sys_code_load(0, 0, ~0UL, 0, 5), -EINVAL);
    EXPECT(sys_code_load(0, 0, 1UL << 23, 0, 5), -EINVAL);
    EXPECT(sys_code_load(0, 0, exo_root, 0, 5), -EINVAL); /* not data */
    EXPECT(sys_code_load(CAP_BLIND, 0, page, 0, 5), -EPERM);
    /* Nobody has seen it that may not: what others left is not to be read. */
    EXPECT(sys_frame_free((uint64_t)large, 0), 0);
    large = sys_frame_alloc(CAP_CHILD, 0, (uint64_t)large);
    EXPECT(sys_code_load(0, 0, (uint64_t)large, 0, 5), -EBUSY);
    EXPECT(sys_frame_free((uint64_t)large, 0), 0);
    EXPECT(sys_code_step(0), -ENOENT);
    EXPECT(sys_code_step(~0UL), -ENOENT);
    EXPECT(sys_release(RELEASE_CODE, 0), -ENOENT);
    EXPECT(sys_release(RELEASE_KINDS, 0), -EINVAL);
    EXPECT(sys_release(~0UL, 0), -EINVAL);
    EXPECT(used(), 0);
}

static void
refused(enum code_fault fault, uint64_t at, uint64_t count)
{
    int64_t code = sys_code_load(0, CODE_PREDICATE, page, 0, count);
    int64_t error;

    EXPECT(code > 0, 1);
    exo_uarea->batch[0] = exo_uarea->batch[1] = 77;
    do {
        error = sys_code_step((uint64_t)code);
    } while (error == -EAGAIN);
    EXPECT(error, -EINVAL);
    EXPECT(exo_uarea->batch[0], fault);
    EXPECT(exo_uarea->batch[1], at);
    EXPECT(used() > 0, 1); /* rows of the refused are not for nothing */
    EXPECT(sys_code_step((uint64_t)code), -EINVAL);
    EXPECT(exo_uarea->batch[0], fault);
    EXPECT(sys_sleep_until(0, (uint64_t)code, page, 0), -EINVAL);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), -ENOENT);
    EXPECT(used(), 0);
}

static void
bad_programs(void)
{
    WRITE({.opcode = 0xff}, EXIT_PROGRAM);
    refused(CODE_FAULT_OPCODE, 0, 2);
    WRITE(SET(0, 1), SET(0, 2));
    refused(CODE_FAULT_FALL, 1, 2);
    WRITE(SET(0, 1), STORE(1, 0, 0, CODE_DW), EXIT_PROGRAM);
    refused(CODE_FAULT_WRITE, 1, 3);
    WRITE(SET(0, 1), INSTRUCTION(CODE_JMP | CODE_CALL, 0, 0, 0, 1),
          EXIT_PROGRAM);
    refused(CODE_FAULT_HELPER, 1, 3);
    WRITE(SET(0, 1), JUMP(1000), EXIT_PROGRAM);
    refused(CODE_FAULT_TARGET, 1, 3);
    WRITE(EXIT_PROGRAM); /* the third argument is not there, nor r0 */
    refused(CODE_FAULT_UNSET, 0, 1);
    /* Good, but too long for what it is for. */
    for (unsigned i = 0; i < 511; i++) {
        program[i] = (struct code_instruction)LOAD(0, 1, 3, CODE_DW);
    }
    program[511] = (struct code_instruction)EXIT_PROGRAM;
    refused(CODE_FAULT_SLOW, 0, 512);
}

/* The life of one, whose words the env changes when it has been copied. */
static void
lifecycle(void)
{
    int64_t code;
    int64_t error;
    uint64_t steps = 0;

    WRITE(WORD_IS);
    code = sys_code_load(0, CODE_PREDICATE, page, 0, WORD_IS_COUNT);
    EXPECT(code > 0, 1);
    EXPECT(used() > 0, 1);
    EXPECT(sys_sleep_until(0, (uint64_t)code, page, 0), -EAGAIN);
    memset(program, 0xff, 4096);
    do {
        error = sys_code_step((uint64_t)code);
        steps++;
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    EXPECT(steps < STEPS_MAX, 1);
    EXPECT(used(), 1); /* what was compiled, and nothing else */
    EXPECT(sys_code_step((uint64_t)code), 0);
    EXPECT(sys_code_step((uint64_t)code + OBJECTS), -ENOENT);
    EXPECT(sys_sleep_until(0, (uint64_t)code, page, ~0UL), 1);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    EXPECT(sys_code_step((uint64_t)code), -ENOENT);
    EXPECT(used(), 0);
    /* Released at once, and in the middle. */
    WRITE(WORD_IS);
    code = sys_code_load(0, CODE_PREDICATE, page, 0, WORD_IS_COUNT);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    code = sys_code_load(0, CODE_PREDICATE, page, 0, WORD_IS_COUNT);
    (void)sys_code_step((uint64_t)code);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    EXPECT(used(), 0);
}

/* As large as they come, out of the second page of a large frame on. */
static void
large_program(void)
{
    uint64_t large = (uint64_t)sys_frame_alloc(0, 9, 0);
    int64_t code;
    int64_t error;

    EXPECT((int64_t)large > 0, 1);
    while (sys_frame_scrub(large) == -EAGAIN) {
    }
    EXPECT(sys_code_load(0, 0, large + 504, 8, LARGE_COUNT), -EINVAL);
    code = sys_code_load(0, 0, large + 1, 8, LARGE_COUNT);
    EXPECT(code > 0, 1);
    do {
        error = sys_code_step((uint64_t)code);
    } while (error == -EAGAIN);
    EXPECT(error, -EINVAL); /* zeroes are no instructions */
    EXPECT(exo_uarea->batch[0], CODE_FAULT_OPCODE);
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)code), 0);
    EXPECT(sys_frame_free(large, 0), 0);
    EXPECT(used(), 0);
}

/* All of the arena that is for envs: for each of its pages there is a row. */
static void
quota(void)
{
    static int64_t codes[OBJECTS];
    uint64_t limit = ACCOUNT[ACCOUNT_FIRST].limit[ACCOUNT_CODE];
    unsigned count = 0;
    int64_t code;

    WRITE(WORD_IS);
    while ((code = download(0, page, WORD_IS_COUNT)) >= 0) {
        EXPECT(count < OBJECTS, 1);
        codes[count++] = code;
    }
    EXPECT(code, -EDQUOT);
    EXPECT(count > 100, 1);
    EXPECT(used() <= limit, 1);
    /* Every second goes; what comes then fits in between. */
    for (unsigned i = 0; i < count; i += 2) {
        EXPECT(sys_release(RELEASE_CODE, (uint64_t)codes[i]), 0);
    }
    for (unsigned i = 1; i < count; i += 2) {
        EXPECT(
            sys_sleep_until(0, (uint64_t)codes[i], page, *(uint64_t *)program),
            1);
    }
    EXPECT(sys_release(RELEASE_CODE, (uint64_t)codes[1]), 0);
    codes[1] = download(0, page, WORD_IS_COUNT);
    EXPECT(codes[1] > 0, 1);
    for (unsigned i = 1; i < count; i += 2) {
        EXPECT(sys_release(RELEASE_CODE, (uint64_t)codes[i]), 0);
    }
    EXPECT(used(), 0);
}

/* A child loads a program and takes some steps. */
static void
child_main(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;

    shared->code =
        sys_code_load(3, CODE_PREDICATE, shared->page, 0, shared->count);
    shared->result = shared->code < 0 ? shared->code : 0;
    for (uint64_t i = 0; i < shared->steps && shared->code > 0; i++) {
        shared->result = sys_code_step((uint64_t)shared->code);
        if (shared->result != -EAGAIN) {
            break;
        }
    }
    shared->done = 1;
    for (;;) {
        (void)exo_yield(shared->parent, uarea);
    }
}

static struct shared *
child_run(struct child *child, uint64_t window, uint64_t steps)
{
    struct shared *shared = (struct shared *)SHARED;

    *shared = (struct shared){exo_id, page, WORD_IS_COUNT, steps, 0, 0, 0};
    *child = child_make(window, child_main);
    while (!shared->done) {
        EXPECT(exo_yield(child->id, exo_uarea), 0);
    }
    return shared;
}

/* Whoever ends leaves nothing, at whatever step; nobody touches another's. */
static void
owners_end(uint64_t window)
{
    struct shared *shared;
    struct child child;

    WRITE(WORD_IS);
    for (uint64_t steps = 0; steps < 12; steps++) {
        shared = child_run(&child, window, steps < 11 ? steps : STEPS_MAX);
        EXPECT(shared->code > 0, 1);
        EXPECT(steps < 11 ? 0 : shared->result, 0);
        EXPECT(used() > 0, 1);
        EXPECT(sys_code_step((uint64_t)shared->code), -ENOENT);
        EXPECT(sys_release(RELEASE_CODE, (uint64_t)shared->code), -ENOENT);
        EXPECT(sys_sleep_until(0, (uint64_t)shared->code, page, 0), -ENOENT);
        child_end(&child);
        EXPECT(used(), 0);
    }
}

/* An account has as much as was carved off for it. */
static void
accounts(uint64_t window)
{
    static const struct {
        uint64_t pages;
        uint64_t steps;
        int64_t code;
        int64_t result;
    } cases[] = {
        {0, 0, -EDQUOT, -EDQUOT},
        {2, STEPS_MAX, 1, -EDQUOT}, /* not enough for what is compiled */
        {3, STEPS_MAX, 1, 0}};

    WRITE(WORD_IS);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct shared *shared;
        struct child child;

        child_account = (uint64_t)sys_account_carve(
            ACCOUNT_WITH_CODE(40, cases[i].pages), 0);
        EXPECT((int64_t)child_account > 0, 1);
        EXPECT(used(), cases[i].pages);
        shared = child_run(&child, window, cases[i].steps);
        EXPECT(shared->code > 0 ? 1 : shared->code, cases[i].code);
        EXPECT(shared->result, cases[i].result);
        child_end(&child);
        EXPECT(sys_account_close(child_account), -EPERM); /* it has gone */
        EXPECT(used(), 0);
    }
    child_account = 0;
    EXPECT(sys_account_carve(ACCOUNT_WITH_CODE(0, 1UL << 20), 0), -EDQUOT);
}

int
main(void)
{
    struct exo_map own = exo_map_own();
    struct exo_range range = {0x50000000, 1, 0};
    uint64_t window = frame_clean(0);

    page = frame_clean(0);
    EXPECT(exo_map_insert(&own, &range, 0, &page, EXO_R | EXO_W), 0);
    program = (struct code_instruction *)range.address;
    exo_map_forget();
    EXPECT(sys_cap_derive(0, CAP_BLIND, 0, CAP_RIGHTS_ALL & ~CAP_READ), 0);
    (void)window_open(window);
    refusals();
    bad_programs();
    lifecycle();
    large_program();
    quota();
    owners_end(window);
    accounts(window);
    printf("test: code calls ok\n");
    return 0;
}
