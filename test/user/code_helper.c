/* SPDX-License-Identifier: MIT */
/*
 * Helpers of compiled code in C: what a program hands them they find by
 * code_context_bytes only, on the stack of the call that runs and in memory;
 * they take fuel, put other memory before the program, end the run. What the
 * caller has in registers that it may keep survives all of that. And how many
 * instructions it takes to run what does nothing.
 */
#include "kern/abi/error.h"
#include <string.h>

#include "lib/code/code.h"
#include "test/user/code_output.h"
#include "test/user/expect.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define FUEL 1000

enum { SUM = 1, TAKE, MOVE, END };

static uint8_t memory[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static uint8_t other[4] = {0x77, 0x78, 0x79, 0x7a};

/* The sum of so many bytes, or -1. */
static uint64_t
helper_sum(struct code_context *context, uint64_t r1, uint64_t r2, uint64_t r3,
           uint64_t r4, uint64_t r5)
{
    const uint8_t *bytes = code_context_bytes(context, r1, r2);
    uint64_t sum = 0;

    (void)r3;
    (void)r4;
    (void)r5;
    for (uint64_t i = 0; bytes != NULL && i < r2; i++) {
        sum += bytes[i];
    }
    return bytes != NULL ? sum : ~0UL;
}

/* Fuel, and tells what there was. */
static uint64_t
helper_take(struct code_context *context, uint64_t r1, uint64_t r2, uint64_t r3,
            uint64_t r4, uint64_t r5)
{
    int64_t fuel = context->fuel;

    (void)r2;
    (void)r3;
    (void)r4;
    (void)r5;
    context->fuel -= (int64_t)r1;
    return (uint64_t)fuel;
}

static uint64_t
helper_move(struct code_context *context, uint64_t r1, uint64_t r2, uint64_t r3,
            uint64_t r4, uint64_t r5)
{
    (void)r1;
    (void)r2;
    (void)r3;
    (void)r4;
    (void)r5;
    code_context_memory(context, other, sizeof(other));
    return 0;
}

static uint64_t
helper_end(struct code_context *context, uint64_t r1, uint64_t r2, uint64_t r3,
           uint64_t r4, uint64_t r5)
{
    (void)r2;
    (void)r3;
    (void)r4;
    (void)r5;
    context->stop = CODE_STOP_HELPER + r1;
    return 5;
}

static const struct code_helper helpers[] = {{SUM, 2, 40, false},
                                             {TAKE, 1, 20, false},
                                             {MOVE, 0, 20, false},
                                             {END, 1, 20, false}};
static const struct code_use use = {
    .helpers = helpers,
    .helper_count = COUNT(helpers),
    .stack = 1024,
    .arguments = {CODE_POINTER, CODE_NUMBER},
};

static const struct {
    const char *text;
    uint64_t stop, value;
    int64_t fuel; /* left */
} rows[] = {
    {"r0 = 7; exit", CODE_STOP_EXIT, 7, FUEL},
    {"r2 = 16; call 1; exit", CODE_STOP_EXIT, 120, FUEL},
    {"r1 += 14; r2 = 2; call 1; exit", CODE_STOP_EXIT, 15, FUEL},
    {"r1 += 14; r2 = 3; call 1; exit", CODE_STOP_EXIT, ~0UL, FUEL},
    {"r1 -= 1; r2 = 1; call 1; exit", CODE_STOP_EXIT, ~0UL, FUEL},
    {"r1 = 0; r2 = 1; call 1; exit", CODE_STOP_EXIT, ~0UL, FUEL},
    {"r2 = -1; call 1; exit", CODE_STOP_EXIT, ~0UL, FUEL},
    /* The stack: what is there, and not what is below. */
    {"*(u64 *)(r10 - 8) = 515; r1 = r10; r1 += -8; r2 = 8; call 1; exit",
     CODE_STOP_EXIT, 5, FUEL},
    {"*(u64 *)(r10 - 8) = 515; r1 = r10; r1 -= 9; r2 = 9; call 1; exit",
     CODE_STOP_EXIT, 5, FUEL},
    {"*(u64 *)(r10 - 8) = 515; r1 = r10; r1 -= 513; r2 = 9; call 1; exit",
     CODE_STOP_EXIT, ~0UL, FUEL},
    {"*(u64 *)(r10 - 8) = 515; r1 = r10; r1 += -7; r2 = 8; call 1; exit",
     CODE_STOP_EXIT, ~0UL, FUEL},
    {"*(u64 *)(r10 - 8) = 1; r1 = r10; r1 += -8; call f; exit;"
     "f: *(u64 *)(r10 - 8) = 2; r1 += -8; r2 = 16; call 1; exit",
     CODE_STOP_EXIT, 3, FUEL - 65},
    {"*(u64 *)(r10 - 8) = 1; r1 = r10; r1 += -8; call f; exit;"
     "f: *(u64 *)(r10 - 8) = 2; r1 += -9; r2 = 16; call 1; exit",
     CODE_STOP_EXIT, ~0UL, FUEL - 65},
    /* Registers that a call keeps. */
    {"r6 = r1; r7 = 2; r8 = 3; r9 = 4; r2 = 1; call 1; r0 += r7; r0 += r8;"
     "r0 += r9; r1 = *(u8 *)(r6 + 15); r0 += r1; exit",
     CODE_STOP_EXIT, 10, FUEL},
    /* Fuel: what the helper sees and takes is the program's. */
    {"r1 = 0; call 2; exit", CODE_STOP_EXIT, FUEL, FUEL},
    {"r6 = 3; a: r1 = 10; call 2; r6 -= 1; if r6 != 0 goto a; exit",
     CODE_STOP_EXIT, FUEL - 96, FUEL - 106},
    {"a: r1 = 500; call 2; goto a", CODE_STOP_FUEL, 0, 0},
    /* Other memory. */
    {"r6 = r1; call 3; r0 = *(u8 *)(r6 + 3); exit", CODE_STOP_EXIT, 0x7a, FUEL},
    {"r6 = r1; call 3; r0 = *(u8 *)(r6 + 4); exit", CODE_STOP_ACCESS, 0, 0},
    {"r6 = r1; r0 = *(u8 *)(r6 + 4); call 3; r1 = r6; r2 = 4; call 1; exit",
     CODE_STOP_EXIT, 0x77 + 0x78 + 0x79 + 0x7a, FUEL},
    /* Its end, from any depth. */
    {"r1 = 0; call 4; r0 = 1; exit", CODE_STOP_HELPER, 0, 0},
    {"r1 = 7; call 4; r0 = 1; exit", CODE_STOP_HELPER + 7, 0, 0},
    {"r6 = 1; r9 = 1; call f; r0 = 1; exit;"
     "f: r6 = 2; r7 = 2; call g; exit; g: r8 = 3; r1 = 1; call 4; exit",
     CODE_STOP_HELPER + 1, 0, 0},
};

static uint8_t stack[1024] __attribute__((aligned(16)));
static struct code_instruction program[64];
static struct code_note notes[64];

static code_entry
text_compile(struct code_compiler *c, const char *text)
{
    static const code_helper_function functions[] = {helper_sum, helper_take,
                                                     helper_move, helper_end};
    uint64_t addresses[COUNT(functions)];
    struct code_verifier v;
    struct code_error error;
    int64_t count = code_assemble(text, program, COUNT(program), &error);

    for (unsigned i = 0; i < COUNT(functions); i++) {
        addresses[i] = (uint64_t)functions[i];
    }
    EXPECT(count > 0, 1);
    code_verify_begin(&v, program, (uint32_t)count, &use, notes);
    EXPECT(code_verify_step(&v, UINT32_MAX), 0);
    return code_output_make(c, &v, addresses);
}

static void
row_run(unsigned row)
{
    struct code_compiler c;
    code_entry entry = text_compile(&c, rows[row].text);
    struct code_context context;
    struct code_result result;

    memset(stack, 0x55, sizeof(stack));
    code_context_begin(&context, stack + sizeof(stack) - c.stack, c.stack,
                       FUEL);
    code_context_memory(&context, memory, sizeof(memory));
    result = entry(&context, CODE_MEMORY_ADDRESS, sizeof(memory), 0, 0, 0);
    if (result.stop != rows[row].stop || result.value != rows[row].value ||
        (result.stop == CODE_STOP_EXIT && context.fuel != rows[row].fuel)) {
        printf("test: %s: stop %lu, value %lx, fuel %ld\n", rows[row].text,
               result.stop, result.value, context.fuel);
        exit(EXIT_FAILURE);
    }
    code_output_end(&c);
}

/* From the call to the return, arguments included; what reading the counter
   takes not. */
static uint64_t
call_count(code_entry entry, struct code_context *context)
{
    uint64_t before;
    uint64_t between;
    uint64_t after;

    entry(context, 0, 0, 0, 0, 0);
    __asm__ volatile("rdinstret %0" : "=r"(before)::"memory");
    __asm__ volatile("rdinstret %0" : "=r"(between)::"memory");
    entry(context, CODE_MEMORY_ADDRESS, sizeof(memory), 0, 0, 0);
    __asm__ volatile("rdinstret %0" : "=r"(after)::"memory");
    return after - between - (between - before);
}

int
main(void)
{
    struct code_compiler c;
    struct code_context context;
    uint64_t taken;

    for (unsigned row = 0; row < COUNT(rows); row++) {
        row_run(row);
    }
    code_context_begin(&context, stack, sizeof(stack), FUEL);
    taken = call_count(text_compile(&c, "r0 = 0; exit"), &context);
    printf("test: a run of nothing: %lu instructions\n", taken);
    printf("test: code_helper ok, %zu programs\n", COUNT(rows));
    return 0;
}
