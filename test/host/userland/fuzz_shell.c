/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as commands: the parser must end, and stay within its memory. Also
 * as an arithmetic expression and as patterns, with what the rest of the shell
 * would be left out.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/pattern.h"
#include "user/sh/arithmetic.h"
#include "user/sh/edit.h"
#include "user/sh/parse.h"
#include "user/sh/shell.h"
#include "user/sh/variable.h"

struct shell shell;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void
shell_say(const char *format, ...)
{
    (void)format;
}

char *
shell_prompt(bool within)
{
    (void)within;
    return NULL;
}

int
edit_line(const char *prompt, struct text *text)
{
    (void)prompt;
    (void)text;
    return 0;
}

const char *
variable_get(const char *name)
{
    return *name == 'x' ? "7" : NULL;
}

bool
variable_set(const char *name, const char *value)
{
    (void)value;
    return *name != 'r';
}

static void
commands_parse(const char *text)
{
    struct input input;
    enum parse_result result;

    input_from_string(&input, text);
    do {
        struct arena *arena = arena_make();
        const struct node *tree = NULL;

        result = parse_command_line(&input, arena, &tree);
        arena_drop(arena);
    } while (result == PARSE_TREE || result == PARSE_EMPTY);
    input_free(&input);
}

/* The first line is a pattern, the rest a text. */
static void
pattern_try(char *text)
{
    char *end = strchr(text, '\n');

    if (end == NULL) {
        return;
    }
    *end++ = '\0';
    if (strlen(text) > 64 || strlen(end) > 64) {
        return;
    }
    (void)pattern_match(text, end);
    if (pattern_part(text, end, false, true) <
        pattern_part(text, end, false, false)) {
        abort();
    }
    (void)pattern_part(text, end, true, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    long value;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    commands_parse(text);
    (void)arithmetic_evaluate(text, &value);
    pattern_try(text);
    free(text);
    return 0;
}
