/* SPDX-License-Identifier: MIT */
/* A bare machine enters here, in M-mode. The stack ends at TARGET_STACK_END of
   code_target.h. */
    .section .text.start, "ax"
    .globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    li sp, 0x80010000
    call target_main

    .balign 4
trap:
    csrr a0, mcause
    csrr a1, mepc
    li sp, 0x80010000
    call target_trap
