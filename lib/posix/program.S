/* SPDX-License-Identifier: MIT */
/* Where a program on the libOS begins: sp points to the count of its arguments
   (exec.h), and all that the C library needs is done but for the program's own
   constructors. */
    .section .text.start, "ax"
    .global _start
_start:
    mv a0, sp
    lla a1, main
    lla a2, __program_init_start
    lla a3, __program_init_end
    lla a4, __program_fini_end
    call posix_main             /* does not return */
