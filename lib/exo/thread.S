/* SPDX-License-Identifier: MIT */
/* What one thread's stack has while another runs: 14 words, from sp up ra, s0
   to s11, tp. */
#include "lib/exo/registers.h"

    .text
    .option norelax

/* void exo_thread_switch(uint64_t *from, uint64_t to) */
    .balign 4
    .global exo_thread_switch
exo_thread_switch:
    addi sp, sp, -14*8
    preserved_move sd
    sd tp, 13*8(sp)
    sd sp, 0(a0)
    mv sp, a1
    preserved_move ld
    ld tp, 13*8(sp)
    addi sp, sp, 14*8
    ret

/* Where a new thread begins. */
    .balign 4
    .global exo_thread_first
exo_thread_first:
    li fp, 0
    call exo_thread_main        /* does not return */
