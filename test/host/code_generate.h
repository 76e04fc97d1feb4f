/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_GENERATE_H
#define CHITIN_TEST_HOST_CODE_GENERATE_H
/*
 * Random programs for comparing ways to run them: all instructions, operands
 * that matter, loops, calls, accesses that mostly hit. Written for a use with
 * memory of `size` bytes in r1 and its length in r2; most of them pass the
 * verifier. The same state gives the same program.
 */
#include "kern/abi/code.h"

#define CODE_GENERATE_MAX 512

/* Returns the number of slots. */
uint32_t code_generate(struct code_instruction *program, uint32_t size,
                       uint64_t *state);

#endif
