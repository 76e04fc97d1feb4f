/* SPDX-License-Identifier: MIT */
/* What most programs do wrong sooner or later. */
#include <stddef.h>

int
main(void)
{
    volatile int *volatile nothing = NULL;

    *nothing = 1; /* cppcheck-suppress nullPointer */
    return 0;
}
