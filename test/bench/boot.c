/* SPDX-License-Identifier: MIT */
/* The first program that the shell runs: how many instructions that was since
   the machine began, its firmware's among them. */
#include <stdio.h>

#include "test/bench/mark.h"

int
main(void)
{
    uint64_t till = COUNT_BEGIN();

    printf("bench: boot_to_shell %lu %lu 1\n", till, till);
    printf("bench: done\n");
    return 0;
}
