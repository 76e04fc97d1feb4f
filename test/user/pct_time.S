/* SPDX-License-Identifier: MIT */
/*
 * The gate, prologues and epilogue of pct_time.c. They have no data but the
 * page shared with the parent.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/exo/own.h"

#define SHARED 0x40000000
#define SHARED_CANCELLED (15 * 8)
#define CALL_PCT_CANCEL 44
#define GATE_STACK 0x40002800 /* below the stack of what it interrupts */
#define GONE (-1000)

    .text
    .option norelax

/* A return that fails goes on after it. */
    .balign 4
    .global time_gate
time_gate:
    li sp, GATE_STACK
    mv a1, a6
    call time_body
    li a7, CALL_PCT_RETURN
    ecall
    li sp, GATE_STACK
    j time_again

/* Two prologues: one that lets others have its slices while its call is out,
   and one that ends the call; both after a forced save is taken up, for before
   that the call may not be made yet, or have come back. */
    .balign 4
    .global prologue_patient
prologue_patient:
    lwu a0, UAREA_FORCED(t0)
    bnez a0, 2f
    ld a0, OWN_CALLEE(t0)
    beqz a0, 2f
1:  li a0, 0
    li a7, CALL_YIELD
    ecall
    j 1b
2:  j exo_prologue

    .balign 4
    .global prologue_cancel
prologue_cancel:
    lwu a0, UAREA_FORCED(t0)
    bnez a0, 2b
    ld a0, OWN_CALLEE(t0)
    beqz a0, 2b
    mv s0, t0
    li a7, CALL_PCT_CANCEL
    ecall
    li a1, SHARED
    sd a0, SHARED_CANCELLED(a1)
    ld t1, UAREA_ENTRY_RETURN(s0)   /* on there, masked as it was */
    sd t1, UAREA_INTERRUPT + LEVEL_PC(s0)
    sd s0, UAREA_INTERRUPT + LEVEL_T0(s0)
    li t1, MASKED_INTERRUPT
    sd t1, UAREA_INTERRUPT + LEVEL_MASKED(s0)
    li a0, GONE
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall

/* Calls, which must fail, and yields. */
    .balign 4
    .global epilogue_call
epilogue_call:
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, UAREA_SAVE + \n*8(t0)
    .endr
    li t2, 0
    li a7, CALL_PCT_CALL
    ecall
    li a1, SHARED
    sd a0, SHARED_CANCELLED(a1)
1:  li a0, 0
    li a7, CALL_YIELD
    ecall
    j 1b
