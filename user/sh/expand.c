/* SPDX-License-Identifier: MIT */
/*
 * A word is expanded into bytes, and for each byte where it comes from: then it
 * is split, and then names are put for patterns.
 */
#include "expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "files.h"
#include "parse.h"
#include "shell.h"
#include "user/bin/pattern.h"
#include "variable.h"

#define BYTE_QUOTED 1 /* means itself */
#define BYTE_SPLIT 2  /* comes from an expansion: IFS may split here */
#define BYTE_MARK 4   /* no byte: something quoted was here, perhaps empty */
#define BYTE_BREAK 8  /* no byte: a field ends here */

struct expansion {
    struct text bytes;
    struct text kinds;
    bool wrong;
    bool whole; /* is not split: no breaks */
    bool assignment;
};

static void parts_expand(struct expansion *e, const struct part *parts,
                         char kind);

static void
byte_put(struct expansion *e, char byte, char kind)
{
    text_add_byte(&e->bytes, byte);
    text_add_byte(&e->kinds, kind);
}

static void
bytes_put(struct expansion *e, const char *bytes, size_t length, char kind)
{
    for (size_t i = 0; i < length; i++) {
        byte_put(e, bytes[i], kind);
    }
}

static void
string_put(struct expansion *e, const char *string, char kind)
{
    bytes_put(e, string, strlen(string), kind);
}

static void
expansion_free(struct expansion *e)
{
    text_free(&e->bytes);
    text_free(&e->kinds);
}

static const char *
separators(void)
{
    const char *value = variable_get("IFS");

    return value == NULL ? " \t\n" : value;
}

/* $@ and $*. */
static void
arguments_put(struct expansion *e, char which, char kind)
{
    bool joined = e->whole || ((kind & BYTE_QUOTED) != 0 && which == '*');
    char first = *separators();

    for (size_t i = 0; i < shell.count; i++) {
        if (i > 0 && !joined) {
            byte_put(e, '\0', BYTE_BREAK);
        } else if (i > 0 && which == '@') {
            byte_put(e, ' ', kind);
        } else if (i > 0 && first != '\0') {
            byte_put(e, first, kind);
        }
        if ((kind & BYTE_QUOTED) != 0 && !joined) {
            byte_put(e, '\0', BYTE_MARK);
        }
        string_put(e, shell.arguments[i], kind);
    }
}

static const char *
option_letters(void)
{
    static char letters[64];
    size_t length = 0;

    for (char c = 'A'; c <= 'z' && length < sizeof(letters) - 2; c++) {
        if (shell.option[(int)c]) {
            letters[length++] = c;
        }
    }
    if (shell.interactive) {
        letters[length++] = 'i';
    }
    letters[length] = '\0';
    return letters;
}

/* A parameter's value, but for $@ and $*; null if it has none. */
static const char *
parameter_value(const char *name)
{
    static char number[24];
    unsigned long place;

    if (name[0] >= '0' && name[0] <= '9') {
        place = strtoul(name, NULL, 10);
        return place == 0            ? shell.name
               : place > shell.count ? NULL
                                     : shell.arguments[place - 1];
    }
    switch (name[0]) {
    case '#':
        (void)snprintf(number, sizeof(number), "%zu", shell.count);
        return number;
    case '?':
        (void)snprintf(number, sizeof(number), "%d", shell.status);
        return number;
    case '$':
        (void)snprintf(number, sizeof(number), "%ld", (long)shell.own);
        return number;
    case '!':
        (void)snprintf(number, sizeof(number), "%ld", (long)shell.background);
        return shell.background == 0 ? NULL : number;
    case '-':
        return option_letters();
    default:
        return variable_get(name);
    }
}

/* $@ or $* as one text, for operations on them. */
static char *
arguments_text(char which)
{
    struct expansion e = {.whole = true};

    arguments_put(&e, which, BYTE_QUOTED);
    text_free(&e.kinds);
    return text_take(&e.bytes);
}

static void
expansion_fail(struct expansion *e)
{
    e->wrong = true;
    shell_fail(2);
}

static void
word_put(struct expansion *e, const struct word *word, char kind)
{
    if (word != NULL) {
        parts_expand(e, word->parts, kind);
    }
}

static void
assign_put(struct expansion *e, const struct part *part, char kind)
{
    char *value = expand_text(part->word, false);

    if (value == NULL) {
        e->wrong = true;
        return;
    }
    if (!word_is_name(part->text, part->length)) {
        shell_say("%s: cannot be assigned", part->text);
        expansion_fail(e);
    } else if (!variable_set(part->text, value)) {
        expansion_fail(e);
    } else {
        string_put(e, value, kind);
    }
    free(value);
}

static void
error_say(struct expansion *e, const struct part *part, bool is_set)
{
    char *why = part->word == NULL || part->word->parts == NULL
                    ? NULL
                    : expand_text(part->word, false);

    shell_say("%s: %s", part->text,
              why != NULL ? why
              : is_set    ? "is empty"
                          : "is not set");
    free(why);
    expansion_fail(e);
}

