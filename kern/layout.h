/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_LAYOUT_H
#define CHITIN_KERN_LAYOUT_H
/*
 * The kernel's half of every address space (Sv39: the upper 256 GiB). The
 * lower half belongs to environments. Also read by assembler and linker
 * script, hence no types and no suffixes.
 *
 *   0xffffffc0_00000000  direct map: RAM, at its physical address plus
 *                        DIRECT_BASE; firmware, reservations and the kernel
 *                        image are holes, the device
 *                        tree is R--                           RW-   32 GiB
 *   0xffffffe0_00000000  frame table: the record of physical page n at
 *                        FRAME_TABLE_BASE + 64 n: the lower
 *                        half; what no record of RAM takes is
 *                        one page of zeroes. Above are the
 *                        other tables that envs read           RW-    1 GiB
 *   0xffffffe8_00000000  hart slots: guard page, stack, hart
 *                        block, 16 KiB a hart                  RW-    1 GiB
 *   0xffffffec_00000000  device registers                      RW-    1 GiB
 *   0xfffffff0_00000000  downloaded code, 4 KiB pages that the
 *                        direct map does not have: each RW-
 *                        while it is filled, then R-X, else
 *                        not mapped                                   2 MiB
 *   0xffffffff_c0000000  the kernel image: text R-X, rodata R--,
 *                        data and bss RW-                             2 MiB
 *
 * 32 GiB is what the reverse map of page tables can name (kern/pt.h).
 *
 * The root entries of this half never change after boot, so that every address
 * space can hold a copy of them; of the tables below only that of downloaded
 * code does.
 */
#define DIRECT_BASE 0xffffffc000000000
#define DIRECT_SIZE 0x0000000800000000
#define FRAME_TABLE_BASE 0xffffffe000000000
#define FRAME_TABLE_SIZE 0x0000000040000000
#define HART_SLOT_BASE 0xffffffe800000000
#define DEVICE_BASE 0xffffffec00000000
#define DEVICE_SIZE 0x0000000040000000
#define ARENA_BASE 0xfffffff000000000
#define ARENA_SIZE 0x0000000000200000
#define KERNEL_BASE 0xffffffffc0000000
#define KERNEL_SIZE 0x0000000000200000

/*
 * A hart slot, aligned to its size so that the hart block is found from any
 * stack pointer inside:
 *
 *   +0x0000  guard page, never mapped
 *   +0x1000  kernel stack, 8 KiB, grows down from the hart block
 *   +0x3000  hart block (struct hart)
 *   +0x3800  emergency stack, 2 KiB: panics run here, so that one caused by a
 *            stack overflow can still report itself
 */
#define HART_SLOT_SIZE 0x4000
#define HART_GUARD_SIZE 0x1000
#define HART_BLOCK_OFFSET 0x3000
#define HART_BLOCK_SIZE 0x800

#endif
