/* SPDX-License-Identifier: MIT */
/*
 * Hostile and mistaken programs: each reason to refuse one, with the place, and
 * each way in which an accepted one is stopped.
 */
#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/code_check.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define FUEL 1000

/* Programs whose slots are all right by themselves. */
static const struct {
    const char *text;
    enum code_fault fault;
    uint32_t at;
} refused[] = {
    {"", CODE_FAULT_EMPTY, 0},
    /* Jumps. */
    {"goto +0", CODE_FAULT_TARGET, 0},
    {"r0 = 0; goto +1; exit", CODE_FAULT_TARGET, 1},
    {"goto -2; exit", CODE_FAULT_TARGET, 0},
    {"r0 = 0; if r0 == 0 goto +32767; exit", CODE_FAULT_TARGET, 1},
    {"r0 = 0; if r0 == 0 goto -32768; exit", CODE_FAULT_TARGET, 1},
    {"gotol +2147483647; exit", CODE_FAULT_TARGET, 0},
    {"gotol -2147483648; exit", CODE_FAULT_TARGET, 0},
    {"call +2147483647; exit", CODE_FAULT_TARGET, 0},
    {"goto +1; r0 = 0 ll; exit", CODE_FAULT_TARGET, 0},
    {"r0 = 0 ll; if r0 == 0 goto -2; exit", CODE_FAULT_TARGET, 2},
    {"call +2; exit; r0 = 0 ll; exit", CODE_FAULT_TARGET, 0},
    /* Ends. */
    {"r0 = 0", CODE_FAULT_FALL, 0},
    {"r0 = 0 ll", CODE_FAULT_FALL, 0},
    {"exit; r0 = 0; if r0 == 0 goto -1", CODE_FAULT_FALL, 2},
    {"call +0", CODE_FAULT_TARGET, 0},
    {"r0 = 0; call f; f: exit", CODE_FAULT_FALL, 1},
    {"call f; exit; r0 = 0 ll; f: exit", CODE_FAULT_FALL, 2},
    /* Functions. */
    {"call f; goto f; f: exit", CODE_FAULT_FUNCTION, 1},
    {"call f; r0 = 1; if r0 == 1 goto a; exit; f: r0 = 2; a: exit",
     CODE_FAULT_FUNCTION, 2},
    {"a: call f; exit; f: goto a", CODE_FAULT_FUNCTION, 2},
    {"goto b; f: exit; b: call f; exit", CODE_FAULT_FUNCTION, 0},
    /* Depth: without end, and nine calls in one another. */
    {"call -1; exit", CODE_FAULT_DEPTH, 0},
    {"call f; exit; f: call f; exit", CODE_FAULT_DEPTH, 2},
    {"call f; exit; f: call g; exit; g: call f; exit", CODE_FAULT_DEPTH, 2},
    {"call a; exit; a: call b; exit; b: call c; exit; c: call d; exit;"
     "d: call e; exit; e: call f; exit; f: call g; exit; g: call h; exit;"
     "h: exit",
     CODE_FAULT_DEPTH, 14},
    /* The frame: outside, also by a part; atomic and misaligned. */
    {"r0 = *(u8 *)(r10 + 0); exit", CODE_FAULT_FRAME, 0},
    {"r0 = *(u8 *)(r10 - 513); exit", CODE_FAULT_FRAME, 0},
    {"r0 = *(u8 *)(r10 + 32767); exit", CODE_FAULT_FRAME, 0},
    {"r0 = *(u8 *)(r10 - 32768); exit", CODE_FAULT_FRAME, 0},
    {"r0 = *(u64 *)(r10 - 7); exit", CODE_FAULT_FRAME, 0},
    {"r0 = *(u64 *)(r10 - 513); exit", CODE_FAULT_FRAME, 0},
    {"r0 = 0; *(u16 *)(r10 - 1) = 7; exit", CODE_FAULT_FRAME, 1},
    {"r0 = 0; *(u32 *)(r10 - 3) = r0; exit", CODE_FAULT_FRAME, 1},
    {"r0 = 0; lock *(u64 *)(r10 - 520) += r0; exit", CODE_FAULT_FRAME, 1},
    {"r0 = 0; lock *(u64 *)(r10 - 12) += r0; exit", CODE_FAULT_ALIGNMENT, 1},
    {"r0 = 0; lock *(u32 *)(r10 - 6) += w0; exit", CODE_FAULT_ALIGNMENT, 1},
    /* Registers that some way did not set. */
    {"exit", CODE_FAULT_UNSET, 0},
    {"r0 = r3; exit", CODE_FAULT_UNSET, 0},
    {"r0 += 1; exit", CODE_FAULT_UNSET, 0},
    {"r0 = -r0; exit", CODE_FAULT_UNSET, 0},
    {"r0 = be16 r0; exit", CODE_FAULT_UNSET, 0},
    {"r0 = 1; r0 += r9; exit", CODE_FAULT_UNSET, 1},
    {"r0 = (s8)r4; exit", CODE_FAULT_UNSET, 0},
    {"*(u64 *)(r1 + 0) = r5; r0 = 0; exit", CODE_FAULT_UNSET, 0},
    {"*(u64 *)(r5 + 0) = 1; r0 = 0; exit", CODE_FAULT_UNSET, 0},
    {"r3 = 1; r0 = cmpxchg_64(r1 + 0, r0, r3); exit", CODE_FAULT_UNSET, 1},
    {"r0 = 1; r3 = xchg_64(r1 + 0, r3); exit", CODE_FAULT_UNSET, 1},
    {"r0 = 1; if r7 == 1 goto +0; exit", CODE_FAULT_UNSET, 1},
    {"r0 = 1; if w1 < w7 goto +0; exit", CODE_FAULT_UNSET, 1},
    {"if r2 == 0 goto a; r0 = 1; a: exit", CODE_FAULT_UNSET, 2},
    {"r0 = 0; call f; r0 = r1; exit; f: exit", CODE_FAULT_UNSET, 2},
    {"r6 = 0; call f; exit; f: r0 = r6; exit", CODE_FAULT_UNSET, 3},
    {"r0 = 0; a: r0 += r3; if r0 > 9 goto b; r3 = 1; goto a; b: exit",
     CODE_FAULT_UNSET, 1},
    {"r3 = 1; call f; call f; exit; f: r0 = r3; exit", CODE_FAULT_UNSET, 4},
    /* Type confusion: an address that no pointer is in. */
    {"r0 = *(u8 *)(r2 + 0); exit", CODE_FAULT_POINTER, 0},
    {"r3 = 0x800 ll; r0 = *(u8 *)(r3 + 0); exit", CODE_FAULT_POINTER, 2},
    {"w1 = w1; r0 = *(u8 *)(r1 + 0); exit", CODE_FAULT_POINTER, 1},
    {"r1 = (s32)r1; r0 = *(u8 *)(r1 + 0); exit", CODE_FAULT_POINTER, 1},
    {"r3 = *(u32 *)(r1 + 0); r0 = *(u8 *)(r3 + 0); exit", CODE_FAULT_POINTER,
     1},
    {"r0 = 0; lock *(u64 *)(r2 + 0) += r0; exit", CODE_FAULT_POINTER, 1},
    /* Helpers: none is offered. */
    {"call 0; exit", CODE_FAULT_HELPER, 0},
    {"call 5; exit", CODE_FAULT_HELPER, 0},
    {"call 4294967295; exit", CODE_FAULT_HELPER, 0},
    {"r0 = 0; exit; call 1", CODE_FAULT_FALL, 2},
};

