/* SPDX-License-Identifier: MIT */
/*
 * What the compiler makes of programs: how few words, how many at most, jumps
 * over any distance, and what only a run shows that others disturb. That all of
 * it computes what it should, every other test of programs looks at.
 */
#include "kern/abi/error.h"
#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/host/code_machine.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Numbers are folded into what they are for: words of the whole program, of
   which three are r0 = 0 and exit. */
static const struct {
    const char *text;
    uint32_t words;
} folded[] = {
    {"", 3},
    {"r3 = 2047;", 4},
    {"r3 = 2048;", 5},
    {"r3 = 0x12345000;", 4},
    {"r3 = -1;", 4},
    {"w3 = -1;", 5},
    {"r3 = 0x100000000 ll;", 5},
    {"r3 = r2;", 4},
    {"w3 = w2;", 5},
    {"r3 = (s32)r2;", 4},
    {"r2 += 0;", 4},
    {"r2 += 2047;", 4},
    {"r2 -= 2048;", 4},
    {"r2 += 4096;", 5},
    {"r2 &= 255;", 4},
    {"r2 &= 65535;", 5},
    {"w2 &= 7;", 4},
    {"w2 &= 65535;", 5},
    {"r2 |= 1;", 4},
    {"r2 ^= -1;", 4},
    {"r2 <<= 3;", 4},
    {"r2 <<= 64;", 3},
    {"w2 <<= 3;", 5},
    {"w2 >>= 3;", 4},
    {"r2 *= 1;", 3},
    {"r2 *= 8;", 4},
    {"w2 *= 8;", 5},
    {"r2 *= 10;", 5},
    {"r2 /= 8;", 4},
    {"w2 /= 8;", 4},
    {"r2 %= 8;", 4},
    {"r2 /= 10;", 5},
    {"r2 s/= 1;", 3},
    {"r2 /= 0;", 4},
    {"r2 %= 0;", 3},
    {"r2 = le64 r2;", 3},
    {"r2 = be16 r2;", 8},
    {"if r2 == 0 goto +0;", 3},
    {"goto +0;", 3},
    {"if r2 == 0 goto +1; r2 = 1;", 5},
    {"if w2 == 0 goto +1; r2 = 1;", 6},
    {"if r2 & 4 goto +1; r2 = 1;", 6},
    {"goto +1; r2 = 1;", 4}, /* what nobody reaches is not there */
};

static void
folded_check(void)
{
    for (size_t i = 0; i < COUNT(folded); i++) {
        struct code_trial t = {.fuel = 100};
        char text[100];

        (void)snprintf(text, sizeof(text), "%s r0 = 0; exit", folded[i].text);
        code_trial_text(&t, text);
        CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
        CHECK(t.words <= folded[i].words);
    }
}

static struct code_instruction program[CODE_INSTRUCTIONS_MAX];

/* `count` slots: what the text has, again and again, and then r0 = 0 and exit.
   Returns how many words a slot takes at most, all of it being run. */
static void
many_check(const char *before, const char *text)
{
    static const uint8_t memory[64];
    struct code_trial t = {
        .memory = memory, .memory_size = sizeof(memory), .fuel = 100};
    struct code_error error;
    int64_t first = code_assemble(before, program, 100, &error);
    int64_t some;
    uint32_t count;

    check_subject = text;
    CHECK(first >= 0);
    some = code_assemble(text, program + first, 100, &error);
    CHECK(some > 0);
    for (count = (uint32_t)(first + some);
         count + (uint32_t)some <= CODE_INSTRUCTIONS_MAX - 2;
         count += (uint32_t)some) {
        memcpy(&program[count], &program[first],
               (size_t)some * sizeof(*program));
    }
    CHECK_EQUAL(code_assemble("r0 = 0; exit", program + count, 2, &error), 2);
    code_trial_run(&t, program, count + 2);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    printf("%4.1f words a slot: %s\n", (double)t.words / (double)(count + 2),
           text);
}

/* The longest slots, as many as there can be. */
#define ANY "*(u64 *)(r10 - 8) = r1; r6 = *(u64 *)(r10 - 8);"
static void
longest_check(void)
{
    many_check(ANY "r0 = 0; r2 = 0;", "r0 = cmpxchg_64(r6 + 0, r0, r2)");
    many_check(ANY "r0 = 0; r2 = 0;", "w0 = cmpxchg32_32(r6 + 0, w0, w2)");
    many_check(ANY "r0 = 0;", "r0 = cmpxchg_64(r6 + 0, r0, r10)");
    many_check(ANY "r6 += 32760;", "*(u64 *)(r6 - 32760) = 305419896");
    many_check(ANY "r6 += 32760;", "*(u64 *)(r6 - 32760) = r10");
    many_check(ANY "r6 += 32760;", "r0 = *(s16 *)(r6 - 32760)");
    many_check("r2 = 5;", "r2 = be64 r2");
    many_check("r2 = 5;", "if r2 > 305419896 goto -1");
    many_check("r2 = 5;", "if w10 > w10 goto -1");
    many_check("r0 = 1;", "r0 = 0x123456789abcdef1 ll");
}

