/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_TRAP_FRAME_H
#define CHITIN_KERN_TRAP_FRAME_H
/*
 * For assembly: a trap that C looks at, and that the program may know nothing
 * of.
 */
/* clang-format off */

/* What C may change is kept on the stack, sscratch included; t0 is the hart
   block before and after, t1 and a7 of the program are in its scratch words. */
    .macro frame_save
    sd sp, HART_USER_SP(t0)
    mv sp, t0
    addi sp, sp, -32*8
    .irp n, 1, 7, 10, 11, 12, 13, 14, 15, 16, 28, 29, 30, 31
    sd x\n, \n*8(sp)
    .endr
    csrrw t1, sscratch, t0
    sd t1, 5*8(sp)
    ld t1, HART_SCRATCH_T1(t0)
    sd t1, 6*8(sp)
    ld t1, HART_SCRATCH_A7(t0)
    sd t1, 17*8(sp)
    csrr t1, sepc
    sd t1, HART_USER_PC(t0)
    .endm

    .macro frame_restore
    addi t0, sp, 32*8
    ld t1, HART_USER_PC(t0)
    csrw sepc, t1
    ld t1, 5*8(sp)
    csrw sscratch, t1
    ld t1, 6*8(sp)
    sd t1, HART_SCRATCH_T1(t0)
    ld t1, 17*8(sp)
    sd t1, HART_SCRATCH_A7(t0)
    .irp n, 1, 7, 10, 11, 12, 13, 14, 15, 16, 28, 29, 30, 31
    ld x\n, \n*8(sp)
    .endr
    ld sp, HART_USER_SP(t0)
    .endm

    /* Back to the program, as it was. */
    .macro frame_return
    ld t1, 32*8 + HART_USER_PC(sp)
    csrw sepc, t1
    .irp n, 1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
    ld x\n, \n*8(sp)
    .endr
    ld sp, 32*8 + HART_USER_SP(sp)
    sret
    .endm

#endif