/* Slots that are wrong by themselves: destination, source, offset, immediate.
   The program goes on with r0 = 0 and exit. */
static const struct {
    uint8_t opcode, destination, source;
    int16_t offset;
    int32_t immediate;
    enum code_fault fault;
} slots[] = {
    /* No such instruction. */
    {0x00, 0, 0, 0, 0, CODE_FAULT_OPCODE},
    {0xff, 0, 0, 0, 0, CODE_FAULT_OPCODE},
    {0x8c, 1, 1, 0, 0, CODE_FAULT_OPCODE}, /* neg by register */
    {0xdf, 1, 0, 0, 16, CODE_FAULT_OPCODE},
    {0xe7, 1, 0, 0, 0, CODE_FAULT_OPCODE},
    {0x0d, 0, 1, 0, 0, CODE_FAULT_OPCODE}, /* goto by register */
    {0x8d, 1, 0, 0, 0, CODE_FAULT_OPCODE}, /* call by register */
    {0x86, 0, 0, 0, 1, CODE_FAULT_OPCODE},
    {0x96, 0, 0, 0, 0, CODE_FAULT_OPCODE},
    {0x9d, 0, 0, 0, 0, CODE_FAULT_OPCODE},
    {0xe5, 0, 0, 0, 0, CODE_FAULT_OPCODE},
    {0x99, 1, 1, 0, 0, CODE_FAULT_OPCODE}, /* signed load of 64 bits */
    {0xd3, 1, 1, 0, 0, CODE_FAULT_OPCODE}, /* atomic on a byte */
    {0xcb, 1, 1, 0, 0, CODE_FAULT_OPCODE},
    {0x63 | 0x80, 1, 1, 0, 0, CODE_FAULT_OPCODE},
    {0x10, 1, 0, 0, 0, CODE_FAULT_OPCODE}, /* an immediate of 8 bits */
    {0x38, 0, 0, 0, 0, CODE_FAULT_OPCODE}, /* packet access of 64 bits */
    /* Registers. */
    {0xbf, 11, 1, 0, 0, CODE_FAULT_REGISTER},
    {0xbf, 1, 11, 0, 0, CODE_FAULT_REGISTER},
    {0xb7, 15, 0, 0, 0, CODE_FAULT_REGISTER},
    {0x7b, 1, 15, 0, 0, CODE_FAULT_REGISTER},
    {0x18, 12, 0, 0, 0, CODE_FAULT_REGISTER},
    /* Fields that are not used, or have no such value. */
    {0xb7, 1, 1, 0, 0, CODE_FAULT_RESERVED},
    {0xb7, 1, 0, 1, 0, CODE_FAULT_RESERVED},
    {0xb7, 1, 0, 8, 0, CODE_FAULT_RESERVED},
    {0xbf, 1, 1, 0, 1, CODE_FAULT_RESERVED},
    {0xbf, 1, 1, 24, 0, CODE_FAULT_RESERVED},
    {0xbc, 1, 1, 32, 0, CODE_FAULT_RESERVED},
    {0x07, 1, 0, 1, 1, CODE_FAULT_RESERVED},
    {0x0f, 1, 2, 0, 1, CODE_FAULT_RESERVED},
    {0x3f, 1, 2, 2, 0, CODE_FAULT_RESERVED},
    {0x37, 1, 0, -1, 1, CODE_FAULT_RESERVED},
    {0x2f, 1, 2, 1, 0, CODE_FAULT_RESERVED}, /* no signed multiplication */
    {0x87, 1, 0, 0, 1, CODE_FAULT_RESERVED},
    {0x87, 1, 1, 0, 0, CODE_FAULT_RESERVED},
    {0xd4, 1, 0, 0, 8, CODE_FAULT_RESERVED},
    {0xd4, 1, 0, 0, 0, CODE_FAULT_RESERVED},
    {0xd4, 1, 1, 0, 16, CODE_FAULT_RESERVED},
    {0xd7, 1, 0, 1, 16, CODE_FAULT_RESERVED},
    {0x05, 0, 0, 0, 1, CODE_FAULT_RESERVED},
    {0x05, 1, 0, 0, 0, CODE_FAULT_RESERVED},
    {0x06, 0, 0, 1, 0, CODE_FAULT_RESERVED},
    {0x15, 1, 1, 0, 0, CODE_FAULT_RESERVED},
    {0x1d, 1, 2, 0, 1, CODE_FAULT_RESERVED},
    {0x85, 1, 0, 0, 1, CODE_FAULT_RESERVED},
    {0x85, 0, 1, 1, 0, CODE_FAULT_RESERVED},
    {0x85, 0, 3, 0, 1, CODE_FAULT_RESERVED},
    {0x95, 1, 0, 0, 0, CODE_FAULT_RESERVED},
    {0x95, 0, 1, 0, 0, CODE_FAULT_RESERVED},
    {0x95, 0, 0, 1, 0, CODE_FAULT_RESERVED},
    {0x95, 0, 0, 0, 1, CODE_FAULT_RESERVED},
    {0x61, 0, 1, 0, 1, CODE_FAULT_RESERVED},
    {0x63, 1, 2, 0, 1, CODE_FAULT_RESERVED},
    {0x62, 1, 1, 0, 1, CODE_FAULT_RESERVED},
    {0xdb, 1, 2, 0, 0x10, CODE_FAULT_RESERVED}, /* atomic subtraction */
    {0xdb, 1, 2, 0, 0xe0, CODE_FAULT_RESERVED}, /* exchange without fetch */
    {0xdb, 1, 2, 0, 0xf0, CODE_FAULT_RESERVED},
    {0xdb, 1, 2, 0, 0x100, CODE_FAULT_RESERVED},
    {0xdb, 1, 2, 0, -1, CODE_FAULT_RESERVED},
    {0x18, 1, 0, 1, 0, CODE_FAULT_RESERVED},
    {0x18, 1, 7, 0, 0, CODE_FAULT_RESERVED},
    /* What is known and not offered. */
    {0x18, 1, 1, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 2, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 3, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 4, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 5, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 6, 0, 0, CODE_FAULT_MAP},
    {0x18, 1, 0, 0, 0, CODE_FAULT_HALF}, /* before r0 = 0 */
    {0x85, 0, 2, 0, 1, CODE_FAULT_BTF},
    {0x20, 0, 0, 0, 0, CODE_FAULT_PACKET},
    {0x28, 0, 0, 0, 14, CODE_FAULT_PACKET},
    {0x30, 0, 0, 0, 0, CODE_FAULT_PACKET},
    {0x40, 0, 1, 0, 0, CODE_FAULT_PACKET},
    {0x48, 0, 1, 0, 0, CODE_FAULT_PACKET},
    {0x50, 0, 1, 0, 0, CODE_FAULT_PACKET},
    /* r10 is read-only. */
    {0xb7, 10, 0, 0, 0, CODE_FAULT_READ_ONLY},
    {0x07, 10, 0, 0, -8, CODE_FAULT_READ_ONLY},
    {0x87, 10, 0, 0, 0, CODE_FAULT_READ_ONLY},
    {0xd7, 10, 0, 0, 64, CODE_FAULT_READ_ONLY},
    {0x79, 10, 1, 0, 0, CODE_FAULT_READ_ONLY},
    {0x99 & ~0x18, 10, 1, 0, 0, CODE_FAULT_READ_ONLY},
    {0x18, 10, 0, 0, 0, CODE_FAULT_READ_ONLY},
    {0xdb, 1, 10, 0, 0x01, CODE_FAULT_READ_ONLY},
    {0xdb, 1, 10, 0, 0xe1, CODE_FAULT_READ_ONLY},
    /* Right ones, of those above. */
    {0xdb, 1, 10, 0, 0x00, CODE_FAULT_NONE},
    {0xbf, 1, 1, 16, 0, CODE_FAULT_NONE},
    {0x3f, 1, 2, 1, 0, CODE_FAULT_NONE},
    {0xd7, 1, 0, 0, 64, CODE_FAULT_NONE},
};

