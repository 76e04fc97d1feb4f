/* SPDX-License-Identifier: MIT */
/* Tells where two files differ. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: cmp [-l | -s] FILE FILE\n"
    "Says where two files first differ. One may be -, standard input.\n"
    "  -l  every byte that differs: its number, and both in octal\n"
    "  -s  nothing is said\n"
    "Status: 0 if they are the same, 1 if not, 2 after an error.\n";

struct input {
    int file;
    const char *name;
    size_t at;
    size_t size;
    unsigned char buffer[16384];
};

static void
input_open(struct input *in, const char *name)
{
    in->name = name;
    in->file = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);
    if (in->file < 0) {
        program_complain("%s", name);
    }
}

/* The next byte, -1 at the end. */
static int
input_next(struct input *in)
{
    if (in->at == in->size) {
        ssize_t got =
            program_read(in->file, in->name, in->buffer, sizeof(in->buffer));

        in->at = 0;
        in->size = got > 0 ? (size_t)got : 0;
        if (got <= 0) {
            return -1;
        }
    }
    return in->buffer[in->at++];
}

int
main(int argc, char **argv)
{
    static struct input a;
    static struct input b;
    bool list = false;
    bool silent = false;
    bool differ = false;
    uintmax_t line = 1;
    char **names;
    int option;

    (void)argc;
    program_trouble = 2;
    program_begin("cmp", argv, help);
    while ((option = program_option("ls")) != 0) {
        list |= option == 'l';
        silent |= option == 's';
    }
    names = program_operands_count(2, 2);
    input_open(&a, names[0]);
    input_open(&b, names[1]);
    for (uintmax_t byte = 1; program_status == 0; byte++) {
        int x = input_next(&a);
        int y = input_next(&b);

        if (program_status != 0 || (x < 0 && y < 0)) {
            break;
        }
        if (x < 0 || y < 0) {
            if (!silent) {
                fflush(stdout);
                fprintf(stderr, "cmp: EOF on %s after byte %ju\n",
                        x < 0 ? names[0] : names[1], byte - 1);
            }
            differ = true;
            break;
        }
        if (x != y) {
            differ = true;
            if (list && !silent) {
                printf("%ju %3o %3o\n", byte, (unsigned)x, (unsigned)y);
            } else {
                if (!silent) {
                    printf("%s %s differ: char %ju, line %ju\n", names[0],
                           names[1], byte, line);
                }
                break;
            }
        }
        line += x == '\n';
    }
    option = program_end();
    return option != 0 ? option : differ;
}
