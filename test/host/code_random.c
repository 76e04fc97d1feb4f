/* SPDX-License-Identifier: MIT */
/*
 * Random programs, right and damaged: the verifier's verdict on damaged ones
 * may be any, but whatever it accepts keeps what test/host/code_check.h asks.
 */
#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/host/code_generate.h"

#define ENOUGH 20000 /* if no argument says more, and of damaged ones */
#define SEED 0x6368697469ULL
#define SIZE 64
#define FUEL 4000

static uint32_t stops[CODE_STOP_HELPER + 2];
static uint32_t faults[CODE_FAULT_WRITE + 1];

static const struct code_use use_helpers = {
    .helpers = code_generate_helpers,
    .helper_count = CODE_GENERATE_HELPERS,
    .stack = CODE_DEPTH_MAX * CODE_FRAME_MAX,
    .arguments = {CODE_POINTER, CODE_NUMBER},
};

static void
program_try(const struct code_instruction *program, uint32_t count,
            uint64_t *state, bool helpers)
{
    uint8_t memory[SIZE];
    struct code_trial t = {.use = helpers ? &use_helpers : NULL,
                           .memory = memory,
                           .memory_size = SIZE,
                           .fuel = FUEL,
                           .helper = code_generate_helper};

    for (unsigned i = 0; i < SIZE; i++) {
        memory[i] = (uint8_t)random_next(state);
    }
    code_trial_run(&t, program, count);
    faults[t.fault]++;
    if (t.fault == CODE_FAULT_NONE) {
        stops[t.stop]++;
    }
}

/* Changes a bit or a field of some instruction. */
static void
program_damage(struct code_instruction *program, uint32_t count,
               uint64_t *state)
{
    struct code_instruction *i = &program[random_below(state, count)];

    switch (random_below(state, 5)) {
    case 0:
        i->opcode ^= (uint8_t)(1U << random_below(state, 8));
        return;
    case 1:
        i->registers = (uint8_t)random_next(state);
        return;
    case 2:
        i->offset =
            (int16_t)(i->offset + (int16_t)random_below(state, 64) - 32);
        return;
    case 3:
        i->immediate = (int32_t)((uint32_t)i->immediate +
                                 (uint32_t)random_below(state, 16) - 8);
        return;
    default:
        *i = program[random_below(state, count)];
        return;
    }
}

static void
counts_print(const char *what)
{
    printf("%s: %u accepted; %u ended, %u accesses, %u misaligned, %u fuel, %u "
           "helpers;",
           what, faults[CODE_FAULT_NONE], stops[CODE_STOP_EXIT],
           stops[CODE_STOP_ACCESS], stops[CODE_STOP_ALIGNMENT],
           stops[CODE_STOP_FUEL], stops[CODE_STOP_HELPER]);
    for (unsigned f = 1; f <= CODE_FAULT_WRITE; f++) {
        printf(" %u", faults[f]);
    }
    printf("\n");
}

static void
programs_run(uint32_t programs, uint64_t state)
{
    static struct code_instruction program[CODE_GENERATE_MAX];
    uint32_t damaged = programs < ENOUGH ? programs : ENOUGH;

    for (uint32_t n = 0; n < programs; n++) {
        bool helpers = random_below(&state, 3) == 0;

        program_try(program, code_generate(program, SIZE, &state, helpers),
                    &state, helpers);
    }
    counts_print("as made");
    CHECK_EQUAL(faults[CODE_FAULT_NONE], programs);
    CHECK(stops[CODE_STOP_EXIT] > programs / 4);
    CHECK(stops[CODE_STOP_ACCESS] > programs / 200);
    CHECK(stops[CODE_STOP_ALIGNMENT] > programs / 200);
    CHECK(stops[CODE_STOP_FUEL] > programs / 200);
    CHECK(stops[CODE_STOP_HELPER] > programs / 2000);
    memset(stops, 0, sizeof(stops));
    memset(faults, 0, sizeof(faults));
    for (uint32_t n = 0; n < damaged; n++) {
        bool helpers = random_below(&state, 3) == 0;
        uint32_t count = code_generate(program, SIZE, &state, helpers);

        for (uint64_t d = 1 + random_below(&state, 4); d > 0; d--) {
            program_damage(program, count, &state);
        }
        program_try(program, count, &state, helpers);
    }
    counts_print("damaged");
    CHECK(faults[CODE_FAULT_NONE] > damaged / 20);
    for (unsigned f = CODE_FAULT_OPCODE; f <= CODE_FAULT_WRITE; f++) {
        /* These take more than a little damage, or luck. */
        if (damaged >= ENOUGH && f != CODE_FAULT_STACK && f != CODE_FAULT_BTF &&
            f != CODE_FAULT_PACKET && f != CODE_FAULT_DEPTH &&
            f != CODE_FAULT_HELPER && f != CODE_FAULT_WRITE) {
            check_subject = code_fault_text((enum code_fault)f);
            CHECK(faults[f] > 0);
        }
    }
}

#ifdef PART /* where no arguments come */
int
main(void)
{
    programs_run(PROGRAMS, SEED + PART);
    return 0;
}
#else
int
main(int argc, char **argv)
{
    programs_run(argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ENOUGH,
                 SEED + (argc > 2 ? strtoul(argv[2], NULL, 10) : 0));
    return 0;
}
#endif
