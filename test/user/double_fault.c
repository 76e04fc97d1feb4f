/* SPDX-License-Identifier: MIT */
/*
 * A fault in the exception handler goes to the double-fault entry; a fault in
 * there ends the env, which, as it is the first, ends the machine.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/exo.h"

static void
handler(struct uarea *uarea)
{
    (void)uarea;
    printf("test: in the handler, mask %u\n", exo_uarea->masked);
    fflush(stdout);
    __asm__ volatile("ebreak");
}

static void
again(void)
{
    printf("test: in the double-fault handler, mask %u\n", exo_uarea->masked);
    fflush(stdout);
    __asm__ volatile("ebreak");
}

int
main(void)
{
    exo_exception_handler = handler;
    exo_uarea->entry_double = (uint64_t)again;
    __asm__ volatile("ebreak");
    return EXIT_FAILURE;
}
