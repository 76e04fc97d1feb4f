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
 */
#define USER_START 0x1000
#define USER_END 0x3fc0000000
#define INFORMATION_FRAMES 0x3fc0000000

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
