/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "parse.h"
#include "user/bin/program.h"

static const struct {
    const char *text;
    enum token token;
} operators[] = {
    /* What is longer comes first. */
    {"<<-", TOKEN_HERE_TABS},   {"&&", TOKEN_AND},
    {"||", TOKEN_OR},           {";;", TOKEN_CASE_END},
    {"<<", TOKEN_HERE},         {">>", TOKEN_APPEND},
    {"<&", TOKEN_DUPLICATE_IN}, {">&", TOKEN_DUPLICATE_OUT},
    {"<>", TOKEN_BOTH},         {">|", TOKEN_CLOBBER},
    {"&", TOKEN_BACKGROUND},    {"|", TOKEN_PIPE},
    {";", TOKEN_SEMICOLON},     {"<", TOKEN_READ},
    {">", TOKEN_WRITE},         {"(", TOKEN_OPEN},
    {")", TOKEN_CLOSE},         {"\n", TOKEN_NEWLINE},
};
#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

const char *
lex_name(enum token token)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        if (operators[i].token == token) {
            return token == TOKEN_NEWLINE ? "the end of the line"
                                          : operators[i].text;
        }
    }
    return token == TOKEN_END ? "the end" : "a word";
}

void
lex_join(struct parser *p)
{
    while (input_peek(p->input, 0) == '\\' && input_peek(p->input, 1) == '\n') {
        input_next(p->input);
        input_next(p->input);
    }
}

static void
blanks_skip(struct parser *p)
{
    for (;;) {
        int c;

        lex_join(p);
        c = input_peek(p->input, 0);
        if (c == '#') {
            while (c != '\n' && c >= 0) {
                input_next(p->input);
                c = input_peek(p->input, 0);
            }
        }
        if (c != ' ' && c != '\t') {
            return;
        }
        input_next(p->input);
    }
}

/* An operator, as long as it may be; false if there is none. */
static bool
operator_read(struct parser *p)
{
    char text[4] = {'\0'};
    size_t length = 0;
    bool found = true;

    while (found && length < 3) {
        int c;

        if (length > 0 && text[0] != '\n') {
            lex_join(p);
        }
        /* Behind a newline, or what no operator goes on from, nothing is
         * looked at: there may be nothing yet. */
        if (length > 0 && strchr("\n()", text[length - 1]) != NULL) {
            break;
        }
        c = input_peek(p->input, 0);
        if (c <= 0) {
            break;
        }
        text[length] = (char)c;
        found = false;
        for (size_t i = 0; i < OPERATORS && !found; i++) {
            found = strncmp(operators[i].text, text, length + 1) == 0;
        }
        if (found) {
            length++;
            input_next(p->input);
        }
    }
    text[length] = '\0';
    for (size_t i = 0; i < OPERATORS; i++) {
        if (strcmp(operators[i].text, text) == 0) {
            p->token = operators[i].token;
            return true;
        }
    }
    return false;
}

/* Takes lines up to the end of a here-document. */
static void
document_lines(struct parser *p, const struct redirect *here, struct text *text)
{
    bool joined = false;

    for (;;) {
        size_t begin = text->length;
        size_t slashes = 0;
        int c = input_peek(p->input, 0);

        if (c < 0) {
            /* As other shells do: the end of the file ends it, too. */
            return;
        }
        while (here->tabs && c == '\t') {
            input_next(p->input);
            c = input_peek(p->input, 0);
        }
        while (c >= 0 && c != '\n') {
            text_add_byte(text, (char)c);
            slashes = c == '\\' ? slashes + 1 : 0;
            input_next(p->input);
            c = input_peek(p->input, 0);
        }
        input_next(p->input);
        if (!joined && strcmp(text_string(text) + begin, here->end) == 0) {
            text->length = begin;
            if (text->bytes != NULL) {
                text->bytes[begin] = '\0';
            }
            return;
        }
        text_add_byte(text, '\n');
        joined = !here->raw && slashes % 2 == 1;
    }
}

static const struct word *
document_raw(struct parser *p, const struct text *text)
{
    struct word *word = arena_take(p->arena, sizeof(*word));
    struct part *part = arena_take(p->arena, sizeof(*part));

    part->kind = PART_LITERAL;
    part->quoted = true;
    part->text = arena_copy(p->arena, text->bytes, text->length);
    part->length = text->length;
    word->parts = part;
    return word;
}

/* Behind a newline: the here-documents that wait for it. */
static void
documents_read(struct parser *p)
{
    while (p->waiting != NULL && !p->wrong) {
        struct redirect *here = p->waiting;
        struct text text = {.bytes = NULL};

        p->waiting = here->waiting;
        document_lines(p, here, &text);
        if (here->raw) {
            here->word = document_raw(p, &text);
        } else {
            here->word = parse_text(text_string(&text), p->arena, p->depth);
            if (here->word == NULL) {
                p->wrong = true;
            }
        }
        text_free(&text);
    }
}

/* A word of digits in front of < or > is the number of a file. */
static bool
number_read(struct parser *p, size_t begin)
{
    const char *text;
    size_t length = p->input->at - begin;
    int c = input_peek(p->input, 0);

    if ((c != '<' && c != '>') || length == 0 || length > 4) {
        return false;
    }
    text = p->input->text.bytes + begin;
    p->number = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
        p->number = p->number * 10 + text[i] - '0';
    }
    p->token = TOKEN_NUMBER;
    return true;
}

void
lex_next(struct parser *p)
{
    int c;

    p->literal = NULL;
    p->token_end = p->input->at;
    if (p->wrong) {
        p->token = TOKEN_END;
        return;
    }
    blanks_skip(p);
    p->token_begin = p->input->at;
    c = input_peek(p->input, 0);
    if (c < 0) {
        p->token = TOKEN_END;
        p->wrong |= p->input->interrupted;
        documents_read(p);
        return;
    }
    if (operator_read(p)) {
        if (p->token == TOKEN_NEWLINE) {
            documents_read(p);
        }
        return;
    }
    p->word = word_read(p, WORD_PLAIN);
    if (p->wrong) {
        p->token = TOKEN_END;
        return;
    }
    if (number_read(p, p->token_begin)) {
        return;
    }
    p->token = TOKEN_WORD;
    if (p->word->parts != NULL && p->word->parts->next == NULL &&
        p->word->parts->kind == PART_LITERAL && !p->word->parts->quoted) {
        p->literal = p->word->parts->text;
    }
}
