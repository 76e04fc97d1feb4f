/* SPDX-License-Identifier: MIT */
/*
 * Where the machine enters the kernel: from the boot loader, from the firmware
 * when a further hart starts, and on every trap.
 *
 * Linker relaxation stays off in this file: gp is never set in the kernel, and
 * the first instructions run at physical addresses. Alignment is filled with
 * c.nop by hand: without relaxation the assembler fills with zeroes, which are
 * illegal instructions.
 */
#include "kern/abi/exit.h"
#include "kern/csr.h"
#include "kern/hart_offsets.h"
#include "kern/layout.h"

    .option norelax

/* From physical addresses to virtual ones, with this satp: the fetch after the
   write of satp faults, and stvec is where we want to be. t1 becomes virtual
   minus physical. Backtraces end here: fp and ra are 0. */
    .macro enter_virtual satp
    lla t0, image_header
    li t1, KERNEL_BASE
    sub t1, t1, t0
    lla t2, 1f
    add t2, t2, t1
    csrw stvec, t2
    sfence.vma
    csrw satp, \satp
    .balignw 4, 0x0001
1:  lla t0, trap_entry
    csrw stvec, t0
    li fp, 0
    li ra, 0
    .endm

/* The header that QEMU, U-Boot's booti and extlinux know (Linux,
   Documentation/riscv/boot-image-header.rst). The first word must be one
   uncompressed jump. */
    .section .text.entry, "ax"
    .global image_header
image_header:
    .option push
    .option norvc
    j boot_entry
    nop
    .option pop
    .dword 0x200000             /* text_offset from the start of RAM */
    .dword image_size           /* with bss */
    .dword 0                    /* flags: little-endian */
    .word 2, 0                  /* header version 0.2 */
    .dword 0
    .ascii "RISCV\0\0\0"
    .word 0x05435352, 0         /* "RSC\5", the magic that U-Boot tests */

/* The first hart. In: a0 hart id, a1 physical address of the device tree,
   paging off, every other register unknown (SBI 1.0, 8; Linux
   Documentation/riscv/boot.rst). */
boot_entry:
    csrw sie, zero
    li t0, SSTATUS_SIE | SSTATUS_FS | SSTATUS_VS
    csrc sstatus, t0
    lla t0, early_trap          /* stvec may still point into a boot loader */
    csrw stvec, t0
    lla t0, boot_entered
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez t1, boot_again
    rdtime s3
    mv s1, a0
    mv s2, a1

    lla sp, boot_slot
    li t0, HART_BLOCK_OFFSET
    add sp, sp, t0
    call early_map              /* clears bss, returns satp */

    enter_virtual a0
    add sp, sp, t1
    csrw sscratch, sp           /* the hart block is where the stack begins */
    mv a0, s1
    mv a1, s2
    neg a2, t1                  /* physical minus virtual */
    mv a3, s3
    call kernel_main            /* does not return */

/* Another hart at this door. OpenSBI up to 1.1 marks a hart as started before
   it notes where (sbi_hsm_hart_start), so a hart that looks just then comes
   here instead of hart_entry. It stops itself; hart_start_all tries again. */
boot_again:
    li a7, 0x48534d             /* "HSM", hart_stop: SBI 1.0, 9.2 */
    li a6, 1
    ecall
boot_halt:
    wfi
    j boot_halt

/* A trap before the kernel is mapped: only a machine whose RAM is not where it
   loaded us gets here. */
    .balignw 4, 0x0001
early_trap:
    lla s0, early_trap_text
1:  lbu a0, 0(s0)
    beqz a0, 2f
    li a7, 1                    /* SBI 1.0, 5.2: legacy console putchar */
    ecall
    addi s0, s0, 1
    j 1b
2:  lla t0, 3f                  /* semihosting, should somebody serve it: */
    csrw stvec, t0              /* see platform/dev/semihosting.c */
    li a0, 0x20
    lla a1, early_trap_exit
    .balignw 16, 0x0001
    .option push
    .option norvc
    slli zero, zero, 0x1f
    ebreak
    srai zero, zero, 7
    .option pop
    .balignw 4, 0x0001
3:  li a7, 0x53525354           /* "SRST": shutdown, reason system failure */
    li a6, 0
    li a0, 0
    li a1, 1
    ecall
    j boot_halt

/* A further hart (SBI 1.0, 9.1). In: a0 hart id, a1 physical address of its
   hart block, paging off. */
    .global hart_entry
hart_entry:
    csrw sie, zero
    li t0, SSTATUS_SIE | SSTATUS_FS | SSTATUS_VS
    csrc sstatus, t0
    ld sp, HART_SELF(a1)
    ld a0, HART_SATP(a1)
    enter_virtual a0
    csrw sscratch, sp
    mv a0, sp
    call hart_main              /* does not return */

    .text
/* bool stimecmp_probe(void): whether this hart lets supervisor mode read
   stimecmp. Its device-tree entry may promise Sstc while the firmware has not
   enabled it; then the read traps, to the label. */
    .balignw 4, 0x0001
    .global stimecmp_probe
stimecmp_probe:
    lla t0, 1f
    csrrw t1, stvec, t0
    li a0, 0
    csrr t2, CSR_STIMECMP
    li a0, 1
    .balignw 4, 0x0001
1:  csrw stvec, t1
    ret

    .section .rodata
    .balign 8
early_trap_exit:
    .dword 0x20026, EXIT_BOOT_DATA
early_trap_text:
    .asciz "boot: fault before the kernel was mapped: is there RAM where it was loaded?\r\n"

/* Not in bss, which the first hart clears. */
    .data
    .balign 4
boot_entered:
    .word 0

/* The first hart's slot (kern/layout.h) is in bss, for it is needed before
   there is an allocator. early_map leaves its guard page unmapped. */
    .section .slot, "aw", @nobits
    .balign HART_SLOT_SIZE
    .global boot_slot
boot_slot:
    .skip HART_SLOT_SIZE
