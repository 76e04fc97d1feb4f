/* SPDX-License-Identifier: MIT */
/*
 * The floating-point registers of the executing hart, to memory and back: f0 to
 * f31, then fcsr. sstatus.FS must be on.
 */
    .text
    .balign 4
    .global float_save
float_save:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fsd f\n, \n*8(a0)
    .endr
    frcsr t0
    sd t0, 32*8(a0)
    ret

    .balign 4
    .global float_load
float_load:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fld f\n, \n*8(a0)
    .endr
    ld t0, 32*8(a0)
    fscsr t0
    ret
