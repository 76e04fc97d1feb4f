/* SPDX-License-Identifier: MIT */
/* Where the image is entered, and where it goes into a program. */

/* _Noreturn void posix_entry(const struct domain *domain): from the program that
   makes the domain, on its stack, into this image's own data. */
    .section .text.posix_entry, "ax"
    .global posix_entry
posix_entry:
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    lla tp, __tls_base
    call posix_first

/* _Noreturn void posix_stack(void *stack, void (*run)(void *), void *argument):
   goes on there, on another stack. */
    .global posix_stack
posix_stack:
    mv sp, a0
    mv a0, a2
    li fp, 0
    jalr a1

/* _Noreturn void posix_enter(uint64_t entry, void *stack): a program begins. Of
   what was before it sees nothing. */
    .global posix_enter
posix_enter:
    mv sp, a1
    mv t0, a0
    .irp n, 1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0
    .endr
    jr t0
