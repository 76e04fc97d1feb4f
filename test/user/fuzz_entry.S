/* SPDX-License-Identifier: MIT */
/*
 * Where the call fuzzer enters and leaves: on each of its harts, by gates, and
 * at the edges of slots. A call to a gate is given up as soon as the hart comes
 * back by the prologue: whom it waits for may have been replaced by another
 * hart, and need not return at all. A return that comes later than that finds
 * nobody waiting, and is a prologue like any other.
 *
 * own[24] is the tp of the hart's first code, own[25] the stack of a call that
 * is out, or 0.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/exo/registers.h"

#define OWN_TP (UAREA_OWN + 24*8)
#define OWN_CALL (UAREA_OWN + 25*8)
#define EDIED_NUMBER 201

    .text
    .option norelax

/* A gate that touches no memory: it returns, or, if nobody called, yields to
   who sent. */
    .balign 4
    .global fuzz_gate
fuzz_gate:
    li a7, CALL_PCT_RETURN
    mv s0, a6
    ecall
    mv a0, s0
    li a7, CALL_YIELD
    ecall
    ebreak

/* int64_t fuzz_transfer(uint64_t binding, struct uarea *uarea, uint64_t call):
   pct_call or pct_send. */
    .balign 4
    .global fuzz_transfer
fuzz_transfer:
    registers_save
    li t0, MASKED_INTERRUPT     /* from here on slices end by force */
    sw t0, UAREA_MASKED(a1)
    lla t0, fuzz_returned
    sd t0, UAREA_ENTRY_RETURN(a1)
    sd sp, OWN_CALL(a1)
    mv s0, a1
    mv t2, a0
    mv a7, a2
    ecall
    mv t0, s0                   /* refused: a0 says why */

/* The call is over; the interrupt level is masked. */
over:
    sw zero, UAREA_INTERRUPT + LEVEL_MASKED(t0)
    sd zero, UAREA_INTERRUPT + LEVEL_CAUSE(t0)
    sd t0, UAREA_INTERRUPT + LEVEL_T0(t0)
    ld t1, OWN_CALL(t0)
    sd t1, UAREA_INTERRUPT + LEVEL_T1(t0)
    lla t1, 1f
    sd t1, UAREA_INTERRUPT + LEVEL_PC(t0)
    sd zero, OWN_CALL(t0)
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
1:  mv sp, t1
    registers_load
    ret

    .balign 4
fuzz_returned:
    li t1, MASKED_INTERRUPT
    sw t1, UAREA_MASKED(t0)
    lwu t1, UAREA_FORCED(t0)
    bnez t1, later
    ld t1, UAREA_INTERRUPT + LEVEL_CAUSE(t0)
    bnez t1, later
    ld t1, OWN_CALL(t0)
    bnez t1, over
later:
    j exo_prologue

/* It may be left and begun again until it resumes: over is, too, for what it
   reads it zeroes last but for the resume, where an edge finds it masked. */
    .balign 4
    .global fuzz_prologue
fuzz_prologue:
    lwu t1, UAREA_FORCED(t0)
    bnez t1, later
    ld t1, UAREA_INTERRUPT + LEVEL_CAUSE(t0)
    bnez t1, later
    ld t1, OWN_CALL(t0)
    beqz t1, later
    sw zero, UAREA_INTERRUPT + LEVEL_MASKED(t0)
    sd t0, UAREA_INTERRUPT + LEVEL_T0(t0)
    lla t1, given_up
    sd t1, UAREA_INTERRUPT + LEVEL_PC(t0)
    li t1, MASKED_INTERRUPT
    sw t1, UAREA_INTERRUPT + LEVEL_MASKED(t0)
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
given_up:                       /* no prologue any more */
    li a0, -EDIED_NUMBER
    j over

/* Where a further hart begins: t0 is its U-area, t1 its stack. */
    .balign 4
    .global fuzz_hart_entry
fuzz_hart_entry:
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    mv sp, t1
    ld tp, OWN_TP(t0)
    mv a0, t0
    li fp, 0
    call fuzz_hart_main         /* does not return */
