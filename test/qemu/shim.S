/* SPDX-License-Identifier: MIT */
/*
 * A guest that stands between firmware and kernel, so that a test can hand
 * over what firmware never would: any tree or none, any load address. It also
 * plays broken kernels for the harness's own test. QEMU's loader device
 * writes the order at 0x80300000 (zero where nothing is written):
 *
 *   +0     value for a1
 *   +8     where the kernel was loaded; 0: there is none, end instead
 *   +16    word for the finisher at the end; 0: loop in silence
 *   +24    not 0: hand on firmware's a1 instead
 *   +32    1 + the hart that is to enter the kernel; 0: whichever comes
 *   +40    1 + the hart that came first, if it was another (the shim's own)
 *   +48    1 + the hart that enters the kernel's first door late, as OpenSBI
 *          sometimes lets one; 0: none
 *   +256   text to print first, ended by a zero byte
 *
 * The kernel is entered as firmware enters it: a0 is the hart's id.
 */
#define CONFIG 0x80300000
#define FINISHER 0x100000
#define SBI_LEGACY_PUTCHAR 1
#define SBI_HSM 0x48534d
#define HSM_START 0
#define HSM_STOP 1
#define HSM_STATUS 2
#define HSM_STOPPED 1

    .globl _start
_start:
    mv      s0, a0
    mv      s1, a1
    li      s2, CONFIG
    ld      t0, 32(s2)
    beqz    t0, chosen
    addi    t0, t0, -1
    beq     s0, t0, chosen
    /* Hand over to the hart that is wanted, and stop. */
    addi    t1, s0, 1
    sd      t1, 40(s2)
    fence
    mv      a0, t0
    lla     a1, _start
    mv      a2, s1
    li      a6, HSM_START
    li      a7, SBI_HSM
    ecall
    li      a6, HSM_STOP
    ecall
chosen:
    /* The kernel may start the first hart again once it has stopped. */
    ld      s4, 40(s2)
    beqz    s4, begin
    addi    a0, s4, -1
    li      a6, HSM_STATUS
    li      a7, SBI_HSM
    ecall
    li      t0, HSM_STOPPED
    bne     a1, t0, chosen
begin:
    ld      a0, 48(s2)
    beqz    a0, alone
    addi    a0, a0, -1
    lla     a1, late
    mv      a2, s1
    li      a6, HSM_START
    li      a7, SBI_HSM
    ecall
alone:
    addi    s3, s2, 256
print:
    lbu     a0, (s3)
    beqz    a0, printed
    li      a7, SBI_LEGACY_PUTCHAR
    ecall
    addi    s3, s3, 1
    j       print

/* 20 ms later: the kernel is up by then, or nearly so. */
late:
    li      t0, 200000
    rdtime  t1
1:  rdtime  t2
    sub     t2, t2, t1
    bltu    t2, t0, 1b
    li      t0, CONFIG
    ld      t0, 8(t0)
    .word   0x0000100f /* fence.i */
    jr      t0

printed:
    ld      t0, 24(s2)
    bnez    t0, enter
    ld      s1, 0(s2)
enter:
    ld      t0, 8(s2)
    beqz    t0, end
    mv      a0, s0
    mv      a1, s1
    .word   0x0000100f /* fence.i, which plain rv64imac does not name */
    jr      t0

end:
    lw      t0, 16(s2)
    beqz    t0, loop
    li      t1, FINISHER
    sw      t0, (t1)
loop:
    wfi
    j       loop
