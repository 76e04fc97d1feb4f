/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_MACHINE_PART_H
#define CHITIN_TEST_HOST_CODE_MACHINE_PART_H
/*
 * What the machine and the check of its words share: registers, and a word in
 * its parts.
 */
#include "test/host/code_machine.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Registers, by name. */
enum {
    X_ZERO,
    X_RA,
    X_SP,
    X_T0 = 5,
    X_T1,
    X_T2,
    X_A0 = 10,
    X_A1,
    X_A6 = 16,
    X_A7,
    X_S2,
    X_T3 = 28,
    X_T6 = 31
};
#define SET(r) (1U << (r))
/* All that it may write but sp, which has rules of its own. */
#define WRITABLE                                                               \
    (SET(X_RA) | 0xe0U | 0x3fc00U | 0x1fc0000U | 0xf0000000U | SET(X_ZERO))

/* One word in its parts. */
struct decoded {
    uint32_t word;
    unsigned opcode, to, a, b, kind, upper;
    int64_t immediate; /* as the opcode has it; of jumps in bytes */
};

static inline int64_t
code_machine_extend(uint64_t value, unsigned bits)
{
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static inline struct decoded
decode(uint32_t word)
{
    struct decoded d = {
        .word = word,
        .opcode = word & 0x7f,
        .to = word >> 7 & 31,
        .kind = word >> 12 & 7,
        .a = word >> 15 & 31,
        .b = word >> 20 & 31,
        .upper = word >> 25,
        .immediate = code_machine_extend(word >> 20, 12),
    };

    if (d.opcode == 0x23) {
        d.immediate = code_machine_extend((word >> 25) << 5 | d.to, 12);
    } else if (d.opcode == 0x63) {
        d.immediate = code_machine_extend(
            (word >> 31) << 12 | (word >> 7 & 1) << 11 |
                (word >> 25 & 0x3f) << 5 | (word >> 8 & 0xf) << 1,
            13);
    } else if (d.opcode == 0x6f) {
        d.immediate = code_machine_extend(
            (word >> 31) << 20 | (word >> 12 & 0xff) << 12 |
                (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1,
            21);
    }
    return d;
}

#endif
