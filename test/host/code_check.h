/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_CHECK_H
#define CHITIN_TEST_HOST_CODE_CHECK_H
/*
 * Verifies, compiles and runs a program, and checks on the way what must hold
 * of any: verifier and compiler keep to their steps, in whatever portions; what
 * is accepted ends in time, and is the same whatever unset registers and fresh
 * stack hold, interpreted and compiled, wherever the memory lies. All is in
 * allocations of exact size, so that sanitizers see each access outside.
 */
#include "test/host/code_run.h"

struct code_trial {
    /* In. */
    const struct code_use *use; /* NULL: the one with memory in r1 and r2 */
    const uint8_t *memory;
    size_t memory_size;
    uint64_t fuel;
    /* Its context is an enum code_stop, to be set to end the run. */
    uint64_t (*helper)(void *context, uint32_t number,
                       const uint64_t *arguments);
    /* Out. */
    enum code_fault fault;
    uint32_t fault_at;
    uint32_t stack;
    enum code_stop stop; /* if there is no fault */
    uint32_t stop_at;
    uint64_t result;
    uint64_t executed;
    uint64_t fuel_left;
    uint32_t words;     /* of the compiled code; */
    uint64_t machine;   /* and instructions that it took */
    unsigned odd;       /* how far from a multiple of 8 the memory was */
    uint8_t after[256]; /* the memory; a size above this is not allowed */
};

void code_trial_run(struct code_trial *t,
                    const struct code_instruction *program, uint32_t count);

/* Of text, which must be right. */
void code_trial_text(struct code_trial *t, const char *text);

/* Compiles a program that passed, runs it, and compares with what the trials
   say of how it was interpreted, the other with memory at an odd place. */
void code_trial_compiled(struct code_trial *t, const struct code_trial *other,
                         struct code_verifier *v);

/* Whether it has atomic operations, which look at real addresses. */
bool code_trial_exchanges(const struct code_verifier *v);

/* A copy in an allocation of its own, of exactly that size if it is not 0. */
void *code_trial_copy(const void *from, size_t size);

#endif
