/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores, atomic operations, calls and the stack: what each leaves in r0
 * and in eight bytes of memory. r1 is their address, r2 is 8.
 */
#include "test/host/check.h"
#include "test/host/code_check.h"

#define MIXED "r3 = 0x1122334455667788 ll; "

/* Memory before and after as a number, its first byte the lowest. */
static const struct {
    const char *text;
    uint64_t before, result, after;
} rows[] = {
    /* Loads. */
    {"r0 = *(u8 *)(r1 + 0); exit", 0x80ff, 0xff, 0x80ff},
    {"r0 = *(u8 *)(r1 + 7); exit", 0xfe00000000000000, 0xfe,
     0xfe00000000000000},
    {"r0 = *(u16 *)(r1 + 1); exit", 0xfedcba, 0xfedc, 0xfedcba},
    {"r0 = *(u32 *)(r1 + 4); exit", 0xfedcba9800000000, 0xfedcba98,
     0xfedcba9800000000},
    {"r0 = *(u64 *)(r1 + 0); exit", 0xfedcba9876543210, 0xfedcba9876543210,
     0xfedcba9876543210},
    {"r0 = *(s8 *)(r1 + 0); exit", 0x180, 0xffffffffffffff80, 0x180},
    {"r0 = *(s8 *)(r1 + 0); exit", 0xff7f, 0x7f, 0xff7f},
    {"r0 = *(s16 *)(r1 + 0); exit", 0x18000, 0xffffffffffff8000, 0x18000},
    {"r0 = *(s32 *)(r1 + 0); exit", 0x180000000, 0xffffffff80000000,
     0x180000000},
    {"r0 = *(s32 *)(r1 + 0); exit", 0xff7fffffff, 0x7fffffff, 0xff7fffffff},
    {"r1 = *(u8 *)(r1 + 0); r0 = r1; exit", 7, 7, 7},
    /* Negative and large offsets, and arithmetic that comes back. */
    {"r1 += 100; r0 = *(u8 *)(r1 - 100); exit", 7, 7, 7},
    {"r1 += 32768; r0 = *(u8 *)(r1 - 32768); exit", 7, 7, 7},
    {"r1 -= 32767; r0 = *(u8 *)(r1 + 32767); exit", 7, 7, 7},
    {"r1 = -r1; r1 = -r1; r0 = *(u8 *)(r1 + 0); exit", 7, 7, 7},
    {"r3 = 1; r3 += r1; r0 = *(u8 *)(r3 + 0); exit", 0x700, 7, 0x700},
    /* Stores. */
    {MIXED "*(u8 *)(r1 + 1) = r3; r0 = 0; exit", UINT64_MAX, 0,
     0xffffffffffff88ff},
    {MIXED "*(u16 *)(r1 + 6) = r3; r0 = 0; exit", 0, 0, 0x7788000000000000},
    {MIXED "*(u32 *)(r1 + 0) = r3; r0 = 0; exit", UINT64_MAX, 0,
     0xffffffff55667788},
    {MIXED "*(u64 *)(r1 + 0) = r3; r0 = 0; exit", 0, 0, 0x1122334455667788},
    {"*(u8 *)(r1 + 0) = -2; r0 = 0; exit", 0, 0, 0xfe},
    {"*(u16 *)(r1 + 0) = 65537; r0 = 0; exit", UINT64_MAX, 0,
     0xffffffffffff0001},
    {"*(u32 *)(r1 + 0) = -2; r0 = 0; exit", 0, 0, 0xfffffffe},
    {"*(u64 *)(r1 + 0) = -2; r0 = 0; exit", 0, 0, 0xfffffffffffffffe},
    {"*(u64 *)(r1 + 0) = 2147483647; r0 = 0; exit", 0, 0, 0x7fffffff},
    /* Atomic operations; 32 bits leave the other half of memory alone. */
    {"r3 = 3; lock *(u64 *)(r1 + 0) += r3; r0 = r3; exit", 0xffffffff, 3,
     0x100000002},
    {"r3 = 3; lock *(u32 *)(r1 + 0) += w3; r0 = r3; exit", 0x1ffffffff, 3,
     0x100000002},
    {MIXED "lock *(u64 *)(r1 + 0) |= r3; r0 = 0; exit", 0xff, 0,
     0x11223344556677ff},
    {MIXED "lock *(u32 *)(r1 + 4) |= w3; r0 = 0; exit", 0xff, 0,
     0x55667788000000ff},
    {MIXED "lock *(u64 *)(r1 + 0) &= r3; r0 = 0; exit", 0xff000000000000ff, 0,
     0x1100000000000088},
    {MIXED "lock *(u32 *)(r1 + 0) &= w3; r0 = 0; exit", 0xff000000000000ff, 0,
     0xff00000000000088},
    {MIXED "lock *(u64 *)(r1 + 0) ^= r3; r0 = 0; exit", 0x1122334455667788, 0,
     0},
    {MIXED "lock *(u32 *)(r1 + 0) ^= w3; r0 = 0; exit", 0x1122334455667788, 0,
     0x1122334400000000},
    {"r3 = 3; r3 = atomic_fetch_add((u64 *)(r1 + 0), r3); r0 = r3; exit",
     UINT64_MAX, UINT64_MAX, 2},
    {"r3 = -1; w3 = atomic_fetch_add((u32 *)(r1 + 0), w3); r0 = r3; exit",
     0x1fffffff0, 0xfffffff0, 0x1ffffffef},
    {"r3 = 6; r3 = atomic_fetch_or((u64 *)(r1 + 0), r3); r0 = r3; exit", 9, 9,
     15},
    {"r3 = 6; w3 = atomic_fetch_or((u32 *)(r1 + 4), w3); r0 = r3; exit",
     0x8000000000000000, 0x80000000, 0x8000000600000000},
    {"r3 = 6; r3 = atomic_fetch_and((u64 *)(r1 + 0), r3); r0 = r3; exit", 12,
     12, 4},
    {"r3 = 6; w3 = atomic_fetch_and((u32 *)(r1 + 0), w3); r0 = r3; exit",
     0xff0000000c, 12, 0xff00000004},
    {"r3 = 6; r3 = atomic_fetch_xor((u64 *)(r1 + 0), r3); r0 = r3; exit", 12,
     12, 10},
    {"r3 = 6; w3 = atomic_fetch_xor((u32 *)(r1 + 0), w3); r0 = r3; exit",
     0xff0000000c, 12, 0xff0000000a},
    {MIXED "r3 = xchg_64(r1 + 0, r3); r0 = r3; exit", 5, 5, 0x1122334455667788},
    {MIXED "w3 = xchg32_32(r1 + 0, w3); r0 = r3; exit", 0x900000005, 5,
     0x955667788},
    {"r0 = 5; r3 = 6; r0 = cmpxchg_64(r1 + 0, r0, r3); exit", 5, 5, 6},
    {"r0 = 4; r3 = 6; r0 = cmpxchg_64(r1 + 0, r0, r3); exit", 5, 5, 5},
    {"r0 = 5; r3 = 6; r0 = cmpxchg_64(r1 + 0, r0, r3); r0 = r3; exit", 5, 6, 6},
    {"r0 = 0x700000005 ll; r3 = 6; w0 = cmpxchg32_32(r1 + 0, w0, w3); exit",
     0x900000005, 5, 0x900000006},
    {"r0 = 0x900000004 ll; r3 = 6; w0 = cmpxchg32_32(r1 + 0, w0, w3); exit",
     0x900000005, 5, 0x900000005},
    {"r0 = 5; r0 = atomic_fetch_add((u64 *)(r1 + 0), r0); exit", 6, 6, 11},
    {"r0 = 5; r0 = cmpxchg_64(r1 + 0, r0, r0); exit", 5, 5, 5},
    /* The stack begins as zeroes and is the program's down to 512 bytes. */
    {"r0 = *(u64 *)(r10 - 512); exit", 0, 0, 0},
    {"*(u64 *)(r10 - 512) = 9; r0 = *(u64 *)(r10 - 512); exit", 0, 9, 0},
    {MIXED "*(u64 *)(r10 - 9) = r3; r0 = *(u32 *)(r10 - 5); exit", 0,
     0x11223344, 0},
    {"r3 = r10; r3 += -16; *(u8 *)(r3 + 15) = 9; r0 = *(u8 *)(r10 - 1); exit",
     0, 9, 0},
    {"r3 = r10; r4 = 500; r3 -= r4; *(u64 *)(r3 - 12) = 9;"
     "r0 = *(u64 *)(r10 - 512); exit",
     0, 9, 0},
    {"r3 = 4; lock *(u64 *)(r10 - 8) += r3; r0 = *(u64 *)(r10 - 8); exit", 0, 4,
     0},
    {"*(u64 *)(r10 - 8) = r1; r3 = *(u64 *)(r10 - 8); r0 = *(u8 *)(r3 + 0);"
     "exit",
     7, 7, 7},
    {"*(u64 *)(r10 - 8) = r1; r0 = 0; r3 = 0;"
     "r0 = cmpxchg_64(r10 - 8, r0, r3); r0 = *(u8 *)(r0 + 0); exit",
     7, 7, 7},
    {"*(u64 *)(r10 - 8) = r1; r3 = 0;"
     "r3 = atomic_fetch_add((u64 *)(r10 - 8), r3); r0 = *(u8 *)(r3 + 0); exit",
     7, 7, 7},
    /* A pointer that may be one or the other. */
    {"r3 = r1; if r2 != 8 goto a; r3 = r10; r3 += -8; *(u64 *)(r3 + 0) = 3;"
     "a: r0 = *(u64 *)(r3 + 0); exit",
     5, 3, 5},
    {"r3 = r1; if r2 == 8 goto a; r3 = r10; r3 += -8;"
     "a: r0 = *(u64 *)(r3 + 0); exit",
     5, 5, 5},
    /* Calls: arguments, result, saved registers, frames of their own. */
    {"r6 = 1; r7 = 2; r8 = 3; r9 = 4; r1 = 10; r2 = 20; call f;"
     "r0 += r6; r0 += r7; r0 += r8; r0 += r9; exit;"
     "f: r6 = 100; r7 = 100; r8 = 100; r9 = 100; r0 = r1; r0 += r2; exit",
     0, 40, 0},
    {"*(u64 *)(r10 - 8) = 1; call f; r0 = *(u64 *)(r10 - 8); exit;"
     "f: *(u64 *)(r10 - 8) = 2; exit",
     0, 1, 0},
    {"r6 = r10; call f; if r6 == r10 goto a; r0 = 99; a: exit;"
     "f: r0 = 1; exit",
     0, 1, 0},
    {"r1 = r10; r1 += -8; call f; r0 = *(u64 *)(r10 - 8); exit;"
     "f: *(u64 *)(r1 + 0) = 6; *(u64 *)(r10 - 8) = 7; exit",
     0, 6, 0},
    {"call f; r0 = *(u8 *)(r0 + 0); exit; f: r0 = r1; exit", 7, 7, 7},
    {"call f; exit; f: r0 += 1; exit", 0, 1, 0},
    {"call f; exit; f: exit", 0, 0, 0}, /* a call clears r0 */
    {"call f; call g; exit;"            /* and zeroes the frame */
     "f: *(u64 *)(r10 - 8) = 5; exit; g: r0 = *(u64 *)(r10 - 8); exit",
     0, 0, 0},
    {"r1 = 1; call a; exit; a: r1 += 1; call b; exit; b: r1 += 1; call c; exit;"
     "c: r1 += 1; call d; exit; d: r1 += 1; call e; exit;"
     "e: r1 += 1; call f; exit; f: r1 += 1; call g; exit; g: r0 = r1; exit",
     0, 7, 0},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

int
main(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t after = 0;
        struct code_trial t = {.memory = (const uint8_t *)&rows[i].before,
                               .memory_size = 8,
                               .fuel = 100};

        check_subject = rows[i].text;
        code_trial_text(&t, rows[i].text);
        CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
        CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
        CHECK_EQUAL(t.result, rows[i].result);
        memcpy(&after, t.after, 8);
        CHECK_EQUAL(after, rows[i].after);
    }
    printf("%zu programs\n", ROWS);
    return 0;
}
