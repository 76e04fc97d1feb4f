/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_RUN_H
#define CHITIN_TEST_HOST_CODE_RUN_H
/*
 * The interpreter of downloaded code: what RFC 9669 and kern/abi/code.h say,
 * one instruction after the other, for programs that the verifier passed. It is
 * the oracle for every other way to run them, so addresses are what the caller
 * says and not this machine's. What the verifier promised is asserted.
 *
 * It runs alone: to others its atomic operations are not atomic. This machine
 * must be little-endian, as programs are.
 */
#include "kern/code/verify.h"

#define CODE_RUNNING ((enum code_stop) - 1) /* never a result */

struct code_run {
    const struct code_instruction *program;
    const struct code_note *notes;
    uint8_t *memory; /* may be NULL if there is none */
    uint64_t memory_size;
    uint64_t memory_address;
    unsigned memory_odd; /* how far from a multiple of 8 the memory is to be */
    uint8_t *stack; /* whatever it holds; at least what the verifier said */
    uint64_t stack_size;
    uint64_t stack_address; /* of its lowest byte; a multiple of 8 */
    uint64_t fuel;
    uint64_t poison; /* what registers hold that are not set */
    /* Calls of helpers, if the use has any. */
    uint64_t (*helper)(void *context, uint32_t number,
                       const uint64_t *arguments);
    void *context;
    enum code_stop wish; /* a helper's: how the run is to end, if not 0 */
    /* In: r1 to r5, those of the use. Out: r0. r10 is the interpreter's. */
    uint64_t registers[CODE_FRAME_POINTER + 1];
    uint64_t executed; /* result: instructions; */
    uint32_t at;       /* the last of them; */
    uint64_t address;  /* and where that wanted to access */
};

/* Runs the program to its end. Spends `fuel`. */
enum code_stop code_run(struct code_run *run, const struct code_use *use);

#endif
