/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_INSTRUCTION_H
#define CHITIN_KERN_CODE_INSTRUCTION_H
/* What can be said of an instruction by itself. */
#include "kern/abi/code.h"

/*
 * Whether it is one that is offered: its opcode known, its registers below 11
 * (and not r10 where it writes), every field that means nothing zero. `next` is
 * the slot behind it, NULL if there is none; only a 64-bit immediate looks.
 * Says nothing of where a jump leads, nor which helper is called.
 */
enum code_fault code_instruction_check(const struct code_instruction *i,
                                       const struct code_instruction *next);

/* The registers that it reads, and those that it gives a value: sets of bits.
   Calls are left out, since what they read is said elsewhere; so is r0 for
   exit. For instructions that passed the check. */
uint32_t code_instruction_reads(const struct code_instruction *i);
uint32_t code_instruction_writes(const struct code_instruction *i);

/* The register that holds the address, for a load or store that is no 64-bit
   immediate. */
static inline unsigned
code_instruction_base(const struct code_instruction *i)
{
    return code_class(i) == CODE_LDX ? code_source(i) : code_destination(i);
}

static inline bool
code_instruction_accesses(const struct code_instruction *i)
{
    return code_class(i) >= CODE_LDX && code_class(i) <= CODE_STX;
}

#endif
