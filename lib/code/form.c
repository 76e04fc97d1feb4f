/* SPDX-License-Identifier: MIT */
#include "lib/code/form.h"

#include "lib/code/code.h"

/* The four ways to write an operation on registers. */
#define ARITHMETIC_SIGNED(op, sign, mark)                                      \
    {"%d " mark " %i", CODE_ALU64 | (op), 0, sign, 0},                         \
        {"%d " mark " %s", CODE_ALU64 | (op) | CODE_X, 0, sign, 0},            \
        {"%D " mark " %i", CODE_ALU | (op), 0, sign, 0},                       \
    {                                                                          \
        "%D " mark " %S", CODE_ALU | (op) | CODE_X, 0, sign, 0                 \
    }
#define ARITHMETIC(op, mark) ARITHMETIC_SIGNED(op, 0, mark)

#define SIGN_EXTEND(bits)                                                      \
    {                                                                          \
        "%d = (s" #bits ")%s", CODE_ALU64 | CODE_MOV | CODE_X, 0, bits, 0      \
    }
#define SIGN_EXTEND32(bits)                                                    \
    {                                                                          \
        "%D = (s" #bits ")%S", CODE_ALU | CODE_MOV | CODE_X, 0, bits, 0        \
    }

#define SWAP(bits)                                                             \
    {"%d = le" #bits " %d", CODE_ALU | CODE_END, 0, 0, bits},                  \
        {"%d = be" #bits " %d", CODE_ALU | CODE_END | CODE_X, 0, 0, bits},     \
    {                                                                          \
        "%d = bswap" #bits " %d", CODE_ALU64 | CODE_END, 0, 0, bits            \
    }

#define BRANCH(op, mark)                                                       \
    {"if %d " mark " %i goto %j", CODE_JMP | (op), 0, 0, 0},                   \
        {"if %d " mark " %s goto %j", CODE_JMP | (op) | CODE_X, 0, 0, 0},      \
        {"if %D " mark " %i goto %j", CODE_JMP32 | (op), 0, 0, 0},             \
    {                                                                          \
        "if %D " mark " %S goto %j", CODE_JMP32 | (op) | CODE_X, 0, 0, 0       \
    }

#define ACCESS(size, type)                                                     \
    {"%d = *(" type " *)(%s%o)", CODE_LDX | CODE_MEM | (size), 0, 0, 0},       \
        {"*(" type " *)(%d%o) = %s", CODE_STX | CODE_MEM | (size), 0, 0, 0},   \
    {                                                                          \
        "*(" type " *)(%d%o) = %i", CODE_ST | CODE_MEM | (size), 0, 0, 0       \
    }
#define LOAD_SIGNED(size, type)                                                \
    {                                                                          \
        "%d = *(" type " *)(%s%o)", CODE_LDX | CODE_MEMSX | (size), 0, 0, 0    \
    }

#define ATOMIC32 (CODE_STX | CODE_ATOMIC | CODE_W)
#define ATOMIC64 (CODE_STX | CODE_ATOMIC | CODE_DW)
#define ATOMIC(op, mark, name)                                                 \
    {"lock *(u32 *)(%d%o) " mark " %S", ATOMIC32, 0, 0, op},                   \
        {"lock *(u64 *)(%d%o) " mark " %s", ATOMIC64, 0, 0, op},               \
        {"%S = atomic_fetch_" name "((u32 *)(%d%o), %S)", ATOMIC32, 0, 0,      \
         (op) | CODE_FETCH},                                                   \
    {                                                                          \
        "%s = atomic_fetch_" name "((u64 *)(%d%o), %s)", ATOMIC64, 0, 0,       \
            (op) | CODE_FETCH                                                  \
    }

const struct code_form code_forms[] = {
    ARITHMETIC(CODE_ADD, "+="),
    ARITHMETIC(CODE_SUB, "-="),
    ARITHMETIC(CODE_MUL, "*="),
    ARITHMETIC(CODE_DIV, "/="),
    ARITHMETIC_SIGNED(CODE_DIV, 1, "s/="),
    ARITHMETIC(CODE_OR, "|="),
    ARITHMETIC(CODE_AND, "&="),
    ARITHMETIC(CODE_LSH, "<<="),
    ARITHMETIC(CODE_RSH, ">>="),
    ARITHMETIC(CODE_ARSH, "s>>="),
    ARITHMETIC(CODE_MOD, "%%="),
    ARITHMETIC_SIGNED(CODE_MOD, 1, "s%%="),
    ARITHMETIC(CODE_XOR, "^="),
    ARITHMETIC(CODE_MOV, "="),
    SIGN_EXTEND(8),
    SIGN_EXTEND(16),
    SIGN_EXTEND(32),
    SIGN_EXTEND32(8),
    SIGN_EXTEND32(16),
    {"%d = -%d", CODE_ALU64 | CODE_NEG, 0, 0, 0},
    {"%D = -%D", CODE_ALU | CODE_NEG, 0, 0, 0},
    SWAP(16),
    SWAP(32),
    SWAP(64),
    BRANCH(CODE_JEQ, "=="),
    BRANCH(CODE_JGT, ">"),
    BRANCH(CODE_JGE, ">="),
    BRANCH(CODE_JSET, "&"),
    BRANCH(CODE_JNE, "!="),
    BRANCH(CODE_JSGT, "s>"),
    BRANCH(CODE_JSGE, "s>="),
    BRANCH(CODE_JLT, "<"),
    BRANCH(CODE_JLE, "<="),
    BRANCH(CODE_JSLT, "s<"),
    BRANCH(CODE_JSLE, "s<="),
    {"goto %j", CODE_JMP | CODE_JA, 0, 0, 0},
    {"gotol %J", CODE_JMP32 | CODE_JA, 0, 0, 0},
    {"call %h", CODE_JMP | CODE_CALL, CODE_HELPER, 0, 0},
    {"call %J", CODE_JMP | CODE_CALL, CODE_LOCAL, 0, 0},
    {"exit", CODE_JMP | CODE_EXIT, 0, 0, 0},
    {"%d = %l ll", CODE_LD_IMM64, 0, 0, 0},
    ACCESS(CODE_B, "u8"),
    ACCESS(CODE_H, "u16"),
    ACCESS(CODE_W, "u32"),
    ACCESS(CODE_DW, "u64"),
    LOAD_SIGNED(CODE_B, "s8"),
    LOAD_SIGNED(CODE_H, "s16"),
    LOAD_SIGNED(CODE_W, "s32"),
    ATOMIC(CODE_ADD, "+=", "add"),
    ATOMIC(CODE_OR, "|=", "or"),
    ATOMIC(CODE_AND, "&=", "and"),
    ATOMIC(CODE_XOR, "^=", "xor"),
    {"%S = xchg32_32(%d%o, %S)", ATOMIC32, 0, 0, CODE_XCHG},
    {"%s = xchg_64(%d%o, %s)", ATOMIC64, 0, 0, CODE_XCHG},
    {"w0 = cmpxchg32_32(%d%o, w0, %S)", ATOMIC32, 0, 0, CODE_CMPXCHG},
    {"r0 = cmpxchg_64(%d%o, r0, %s)", ATOMIC64, 0, 0, CODE_CMPXCHG},
};

const uint32_t code_form_count = sizeof(code_forms) / sizeof(*code_forms);

const char *
code_fault_text(enum code_fault fault)
{
    /* NOLINTNEXTLINE(bugprone-macro-parentheses): a string, as initializer. */
#define CODE_FAULT_TEXT(name, meaning) [CODE_FAULT_##name] = meaning,
    static const char *const texts[] = {CODE_FAULTS(CODE_FAULT_TEXT)};

    return (unsigned)fault < sizeof(texts) / sizeof(*texts) ? texts[fault]
                                                            : "unknown";
}
