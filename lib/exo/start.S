/* SPDX-License-Identifier: MIT */
/*
 * Where a program begins.
 *
 * In, as the kernel starts the first env (kern/abi/layout.h) and exo_program_run
 * any other: sp the stack, t0 the U-area, a0 the page number of the root page
 * table, a1 the env's id, a2 and a3 address and size of an archive, or 0, a4 the
 * entry of the capability list for memory of the env's own, a5 an argument.
 */
    .section .text.start, "ax"
    .global _start
_start:
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    lla tp, __tls_base
    mv a6, t0
    li fp, 0
    call exo_start              /* does not return */
