/* SPDX-License-Identifier: MIT */
/* Writes files one after the other. */
#include <stdio.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: cat [-u] [FILE]...\n"
    "Writes the files, or standard input, to standard output.\n"
    "  -u  does nothing: output is never kept back\n";

static void
file_write(int file, const char *name)
{
    static char buffer[65536];
    ssize_t got;

    while ((got = program_read(file, name, buffer, sizeof(buffer))) > 0) {
        program_put(buffer, (size_t)got);
    }
}

int
main(int argc, char **argv)
{
    (void)argc;
    program_begin("cat", argv, help);
    while (program_option("u") != 0) {
    }
    program_inputs(program_operands(), file_write);
    return program_end();
}