/* Functions of two slots that need all there is to save and clear. */
static void
functions_check(void)
{
    static const char entry[] = "r6 = 1; r7 = 1; r8 = 1; r9 = 1;";
    static const char function[] = "r6 = 1; *(u64 *)(r10 - 512) = 1; exit;";
    struct code_error error;
    /* Entering, with a register saved and a frame zeroed; and the slots. */
    const uint32_t each = 5 + 2 + 82 + 1 + 2 + 3;
    uint32_t functions = 800;
    struct code_trial t = {.fuel = functions * each + 7};
    uint32_t count;

    CHECK_EQUAL(code_assemble(entry, program, 4, &error), 4);
    count = 4 + functions + 2;
    for (uint32_t f = 0; f < functions; f++) {
        program[4 + f] =
            (struct code_instruction){CODE_JMP | CODE_CALL, CODE_LOCAL << 4, 0,
                                      (int32_t)(count + 3 * f - (4 + f) - 1)};
        CHECK_EQUAL(code_assemble(function, &program[count + 3 * f], 3, &error),
                    3);
    }
    CHECK_EQUAL(code_assemble("r0 = 0; exit", &program[count - 2], 2, &error),
                2);
    count += 3 * functions;
    check_subject = "many functions";
    code_trial_run(&t, program, count);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    CHECK_EQUAL(t.fuel_left, 7);
}

/* A branch forward and one back, over from none to some thousand words: on both
   sides of what a short one reaches. */
static void
distances_check(void)
{
    struct code_error error;

    for (uint32_t between = 0; between < 1300;
         between += between < 800 ? 53 : 1) {
        struct code_trial t = {.fuel = 100000};
        uint32_t at;

        CHECK_EQUAL(code_assemble("r3 = 2; r0 = 0", program, 2, &error), 2);
        program[2] = (struct code_instruction){CODE_JMP | CODE_JGT, 3,
                                               (int16_t)between, 1};
        for (at = 3; at < 3 + between; at++) {
            program[at] =
                (struct code_instruction){CODE_ALU64 | CODE_ADD, 0, 0, 1};
        }
        program[at] = (struct code_instruction){CODE_ALU64 | CODE_SUB, 3, 0, 1};
        program[at + 1] = (struct code_instruction){
            CODE_JMP | CODE_JNE, 3, (int16_t)(-(int)between - 3), 0};
        program[at + 2] =
            (struct code_instruction){.opcode = CODE_JMP | CODE_EXIT};
        check_subject = "distance";
        code_trial_run(&t, program, at + 3);
        CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
        CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
        CHECK_EQUAL(t.result, between);
    }
}

/* A compare-and-exchange whose stores fail so often, whoever is to blame. */
static struct code_machine
disturbed_run(uint32_t disturbance)
{
    static const struct code_use use = {.arguments = {CODE_POINTER}};
    static struct code_note notes[8];
    static uint32_t output[CODE_COMPILE_WORDS(8)];
    static uint8_t memory[8];
    static struct code_compiler c;
    struct code_verifier v;
    struct code_error error;
    int64_t count =
        code_assemble("r0 = 0; r2 = 7; r0 = cmpxchg_64(r1 + 0, r0, r2); exit",
                      program, 8, &error);
    struct code_machine m = {
        .words = output,
        .compiler = &c,
        .memory = memory,
        .memory_size = sizeof(memory),
        .stack = memory,
        .disturbance = disturbance,
        .arguments = {CODE_MEMORY_ADDRESS},
    };

    CHECK_EQUAL(count, 4);
    memset(memory, 0, sizeof(memory));
    code_verify_begin(&v, program, 4, &use, notes);
    CHECK_EQUAL(code_verify_step(&v, UINT32_MAX), 0);
    code_compile_begin(&c, &v, output, COUNT(output), NULL);
    CHECK_EQUAL(code_compile_step(&c, UINT32_MAX), 0);
    m.length = c.length;
    code_machine_run(&m);
    CHECK_EQUAL(memory[0], m.result.stop == CODE_STOP_EXIT ? 7 : 0);
    CHECK(m.executed <= 200);
    return m;
}

/* What a loop pays is no less than what it takes of the machine, as for every
   run, and no more than twice that. */
