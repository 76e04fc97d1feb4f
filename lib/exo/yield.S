/* SPDX-License-Identifier: MIT */
/*
 * Giving the hart away and taking it up again. The kernel saves nothing: what
 * the C calling convention preserves goes onto the stack, and stack pointer and
 * place into the interrupt level, from where the prologue resumes.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"

    .text
    .option norelax

    .macro registers_save
    addi sp, sp, -16*8
    sd ra, 0*8(sp)
    sd s0, 1*8(sp)
    sd s1, 2*8(sp)
    sd s2, 3*8(sp)
    sd s3, 4*8(sp)
    sd s4, 5*8(sp)
    sd s5, 6*8(sp)
    sd s6, 7*8(sp)
    sd s7, 8*8(sp)
    sd s8, 9*8(sp)
    sd s9, 10*8(sp)
    sd s10, 11*8(sp)
    sd s11, 12*8(sp)
    sd gp, 13*8(sp)
    sd tp, 14*8(sp)
    .endm

    .macro registers_load
    ld ra, 0*8(sp)
    ld s0, 1*8(sp)
    ld s1, 2*8(sp)
    ld s2, 3*8(sp)
    ld s3, 4*8(sp)
    ld s4, 5*8(sp)
    ld s5, 6*8(sp)
    ld s6, 7*8(sp)
    ld s7, 8*8(sp)
    ld s8, 9*8(sp)
    ld s9, 10*8(sp)
    ld s10, 11*8(sp)
    ld s11, 12*8(sp)
    ld gp, 13*8(sp)
    ld tp, 14*8(sp)
    addi sp, sp, 16*8
    .endm

/* int64_t exo_yield(uint64_t id, struct uarea *uarea) */
    .balign 4
    .global exo_yield
exo_yield:
    registers_save
    sd sp, UAREA_INTERRUPT + LEVEL_T1(a1)
    lla t0, 1f
    sd t0, UAREA_INTERRUPT + LEVEL_PC(a1)
    lwu t0, UAREA_MASKED(a1)
    sw t0, UAREA_INTERRUPT + LEVEL_MASKED(a1)
    li a7, CALL_YIELD
    ecall
    j 2f                        /* refused: a0 says why */
1:  mv sp, t1
    li a0, 0
2:
    registers_load
    ret

/* int64_t exo_call(uint64_t binding, struct uarea *uarea, uint64_t argument) */
    .balign 4
    .global exo_call
exo_call:
    registers_save
    sd sp, UAREA_OWN(a1)
    lla t0, 1f
    sd t0, UAREA_ENTRY_RETURN(a1)
    mv t2, a0
    mv a0, a2
    li a7, CALL_PCT_CALL
    ecall
    j 2f                        /* refused: a0 says why */
1:  ld sp, UAREA_OWN(t0)
2:
    registers_load
    ret

    .balign 4
    .global exo_prologue
exo_prologue:
    li t1, LEVEL_INTERRUPT
    li a7, CALL_RESUME
    ecall
    unimp
