/* SPDX-License-Identifier: MIT */
/* Does nothing, well. */
#include <string.h>

#include "program.h"

static const char help[] = "usage: true\nEnds with status 0.\n";

int
main(int argc, char **argv)
{
    program_begin("true", argv, help);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)program_option("");
    }
    return 0;
}