static void
trimmed_put(struct expansion *e, const struct part *part, const char *value,
            char kind)
{
    char *copy = strdup(value);
    char *pattern = copy == NULL ? NULL : expand_pattern(part->word);
    bool suffix = part->operation == OPERATION_SUFFIX;
    size_t length;
    size_t cut;
    long part_length;

    if (pattern == NULL) {
        e->wrong = true;
        free(copy);
        return;
    }
    part_length = pattern_part(pattern, copy, suffix, part->longest);
    cut = part_length < 0 ? 0 : (size_t)part_length;
    length = strlen(copy) - cut;
    bytes_put(e, suffix ? copy : copy + cut, length, kind);
    free(copy);
    free(pattern);
}

static void
operation_put(struct expansion *e, const struct part *part, const char *value,
              char kind)
{
    bool has = value != NULL && !(part->colon && *value == '\0');
    char number[24];

    switch (part->operation) {
    case OPERATION_DEFAULT:
    case OPERATION_ASSIGN:
    case OPERATION_ERROR:
        if (has) {
            string_put(e, value, kind);
        } else if (part->operation == OPERATION_DEFAULT) {
            word_put(e, part->word, kind);
        } else if (part->operation == OPERATION_ASSIGN) {
            assign_put(e, part, kind);
        } else {
            error_say(e, part, value != NULL);
        }
        return;
    case OPERATION_OTHER:
        if (has) {
            word_put(e, part->word, kind);
        }
        return;
    default:
        break;
    }
    if (value == NULL && shell.option['u']) {
        shell_say("%s: is not set", part->text);
        expansion_fail(e);
        return;
    }
    value = value == NULL ? "" : value;
    if (part->operation == OPERATION_LENGTH) {
        (void)snprintf(number, sizeof(number), "%zu", strlen(value));
        string_put(e, number, kind);
    } else if (part->operation == OPERATION_NONE) {
        string_put(e, value, kind);
    } else {
        trimmed_put(e, part, value, kind);
    }
}

static void
parameter_put(struct expansion *e, const struct part *part, char kind)
{
    char which = part->text[0];
    bool has;

    if (which != '@' && which != '*') {
        operation_put(e, part, parameter_value(part->text), kind);
        return;
    }
    has = shell.count > 1 ||
          (shell.count == 1 && !(part->colon && *shell.arguments[0] == '\0'));
    if (part->operation == OPERATION_NONE ||
        (part->operation >= OPERATION_DEFAULT &&
         part->operation <= OPERATION_ERROR && has)) {
        arguments_put(e, which, kind);
    } else if (part->operation == OPERATION_LENGTH) {
        struct part count = *part;

        count.text = "#";
        count.operation = OPERATION_NONE;
        operation_put(e, &count, parameter_value("#"), kind);
    } else {
        char *text = arguments_text(which);

        operation_put(e, part, has ? text : NULL, kind);
        free(text);
    }
}

static void
arithmetic_put(struct expansion *e, const struct part *part, char kind)
{
    char *text = expand_text(part->word, false);
    char number[24];
    long value;

    if (text == NULL) {
        e->wrong = true;
        return;
    }
    if (arithmetic_evaluate(text, &value)) {
        (void)snprintf(number, sizeof(number), "%ld", value);
        string_put(e, number, kind);
    } else {
        expansion_fail(e);
    }
    free(text);
}

static void
tilde_put(struct expansion *e, const struct part *part)
{
    const char *home = variable_get("HOME");

    if ((part->first || e->assignment) && home != NULL) {
        byte_put(e, '\0', BYTE_MARK);
        string_put(e, home, BYTE_QUOTED);
    } else {
        byte_put(e, '~', 0);
    }
}

/*
 * "...": there is a field even if nothing is in it; but for "$@" without
 * arguments, of which nothing remains.
 */
static void
quoted_put(struct expansion *e, const struct part *part)
{
    const struct part *inner = part->word->parts;
    bool only_arguments = inner != NULL;

    for (const struct part *p = inner; p != NULL; p = p->next) {
        only_arguments &= p->kind == PART_PARAMETER && p->text[0] == '@' &&
                          p->operation == OPERATION_NONE;
    }
    if (!only_arguments || shell.count > 0) {
        byte_put(e, '\0', BYTE_MARK);
    }
    parts_expand(e, inner, BYTE_QUOTED);
}

