/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_LAYOUT_H
#define CHITIN_ABI_LAYOUT_H
/*
 * The lower half of every address space. Up to USER_END it is the env's own;
 * above that the kernel maps its tables, read-only, into all.
 *
 *   0x00000000_00001000  USER_START  the env's: page 0 stays empty by custom
 *   0x0000003f_c0000000  USER_END
 *   0x0000003f_c0000000  INFORMATION_FRAMES: the record of page n at 64 n
 *   0x0000003f_e0000000  INFORMATION_BOOT: struct information
 *   0x0000003f_e0010000  INFORMATION_ENVS: a row for each env
 *   0x0000003f_e0020000  INFORMATION_ACCOUNTS: a row for each account
 *   0x0000003f_e0030000  INFORMATION_DISK_ROWS: a row for each disk
 *   0x0000003f_e0040000  INFORMATION_SLOTS: the vector of each hart
 *   0x0000003f_e0080000  INFORMATION_DOUBLES: of each disk, extents of which
 *                        DISK_DOUBLES_MAX rows tell (kern/abi/disk.h)
 *   0x0000003f_e0200000  INFORMATION_REGISTRY: the entries of all disks
 *   0x0000003f_e1000000  INFORMATION_BLOCKS: a byte for each block of a disk,
 *                        INFORMATION_BLOCKS_SIZE from disk to disk
 *   0x0000003f_f1000000  INFORMATION_END
 *
 * A table that a kernel does not have is not mapped.
 */
#define USER_START 0x1000
#define USER_END 0x3fc0000000
#define INFORMATION_FRAMES 0x3fc0000000
#define INFORMATION_BOOT 0x3fe0000000
#define INFORMATION_ENVS 0x3fe0010000
#define INFORMATION_ACCOUNTS 0x3fe0020000
#define INFORMATION_DISK_ROWS 0x3fe0030000
#define INFORMATION_SLOTS 0x3fe0040000
#define INFORMATION_DOUBLES 0x3fe0080000
#define INFORMATION_REGISTRY 0x3fe0200000
#define INFORMATION_BLOCKS 0x3fe1000000
#define INFORMATION_BLOCKS_SIZE 0x4000000
#define INFORMATION_END 0x3ff1000000

/* Where the kernel puts the first env's things; what it does with its address
   space later is its own affair. The stack grows down from FIRST_STACK_TOP,
   FIRST_STACK_PAGES pages; the U-area lies above. The archive that init came
   from is mapped to be read from FIRST_ARCHIVE on, at the place in its page
   that it had in memory; its frames are the env's. At entry

     sp  the stack           a1  the env's id
     t0  the U-area          a2  the address of the archive
     a0  the page number     a3  its bytes
         of the root

   and every other register is 0. */
#define FIRST_ARCHIVE 0x3f80000000
#define FIRST_STACK_TOP 0x3fbfff0000
#define FIRST_STACK_PAGES 16
#define FIRST_UAREA 0x3fbfff8000

#endif
