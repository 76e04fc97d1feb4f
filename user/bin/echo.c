/* SPDX-License-Identifier: MIT */
/* Prints its words. */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "program.h"

static const char help[] =
    "usage: echo [-n] [WORD]...\n"
    "Prints the words with blanks between, and a newline.\n"
    "  -n  no newline; only as the first word\n"
    "In words \\a \\b \\c \\f \\n \\r \\t \\v \\\\ and \\0ddd are as in "
    "printf;\n"
    "after \\c nothing is printed.\n";

int
main(int argc, char **argv)
{
    program_begin("echo", argv, help);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)program_option("");
    }
    format_echo(argv + 1, stdout);
    return program_end();
}
