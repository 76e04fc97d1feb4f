/* SPDX-License-Identifier: MIT */
/*
 * bool volume_copy(void *to, const void *from, size_t bytes)
 *
 * memcpy, but that a fault within it can be made its end: who handles it sets
 * the pc to volume_copy_failed if it lies between volume_copy and that; then
 * the result is false. A leaf, which has nothing on the stack.
 */
/* clang-format off */
    .text
    .balign 4
    .global volume_copy
    .type volume_copy, @function
volume_copy:
    xor t0, a0, a1
    andi t0, t0, 7
    bnez t0, bytes
1:  andi t0, a0, 7              /* to a word */
    beqz t0, words
    beqz a2, done
    lbu t0, 0(a1)
    sb t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 1b

words:
    li t0, 128
    bltu a2, t0, word
    andi t1, a2, -128
    add a3, a0, t1
    andi a2, a2, 127
1:
    .irp at, 0, 64
    ld t0, \at+0(a1)
    ld t1, \at+8(a1)
    ld t2, \at+16(a1)
    ld t3, \at+24(a1)
    ld t4, \at+32(a1)
    ld t5, \at+40(a1)
    ld t6, \at+48(a1)
    ld a4, \at+56(a1)
    sd t0, \at+0(a0)
    sd t1, \at+8(a0)
    sd t2, \at+16(a0)
    sd t3, \at+24(a0)
    sd t4, \at+32(a0)
    sd t5, \at+40(a0)
    sd t6, \at+48(a0)
    sd a4, \at+56(a0)
    .endr
    addi a0, a0, 128
    addi a1, a1, 128
    bltu a0, a3, 1b
word:
    li t0, 8
    bltu a2, t0, bytes
    ld t1, 0(a1)
    sd t1, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    j word

bytes:
    beqz a2, done
    add a3, a0, a2
1:  lbu t0, 0(a1)
    sb t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    bltu a0, a3, 1b
done:
    li a0, 1
    ret

    .global volume_copy_failed
volume_copy_failed:
    li a0, 0
    ret
    .size volume_copy, . - volume_copy
