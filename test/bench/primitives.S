/* SPDX-License-Identifier: MIT */
/*
 * The stretches that are counted, in assembly so that nothing else is in them.
 * Each takes the count before and after and returns the difference.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "test/bench/mark.h"

    .text
    .option norelax

/* uint64_t bench_nothing(void): the cost of counting. */
    .balign 4
    .global bench_nothing
bench_nothing:
    count_begin t3
    count_end t4
    sub a0, t4, t3
    ret

/* uint64_t bench_null(void) */
    .balign 4
    .global bench_null
bench_null:
    addi sp, sp, -16
    sd s0, 0(sp)
    li a7, 0
    count_begin s0
    ecall
    count_end a0
    sub a0, a0, s0
    ld s0, 0(sp)
    addi sp, sp, 16
    ret

/* uint64_t bench_call(number, five arguments): any call in C; bench_call6 with
   six arguments. */
    .balign 4
    .global bench_call
    .global bench_call6
bench_call:
bench_call6:
    addi sp, sp, -16
    sd s0, 0(sp)
    sd s1, 8(sp)
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    count_begin s0
    ecall
    count_end s1
    lla t0, bench_result
    sd a0, 0(t0)
    sub a0, s1, s0
    ld s0, 0(sp)
    ld s1, 8(sp)
    addi sp, sp, 16
    ret

/* The handler of the tests below: reads the count first of all, steps over the
   instruction at fault by the length in bench_step, and resumes. */
    .balign 4
    .global bench_handler
bench_handler:
    count_middle s1
    ld t1, UAREA_EXCEPTION + LEVEL_PC(t0)
    addi t1, t1, 4
    sd t1, UAREA_EXCEPTION + LEVEL_PC(t0)
    li t1, LEVEL_EXCEPTION
    li a7, 1
    ecall
    unimp

/* uint64_t bench_KIND(uint64_t *roundtrip): to the handler; and there and
   back. The instruction at fault is four bytes long. */
    .macro fault name, instruction:vararg
    .balign 4
    .global bench_\name
bench_\name:
    addi sp, sp, -32
    sd s0, 0(sp)
    sd s1, 8(sp)
    sd s2, 16(sp)
    li t2, 0
    .option push
    .option norvc
    count_begin s0
    \instruction
    count_end s2
    .option pop
    sub s2, s2, s0
    sd s2, 0(a0)
    sub a0, s1, s0
    ld s0, 0(sp)
    ld s1, 8(sp)
    ld s2, 16(sp)
    addi sp, sp, 32
    ret
    .endm

    fault ebreak, ebreak
    fault load, ld t2, 0(t2)
    fault illegal, .word 0xffffffff

/* uint64_t bench_pct(uint64_t binding, struct uarea *uarea,
   uint64_t *roundtrip): a synchronous call to bench_gate in another env, to its
   first instruction; and there and back, less the callee's reading of the
   count. */
    .balign 4
    .global bench_pct
bench_pct:
    addi sp, sp, -32
    sd s0, 0(sp)
    sd s1, 8(sp)
    mv s1, a2
    lla t0, 1f
    sd t0, UAREA_ENTRY_RETURN(a1)
    mv t2, a0
    li a7, CALL_PCT_CALL
    count_begin s0
    ecall
    li a0, -1                   /* refused */
    j 2f
    .balign 4
1:  count_end a2
    sub a2, a2, s0
    addi a2, a2, -1
    sd a2, 0(s1)
    sub a0, a1, s0
2:  ld s0, 0(sp)
    ld s1, 8(sp)
    addi sp, sp, 32
    ret

    .balign 4
    .global bench_gate
bench_gate:
    count_middle a1
    li a7, CALL_PCT_RETURN
    ecall
    unimp

/* void bench_slice(uint64_t end): spins until the time `end`, with the count of
   instructions in s1. Whoever has the hart next finds it there. */
    .balign 4
    .global bench_slice
bench_slice:
    addi sp, sp, -16
    sd s1, 0(sp)
1:  rdinstret s1
    rdtime t1
    bltu t1, a0, 1b
    ld s1, 0(sp)
    addi sp, sp, 16
    ret

/* uint64_t bench_gap(uint64_t end): the most that was counted between two looks
   of a loop that goes on until the time `end`: the longest interrupt. */
    .balign 4
    .global bench_gap
bench_gap:
    li a2, 0
    rdinstret a1
1:  rdinstret a3
    sub a4, a3, a1
    mv a1, a3
    bgeu a2, a4, 2f
    mv a2, a4
2:  rdtime a5
    bltu a5, a0, 1b
    addi a0, a2, -6             /* a round of the loop */
    ret

/* The child's prologue: three instructions, which are taken away again, to keep
   that count. */
    .balign 4
    .global bench_prologue
bench_prologue:
    lui t1, 0x40000             /* SHARED */
    sd s1, 8(t1)
    j exo_prologue

/* void bench_slice_child(void): how long after the parent's last count it gets
   the hart; the least, until it is to stop. */
    .balign 4
    .global bench_slice_child
bench_slice_child:
    lui a0, 0x40000
1:  rdinstret a1
    ld a2, 8(a0)
    beqz a2, 2f
    bltu a1, a2, 2f             /* read before this one was stopped */
    sd zero, 8(a0)
    sub a1, a1, a2
    addi a1, a1, -3
    ld a3, 16(a0)
    bgeu a1, a3, 2f
    sd a1, 16(a0)
2:  ld a3, 24(a0)
    bnez a3, 1b
    ret

/* An env that is asked for a frame: it yields to the parent whenever it runs,
   and frees the frame that it is told of when a request is pending. Words of
   the page at SHARED: the parent, the frame, the number of that call, and the
   count behind it. */
    .set ASKED, 64
    .macro asked_yield
    lui t1, 0x40000             /* SHARED */
    ld a0, ASKED(t1)
    li a7, CALL_YIELD
    ecall
    unimp
    .endm

    .balign 4
    .global bench_asked
bench_asked:
    asked_yield

    .balign 4
    .global bench_asked_prologue
bench_asked_prologue:
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
    unimp

    .balign 4
    .global bench_asked_handler
bench_asked_handler:
    addi a1, t0, UAREA_PENDING
    amoswap.d.aqrl a0, zero, (a1)
    andi a0, a0, PENDING_REQUEST
    beqz a0, 1f
    lui t1, 0x40000
    ld a0, ASKED + 8(t1)
    li a1, 0
    ld a7, ASKED + 16(t1)
    ecall
    count_end a1
    lui t1, 0x40000
    sd a1, ASKED + 24(t1)
1:  asked_yield
