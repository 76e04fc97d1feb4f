/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic, moves, byte swaps and jumps: each instruction of RFC 9669 on the
 * operands where it could go wrong, with the values that the RFC demands.
 */
#include "test/host/check.h"
#include "test/host/code_check.h"

#define MIN64 0x8000000000000000U
#define MAX64 0x7fffffffffffffffU
#define MIN32 0x80000000U
#define MAX32 0x7fffffffU
#define ONES UINT64_MAX
#define LOW 0xffffffffU
#define MIXED 0x1122334455667788U
#define NOISE 0xa5a5a5a500000000U /* must not be seen by 32-bit operations */

/* r1 after the instruction. */
static const struct {
    const char *text;
    uint64_t r1, r2, expected;
} operations[] = {
    {"r1 += r2", 1, 2, 3},
    {"r1 += r2", ONES, 1, 0},
    {"r1 += r2", MAX64, 1, MIN64},
    {"r1 += -1", 0, 0, ONES},
    {"r1 += 2147483647", 1, 0, MIN32},
    {"r1 += -2147483648", 0, 0, 0xffffffff80000000},
    {"w1 += w2", NOISE | LOW, NOISE | 1, 0},
    {"w1 += w2", MAX32, 1, MIN32},
    {"w1 += -1", NOISE, 0, LOW},
    {"r1 -= r2", 1, 2, ONES},
    {"r1 -= r2", MIN64, 1, MAX64},
    {"r1 -= -2147483648", 0, 0, MIN32},
    {"w1 -= w2", NOISE, NOISE | 1, LOW},
    {"w1 -= 1", NOISE | MIN32, 0, MAX32},
    {"r1 *= r2", 0x100000001, 0x100000001, 0x200000001},
    {"r1 *= r2", ONES, ONES, 1},
    {"r1 *= -1", 5, 0, 0xfffffffffffffffb},
    {"w1 *= w2", NOISE | 0x10001, 0x10001, 0x20001},
    {"w1 *= -1", NOISE | 5, 0, 0xfffffffb},
    {"r1 /= r2", ONES, 2, MAX64},
    {"r1 /= r2", 7, 0, 0},
    {"r1 /= 0", 7, 0, 0},
    {"r1 /= -1", ONES, 0, 1},
    {"r1 /= -1", ONES - 1, 0, 0},
    {"r1 /= r2", MIN64, ONES, 0},
    {"w1 /= w2", NOISE | LOW, 2, MAX32},
    {"w1 /= w2", NOISE | 7, NOISE, 0},
    {"w1 /= 0", NOISE | 7, 0, 0},
    {"w1 /= -1", NOISE | LOW, 0, 1},
    {"w1 /= -1", LOW - 1, 0, 0},
    {"r1 s/= r2", (uint64_t)-13, 3, (uint64_t)-4},
    {"r1 s/= r2", 13, (uint64_t)-3, (uint64_t)-4},
    {"r1 s/= r2", (uint64_t)-13, (uint64_t)-3, 4},
    {"r1 s/= r2", MIN64, ONES, MIN64},
    {"r1 s/= -1", MIN64, 0, MIN64},
    {"r1 s/= r2", MIN64, 0, 0},
    {"r1 s/= 0", ONES, 0, 0},
    {"r1 s/= -2", 7, 0, (uint64_t)-3},
    {"w1 s/= w2", NOISE | (LOW - 12), 3, LOW - 3},
    {"w1 s/= w2", NOISE | 13, NOISE | (LOW - 2), LOW - 3},
    {"w1 s/= w2", MIN32, LOW, MIN32},
    {"w1 s/= -1", NOISE | MIN32, 0, MIN32},
    {"w1 s/= w2", 5, NOISE, 0},
    {"w1 s/= 0", NOISE | 5, 0, 0},
    {"w1 s/= 2", MAX32, 0, 0x3fffffff},
    {"r1 %= r2", 13, 4, 1},
    {"r1 %= r2", MIXED, 0, MIXED},
    {"r1 %= 0", ONES, 0, ONES},
    {"r1 %= -1", ONES, 0, 0},
    {"r1 %= -1", 5, 0, 5},
    {"w1 %= w2", NOISE | 13, NOISE | 4, 1},
    {"w1 %= w2", NOISE | 13, NOISE, 13},
    {"w1 %= 0", NOISE | 13, 0, 13},
    {"w1 %= -1", NOISE | 13, 0, 13},
    {"r1 s%= r2", (uint64_t)-13, 3, ONES},
    {"r1 s%= r2", 13, (uint64_t)-3, 1},
    {"r1 s%= r2", MIN64, ONES, 0},
    {"r1 s%= r2", MIN64, 0, MIN64},
    {"r1 s%= 0", MIXED, 0, MIXED},
    {"r1 s%= -3", (uint64_t)-13, 0, ONES},
    {"w1 s%= w2", NOISE | (LOW - 12), 3, LOW},
    {"w1 s%= w2", NOISE | MIN32, NOISE | LOW, 0},
    {"w1 s%= w2", NOISE | (LOW - 12), NOISE, LOW - 12},
    {"w1 s%= 0", NOISE | 5, 0, 5},
    {"w1 s%= -3", 13, 0, 1},
    {"r1 |= r2", 0xf0, 0x0f, 0xff},
    {"r1 |= -1", 0, 0, ONES},
    {"w1 |= w2", NOISE | 0xf0, NOISE | 0x0f, 0xff},
    {"w1 |= -1", NOISE, 0, LOW},
    {"r1 &= r2", MIXED, 0xff00ff00ff00ff00, 0x1100330055007700},
    {"r1 &= -16", MIXED, 0, 0x1122334455667780},
    {"r1 &= 2147483647", ONES, 0, MAX32},
    {"w1 &= w2", ONES, NOISE | 6, 6},
    {"w1 &= -16", ONES, 0, 0xfffffff0},
    {"r1 ^= r2", MIXED, MIXED, 0},
    {"r1 ^= -1", MIXED, 0, 0xeeddccbbaa998877},
    {"w1 ^= w2", NOISE | 5, 6, 3},
    {"w1 ^= -1", NOISE | 5, 0, 0xfffffffa},
    {"r1 <<= r2", 1, 63, MIN64},
    {"r1 <<= r2", 1, 64, 1},
    {"r1 <<= r2", 1, ONES, MIN64},
    {"r1 <<= 32", 1, 0, 0x100000000},
    {"r1 <<= 64", MIXED, 0, MIXED},
    {"r1 <<= -1", 3, 0, MIN64},
    {"w1 <<= w2", NOISE | 1, 31, MIN32},
    {"w1 <<= w2", NOISE | 1, 32, 1},
    {"w1 <<= 33", NOISE | 1, 0, 2},
    {"w1 <<= 1", MIN32, 0, 0},
    {"r1 >>= r2", MIN64, 63, 1},
    {"r1 >>= r2", MIXED, 64, MIXED},
    {"r1 >>= 4", MIN64, 0, 0x0800000000000000},
    {"w1 >>= w2", NOISE | MIN32, NOISE | 31, 1},
    {"w1 >>= w2", NOISE | MIN32, 32, MIN32},
    {"w1 >>= 4", NOISE | MIN32, 0, 0x08000000},
    {"r1 s>>= r2", MIN64, 63, ONES},
    {"r1 s>>= r2", MAX64, 62, 1},
    {"r1 s>>= r2", MIN64, 64, MIN64},
    {"r1 s>>= 4", MIN64, 0, 0xf800000000000000},
    {"w1 s>>= w2", NOISE | MIN32, 31, LOW},
    {"w1 s>>= w2", MAX32, NOISE | 62, 1},
    {"w1 s>>= 4", NOISE | MIN32, 0, 0xf8000000},
    {"r1 = -r1", 1, 0, ONES},
    {"r1 = -r1", MIN64, 0, MIN64},
    {"r1 = -r1", 0, 0, 0},
    {"w1 = -w1", NOISE | 1, 0, LOW},
    {"w1 = -w1", NOISE | MIN32, 0, MIN32},
    {"r1 = r2", 0, MIXED, MIXED},
    {"w1 = w2", ONES, MIXED, 0x55667788},
    {"r1 = -1", 0, 0, ONES},
    {"w1 = -1", 0, 0, LOW},
    {"r1 = (s8)r2", 0, 0x17f, 0x7f},
    {"r1 = (s8)r2", 0, 0x80, 0xffffffffffffff80},
    {"r1 = (s16)r2", 0, 0x18000, 0xffffffffffff8000},
    {"r1 = (s16)r2", 0, 0xffff7fff, 0x7fff},
    {"r1 = (s32)r2", 0, MIN32, 0xffffffff80000000},
    {"r1 = (s32)r2", 0, NOISE | MAX32, MAX32},
    {"w1 = (s8)w2", ONES, 0x80, 0xffffff80},
    {"w1 = (s8)w2", ONES, NOISE | 0x7f, 0x7f},
    {"w1 = (s16)w2", ONES, 0x8000, 0xffff8000},
    {"w1 = (s16)w2", ONES, NOISE | 0x17fff, 0x7fff},
    {"r1 = le16 r1", MIXED, 0, 0x7788},
    {"r1 = le32 r1", MIXED, 0, 0x55667788},
    {"r1 = le64 r1", MIXED, 0, MIXED},
    {"r1 = be16 r1", MIXED, 0, 0x8877},
    {"r1 = be32 r1", MIXED, 0, 0x88776655},
    {"r1 = be64 r1", MIXED, 0, 0x8877665544332211},
    {"r1 = bswap16 r1", MIXED, 0, 0x8877},
    {"r1 = bswap32 r1", MIXED, 0, 0x88776655},
    {"r1 = bswap64 r1", MIXED, 0, 0x8877665544332211},
    {"r1 = 0x8000000000000001 ll", 0, 0, 0x8000000000000001},
    {"r1 = 0xffffffff ll", ONES, 0, LOW},
    {"r1 = -2 ll", 0, 0, ONES - 1},
};

