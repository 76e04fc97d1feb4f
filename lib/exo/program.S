/* SPDX-License-Identifier: MIT */
/*
 * Where an env that exo_program_start made begins: at its prologue, with t0 =
 * U-area and in the other registers what its creator had there. This is copied
 * to a page of its own. It clears what it was not given, and goes to the
 * program as if the interrupt level had interrupted it there.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"

    .section .rodata.exo_program, "a"
    .option norelax
    .balign 8
    .global exo_program_first
    .global exo_program_first_end
exo_program_first:
    lwu t1, UAREA_FORCED(t0)
    bnez t1, 1f
    ld sp, UAREA_OWN + 0*8(t0)
    ld a0, UAREA_OWN + 1*8(t0)
    ld a1, UAREA_OWN + 2*8(t0)
    ld a4, UAREA_OWN + 3*8(t0)
    ld a5, UAREA_OWN + 4*8(t0)
    .irp n, 1, 3, 4, 7, 8, 9, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0
    .endr
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
1:  li t1, LEVEL_FORCED         /* a slice ended before the program has set */
    li a7, CALL_RESUME          /* entries of its own */
    ecall
    unimp
exo_program_first_end:
