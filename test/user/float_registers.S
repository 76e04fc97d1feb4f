/* SPDX-License-Identifier: MIT */
/* All floating-point registers, from and against one number. Rounding mode and
   flags are the argument's lowest eight bits, the mode made a valid one. */
    .text

    .macro fcsr_of from, to
    andi \to, \from, 0x9f       /* modes 0 and 4 */
    .endm

/* void float_fill(uint64_t seed) */
    .balign 4
    .global float_fill
float_fill:
    fcsr_of a0, a1
    fscsr a1
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.d.x f\n, a0
    addi a0, a0, 1
    .endr
    ret

/* uint64_t float_check(uint64_t seed): how many registers differ from it. */
    .balign 4
    .global float_check
float_check:
    mv a2, a0
    li a0, 0
    fcsr_of a2, a3
    frcsr a4
    sub a4, a4, a3
    snez a4, a4
    add a0, a0, a4
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.x.d a4, f\n
    sub a4, a4, a2
    snez a4, a4
    add a0, a0, a4
    addi a2, a2, 1
    .endr
    ret

/* uint64_t float_clean(void): how many registers are not zero. */
    .balign 4
    .global float_clean
float_clean:
    frcsr a4
    snez a0, a4
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.x.d a4, f\n
    snez a4, a4
    add a0, a0, a4
    .endr
    ret

/* The gate of those that are called: C, below the stack of who sleeps. */
    .balign 4
    .global float_gate
float_gate:
    li sp, 0x40002800
    call float_body
    li a7, 28                   /* pct_return */
    ecall
    ebreak

/* No instruction, of four bytes. */
    .balign 4
    .global float_illegal
float_illegal:
    .word 0xffffffff
    ret
