/* SPDX-License-Identifier: MIT */
/*
 * The emulator's semihosting is for the kernel: asked for by a program, it is
 * nothing but a breakpoint.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/exo.h"

#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026
#define BREAKPOINT 3

static unsigned breakpoints;

static void
handler(struct uarea *uarea)
{
    struct level *level = &uarea->level[LEVEL_EXCEPTION];

    breakpoints += level->cause == BREAKPOINT;
    level->pc += 4;
}

int
main(void)
{
    uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, 33};
    register uint64_t a0 __asm__("a0") = SYS_EXIT_EXTENDED;
    register uint64_t a1 __asm__("a1") = (uint64_t)block;

    exo_exception_handler = handler;
    __asm__ volatile(".balign 16\n"
                     ".option push\n"
                     ".option norvc\n"
                     "slli zero, zero, 0x1f\n"
                     "ebreak\n"
                     "srai zero, zero, 7\n"
                     ".option pop\n"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    printf("test: semihosting %s\n", breakpoints == 1 ? "refused" : "odd");
    return breakpoints == 1 ? 0 : EXIT_FAILURE;
}