/* Accepted, and then ended. Eight bytes of memory. */
static const struct {
    const char *text;
    enum code_stop stop;
    uint32_t at;
} stopped[] = {
    {"r0 = *(u8 *)(r1 + 8);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r0 = *(u8 *)(r1 - 1);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r0 = *(u64 *)(r1 + 1);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r0 = *(u16 *)(r1 + 7);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r0 = *(u64 *)(r1 - 1);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r0 = *(s8 *)(r1 + 32767);  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"*(u64 *)(r1 + 4) = 0;  r0 = 0; exit", CODE_STOP_ACCESS, 0},
    {"r1 &= 0; r0 = *(u8 *)(r1 + 0);  r0 = 0; exit", CODE_STOP_ACCESS, 1},
    {"r1 |= -1; r0 = *(u64 *)(r1 + 0);  r0 = 0; exit", CODE_STOP_ACCESS, 1},
    {"r1 |= -1; r0 = *(u64 *)(r1 - 7);  r0 = 0; exit", CODE_STOP_ACCESS, 1},
    {"r3 = *(u64 *)(r1 + 0); r0 = *(u8 *)(r3 + 0);  r0 = 0; exit",
     CODE_STOP_ACCESS, 1},
    /* Where the running call has no stack, but a later one. */
    {"r3 = *(u64 *)(r1 + 0); r0 = *(u64 *)(r3 + 0); call f; exit;"
     "f: *(u64 *)(r10 - 8) = 1; exit",
     CODE_STOP_ACCESS, 1},
    {"r3 = *(u64 *)(r1 + 0); *(u8 *)(r3 + 0) = 1; call f; exit;"
     "f: *(u64 *)(r10 - 8) = 1; exit",
     CODE_STOP_ACCESS, 1},
    {"r3 = 0x3ffffff8 ll; r3 += r1; r3 -= r1; *(u64 *)(r1 + 0) = r3;"
     "r3 = *(u64 *)(r1 + 0); *(u32 *)(r3 + 4) = 1; call f; exit;"
     "f: *(u64 *)(r10 - 8) = 1; exit",
     CODE_STOP_ACCESS, 6},
    {"r1 *= r1; r0 = 0; *(u8 *)(r1 + 0) = r0;  r0 = 0; exit", CODE_STOP_ACCESS,
     2},
    /* Stack smashers: above the top, below the frame, into a dead one. */
    {"r3 = r10; r3 += -8; r0 = *(u8 *)(r3 + 8);  r0 = 0; exit",
     CODE_STOP_ACCESS, 2},
    {"r3 = r10; r3 += -8; *(u64 *)(r3 + 1) = 0;  r0 = 0; exit",
     CODE_STOP_ACCESS, 2},
    {"r3 = r10; r3 += -8; r0 = *(u8 *)(r3 - 1);  r0 = 0; exit",
     CODE_STOP_ACCESS, 2},
    {"r3 = r10; r3 -= 513; *(u8 *)(r3 + 0) = 0;  r0 = 0; exit",
     CODE_STOP_ACCESS, 2},
    {"r3 = r10; r3 <<= 1; *(u8 *)(r3 + 0) = 0;  r0 = 0; exit", CODE_STOP_ACCESS,
     2},
    {"r6 = r10; r6 += -8; call f; r0 = *(u8 *)(r6 - 8); exit;"
     "f: *(u64 *)(r10 - 8) = 1; exit",
     CODE_STOP_ACCESS, 3},
    /* From memory to the stack. */
    {"r3 = 0x3ffff800 ll; r1 += r3; r0 = *(u8 *)(r1 - 8);"
     "*(u64 *)(r10 - 8) = 0; r0 = 0; exit",
     CODE_STOP_ACCESS, 3},
    {"r3 = 1; lock *(u32 *)(r1 + 2) += w3;  r0 = 0; exit", CODE_STOP_ALIGNMENT,
     1},
    {"r3 = 1; r1 += 1; lock *(u64 *)(r1 - 5) += r3;  r0 = 0; exit",
     CODE_STOP_ACCESS, 2},
    {"r3 = 1; lock *(u64 *)(r1 + 4) += r3;  r0 = 0; exit", CODE_STOP_ACCESS, 1},
    {"r4 = r10; r4 += -16; r3 = 1; lock *(u64 *)(r4 + 4) += r3; r0 = 0; exit",
     CODE_STOP_ALIGNMENT, 3},
    /* Fuel. */
    {"goto -1", CODE_STOP_FUEL, 0},
    {"gotol -1", CODE_STOP_FUEL, 0},
    {"a: r0 = 1; if r0 == 1 goto a; exit", CODE_STOP_FUEL, 1},
    {"a: call f; goto a; f: exit", CODE_STOP_FUEL, 1},
    {"r3 = 0; a: r3 += 1; if r3 < 502 goto a; r0 = 0; exit", CODE_STOP_FUEL, 2},
};

static void
refused_check(void)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct code_trial t = {.fuel = FUEL};

        check_subject = refused[i].text;
        code_trial_text(&t, refused[i].text);
        CHECK_EQUAL(t.fault, refused[i].fault);
        CHECK_EQUAL(t.fault_at, refused[i].at);
    }
}

