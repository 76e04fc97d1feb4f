/* SPDX-License-Identifier: MIT */
/* Leaves out lines that are as the one before. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "program.h"

static const char help[] =
    "usage: uniq [-cdu] [-f FIELDS] [-s CHARACTERS] [INPUT [OUTPUT]]\n"
    "Writes lines that are not as the one before.\n"
    "  -c             with their numbers\n"
    "  -d             only those that come more than once\n"
    "  -u             only those that come once\n"
    "  -f FIELDS      these first fields are not compared\n"
    "  -s CHARACTERS  nor these characters after them\n";

static bool counts;
static bool only_repeated;
static bool only_single;
static uintmax_t fields;
static uintmax_t characters;

static const char *
key_find(const char *line)
{
    for (uintmax_t i = 0; i < fields && *line != '\0'; i++) {
        line += strspn(line, " \t");
        line += strcspn(line, " \t");
    }
    for (uintmax_t i = 0; i < characters && *line != '\0'; i++) {
        line++;
    }
    return line;
}

static void
line_write(const char *line, uintmax_t count)
{
    if ((only_repeated && count == 1) || (only_single && count > 1)) {
        return;
    }
    if (counts) {
        printf("%7ju ", count);
    }
    printf("%s\n", line);
}

int
main(int argc, char **argv)
{
    char **names;
    struct lines lines;
    char *before = NULL;
    size_t room = 0;
    uintmax_t count = 0;
    size_t length;
    const char *line;
    int option;

    (void)argc;
    program_begin("uniq", argv, help);
    while ((option = program_option("cduf:s:")) != 0) {
        counts |= option == 'c';
        only_repeated |= option == 'd';
        only_single |= option == 'u';
        if (option == 'f') {
            fields = program_number(program_value, UINTMAX_MAX, "fields");
        } else if (option == 's') {
            characters =
                program_number(program_value, UINTMAX_MAX, "characters");
        }
    }
    names = program_operands_count(0, 2);
    if (!lines_open(&lines, *names == NULL ? "-" : *names)) {
        return program_end();
    }
    if (names[0] != NULL && names[1] != NULL &&
        freopen(names[1], "w", stdout) == NULL) {
        program_complain("%s", names[1]);
        return program_status;
    }
    while ((line = lines_next(&lines, &length)) != NULL) {
        if (count > 0 && strcmp(key_find(line), key_find(before)) == 0) {
            count++;
            continue;
        }
        if (count > 0) {
            line_write(before, count);
        }
        lines_keep(&before, &room, line, length);
        count = 1;
    }
    if (count > 0) {
        line_write(before, count);
    }
    lines_close(&lines);
    free(before);
    return program_end();
}
