/* SPDX-License-Identifier: MIT */
/* Writes the first lines of files. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] = "usage: head [-n LINES | -c BYTES] [FILE]...\n"
                           "Writes the first 10 lines of each file.\n"
                           "  -n LINES  as many lines; also -LINES\n"
                           "  -c BYTES  as many bytes\n";

static uintmax_t wanted = 10;
static bool bytes;
static bool titles;

/* How much of the data belongs to what is wanted; *left is what then is. */
static size_t
part_size(const char *data, size_t size, uintmax_t *left)
{
    const char *next = data;
    const char *end = data + size;

    if (bytes) {
        size = size < *left ? size : (size_t)*left;
        *left -= size;
        return size;
    }
    while (*left > 0 && next < end) {
        const char *newline = memchr(next, '\n', (size_t)(end - next));

        if (newline == NULL) {
            return size;
        }
        next = newline + 1;
        (*left)--;
    }
    return (size_t)(next - data);
}

static void
file_write(int file, const char *name)
{
    static char buffer[16384];
    static bool later;
    uintmax_t left = wanted;

    if (titles) {
        printf("%s==> %s <==\n", later ? "\n" : "", name);
        fflush(stdout);
        later = true;
    }
    while (left > 0) {
        ssize_t got = program_read(file, name, buffer, sizeof(buffer));
        size_t part;

        if (got <= 0) {
            break;
        }
        part = part_size(buffer, (size_t)got, &left);
        program_put(buffer, part);
        if (part < (size_t)got) {
            /* The next reader of a file goes on where this one ended. */
            (void)lseek(file, (off_t)part - (off_t)got, SEEK_CUR);
        }
    }
}

int
main(int argc, char **argv)
{
    char **names;
    int option;

    (void)argc;
    program_begin("head", argv, help);
    for (;;) {
        const char *word = program_option_word();

        if (word != NULL && word[1] >= '0' && word[1] <= '9') {
            wanted = program_number(word + 1, UINTMAX_MAX, "lines");
            bytes = false;
            program_option_skip();
            continue;
        }
        option = program_option("n:c:");
        if (option == 0) {
            break;
        }
        bytes = option == 'c';
        wanted = bytes ? program_size(program_value, UINTMAX_MAX, "bytes")
                       : program_number(program_value, UINTMAX_MAX, "lines");
    }
    names = program_operands();
    titles = names[0] != NULL && names[1] != NULL;
    program_inputs(names, file_write);
    return program_end();
}