static void
slots_check(void)
{
    for (size_t i = 0; i < COUNT(slots); i++) {
        struct code_trial t = {.fuel = FUEL};
        const struct code_instruction program[] = {
            {slots[i].opcode,
             (uint8_t)(slots[i].destination | slots[i].source << 4),
             slots[i].offset, slots[i].immediate},
            {CODE_ALU64 | CODE_MOV, 0, 0, 0},
            {CODE_JMP | CODE_EXIT, 0, 0, 0},
        };
        char where[40];

        (void)snprintf(where, sizeof(where), "slot %zu", i);
        check_subject = where;
        code_trial_run(&t, program, 3);
        CHECK_EQUAL(t.fault, slots[i].fault);
        CHECK_EQUAL(t.fault_at, 0);
    }
}

/* What may not be the second half of a 64-bit immediate. */
static void
halves_check(void)
{
    static const struct code_instruction halves[] = {
        {CODE_JMP | CODE_EXIT, 0, 0, 0},
        {1, 0, 0, 5},
        {0, 1, 0, 5},
        {0, 0x10, 0, 5},
        {0, 0, 1, 5},
    };

    for (size_t i = 0; i < COUNT(halves); i++) {
        struct code_trial t = {.fuel = FUEL};
        const struct code_instruction program[] = {
            {CODE_LD_IMM64, 0, 0, 0},
            halves[i],
            {CODE_JMP | CODE_EXIT, 0, 0, 0},
        };

        code_trial_run(&t, program, 3);
        CHECK_EQUAL(t.fault, CODE_FAULT_HALF);
        code_trial_run(&t, program, 1);
        CHECK_EQUAL(t.fault, CODE_FAULT_HALF);
    }
}

