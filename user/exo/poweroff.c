/* SPDX-License-Identifier: MIT */
/* Ends the machine: the first process is asked to, which alone can. */
#include <signal.h>
#include <unistd.h>

#include "user/bin/program.h"

static const char help[] = "usage: poweroff\n"
                           "Ends all processes, writes what is to be on the "
                           "disk, and turns the machine\n"
                           "off.\n";

int
main(int argc, char **argv)
{
    (void)argc;
    program_begin("poweroff", argv, help);
    (void)program_option("");
    (void)program_operands_count(0, 0);
    sync();
    if (kill(1, SIGUSR2) != 0) {
        program_complain("process 1");
        return program_end();
    }
    (void)sleep(60);
    program_die("the machine is still on: process 1 does not answer");
}
