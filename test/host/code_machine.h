/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_MACHINE_H
#define CHITIN_TEST_HOST_CODE_MACHINE_H
/*
 * The machine that compiled code runs on, as far as such code may use it: a
 * second opinion on the compiler, that shares no table with it. Every word must
 * be one of those that the compiler may emit, with registers that it may use
 * there, and lead to where there are words. While it runs, an access must be
 * aligned and lie where its base register says: in the program's memory or
 * running frame, in the context, in what the run saved. At its end every
 * register that belongs to the caller must be as it was.
 */
#include "kern/code/compile.h"

struct code_machine {
    const uint32_t *words;
    uint32_t length;
    const struct code_compiler *compiler;
    uint8_t *memory; /* of exactly memory_size bytes; may be NULL */
    uint64_t memory_size;
    uint64_t memory_odd; /* 0 to 7: how far off its real address is from 8 */
    uint8_t *stack;      /* of exactly stack_size bytes */
    uint64_t stack_size;
    uint64_t fuel;
    uint64_t poison;      /* what registers hold that nothing was put in */
    uint32_t disturbance; /* how often SC fails before it may succeed */
    uint64_t arguments[CODE_ARGUMENTS];
    uint64_t (*helper)(void *context, uint32_t number,
                       const uint64_t *arguments);
    enum code_stop *wish; /* the helper's context */
    /* Out. */
    struct code_result result;
    uint64_t executed;
};

/* The address that the compiler is told for a row of the use's helpers. */
uint64_t code_machine_helper(uint32_t row);

/* Looks at all words; whatever is wrong ends the test. */
void code_machine_check(const struct code_machine *m);

/* Checks, then runs from the first word on until it returns. */
void code_machine_run(struct code_machine *m);

#endif