static void
stopped_check(void)
{
    for (size_t i = 0; i < COUNT(stopped); i++) {
        static const uint8_t memory[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        struct code_trial t = {
            .memory = memory, .memory_size = 8, .fuel = FUEL};

        check_subject = stopped[i].text;
        code_trial_text(&t, stopped[i].text);
        CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
        CHECK_EQUAL(t.stop, stopped[i].stop);
        CHECK_EQUAL(t.stop_at, stopped[i].at);
    }
}

/* Fuel to the last drop: 499 times back over two instructions, and not one
   more; a call costs entering its function, and that. */
static void
fuel_check(void)
{
    struct code_trial t = {.fuel = (uint64_t)499 * (1 + 7)};

    code_trial_text(&t, "r3 = 0; a: r3 += 1; if r3 < 500 goto a; r0 = 0; exit");
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    CHECK_EQUAL(t.fuel_left, 0);
    CHECK_EQUAL(t.executed, 1 + 2 * 500 + 2);
    t = (struct code_trial){.fuel = 5 + 1 + 1};
    code_trial_text(&t, "call f; exit; f: r0 = 1 ll; exit");
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    CHECK_EQUAL(t.fuel_left, 0);
    t = (struct code_trial){.fuel = 5 + 1};
    code_trial_text(&t, "call f; exit; f: r0 = 1 ll; exit");
    CHECK_EQUAL(t.stop, CODE_STOP_FUEL);
}

/* The frames of a chain of calls against the use's stack. */
static void
stack_check(void)
{
    static const char chain[] =
        "*(u8 *)(r10 - 1) = 0; call f; exit;"
        "f: r1 = r10; r1 += -9; *(u8 *)(r1 + 0) = 7; call g; exit;"
        "g: r0 = *(u64 *)(r10 - 488); exit";
    struct code_use use = {.stack = 512};
    struct code_trial t = {.use = &use};

    check_subject = chain;
    code_trial_text(&t, chain);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stack, 8 + 16 + 488);
    CHECK_EQUAL(t.stop, CODE_STOP_FUEL);
    use.stack = 511;
    code_trial_text(&t, chain);
    CHECK_EQUAL(t.fault, CODE_FAULT_STACK);
    CHECK_EQUAL(t.fault_at, 6);
    use.stack = 7;
    code_trial_text(&t, "r0 = *(u8 *)(r10 - 1); exit");
    CHECK_EQUAL(t.fault, CODE_FAULT_STACK);
    code_trial_text(&t, "r0 = 0; exit");
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stack, 0);
    /* Copies of r10 that say nothing of their size. */
    use.stack = 512;
    code_trial_text(&t, "r0 = r10; exit");
    CHECK_EQUAL(t.stack, 512);
    code_trial_text(&t, "r0 = r10; r0 += 8; exit");
    CHECK_EQUAL(t.stack, 512);
    code_trial_text(&t, "r0 = r10; r0 += -513; exit");
    CHECK_EQUAL(t.stack, 512);
    code_trial_text(&t, "*(u64 *)(r10 - 8) = r10; r0 = 0; exit");
    CHECK_EQUAL(t.stack, 512);
}