static void
tight_check(void)
{
    static const char *const bodies[] = {
        "",
        "r1 /= r3; r2 /= r1",
        "w1 /= w3; w2 s%= w1",
        "r1 = be64 r1; r2 = be32 r2; r4 = be16 r4",
        "r1 += 100000; w2 ^= 77; w4 s>>= 3",
        "r1 = *(u64 *)(r7 + 8); r2 = *(u32 *)(r7 + 4)",
        "r1 = *(u64 *)(r7 + 3); r2 = *(u32 *)(r7 + 5); r4 = *(s16 *)(r7 + 1)",
        "*(u64 *)(r7 + 8) = r1; *(u8 *)(r7 + 1) = 7",
        "*(u64 *)(r7 + 1) = r1; *(u16 *)(r7 + 1) = 7",
        "*(u64 *)(r10 - 8) = r1; r2 = *(u32 *)(r10 - 8)",
        "*(u64 *)(r10 - 16) = r1; r2 = *(u64 *)(r10 - 15)",
        "r8 = r10; r8 += -16; r2 = *(u64 *)(r8 + 0)",
        ("lock *(u64 *)(r7 + 8) += r1; w2 = atomic_fetch_add((u32 *)(r7 + 4), "
         "w2)"),
        "r2 = 0x123456789abcdef1 ll; if r2 == 5 goto out",
        ("if w1 > 77777 goto out2; r2 += 1; out2: if r1 & 5 goto out3; r2 += "
         "1; "
         "out3: "),
        "r1 = 1; call f; r1 = 0; r2 = 0; r3 = 3; r4 = 0",
    };
    static char text[600];

    for (unsigned i = 0; i < COUNT(bodies); i++) {
        static uint8_t memory[24];
        struct code_trial t = {
            .memory = memory, .memory_size = sizeof(memory), .fuel = 1000000};
        uint64_t paid;

        (void)snprintf(text, sizeof(text),
                       "r7 = r1; r6 = 500; r1 = 7; r2 = 0; r3 = 3; r4 = 0;"
                       "*(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0;"
                       "a: %s; r6 -= 1; if r6 != 0 goto a; out: r0 = 0; exit;"
                       "f: r0 += r1; exit",
                       bodies[i]);
        code_trial_text(&t, text);
        CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
        CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
        paid = t.fuel - t.fuel_left;
        CHECK(paid > 500 && paid < 2 * t.machine);
    }
}

static void
disturbed_check(void)
{
    CHECK_EQUAL(disturbed_run(0).result.stop, CODE_STOP_EXIT);
    CHECK_EQUAL(disturbed_run(15).result.stop, CODE_STOP_EXIT);
    CHECK_EQUAL(disturbed_run(16).result.stop, CODE_STOP_FUEL);
}

/* What a helper finds at addresses. */
static void
bytes_check(void)
{
    static uint8_t memory[24];
    static _Alignas(8) uint8_t stack[64];
    struct code_context c;

    code_context_begin(&c, stack, sizeof(stack), 5);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS, 1) == NULL);
    CHECK(code_context_bytes(&c, CODE_STACK_END - 1, 1) == NULL);
    code_context_memory(&c, memory, sizeof(memory));
    CHECK_EQUAL(c.limit[0], 24);
    CHECK_EQUAL(c.limit[3], 17);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS, 24) == memory);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS + 23, 1) == memory + 23);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS + 23, 2) == NULL);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS - 1, 1) == NULL);
    CHECK(code_context_bytes(&c, CODE_MEMORY_ADDRESS, UINT64_MAX) == NULL);
    CHECK(code_context_bytes(&c, UINT64_MAX, 1) == NULL);
    code_context_memory(&c, memory, 7);
    CHECK_EQUAL(c.limit[2], 4);
    CHECK_EQUAL(c.limit[3], 0);
    c.bottom = stack + 40;
    CHECK(code_context_bytes(&c, CODE_STACK_END - 24, 24) == stack + 40);
    CHECK(code_context_bytes(&c, CODE_STACK_END - 1, 1) == stack + 63);
    CHECK(code_context_bytes(&c, CODE_STACK_END - 1, 2) == NULL);
    CHECK(code_context_bytes(&c, CODE_STACK_END - 25, 1) == NULL);
    CHECK(code_context_bytes(&c, CODE_STACK_END, 1) == NULL);
    CHECK(code_context_bytes(&c, 0, UINT64_MAX) == NULL);
}

int
main(void)
{
    folded_check();
    longest_check();
    functions_check();
    tight_check();
    distances_check();
    disturbed_check();
    bytes_check();
    return 0;
}
