/* SPDX-License-Identifier: MIT */
/* The ways into the libOS that is laid out by constants. It keeps nothing in
   registers: whatever arrives in them may be lost. */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"

    .option norelax
    .section .text.start, "ax"
    .global _start
_start:
    lla sp, fixed_stack_end
    mv s0, t0
    mv a2, a5
    mv a1, t0
    call fixed_main             /* (root, U-area, shared page) */
    mv t0, s0
    j fixed_prologue

/* The prologue, and all that it does when nobody calls it: give the hart back.
   With nothing masked, so that it can be called meanwhile. */
    .text
    .balign 4
    .global fixed_prologue
fixed_prologue:
    sw zero, UAREA_MASKED(t0)
    lla a0, fixed_creator
    ld a0, 0(a0)
    li a7, CALL_YIELD
    ecall
    j fixed_prologue

    .balign 4
    .global fixed_gate
fixed_gate:
    lla sp, fixed_stack_end
    mv a1, a6
    call fixed_serve            /* (block, caller) */
    li a7, CALL_PCT_RETURN
    ecall
    unimp
