/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_GENERATE_H
#define CHITIN_TEST_HOST_CODE_GENERATE_H
/*
 * Random programs for comparing ways to run them: all instructions, operands
 * that matter, loops, calls, accesses that mostly hit. Written for a use with
 * memory of `size` bytes in r1 and its length in r2; most of them pass the
 * verifier. The same state gives the same program.
 */
#include "kern/code/verify.h"

#define CODE_GENERATE_MAX 640

/* What programs call, if the use has these helpers. */
#define CODE_GENERATE_HELPERS 4
extern const struct code_helper code_generate_helpers[CODE_GENERATE_HELPERS];

/* All of them: any number, made of what it may read; now and then it ends the
   run. */
uint64_t code_generate_helper(void *context, uint32_t number,
                              const uint64_t *arguments);

/* Returns the number of slots. */
uint32_t code_generate(struct code_instruction *program, uint32_t size,
                       uint64_t *state, bool helpers);

#endif
