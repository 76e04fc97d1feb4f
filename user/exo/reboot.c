/* SPDX-License-Identifier: MIT */
/* Has the machine begin anew: the first process is asked to, which alone can.
 */
#include <signal.h>
#include <unistd.h>

#include "user/bin/program.h"

static const char help[] = "usage: reboot\n"
                           "Ends all processes, writes what is to be on the "
                           "disk, and has the machine\n"
                           "start again.\n";

int
main(int argc, char **argv)
{
    (void)argc;
    program_begin("reboot", argv, help);
    (void)program_option("");
    (void)program_operands_count(0, 0);
    sync();
    if (kill(1, SIGTERM) != 0) {
        program_complain("process 1");
        return program_end();
    }
    (void)sleep(60);
    program_die("the machine goes on: process 1 does not answer");
}
