/* SPDX-License-Identifier: MIT */
/*
 * Giving the hart away and taking it up again, by one's own wish and by the
 * clock's. The kernel saves nothing: what the C calling convention preserves
 * goes onto the stack, whose place is kept in own words. At the end of a slice
 * every register goes to the U-area: where a gate has just been entered or a
 * call has just returned, the stack pointer is still another env's.
 *
 * A prologue may be left and begun again at any instruction before its last: it
 * changes nothing that it reads.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/exo/own.h"
#include "lib/exo/registers.h"

    .section .text.exo_resident, "ax"
    .option norelax

/* int64_t exo_yield(uint64_t id, struct uarea *uarea) */
    .balign 4
    .global exo_yield
exo_yield:
    li a7, CALL_YIELD
away:
    registers_save
    lwu t0, UAREA_MASKED(a1)
    sd t0, OWN_AWAY_MASKED(a1)
    sd sp, OWN_AWAY_SP(a1)
    mv s0, a1
away_call:
    ecall
    sd zero, OWN_AWAY_SP(s0)    /* refused: a0 says why */
    registers_load
    ret
back:                           /* by a resume of the prologue's */
    sd zero, OWN_AWAY_SP(t0)
    mv sp, t1
    li a0, 0
    registers_load
    ret

/* int64_t exo_sleep(struct uarea *uarea) */
    .balign 4
    .global exo_sleep
exo_sleep:
    mv a1, a0
    li a7, CALL_SLEEP
    j away

/* int64_t exo_sleep_until(uint64_t cap, uint64_t code, uint64_t page,
                           uint64_t argument, struct uarea *uarea) */
    .balign 4
    .global exo_sleep_until
exo_sleep_until:
    li a7, CALL_SLEEP_UNTIL
    registers_save
    lwu t0, UAREA_MASKED(a4)
    sd t0, OWN_AWAY_MASKED(a4)
    sd sp, OWN_AWAY_SP(a4)
    mv s0, a4
    j away_call

/* int64_t exo_send(uint64_t binding, struct uarea *uarea, uint64_t argument) */
    .balign 4
    .global exo_send
exo_send:
    mv t2, a0
    mv a0, a2
    li a7, CALL_PCT_SEND
    j away

/* int64_t exo_call(uint64_t binding, struct uarea *uarea, uint64_t argument).
   While the call is out, own words tell the prologue of it. The interrupt level
   is masked: when the call returns, no register but t0 is to be believed. */
    .balign 4
    .global exo_call
exo_call:
    registers_save
    lwu t0, UAREA_MASKED(a1)
    ori t1, t0, MASKED_INTERRUPT
    sw t1, UAREA_MASKED(a1)
    sd t0, OWN_CALL_MASKED(a1)
    sd sp, OWN_CALL_SP(a1)
    lla t0, call_returned
    sd t0, UAREA_ENTRY_RETURN(a1)
    li t1, BINDINGS
    bgeu a0, t1, 1f
    slli t1, a0, 3
    add t1, t1, a1
    ld t1, OWN_BINDING(t1)
    sd t1, OWN_CALLEE(a1)
1:  mv s0, a1
    mv t2, a0
    mv a0, a2
    li a7, CALL_PCT_CALL
    ecall
    mv t0, s0                   /* refused: a0 says why */

/* The return entry. An event that came before the mask was taken away is still
   to be had, by a resume; one that comes after that interrupts. */
call_returned:
    ld sp, OWN_CALL_SP(t0)
    sd zero, OWN_CALLEE(t0)
    ld t2, OWN_CALL_MASKED(t0)
    sw t2, UAREA_MASKED(t0)
    bnez t2, 2f
    ld t1, UAREA_PENDING(t0)
    bnez t1, 3f
2:  registers_load
    ret
3:  li t1, MASKED_INTERRUPT     /* the level is ours to write */
    sw t1, UAREA_MASKED(t0)
    sw zero, UAREA_INTERRUPT + LEVEL_MASKED(t0)
    lla t1, 2b
    sd t1, UAREA_INTERRUPT + LEVEL_PC(t0)
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall

/* A slice begins: with what the end of the last one left. An env whose call is
   out gives the slice to the callee. */
    .balign 4
    .global exo_prologue
exo_prologue:
    lwu t1, UAREA_FORCED(t0)
    bnez t1, 1f
    ld t1, UAREA_INTERRUPT + LEVEL_CAUSE(t0)
    bnez t1, everything_load
    ld a0, OWN_CALLEE(t0)
    bnez a0, 2f
    ld t1, OWN_AWAY_SP(t0)
    beqz t1, 3f                 /* begins: the level says where */
    sd t1, UAREA_INTERRUPT + LEVEL_T1(t0)
    sd t0, UAREA_INTERRUPT + LEVEL_T0(t0)
    lla t1, back
    sd t1, UAREA_INTERRUPT + LEVEL_PC(t0)
    ld t1, OWN_AWAY_MASKED(t0)
    sd t1, UAREA_INTERRUPT + LEVEL_MASKED(t0)
3:  li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
1:  li t1, LEVEL_FORCED
    li a7, CALL_RESUME
    ecall
2:  mv s0, t0
    li a7, CALL_YIELD
    ecall
    /* It is gone: the call returns with an error, no longer in a prologue. */
    lla t1, call_returned
    sd t1, UAREA_INTERRUPT + LEVEL_PC(s0)
    sd s0, UAREA_INTERRUPT + LEVEL_T0(s0)
    li t1, MASKED_INTERRUPT
    sw t1, UAREA_INTERRUPT + LEVEL_MASKED(s0)
    li a0, -EDIED_NUMBER
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall

/* A slice ends. In its grace the kernel knows who is next, whatever a0 says; who
   was saved by force in here, and comes back when that is over, yields to
   whomever a0 names, or to nobody. */
    .balign 4
    .global exo_epilogue
exo_epilogue:
    everything_move sd, t0
    mv s0, t0
    .global exo_epilogue_yield
exo_epilogue_yield:             /* for a libOS that has saved everything there */
    li a7, CALL_YIELD
    ecall
    mv t0, s0                   /* nobody is next: then it goes on here */

everything_load:
    everything_move ld, t0
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
    unimp
