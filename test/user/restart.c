/* SPDX-License-Identifier: MIT */
/* Has the machine start again: to whoever runs it without that, it ends. */
#include <stdio.h>

#include "kern/abi/exit.h"
#include "lib/exo/exo.h"

int
main(void)
{
    puts("test: the machine starts again");
    fflush(stdout);
    sys_machine_exit(0, EXIT_REBOOT);
    puts("test: it did not");
    return 1;
}
