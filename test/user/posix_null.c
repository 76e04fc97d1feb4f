/* SPDX-License-Identifier: MIT */
/* What most programs do wrong sooner or later. */
#include <stdint.h>

int
main(int count, char **words)
{
    /* No address: an argument less than there is. No tool shall know it. */
    volatile int *nothing = (volatile int *)((uintptr_t)count - 1);

    (void)words;
    *nothing = 1;
    return 0;
}
