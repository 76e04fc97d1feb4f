/* SPDX-License-Identifier: MIT */
/* The capability list, in words. */
#include "user/bin/program.h"
#include "user/exo/capabilities.h"
#include "user/exo/own_list.h"

static const char help[] =
    "usage: exocaps [-a]\n"
    "Prints what this process holds: for each entry of its capability list "
    "the\n"
    "name, the rights, and what it is for. A child of the same shell holds "
    "the\n"
    "same, but for the name of its own. A name is over all names that begin\n"
    "with it; * is the empty one, # a serial, which the kernel made.\n"
    "  -a  empty entries, too\n";

int
main(int argc, char **argv)
{
    bool all = false;

    (void)argc;
    program_begin("exocaps", argv, help);
    while (program_option("a") != 0) {
        all = true;
    }
    (void)program_operands_count(0, 0);
    capabilities_print(own_list(machine_open()), all);
    return program_end();
}
