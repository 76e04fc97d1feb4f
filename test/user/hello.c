/* SPDX-License-Identifier: MIT */
/*
 * An ordinary program, which says what it was started with: as a child it is
 * ended by its return.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/exo.h"

static _Thread_local unsigned initialised = 77;

int
main(void)
{
    unsigned *memory = calloc(100000, sizeof(*memory));
    unsigned sum = initialised;

    for (unsigned i = 0; memory != NULL && i < 100000; i++) {
        sum += memory[i] + 1;
    }
    printf("hello: cap %lu, argument %lu, archive %lu, %u\n", exo_cap,
           exo_argument, (uint64_t)exo_archive_size, sum);
    return 0;
}
