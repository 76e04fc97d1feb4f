/* SPDX-License-Identifier: MIT */
/* Runs a program with another environment, or prints it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: env [-i] [-u NAME]... [NAME=VALUE]... [PROGRAM [ARGUMENT]...]\n"
    "Runs a program with some variables set; without one, prints them all.\n"
    "  -i       begin with no variable\n"
    "  -u NAME  without this one\n"
    "Status: the program's; 127 if there is none, 126 if it cannot be run.\n";

extern char **environ;

int
main(int argc, char **argv)
{
    static char *nothing[] = {NULL};
    char **word;
    int option;

    (void)argc;
    program_trouble = 125;
    program_begin("env", argv, help);
    while ((option = program_option("iu:")) != 0) {
        if (option == 'i') {
            environ = nothing;
        } else if (unsetenv(program_value) != 0) {
            program_complain("%s", program_value);
            return program_end();
        }
    }
    for (word = program_operands(); *word != NULL; word++) {
        char *sign = strchr(*word, '=');

        if (sign == NULL) {
            break;
        }
        *sign = '\0';
        if (setenv(*word, sign + 1, 1) != 0) {
            program_complain("%s", *word);
            return program_end();
        }
    }
    if (*word != NULL) {
        execvp(*word, word);
        program_trouble = errno == ENOENT ? 127 : 126;
        program_complain("%s", *word);
        return program_end();
    }
    for (word = environ; *word != NULL; word++) {
        printf("%s\n", *word);
    }
    return program_end();
}
