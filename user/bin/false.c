/* SPDX-License-Identifier: MIT */
/* Does nothing, not well. */
#include <string.h>

#include "program.h"

static const char help[] = "usage: false\nEnds with status 1.\n";

int
main(int argc, char **argv)
{
    program_begin("false", argv, help);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)program_option("");
    }
    return 1;
}
