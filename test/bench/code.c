/* SPDX-License-Identifier: MIT */
/*
 * Of the longest entries: calls on downloaded code with programs that are long,
 * and hard to check; and edges at which predicates are asked that use up all
 * that they may.
 */
#include "lib/exo/map.h"
#include "test/bench/bench.h"
#include "test/user/child.h"
#include "test/user/download.h"

#define PROGRAM 0x50000000UL
#define LONG CODE_INSTRUCTIONS_MAX
#define HARD 1024
#define SLEEPERS 3
#define EDGES 8
#define MILLISECOND 10000u

struct shared {
    uint64_t parent;
    uint64_t page; /* with the program */
    uint64_t count;
    volatile int64_t code;
    volatile uint64_t asleep;
};

static struct code_instruction *program;
static uint64_t first;

/* Steps through what lies at the start of the frame, until it is ready, or has
   made so many; its name. */
static uint64_t
steps(const char *what, uint64_t count, unsigned most)
{
    int64_t code = sys_code_load(0, CODE_PREDICATE, first, 0, count);
    int64_t error = -EAGAIN;

    for (unsigned i = 0; error == -EAGAIN && i < most; i++) {
        error = timed(what, CALL_code_step, (uint64_t)code, 0, 0, 0, 0, 0);
    }
    return (uint64_t)code;
}

/* Goes to and fro with all types of registers. */
static void
program_jumps(void)
{
    program[0] = (struct code_instruction)SET(0, 0);
    for (unsigned i = 1; i < HARD - 1; i++) {
        program[i] = i % 3 == 0
                         ? (struct code_instruction)JUMP_NOT_EQUAL(
                               1, 2, i < HARD / 2 ? HARD / 2 - 1 : -1 - (int)i)
                     : i % 3 == 1
                         ? (struct code_instruction)LOAD(1, 1, 1, CODE_DW)
                         : (struct code_instruction)INSTRUCTION(
                               CODE_ALU64 | CODE_MOV | CODE_X, 1, 10, 0, 0);
    }
    program[HARD - 1] = (struct code_instruction)EXIT_PROGRAM;
}

static void
longest_programs(void)
{
    uint64_t code;

    for (unsigned i = 0; i < LONG; i++) {
        program[i] = (struct code_instruction)LOAD(0, 1, 1, CODE_DW);
    }
    code = (uint64_t)timed("4096 instructions", CALL_code_load, 0,
                           CODE_PREDICATE, first + 1, 8, LONG, 0);
    TIMED(0, "before its first step", release, RELEASE_CODE, code, 0, 0, 0, 0);
    program[HARD - 1] = (struct code_instruction)EXIT_PROGRAM;
    code = steps("1023 loads", HARD, ~0U);
    want("code_step (1023 loads)", -EINVAL);
    TIMED(0, "refused", release, RELEASE_CODE, code, 0, 0, 0, 0);
    program_jumps();
    code = steps("1024 jumps, loads and copies of r10", HARD, ~0U);
    TIMED(0, "refused", release, RELEASE_CODE, code, 0, 0, 0, 0);
    for (unsigned most = 100; most < 1000; most += 100) {
        code = steps("1024 jumps, loads and copies of r10", HARD, most);
        TIMED(0, "while it is compiled", release, RELEASE_CODE, code, 0, 0, 0,
              0);
    }
    program[0] = (struct code_instruction)SET(0, 1);
    program[1] = (struct code_instruction)EXIT_PROGRAM;
    code = steps("2 instructions", 2, ~0U);
    want("code_step (2 instructions)", 0);
    TIMED(1, "a predicate that holds", sleep_until, 0,
          (uint64_t)steps("2", 2, ~0U), first, 0, 0, 0);
    TIMED(0, "ready", release, RELEASE_CODE, code, 0, 0, 0, 0);
}

/* Goes to sleep for good. */
static void
sleeper(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;

    uarea->masked = MASKED_INTERRUPT;
    shared->code = download(3, shared->page, shared->count);
    shared->asleep++;
    (void)sys_sleep_until(3, (uint64_t)shared->code, shared->page, 0);
    for (;;) {
        (void)exo_yield(shared->parent, uarea);
    }
}

/* Edges while some sleep, whose programs spin until their fuel is used up. */
static void
longest_edges(void)
{
    struct shared *shared = (struct shared *)SHARED;
    struct child child[SLEEPERS];
    uint64_t now;

    program[0] = (struct code_instruction)SET(0, 1);
    for (unsigned i = 1; i < 8; i++) {
        program[i] = (struct code_instruction)LOAD(3, 1, 1, CODE_DW);
    }
    program[8] = (struct code_instruction)JUMP(-8);
    program[9] = (struct code_instruction)EXIT_PROGRAM;
    *shared = (struct shared){exo_id, first, 10, 0, 0};
    bench_result = sys_slot_alloc(0, exo_id, 0, 0);
    want("slot_alloc (for the edges)", 0);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        child[i] = child_make(bench_page, sleeper);
        while (shared->asleep == i) {
            (void)exo_yield(child[i].id, exo_uarea);
        }
        bench_result = shared->code > 0;
        want("the sleeper's program", 1);
    }
    __asm__ volatile("rdtime %0" : "=r"(now));
    row_note(EDGE, "with predicates that spin", bench_gap(now + EDGES * MILLISECOND));
    for (unsigned i = 0; i < SLEEPERS; i++) {
        child_end(&child[i]);
    }
    sys_slot_free(0, exo_id, 0, 0);
}

void
longest_code(void)
{
    struct exo_range range = {PROGRAM, 1, 1};
    struct exo_map own = exo_map_own();

    first = (uint64_t)sys_frame_alloc(0, 9, 0);
    while (sys_frame_scrub(first) == -EAGAIN) {
    }
    bench_result = exo_map_insert(&own, &range, 0, &first, EXO_R | EXO_W);
    want("a large frame mapped", 0);
    program = (struct code_instruction *)range.address;
    longest_programs();
    longest_edges();
    (void)exo_map_remove(&own, range.address, 1UL << 21);
    exo_map_forget();
    bench_result = sys_frame_free(first, 0);
    want("frame_free (of programs)", 0);
}
