/* SPDX-License-Identifier: MIT */
/*
 * Where an upcall goes on that is to run handlers of signals (signal.c): on the
 * program's own stack, with nothing masked, as if it had called. Until
 * signal_arrived says so no second one is sent here, so `signal_interrupted`
 * holds.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/posix/layout.h"

/* struct interrupted of signal.c */
#define PC 0
#define T0 8
#define T1 16
#define A7 24
#define STACK 32
#define STACK_END 40

/* A frame: x1 to x31 at their numbers, the pc at that of x0. */
#define FRAME (32*8)

    .section .text.signal_entry, "ax"
    .option norelax

    .balign 4
    .global signal_entry
signal_entry:
    lla t0, signal_interrupted
    mv t1, sp
    ld a7, STACK(t0)            /* on the other stack, if there is one and it */
    bltu sp, a7, 1f             /* is not there already */
    ld a7, STACK_END(t0)
    bltu sp, a7, 2f
1:  ld a7, STACK_END(t0)
    beqz a7, 2f
    mv t1, a7
2:  addi t1, t1, -FRAME
    andi t1, t1, -16
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, \n*8(t1)
    .endr
    ld a7, PC(t0)
    sd a7, 0*8(t1)
    ld a7, T0(t0)
    sd a7, 5*8(t1)
    ld a7, T1(t0)
    sd a7, 6*8(t1)
    ld a7, A7(t0)
    sd a7, 17*8(t1)
    mv sp, t1
    lla gp, __global_pointer$
    lla tp, __tls_base
    call signal_arrived
    mv t1, sp
    .irp n, 1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, \n*8(t1)
    .endr
    ld sp, 2*8(t1)
    /* The level is the kernel's until it is masked. */
    lla t0, exo_uarea
    ld t0, 0(t0)
    li a7, MASKED_INTERRUPT
    sw a7, UAREA_MASKED(t0)
    ld a7, 0*8(t1)
    sd a7, UAREA_INTERRUPT + LEVEL_PC(t0)
    ld a7, 5*8(t1)
    sd a7, UAREA_INTERRUPT + LEVEL_T0(t0)
    ld a7, 6*8(t1)
    sd a7, UAREA_INTERRUPT + LEVEL_T1(t0)
    ld a7, 17*8(t1)
    sd a7, UAREA_INTERRUPT + LEVEL_A7(t0)
    sd zero, UAREA_INTERRUPT + LEVEL_MASKED(t0)
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
    unimp                       /* never comes back */

/* The process is to end, whatever its stack is like: at the end of that, for
   nobody goes back to what is there. */
    .balign 4
    .global signal_end_entry
signal_end_entry:
    li sp, POSIX_STACK_TOP
    lla gp, __global_pointer$
    lla tp, __tls_base
    li fp, 0
    call signal_end

/* void signal_call(void *stack_end, void (*handler)(int, siginfo_t *, void *),
                    int signal, siginfo_t *information): on another stack. */
    .global signal_call
signal_call:
    addi a0, a0, -16
    andi a0, a0, -16
    sd ra, 8(a0)
    sd sp, 0(a0)
    mv sp, a0
    mv t0, a1
    mv a0, a2
    mv a1, a3
    li a2, 0
    jalr t0
    ld ra, 8(sp)
    ld sp, 0(sp)
    ret
