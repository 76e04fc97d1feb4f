/* SPDX-License-Identifier: MIT */
/* unsigned registers_check(void): see exception.c. Register n holds
   0x1111 * n when it traps; sp, gp and tp keep their own values. */
#include "lib/exo/registers.h"

    .text
    .globl registers_check
registers_check:
    registers_save
    .irp n, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0x1111 * \n
    .endr
    .option push
    .option norvc
    ebreak
    .option pop
    /* The check needs a register: what x31 holds is looked at first. */
    addi sp, sp, -16
    sd x30, 0(sp)
    li x30, 0x1111 * 31
    sub x31, x31, x30
    snez x31, x31
    ld x30, 0(sp)
    .irp n, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    sd x31, 8(sp)
    li x31, 0x1111 * \n
    sub x\n, x\n, x31
    snez x\n, x\n
    ld x31, 8(sp)
    add x31, x31, x\n
    .endr
    addi sp, sp, 16
    mv a0, x31
    /* sp, gp and tp. */
    ld t0, 13*8(sp)
    sub t0, t0, gp
    snez t0, t0
    add a0, a0, t0
    ld t0, 14*8(sp)
    sub t0, t0, tp
    snez t0, t0
    add a0, a0, t0
    preserved_move ld
    addi sp, sp, 16*8
    ret
