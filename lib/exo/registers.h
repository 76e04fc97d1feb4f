/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_REGISTERS_H
#define CHITIN_LIB_EXO_REGISTERS_H
/*
 * For assembly: what the C calling convention preserves, on the stack. From sp
 * up: ra, s0 to s11; then, where all of it is kept, gp and tp, and a word that
 * keeps sp aligned to 16.
 */
/* clang-format off */

    /* `move` is sd or ld. */
    .macro preserved_move move
    \move ra, 0*8(sp)
    \move s0, 1*8(sp)
    \move s1, 2*8(sp)
    \move s2, 3*8(sp)
    \move s3, 4*8(sp)
    \move s4, 5*8(sp)
    \move s5, 6*8(sp)
    \move s6, 7*8(sp)
    \move s7, 8*8(sp)
    \move s8, 9*8(sp)
    \move s9, 10*8(sp)
    \move s10, 11*8(sp)
    \move s11, 12*8(sp)
    .endm

    .macro registers_save
    addi sp, sp, -16*8
    preserved_move sd
    sd gp, 13*8(sp)
    sd tp, 14*8(sp)
    .endm

    .macro registers_load
    preserved_move ld
    ld gp, 13*8(sp)
    ld tp, 14*8(sp)
    addi sp, sp, 16*8
    .endm

    /* Every register but those that the kernel saves with a level, in the U-area
       at `uarea`. */
    .macro everything_move move, uarea
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \move x\n, UAREA_SAVE + \n*8(\uarea)
    .endr
    .endm

#endif
