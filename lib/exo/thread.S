/* SPDX-License-Identifier: MIT */
/* What one thread's stack has while another runs: 14 words, from sp up ra, s0
   to s11, tp. */
    .text
    .option norelax

/* void exo_thread_switch(uint64_t *from, uint64_t to) */
    .balign 4
    .global exo_thread_switch
exo_thread_switch:
    addi sp, sp, -14*8
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
    sd tp, 13*8(sp)
    sd sp, 0(a0)
    mv sp, a1
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
    ld tp, 13*8(sp)
    addi sp, sp, 14*8
    ret

/* Where a new thread begins. */
    .balign 4
    .global exo_thread_first
exo_thread_first:
    li fp, 0
    call exo_thread_main        /* does not return */
