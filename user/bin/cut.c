/* SPDX-License-Identifier: MIT */
/* Writes parts of lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "program.h"

static const char help[] =
    "usage: cut -b LIST [FILE]...\n"
    "       cut -c LIST [FILE]...\n"
    "       cut -f LIST [-d CHARACTER] [-s] [FILE]...\n"
    "Writes parts of lines. LIST has numbers from 1 and ranges N-M, N-, -M,\n"
    "with commas between.\n"
    "  -b  bytes\n"
    "  -c  characters of UTF-8\n"
    "  -f  fields, which -d, or a tab, separates\n"
    "  -s  no line without such a separator\n";

struct range {
    uintmax_t first;
    uintmax_t last;
};

static struct range *ranges;
static size_t range_count;
static char kind;
static char separator = '\t';
static bool only_separated;

static bool
is_wanted(uintmax_t number)
{
    for (size_t i = 0; i < range_count; i++) {
        if (ranges[i].first <= number && number <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static void
ranges_read(char *list)
{
    for (char *part = strtok(list, ", \t"); part != NULL;
         part = strtok(NULL, ", \t")) {
        char *dash = strchr(part, '-');
        struct range *range;

        ranges = program_memory(ranges, range_count + 1, sizeof(*ranges));
        range = &ranges[range_count++];
        if (dash != NULL) {
            *dash++ = '\0';
        }
        range->first = dash != NULL && *part == '\0' && *dash != '\0'
                           ? 1
                           : program_number(part, UINTMAX_MAX, "part");
        range->last = dash == NULL ? range->first
                      : *dash == '\0'
                          ? UINTMAX_MAX
                          : program_number(dash, UINTMAX_MAX, "part");
        if (range->first == 0 || range->last < range->first) {
            program_misused("%s%s%s: no such part", part,
                            dash == NULL ? "" : "-", dash == NULL ? "" : dash);
        }
    }
    if (range_count == 0) {
        program_misused("the list of parts is empty");
    }
}

static void
fields_write(const char *line, size_t length)
{
    const char *end = line + length;
    uintmax_t number = 1;
    bool first = true;

    if (memchr(line, separator, length) == NULL) {
        if (!only_separated) {
            fwrite(line, 1, length, stdout);
            putchar('\n');
        }
        return;
    }
    for (;; number++) {
        const char *next = memchr(line, separator, (size_t)(end - line));
        const char *stop = next == NULL ? end : next;

        if (is_wanted(number)) {
            if (!first) {
                putchar(separator);
            }
            fwrite(line, 1, (size_t)(stop - line), stdout);
            first = false;
        }
        if (next == NULL) {
            break;
        }
        line = next + 1;
    }
    putchar('\n');
}

static void
characters_write(const char *line, size_t length)
{
    uintmax_t number = 0;

    for (size_t i = 0; i < length; i++) {
        /* Bytes that go on with a character belong to its number. */
        number += kind == 'b' || ((unsigned char)line[i] & 0xc0) != 0x80;
        if (is_wanted(number)) {
            putchar(line[i]);
        }
    }
    putchar('\n');
}

static void
file_cut(int file, const char *name)
{
    struct lines lines;
    const char *line;
    size_t length;

    lines_begin(&lines, file, name);
    while ((line = lines_next(&lines, &length)) != NULL) {
        (kind == 'f' ? fields_write : characters_write)(line, length);
    }
    free(lines.buffer);
}

int
main(int argc, char **argv)
{
    char *list = NULL;
    bool separated = false;
    int option;

    (void)argc;
    program_begin("cut", argv, help);
    while ((option = program_option("b:c:d:f:ns")) != 0) {
        if (option == 'd') {
            separated = true;
            separator = program_value[0];
            if (separator == '\0' || program_value[1] != '\0') {
                program_misused("'%s' is not one character", program_value);
            }
        } else if (option == 's') {
            only_separated = true;
        } else if (option != 'n') {
            if (kind != '\0') {
                program_misused("only one of -b, -c and -f");
            }
            kind = (char)option;
            list = program_value;
        }
    }
    if (list == NULL) {
        program_misused("which parts? -b, -c or -f is missing");
    }
    if (kind != 'f' && (separated || only_separated)) {
        program_misused("-d and -s are for fields");
    }
    ranges_read(list);
    program_inputs(program_operands(), file_cut);
    free(ranges);
    return program_end();
}
