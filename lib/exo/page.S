/* SPDX-License-Identifier: MIT */
/*
 * 128 bytes a round. In assembly, for a compiler would see memset and memcpy
 * in it and call them. Loads go before stores in groups of eight: a core that
 * executes in order does not wait for each.
 */
    .section .text.exo_resident, "ax"
    .option norelax

/* void exo_page_clear(void *page) */
    .balign 8
    .global exo_page_clear
exo_page_clear:
    li a1, 4096
    add a1, a1, a0
1:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    sd zero, \n*8(a0)
    .endr
    addi a0, a0, 128
    bne a0, a1, 1b
    ret

    .macro octet from
    ld a3, \from + 0*8(a1)
    ld a4, \from + 1*8(a1)
    ld a5, \from + 2*8(a1)
    ld a6, \from + 3*8(a1)
    ld a7, \from + 4*8(a1)
    ld t0, \from + 5*8(a1)
    ld t1, \from + 6*8(a1)
    ld t2, \from + 7*8(a1)
    sd a3, \from + 0*8(a0)
    sd a4, \from + 1*8(a0)
    sd a5, \from + 2*8(a0)
    sd a6, \from + 3*8(a0)
    sd a7, \from + 4*8(a0)
    sd t0, \from + 5*8(a0)
    sd t1, \from + 6*8(a0)
    sd t2, \from + 7*8(a0)
    .endm

/* void exo_page_copy(void *to, const void *from) */
    .balign 8
    .global exo_page_copy
exo_page_copy:
    li a2, 4096
    add a2, a2, a0
1:
    octet 0
    octet 64
    addi a0, a0, 128
    addi a1, a1, 128
    bne a0, a2, 1b
    ret
