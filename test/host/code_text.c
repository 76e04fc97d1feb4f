/* SPDX-License-Identifier: MIT */
/*
 * Text: what is offered can be written and read again, and nothing else can be
 * written; what the assembler refuses, with the line. The argument is a file
 * that clang assembled, and its text: both assemblers agree.
 */
#include "kern/code/instruction.h"
#include "lib/code/code.h"
#include "test/host/check.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static uint64_t written;
static uint64_t unwritten;

/* Two slots, in case that the first is a 64-bit immediate. */
static void
slots_try(const struct code_instruction *slots)
{
    enum code_fault fault = code_instruction_check(slots, slots + 1);
    struct code_instruction read[2] = {{0}};
    struct code_error error;
    char text[80];
    uint32_t length = code_disassemble(slots, 2, 0, text, sizeof(text));

    if (length == 0) {
        CHECK(fault != CODE_FAULT_NONE);
        unwritten++;
        return;
    }
    check_subject = text;
    CHECK(fault == CODE_FAULT_NONE || fault == CODE_FAULT_READ_ONLY);
    CHECK_EQUAL(length, slots->opcode == CODE_LD_IMM64 ? 2 : 1);
    CHECK(strlen(text) < sizeof(text) - 1);
    CHECK_EQUAL(code_assemble(text, read, 2, &error), length);
    CHECK(memcmp(read, slots, length * sizeof(*slots)) == 0);
    written++;
}

static void
all_try(void)
{
    static const uint8_t registers[] = {0,    0x01, 0x10, 0x21, 0x0a,
                                        0xa0, 0xa1, 0x1a, 0x99, 0x0b,
                                        0xb0, 0x30, 0x02, 0x20, 0x70};
    static const int16_t offsets[] = {0,  1,  2,  8,         16,       24,
                                      32, -1, -8, INT16_MAX, INT16_MIN};
    static const int32_t immediates[] = {
        0,    1,    -1,   8,    16,   32,   64,   0x10,      0x40,
        0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe0, 0xe1, 0xf0,      0xf1,
        0xb0, 0xd0, 7,    255,  -13,  4096, 1000, INT32_MIN, INT32_MAX};

    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (size_t r = 0; r < COUNT(registers); r++) {
            for (size_t o = 0; o < COUNT(offsets); o++) {
                for (size_t i = 0; i < COUNT(immediates); i++) {
                    struct code_instruction slots[2] = {
                        {(uint8_t)opcode, registers[r], offsets[o],
                         immediates[i]},
                        {.immediate = immediates[(i + 7) % COUNT(immediates)]},
                    };
                    slots_try(slots);
                }
            }
        }
    }
}

static const struct {
    const char *text;
    uint32_t line;
} wrong[] = {
    {"r0 = 1\nr11 = 2\nexit", 2},
    {"r0 = w1", 1},
    {"w0 = r1", 1},
    {"r0 = 2147483648", 1},
    {"r0 = -2147483649", 1},
    {"r0 = 18446744073709551616 ll", 1},
    {"r0 = 5 6", 1},
    {"r0 = 5x", 1},
    {"r0 =", 1},
    {"r0 = 0x", 1},
    {"r0 = -r1", 1}, /* only in place */
    {"r0 = be16 r1", 1},
    {"r0 = be24 r0", 1},
    {"w0 = (s32)w1", 1},
    {"r0 = *(u8 *)(r1 + 32768)", 1},
    {"r0 = *(u8 *)(r1 - 32769)", 1},
    {"r0 = *(s64 *)(r1 + 0)", 1},
    {"r0 = *(u8 *)(r1 + )", 1},
    {"r1 = cmpxchg_64(r2 + 0, r1, r3)", 1},
    {"r1 = atomic_fetch_add((u64 *)(r2 + 0), r3)", 1},
    {"\n\ngoto nowhere", 3},
    {"a: exit\na: exit", 2},
    {"goto 5", 1},
    {"goto +32768", 1},
    {"# all of this\n\nnonsense", 3},
    {"exit; exit; exit; exit; exit", 1}, /* for four slots */
    {"exit; exit; exit; r0 = 1 ll", 1},
};

static void
wrong_try(void)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct code_instruction program[4];
        struct code_error error;

        check_subject = wrong[i].text;
        CHECK_EQUAL(code_assemble(wrong[i].text, program, 4, &error), -1);
        CHECK(error.fault != NULL);
        CHECK_EQUAL(error.line, wrong[i].line);
    }
}

/* Blanks, comments, labels, and numbers as people write them. */
static void
layout_try(void)
{
    static const char loose[] = "  start:r1=0x10 # sixteen ; exit\n"
                                "\tr1+=-0x1;;\r\n"
                                "if  r1 s>  3 goto start\n\n"
                                "r0 = *(u8 *)(r1)\n"
                                "exit";
    static const char tidy[] = "r1 = 16\nr1 += -1\nif r1 s> 3 goto -3\n"
                               "r0 = *(u8 *)(r1 + 0)\nexit\n";
    struct code_instruction a[8] = {{0}};
    struct code_instruction b[8] = {{0}};
    struct code_error error;

    check_subject = loose;
    CHECK_EQUAL(code_assemble(loose, a, 8, &error), 5);
    CHECK_EQUAL(code_assemble(tidy, b, 8, &error), 5);
    CHECK(memcmp(a, b, sizeof(a)) == 0);
    CHECK_EQUAL(code_assemble("", a, 8, &error), 0);
    /* Text that is cut is still text. */
    char text[5] = "xxxx";
    CHECK_EQUAL(code_disassemble(b, 5, 2, text, 4), 1);
    CHECK(strcmp(text, "if ") == 0);
}

static void
clang_try(const char *object, const char *source)
{
    static struct code_instruction clang[CODE_INSTRUCTIONS_MAX];
    static struct code_instruction own[CODE_INSTRUCTIONS_MAX];
    struct code_error error;
    size_t size = 0;
    size_t text_size = 0;
    void *file = file_load(object, &size);
    char *text = file_load(source, &text_size);
    int64_t count;

    text[text_size - 1] = '\0'; /* the last new line */
    count = code_object_load(file, size, NULL, clang, CODE_INSTRUCTIONS_MAX,
                             &error);
    CHECK(count > 100);
    CHECK_EQUAL(code_assemble(text, own, CODE_INSTRUCTIONS_MAX, &error), count);
    for (int64_t i = 0; i < count; i++) {
        char line[80] = "";

        (void)code_disassemble(own, (uint32_t)count, (uint32_t)i, line,
                               sizeof(line));
        check_subject = line;
        CHECK(memcmp(&own[i], &clang[i], sizeof(*own)) == 0);
    }
    printf("as clang has it: %lld slots\n", (long long)count);
    free(file);
    free(text);
}

int
main(int argc, char **argv)
{
    CHECK_EQUAL(argc, 3);
    all_try();
    CHECK(written > 10000);
    printf("%llu written and read again, %llu not to be written\n",
           (unsigned long long)written, (unsigned long long)unwritten);
    wrong_try();
    layout_try();
    clang_try(argv[1], argv[2]);
    return 0;
}