static void
part_expand(struct expansion *e, const struct part *part, char kind)
{
    /* What an expansion gives is split unless it is quoted. */
    char result =
        (char)(part->quoted || (kind & BYTE_QUOTED) != 0 ? BYTE_QUOTED
                                                         : BYTE_SPLIT);
    struct text output = {.bytes = NULL};

    switch (part->kind) {
    case PART_LITERAL:
        if (part->quoted) {
            byte_put(e, '\0', BYTE_MARK);
        }
        bytes_put(e, part->text, part->length,
                  (char)(part->quoted ? BYTE_QUOTED : kind));
        break;
    case PART_QUOTED:
        quoted_put(e, part);
        break;
    case PART_PARAMETER:
        parameter_put(e, part, result);
        break;
    case PART_COMMAND:
        expand_command(part->tree, &output);
        bytes_put(e, output.bytes, output.length, result);
        text_free(&output);
        break;
    case PART_ARITHMETIC:
        arithmetic_put(e, part, result);
        break;
    case PART_TILDE:
        tilde_put(e, part);
        break;
    }
}

static void
parts_expand(struct expansion *e, const struct part *parts, char kind)
{
    for (; parts != NULL && !e->wrong; parts = parts->next) {
        part_expand(e, parts, kind);
    }
    /* Ctrl-C, or exit within: nothing more is to be done. */
    e->wrong |= shell.skip == SKIP_ALL;
}

/* A field that is being put together. */
struct field {
    struct text text;
    struct text pattern; /* with backslashes before what is quoted */
    bool there;
    bool is_pattern;
};

static void
field_byte(struct field *field, char byte, bool quoted)
{
    text_add_byte(&field->text, byte);
    if (quoted ? strchr("*?[]\\!^-", byte) != NULL : byte == '\\') {
        text_add_byte(&field->pattern, '\\');
    }
    text_add_byte(&field->pattern, byte);
    field->is_pattern |= !quoted && (byte == '*' || byte == '?' || byte == '[');
    field->there = true;
}

static void
field_end(struct field *field, struct strings *fields)
{
    if (!field->is_pattern || shell.option['f'] ||
        !files_match(text_string(&field->pattern), fields)) {
        strings_add(fields, text_take(&field->text));
    }
    field->text.length = 0;
    field->pattern.length = 0;
    field->there = false;
    field->is_pattern = false;
}

static void
fields_split(struct expansion *e, struct strings *fields)
{
    struct text ifs = {.bytes = NULL};
    struct field field = {.there = false};
    bool after_blank = false; /* a blank of IFS ended a field */

    text_add_string(&ifs, separators());
    for (size_t i = 0; i < e->bytes.length; i++) {
        char byte = e->bytes.bytes[i];
        char kind = e->kinds.bytes[i];

        if ((kind & BYTE_BREAK) != 0) {
            if (field.there) {
                field_end(&field, fields);
            }
            after_blank = false;
        } else if ((kind & BYTE_MARK) != 0) {
            field.there = true;
        } else if ((kind & BYTE_SPLIT) == 0 ||
                   strchr(ifs.bytes, byte) == NULL) {
            field_byte(&field, byte, (kind & BYTE_QUOTED) != 0);
            after_blank = false;
        } else if (byte == ' ' || byte == '\t' || byte == '\n') {
            if (field.there) {
                field_end(&field, fields);
                after_blank = true;
            }
        } else if (field.there || !after_blank) {
            field_end(&field, fields);
            after_blank = false;
        } else {
            after_blank = false;
        }
    }
    if (field.there) {
        field_end(&field, fields);
    }
    text_free(&ifs);
    text_free(&field.text);
    text_free(&field.pattern);
}

bool
expand_words(const struct word *words, struct strings *fields)
{
    for (; words != NULL; words = words->next) {
        struct expansion e = {.wrong = false};

        parts_expand(&e, words->parts, 0);
        if (!e.wrong) {
            fields_split(&e, fields);
        }
        expansion_free(&e);
        if (e.wrong) {
            return false;
        }
    }
    return true;
}

/* The bytes of e without marks, with backslashes if a pattern is wanted. */
static char *
expansion_take(struct expansion *e, bool pattern)
{
    struct text result = {.bytes = NULL};

    for (size_t i = 0; !e->wrong && i < e->bytes.length; i++) {
        char byte = e->bytes.bytes[i];
        char kind = e->kinds.bytes[i];

        if ((kind & BYTE_MARK) != 0) {
            continue;
        }
        if (pattern && (kind & BYTE_QUOTED) != 0 &&
            strchr("*?[]\\!^-", byte) != NULL) {
            text_add_byte(&result, '\\');
        }
        text_add_byte(&result, byte);
    }
    expansion_free(e);
    return e->wrong ? NULL : text_take(&result);
}

char *
expand_text(const struct word *word, bool assignment)
{
    struct expansion e = {.whole = true, .assignment = assignment};

    parts_expand(&e, word == NULL ? NULL : word->parts, 0);
    return expansion_take(&e, false);
}

char *
expand_pattern(const struct word *word)
{
    struct expansion e = {.whole = true};

    parts_expand(&e, word == NULL ? NULL : word->parts, 0);
    return expansion_take(&e, true);
}

char *
expand_string(const char *string)
{
    struct arena *arena = arena_make();
    const struct word *word = parse_text(string, arena, 0);
    char *text = word == NULL ? NULL : expand_text(word, false);

    arena_drop(arena);
    return text;
}