static const struct {
    const char *condition;
    uint64_t r1, r2;
    bool taken;
} jumps[] = {
    {"r1 == r2", MIXED, MIXED, true},
    {"r1 == r2", MIXED, (uint32_t)MIXED, false},
    {"r1 == -1", ONES, 0, true},
    {"r1 == -1", LOW, 0, false},
    {"w1 == w2", MIXED, (uint32_t)MIXED, true},
    {"w1 == w2", 1, 2, false},
    {"w1 == -1", NOISE | LOW, 0, true},
    {"r1 != r2", NOISE | 1, 1, true},
    {"r1 != 1", 1, 0, false},
    {"w1 != w2", NOISE | 1, 1, false},
    {"w1 != 2", NOISE | 1, 0, true},
    {"r1 > r2", ONES, MAX64, true},
    {"r1 > r2", 5, 5, false},
    {"r1 > -1", ONES, 0, false},
    {"r1 > -2", ONES, 0, true},
    {"w1 > w2", 5, NOISE | 4, true},
    {"w1 > w2", NOISE | 4, 5, false},
    {"w1 > -2", NOISE | LOW, 0, true},
    {"r1 >= r2", 5, 5, true},
    {"r1 >= r2", 4, 5, false},
    {"r1 >= -1", LOW, 0, false},
    {"w1 >= w2", NOISE | 4, 5, false},
    {"w1 >= -1", LOW, 0, true},
    {"r1 < r2", MAX64, MIN64, true},
    {"r1 < r2", 5, 5, false},
    {"r1 < -1", LOW, 0, true},
    {"w1 < w2", NOISE | 4, 5, true},
    {"w1 < -1", LOW, 0, false},
    {"r1 <= r2", 5, 5, true},
    {"r1 <= r2", MIN64, MAX64, false},
    {"r1 <= -1", ONES, 0, true},
    {"w1 <= w2", NOISE | 5, 5, true},
    {"w1 <= 4", NOISE | 5, 0, false},
    {"r1 s> r2", 0, ONES, true},
    {"r1 s> r2", MIN64, MAX64, false},
    {"r1 s> -1", LOW, 0, true},
    {"w1 s> w2", 0, LOW, true},
    {"w1 s> -1", LOW, 0, false},
    {"w1 s> -1", NOISE, 0, true},
    {"r1 s>= r2", MIN64, MIN64, true},
    {"r1 s>= r2", MIN64, 0, false},
    {"r1 s>= -1", ONES, 0, true},
    {"w1 s>= w2", MIN32, NOISE | MIN32, true},
    {"w1 s>= 0", MIN32, 0, false},
    {"r1 s< r2", ONES, 0, true},
    {"r1 s< r2", MAX64, MIN64, false},
    {"r1 s< -1", MIN64, 0, true},
    {"w1 s< w2", LOW, NOISE, true},
    {"w1 s< -1", NOISE | MAX32, 0, false},
    {"r1 s<= r2", MIN64, MIN64, true},
    {"r1 s<= r2", 0, ONES, false},
    {"r1 s<= -1", ONES - 1, 0, true},
    {"w1 s<= w2", MIN32, MAX32, true},
    {"w1 s<= -1", NOISE, 0, false},
    {"r1 & r2", MIXED, 0x8, true},
    {"r1 & r2", MIXED, 0x7, false},
    {"r1 & -2147483648", MIN64, 0, true},
    {"w1 & w2", MIXED, 0x1122334400000000, false},
    {"w1 & -2147483648", MIN64, 0, false},
    {"w1 & -2147483648", MIN32, 0, true},
};

