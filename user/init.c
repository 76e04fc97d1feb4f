/* SPDX-License-Identifier: MIT */
/*
 * The first program: says that it runs, and echoes what is typed. Ctrl-D on an
 * empty line ends the machine.
 */
#include <stdio.h>

#include "lib/exo/exo.h"

#define CTRL_D 4

int
main(void)
{
    bool empty = true;

    printf("init: env 0x%lx in user mode; Ctrl-D ends the machine\n", exo_id);
    for (;;) {
        int c = getchar();

        if (c == CTRL_D && empty) {
            return 0;
        }
        empty = c == '\r';
        putchar(c == '\r' ? '\n' : c);
        fflush(stdout);
    }
}