/* Memory that is only to be read: what surely writes to it is refused, and what
   may be the stack must be. */
static void
read_only_check(void)
{
    static const struct code_use use = {
        .stack = 512, .arguments = {CODE_POINTER}, .read_only = true};
    static const struct {
        const char *text;
        enum code_fault fault;
        enum code_stop stop;
    } rows[] = {
        {"r0 = *(u64 *)(r1 + 0); exit", CODE_FAULT_NONE, CODE_STOP_EXIT},
        {"*(u8 *)(r1 + 0) = 1; r0 = 0; exit", CODE_FAULT_WRITE, 0},
        {"*(u64 *)(r1 + 0) = r1; r0 = 0; exit", CODE_FAULT_WRITE, 0},
        {"r3 = r1; r3 += 1; *(u8 *)(r3 + 0) = r1; r0 = 0; exit",
         CODE_FAULT_WRITE, 0},
        {"r0 = 0; lock *(u64 *)(r1 + 0) += r0; exit", CODE_FAULT_WRITE, 0},
        {"r0 = 0; r0 = cmpxchg_64(r1 + 0, r0, r0); exit", CODE_FAULT_WRITE, 0},
        {"r0 = 0; *(u8 *)(r0 + 0) = 1; exit", CODE_FAULT_POINTER, 0},
        {"*(u64 *)(r10 - 8) = r1; r0 = *(u64 *)(r10 - 8); exit",
         CODE_FAULT_NONE, CODE_STOP_EXIT},
        {"*(u64 *)(r10 - 8) = r1; r3 = *(u64 *)(r10 - 8);"
         "r0 = *(u8 *)(r3 + 0); exit",
         CODE_FAULT_NONE, CODE_STOP_EXIT},
        {"*(u64 *)(r10 - 8) = r1; r3 = *(u64 *)(r10 - 8);"
         "*(u8 *)(r3 + 0) = 7; r0 = 0; exit",
         CODE_FAULT_NONE, CODE_STOP_ACCESS},
        {"*(u64 *)(r10 - 8) = r1; r3 = *(u64 *)(r10 - 8);"
         "r0 = 0; lock *(u64 *)(r3 + 0) += r0; exit",
         CODE_FAULT_NONE, CODE_STOP_ACCESS},
        {"r3 = r10; r3 += -8; *(u8 *)(r3 + 0) = 7; r0 = *(u8 *)(r10 - 8); exit",
         CODE_FAULT_NONE, CODE_STOP_EXIT},
        {"r3 = r10; r3 += -16; *(u64 *)(r10 - 8) = r3; r4 = *(u64 *)(r10 - 8);"
         "*(u8 *)(r4 + 0) = 7; r0 = *(u8 *)(r3 + 0); exit",
         CODE_FAULT_NONE, CODE_STOP_EXIT},
    };
    static const uint8_t memory[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct code_trial t = {
            .use = &use, .memory = memory, .memory_size = sizeof(memory)};

        code_trial_text(&t, rows[i].text);
        CHECK_EQUAL(t.fault, rows[i].fault);
        CHECK(t.fault != CODE_FAULT_NONE || t.stop == rows[i].stop);
        CHECK(t.fault != CODE_FAULT_NONE ||
              memcmp(t.after, memory, sizeof(memory)) == 0);
    }
}

