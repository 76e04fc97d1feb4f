/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "user/bin/program.h"
#include "variable.h"

#define LINES_MAX 500

/* A ring: the number of a line, from 0, says where it is. */
static char *lines[LINES_MAX];
static size_t total;

static void
line_keep(const char *line)
{
    free(lines[total % LINES_MAX]);
    lines[total++ % LINES_MAX] = program_copy(line);
}

size_t
history_count(void)
{
    return total < LINES_MAX ? total : LINES_MAX;
}

const char *
history_get(size_t age)
{
    return lines[(total - 1 - age) % LINES_MAX];
}

void
history_begin(void)
{
    const char *name = variable_get("HISTFILE");
    FILE *in = name == NULL ? NULL : fopen(name, "r");
    struct text line = {.bytes = NULL};
    int c;

    if (in == NULL) {
        return;
    }
    while ((c = getc(in)) != EOF) {
        if (c == '\n') {
            line_keep(text_string(&line));
            line.length = 0;
            text_add(&line, "", 0);
        } else if (c != '\0') {
            text_add_byte(&line, (char)c);
        }
    }
    fclose(in);
    text_free(&line);
}

void
history_add(const char *line)
{
    const char *name = variable_get("HISTFILE");
    int file;

    if (*line == '\0' ||
        (history_count() > 0 && strcmp(history_get(0), line) == 0)) {
        return;
    }
    line_keep(line);
    if (name == NULL) {
        return;
    }
    file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0) {
        (void)program_write(file, line, strlen(line));
        (void)program_write(file, "\n", 1);
        close(file);
    }
}

void
history_print(FILE *out)
{
    size_t count = history_count();

    for (size_t i = count; i > 0; i--) {
        fprintf(out, "%5zu  %s\n", total - i + 1, history_get(i - 1));
    }
}
