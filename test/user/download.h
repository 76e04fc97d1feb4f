/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DOWNLOAD_H
#define CHITIN_TEST_USER_DOWNLOAD_H
/*
 * Programs for the kernel to run, for tests that write them by hand.
 */
#include "kern/abi/code.h"
#include "lib/exo/exo.h"

#define INSTRUCTION(code, destination, source, off, number)                    \
    {                                                                          \
        .opcode = (uint8_t)(code),                                             \
        .registers = (uint8_t)((destination) | (source) << 4),                 \
        .offset = (int16_t)(off), .immediate = (int32_t)(number)               \
    }
#define SET(r, number) INSTRUCTION(CODE_ALU64 | CODE_MOV, r, 0, 0, number)
#define ADD_REGISTER(r, s)                                                     \
    INSTRUCTION(CODE_ALU64 | CODE_ADD | CODE_X, r, s, 0, 0)
#define LOAD(r, s, offset, size)                                               \
    INSTRUCTION(CODE_LDX | CODE_MEM | (size), r, s, offset, 0)
#define STORE(r, offset, s, size)                                              \
    INSTRUCTION(CODE_STX | CODE_MEM | (size), r, s, offset, 0)
#define JUMP(offset) INSTRUCTION(CODE_JMP | CODE_JA, 0, 0, offset, 0)
#define JUMP_NOT_EQUAL(r, s, offset)                                           \
    INSTRUCTION(CODE_JMP | CODE_JNE | CODE_X, r, s, offset, 0)
#define JUMP_IF(operation, r, number, offset)                                  \
    INSTRUCTION(CODE_JMP | (operation), r, 0, offset, number)
#define EXIT_PROGRAM INSTRUCTION(CODE_JMP | CODE_EXIT, 0, 0, 0, 0)

/* It holds when the first word of the page is the argument. */
#define WORD_IS                                                                \
    SET(0, 0), LOAD(3, 1, 0, CODE_DW), JUMP_NOT_EQUAL(3, 2, 1), SET(0, 1),     \
        EXIT_PROGRAM
#define WORD_IS_COUNT 5

/* Loads what lies at the beginning of a page, and has it made ready: its name,
   or the negative of an error, and nothing of it is left. Inline, for envs that
   have no data. */
static inline int64_t
download(uint64_t cap, uint64_t page, uint64_t count)
{
    int64_t code = sys_code_load(cap, CODE_PREDICATE, page, 0, count);
    int64_t error = code < 0 ? code : -EAGAIN;

    while (error == -EAGAIN) {
        error = sys_code_step((uint64_t)code);
    }
    if (code > 0 && error < 0) {
        (void)sys_release(RELEASE_CODE, (uint64_t)code);
    }
    return error < 0 ? error : code;
}

#endif
