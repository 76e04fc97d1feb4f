/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shell.h"

/* How deep commands and words may be in one another. */
#define DEPTH_MAX 200

void
parse_wrong(struct parser *p, const char *format, ...)
{
    char message[256];
    va_list list;

    /* What ended because Ctrl-C was typed is no error. */
    if (!p->wrong && !p->input->interrupted) {
        va_start(list, format);
        (void)vsnprintf(message, sizeof(message), format, list);
        va_end(list);
        shell.line = p->input->line;
        shell_say("syntax: %s", message);
    }
    p->wrong = true;
    p->token = TOKEN_END;
}

bool
parse_enter(struct parser *p)
{
    if (++p->depth > DEPTH_MAX) {
        parse_wrong(p, "more than %d things in one another", DEPTH_MAX);
    }
    return !p->wrong;
}

void
parse_leave(struct parser *p)
{
    p->depth--;
}

static const char *const reserved[] = {"then", "else", "elif", "fi",
                                       "do",   "done", "esac", "}"};

/* Whether the token ends a list, and belongs to what the list is in. */
static bool
is_list_end(const struct parser *p)
{
    if (p->token == TOKEN_END || p->token == TOKEN_CLOSE ||
        p->token == TOKEN_CASE_END) {
        return true;
    }
    if (p->token != TOKEN_WORD || p->literal == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strcmp(reserved[i], p->literal) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_word(const struct parser *p, const char *text)
{
    return p->token == TOKEN_WORD && p->literal != NULL &&
           strcmp(p->literal, text) == 0;
}

void
parse_unexpected(struct parser *p)
{
    if (p->token == TOKEN_WORD && p->literal != NULL) {
        parse_wrong(p, "%s is not expected", p->literal);
    } else {
        parse_wrong(p, "%s is not expected", lex_name(p->token));
    }
}

/* Takes a reserved word that must come here. */
static void
word_expect(struct parser *p, const char *text)
{
    if (is_word(p, text)) {
        lex_next(p);
    } else if (p->token == TOKEN_WORD && p->literal != NULL) {
        parse_wrong(p, "%s comes where %s must be", p->literal, text);
    } else {
        parse_wrong(p, "%s comes where %s must be", lex_name(p->token), text);
    }
}

static void
newlines_skip(struct parser *p)
{
    while (p->token == TOKEN_NEWLINE) {
        lex_next(p);
    }
}

static struct node *
node_make(const struct parser *p, enum node_kind kind)
{
    struct node *node = arena_take(p->arena, sizeof(*node));

    node->kind = kind;
    node->line = p->input->line;
    return node;
}

/* What was typed for a node, without blanks at its end. */
static void
node_text(const struct parser *p, struct node *node, size_t begin)
{
    const char *text = p->input->text.bytes;
    size_t end = p->token_end;

    end = end < begin ? begin : end;
    while (end > begin && strchr(" \t\n", text[end - 1]) != NULL) {
        end--;
    }
    node->text = arena_copy(p->arena, text + begin, end - begin);
}

/* Whether the word is NAME=value: then it begins with a literal that is. */
static bool
is_assignment(const struct parser *p)
{
    const struct part *part = p->word->parts;
    const char *sign;

    if (part == NULL || part->kind != PART_LITERAL || part->quoted) {
        return false;
    }
    sign = strchr(part->text, '=');
    return sign != NULL &&
           word_is_name(part->text, (size_t)(sign - part->text));
}

static struct node *command_read(struct parser *p);

static struct node *
function_read(struct parser *p, const struct word *word)
{
    struct node *node = node_make(p, NODE_FUNCTION);
    const struct part *part = word->parts;

    if (part->kind != PART_LITERAL || part->quoted || part->next != NULL ||
        !word_is_name(part->text, part->length)) {
        parse_wrong(p, "( is not expected");
        return node;
    }
    node->name = part->text;
    node->arena = p->arena;
    lex_next(p);
    if (p->token != TOKEN_CLOSE) {
        parse_unexpected(p);
        return node;
    }
    lex_next(p);
    newlines_skip(p);
    node->body = command_read(p);
    return node;
}

/* Puts the word of the token at the end of a list; gives the new end. */
static struct word **
word_append(struct parser *p, struct word **last)
{
    struct word *word = p->word;

    assert(word != NULL);
    *last = word;
    lex_next(p);
    return &word->next;
}

static struct node *
simple_read(struct parser *p)
{
    struct node *node = node_make(p, NODE_SIMPLE);
    struct word **last_word = &node->words;
    struct word **last_assignment = &node->assignments;
    struct redirect **last_redirect = &node->redirects;

    for (;;) {
        if (parse_is_redirect(p)) {
            parse_redirect(p, &last_redirect);
        } else if (p->token == TOKEN_OPEN && node->words != NULL &&
                   node->words->next == NULL && node->assignments == NULL &&
                   node->redirects == NULL && node->words->parts != NULL) {
            return function_read(p, node->words);
        } else if (p->token != TOKEN_WORD) {
            break;
        } else if (node->words == NULL && is_assignment(p)) {
            last_assignment = word_append(p, last_assignment);
        } else {
            last_word = word_append(p, last_word);
        }
    }
    if (node->words == NULL && node->assignments == NULL &&
        node->redirects == NULL) {
        parse_unexpected(p);
    }
    return node;
}

/* A list that must have a command in it. */
static struct node *
list_read(struct parser *p)
{
    struct node *list = parse_list(p);

    if (list == NULL && !p->wrong) {
        parse_unexpected(p);
    }
    return list;
}

static struct node *
if_read(struct parser *p)
{
    struct node *node = node_make(p, NODE_IF);
    struct node *last = node;

    lex_next(p);
    last->condition = list_read(p);
    word_expect(p, "then");
    last->body = list_read(p);
    while (is_word(p, "elif")) {
        struct node *inner = node_make(p, NODE_IF);

        lex_next(p);
        inner->condition = list_read(p);
        word_expect(p, "then");
        inner->body = list_read(p);
        last->otherwise = inner;
        last = inner;
    }
    if (is_word(p, "else")) {
        lex_next(p);
        last->otherwise = list_read(p);
    }
    word_expect(p, "fi");
    return node;
}

static const struct node *
do_read(struct parser *p)
{
    const struct node *body;

    word_expect(p, "do");
    body = list_read(p);
    word_expect(p, "done");
    return body;
}

static struct node *
loop_read(struct parser *p, enum node_kind kind)
{
    struct node *node = node_make(p, kind);

    lex_next(p);
    node->condition = list_read(p);
    node->body = do_read(p);
    return node;
}

static struct node *
for_read(struct parser *p)
{
    struct node *node = node_make(p, NODE_FOR);
    struct word **last = &node->words;

    lex_next(p);
    if (p->token != TOKEN_WORD || p->literal == NULL ||
        !word_is_name(p->literal, strlen(p->literal))) {
        parse_wrong(p, "for is not followed by a name");
        return node;
    }
    node->name = p->literal;
    lex_next(p);
    newlines_skip(p);
    if (is_word(p, "in")) {
        node->in = true;
        lex_next(p);
        for (; p->token == TOKEN_WORD; last = &(*last)->next) {
            *last = p->word;
            lex_next(p);
        }
        if (p->token != TOKEN_SEMICOLON && p->token != TOKEN_NEWLINE) {
            parse_unexpected(p);
            return node;
        }
    }
    if (p->token == TOKEN_SEMICOLON) {
        lex_next(p);
    }
    newlines_skip(p);
    node->body = do_read(p);
    return node;
}

static struct item *
item_read(struct parser *p)
{
    struct item *item = arena_take(p->arena, sizeof(*item));
    struct word *patterns = NULL;
    struct word **last = &patterns;

    if (p->token == TOKEN_OPEN) {
        lex_next(p);
    }
    for (;;) {
        if (p->token != TOKEN_WORD) {
            parse_unexpected(p);
            return item;
        }
        *last = p->word;
        last = &p->word->next;
        lex_next(p);
        if (p->token != TOKEN_PIPE) {
            break;
        }
        lex_next(p);
    }
    item->patterns = patterns;
    if (p->token != TOKEN_CLOSE) {
        parse_unexpected(p);
        return item;
    }
    lex_next(p);
    item->body = parse_list(p);
    return item;
}

static struct node *
case_read(struct parser *p)
{
    struct node *node = node_make(p, NODE_CASE);
    struct item **last = &node->items;

    lex_next(p);
    if (p->token != TOKEN_WORD) {
        parse_unexpected(p);
        return node;
    }
    node->words = p->word;
    lex_next(p);
    newlines_skip(p);
    word_expect(p, "in");
    newlines_skip(p);
    while (!p->wrong && !is_word(p, "esac")) {
        *last = item_read(p);
        last = &(*last)->next;
        if (p->token != TOKEN_CASE_END) {
            break;
        }
        lex_next(p);
        newlines_skip(p);
    }
    word_expect(p, "esac");
    return node;
}

static struct node *
group_read(struct parser *p, enum node_kind kind)
{
    struct node *node = node_make(p, kind);

    lex_next(p);
    node->body = list_read(p);
    if (kind == NODE_GROUP) {
        word_expect(p, "}");
    } else if (p->token == TOKEN_CLOSE) {
        lex_next(p);
    } else {
        parse_wrong(p, "( has no ): %s comes first", lex_name(p->token));
    }
    return node;
}

static struct node *
compound_read(struct parser *p)
{
    if (p->token == TOKEN_OPEN) {
        return group_read(p, NODE_SUBSHELL);
    }
    if (is_word(p, "{")) {
        return group_read(p, NODE_GROUP);
    }
    if (is_word(p, "if")) {
        return if_read(p);
    }
    if (is_word(p, "while")) {
        return loop_read(p, NODE_WHILE);
    }
    if (is_word(p, "until")) {
        return loop_read(p, NODE_UNTIL);
    }
    if (is_word(p, "for")) {
        return for_read(p);
    }
    return is_word(p, "case") ? case_read(p) : NULL;
}

static struct node *
command_read(struct parser *p)
{
    struct node *node = NULL;

    if (parse_enter(p)) {
        if (is_list_end(p)) {
            parse_unexpected(p);
        } else {
            node = compound_read(p);
        }
    }
    if (p->wrong) {
        node = node_make(p, NODE_SIMPLE);
    } else if (node != NULL) {
        parse_redirects(p, node);
    } else {
        node = simple_read(p);
    }
    parse_leave(p);
    return node;
}

static struct node *
pipeline_read(struct parser *p)
{
    size_t begin = p->token_begin;
    bool negate = false;
    struct node *node;

    while (is_word(p, "!")) {
        negate = !negate;
        lex_next(p);
    }
    node = command_read(p);
    if (p->token == TOKEN_PIPE || negate) {
        struct node *pipe = node_make(p, NODE_PIPE);
        struct node **last = &node->next;

        pipe->body = node;
        pipe->negate = negate;
        while (p->token == TOKEN_PIPE) {
            lex_next(p);
            newlines_skip(p);
            *last = command_read(p);
            last = &(*last)->next;
        }
        node = pipe;
    }
    node_text(p, node, begin);
    return node;
}

static struct node *
and_or_read(struct parser *p)
{
    size_t begin = p->token_begin;
    struct node *node = pipeline_read(p);

    if (p->token == TOKEN_AND || p->token == TOKEN_OR) {
        struct node *all = node_make(p, NODE_AND_OR);
        struct node **last = &node->next;

        all->body = node;
        while (p->token == TOKEN_AND || p->token == TOKEN_OR) {
            enum join join = p->token == TOKEN_AND ? JOIN_AND : JOIN_OR;

            lex_next(p);
            newlines_skip(p);
            *last = pipeline_read(p);
            (*last)->join = join;
            last = &(*last)->next;
        }
        node = all;
        node_text(p, node, begin);
    }
    return node;
}

/* and-or lists with ; or & behind them, up to another token. */
static struct node **
line_read(struct parser *p, struct node **last)
{
    while (!is_list_end(p) && p->token != TOKEN_NEWLINE) {
        *last = and_or_read(p);
        if (p->token == TOKEN_BACKGROUND) {
            (*last)->background = true;
        }
        last = &(*last)->next;
        if (p->token != TOKEN_SEMICOLON && p->token != TOKEN_BACKGROUND) {
            break;
        }
        lex_next(p);
    }
    return last;
}

struct node *
parse_list(struct parser *p)
{
    struct node *list = NULL;
    struct node **last = &list;

    do {
        newlines_skip(p);
        last = line_read(p, last);
    } while (p->token == TOKEN_NEWLINE);
    return list;
}

enum parse_result
parse_command_line(struct input *input, struct arena *arena,
                   const struct node **tree)
{
    struct parser p = {.input = input, .arena = arena};
    struct node *list = NULL;

    input_begin(input);
    lex_next(&p);
    if (p.token == TOKEN_END && !p.wrong) {
        return PARSE_END;
    }
    (void)line_read(&p, &list);
    if (!p.wrong && p.token != TOKEN_NEWLINE && p.token != TOKEN_END) {
        parse_unexpected(&p);
    }
    *tree = list;
    return p.wrong ? PARSE_WRONG : list == NULL ? PARSE_EMPTY : PARSE_TREE;
}

const struct word *
parse_text(const char *text, struct arena *arena, unsigned depth)
{
    struct input input;
    struct parser p = {.input = &input, .arena = arena, .depth = depth};
    const struct word *word;

    input_from_string(&input, text);
    word = word_read(&p, WORD_HERE);
    input_free(&input);
    return p.wrong ? NULL : word;
}
