/* SPDX-License-Identifier: MIT */
/* Prints its arguments as a format says. */
#include <stdio.h>

#include "format.h"
#include "program.h"

static const char help[] =
    "usage: printf FORMAT [ARGUMENT]...\n"
    "Prints the arguments as the format says, again while some are left.\n"
    "Conversions are those of C for d i o u x X c s a e f g and their "
    "capitals,\n"
    "with flags, width and precision (* takes an argument), and b: a string\n"
    "with escapes. Escapes: \\a \\b \\f \\n \\r \\t \\v \\\\, and \\ddd, "
    "octal; in "
    "a\nstring of b \\0ddd, and \\c, after which nothing is printed.\n";

int
main(int argc, char **argv)
{
    char **words;

    (void)argc;
    program_begin("printf", argv, help);
    (void)program_option("");
    words = program_operands_count(1, SIZE_MAX);
    format_print(words[0], words + 1, stdout);
    return program_end();
}
