/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CODE_TARGET_H
#define CHITIN_TEST_HOST_CODE_TARGET_H
/*
 * One compiled program on a bare machine of QEMU's, `virt`: who runs it there
 * (code_target.c), and what chitin-bpf gives it. All is laid into RAM before
 * the first instruction; the answer is one line on the console.
 */
#include "kern/abi/types.h"

/* Where things lie. */
#define TARGET_RUNNER 0x80000000 /* entered there, in M-mode */
#define TARGET_STACK_END 0x80010000
#define TARGET_JOB 0x80010000
#define TARGET_CODE 0x80020000
#define TARGET_MEMORY 0x80200000

struct target_job {
    uint64_t memory_size;
    uint64_t stack_size;
    uint64_t fuel;
    uint64_t arguments[2];
};

/* The line: one of these, and two numbers in hexadecimal: of a run, how it
   ended and r0; of a trap, its cause and where. */
#define TARGET_RAN 'r'
#define TARGET_TRAPPED 't'

#endif