/* The number in the first digit, what helper 9 got behind it. */
static uint64_t
helper_call(void *context, uint32_t number, const uint64_t *arguments)
{
    (void)context;
    return number == 9 ? 900 + arguments[0] * 10 + arguments[1] : number;
}

/* A list of helpers: what each reads must be set, and is unset after it. */
static void
helpers_check(void)
{
    static const struct code_helper helpers[] = {{9, 2, 5, false},
                                                 {0x80000001, 0, 5, false}};
    static const struct code_use use = {.helpers = helpers, .helper_count = 2};
    static const struct {
        const char *text;
        enum code_fault fault;
        uint64_t result;
    } calls[] = {
        {"r1 = 4; r2 = 5; call 9; exit", CODE_FAULT_NONE, 945},
        {"call 2147483649; exit", CODE_FAULT_NONE, 0x80000001},
        {"r6 = 1; r1 = 4; r2 = 5; call 9; r0 += r6; exit", CODE_FAULT_NONE,
         946},
        {"r1 = 4; call 9; exit", CODE_FAULT_UNSET, 0},
        {"r2 = 4; call 9; exit", CODE_FAULT_UNSET, 0},
        {"r5 = 4; call 2147483649; r0 = r5; exit", CODE_FAULT_UNSET, 0},
        {"call 1; exit", CODE_FAULT_HELPER, 0},
        {"call 10; exit", CODE_FAULT_HELPER, 0},
        {"r0 = 0; exit; call 10; exit", CODE_FAULT_NONE, 0},
    };

    for (size_t i = 0; i < COUNT(calls); i++) {
        struct code_trial t = {.use = &use, .helper = helper_call};

        check_subject = calls[i].text;
        code_trial_text(&t, calls[i].text);
        CHECK_EQUAL(t.fault, calls[i].fault);
        CHECK(t.fault != CODE_FAULT_NONE || t.result == calls[i].result);
    }
}

int
main(void)
{
    static struct code_instruction longest[CODE_INSTRUCTIONS_MAX + 1];
    struct code_trial t = {.fuel = FUEL};

    refused_check();
    slots_check();
    halves_check();
    stopped_check();
    fuel_check();
    stack_check();
    read_only_check();
    helpers_check();
    for (uint32_t i = 0; i <= CODE_INSTRUCTIONS_MAX; i++) {
        longest[i].opcode = CODE_ALU64 | CODE_MOV;
    }
    code_trial_run(&t, longest, CODE_INSTRUCTIONS_MAX + 1);
    CHECK_EQUAL(t.fault, CODE_FAULT_LONG);
    longest[CODE_INSTRUCTIONS_MAX - 1].opcode = CODE_JMP | CODE_EXIT;
    code_trial_run(&t, longest, CODE_INSTRUCTIONS_MAX);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.executed, CODE_INSTRUCTIONS_MAX);
    for (unsigned f = 0; f <= CODE_FAULT_WRITE; f++) {
        CHECK(code_fault_text((enum code_fault)f)[0] != '\0');
    }
    printf("%zu programs and %zu slots refused, %zu stopped\n", COUNT(refused),
           COUNT(slots), COUNT(stopped));
    return 0;
}