static uint64_t
text_run(const char *text)
{
    struct code_trial t = {.fuel = 0};

    check_subject = text;
    code_trial_text(&t, text);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    return t.result;
}

int
main(void)
{
    char text[200];

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        (void)snprintf(text, sizeof(text),
                       "r1 = 0x%llx ll; r2 = 0x%llx ll; %s; r0 = r1; exit",
                       (unsigned long long)operations[i].r1,
                       (unsigned long long)operations[i].r2,
                       operations[i].text);
        CHECK_EQUAL(text_run(text), operations[i].expected);
    }
    for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
        (void)snprintf(text, sizeof(text),
                       "r1 = 0x%llx ll; r2 = 0x%llx ll; r0 = 1; if %s goto a; "
                       "r0 = 0; a: exit",
                       (unsigned long long)jumps[i].r1,
                       (unsigned long long)jumps[i].r2, jumps[i].condition);
        CHECK_EQUAL(text_run(text), jumps[i].taken);
    }
    CHECK_EQUAL(text_run("r0 = 1; goto a; b: exit; a: r0 = 2; gotol c; exit;"
                         "c: r0 += 5; exit"),
                7);
    printf("%zu operations, %zu jumps\n",
           sizeof(operations) / sizeof(*operations),
           sizeof(jumps) / sizeof(*jumps));
    return 0;
}
