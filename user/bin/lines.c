/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

#define SIZE_FIRST 4096

void
lines_begin(struct lines *lines, int file, const char *name)
{
    *lines = (struct lines){.file = file, .name = name, .end = '\n'};
}

bool
lines_open(struct lines *lines, const char *name)
{
    if (strcmp(name, "-") == 0) {
        lines_begin(lines, STDIN_FILENO, "standard input");
        return true;
    }
    lines_begin(lines, open(name, O_RDONLY), name);
    if (lines->file < 0) {
        program_complain("%s", name);
        return false;
    }
    return true;
}

/* Reads more behind what is there. False at the end of the file. */
static bool
lines_fill(struct lines *lines)
{
    ssize_t got;

    if (lines->begin > 0) {
        lines->filled -= lines->begin;
        memmove(lines->buffer, lines->buffer + lines->begin, lines->filled);
        lines->begin = 0;
    }
    /* One byte is left for the null that ends a last line without newline. */
    if (lines->filled + 1 >= lines->size) {
        lines->size = lines->size == 0 ? SIZE_FIRST : lines->size * 2;
        lines->buffer = program_memory(lines->buffer, lines->size, 1);
    }
    got = program_read(lines->file, lines->name, lines->buffer + lines->filled,
                       lines->size - 1 - lines->filled);
    if (got <= 0) {
        return false;
    }
    lines->filled += (size_t)got;
    return true;
}

char *
lines_next(struct lines *lines, size_t *length)
{
    size_t searched = 0;
    char *line;
    char *end = NULL;

    for (;;) {
        size_t left = lines->filled - lines->begin;

        if (left > searched) {
            end = memchr(lines->buffer + lines->begin + searched, lines->end,
                         left - searched);
        }
        if (end != NULL) {
            break;
        }
        searched = left;
        if (!lines_fill(lines)) {
            break;
        }
    }
    lines->ended = end != NULL;
    if (end == NULL) {
        if (lines->begin == lines->filled) {
            return NULL;
        }
        end = lines->buffer + lines->filled;
    }
    line = lines->buffer + lines->begin;
    *length = (size_t)(end - line);
    *end = '\0';
    lines->begin += *length + lines->ended;
    return line;
}

void
lines_keep(char **kept, size_t *room, const char *line, size_t length)
{
    if (*kept == NULL || *room <= length) {
        *room = 2 * length + 64;
        *kept = program_memory(*kept, *room, 1);
    }
    memcpy(*kept, line, length);
    (*kept)[length] = '\0';
}

void
lines_close(struct lines *lines)
{
    free(lines->buffer);
    lines->buffer = NULL;
    if (lines->file != STDIN_FILENO) {
        close(lines->file);
    }
}
