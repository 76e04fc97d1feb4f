/* SPDX-License-Identifier: MIT */
/* Words: what is quoted in them, and what is to be expanded. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

/* A word that is being read, and text that is no part of it yet. */
struct reading {
    struct parser *parser;
    enum word_end end;
    struct word *word;
    struct part **last;
    struct text text;
    bool text_quoted;
    unsigned parentheses; /* that are open in arithmetic */
};

bool
word_is_name(const char *text, size_t length)
{
    if (length == 0 || isdigit((unsigned char)*text)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_') {
            return false;
        }
    }
    return true;
}

static bool
is_quoting(const struct reading *r)
{
    return r->end != WORD_PLAIN && r->end != WORD_BRACE;
}

static struct part *
part_add(struct reading *r, enum part_kind kind)
{
    struct part *part = arena_take(r->parser->arena, sizeof(*part));

    part->kind = kind;
    part->quoted = is_quoting(r);
    *r->last = part;
    r->last = &part->next;
    return part;
}

static void
literal_add(struct reading *r, const char *bytes, size_t length, bool quoted)
{
    struct part *part = part_add(r, PART_LITERAL);

    part->text = arena_copy(r->parser->arena, bytes, length);
    part->length = length;
    part->quoted = quoted;
}

/* Makes a part of the text that was read. */
static void
text_flush(struct reading *r)
{
    if (r->text.length > 0) {
        literal_add(r, r->text.bytes, r->text.length, r->text_quoted);
    }
    r->text.length = 0;
}

static void
byte_add(struct reading *r, int byte, bool quoted)
{
    if (quoted != r->text_quoted) {
        text_flush(r);
        r->text_quoted = quoted;
    }
    text_add_byte(&r->text, (char)byte);
}

static int
next_peek(const struct reading *r)
{
    return input_peek(r->parser->input, 0);
}

static void
next_take(const struct reading *r)
{
    input_next(r->parser->input);
}

static void
backslash_read(struct reading *r)
{
    int c;

    next_take(r);
    c = next_peek(r);
    if (c == '\n') {
        next_take(r);
        return;
    }
    if (c < 0) {
        byte_add(r, '\\', true);
        return;
    }
    if (is_quoting(r)) {
        bool special = c == '$' || c == '`' || c == '\\' ||
                       (c == '"' && (r->end == WORD_QUOTED ||
                                     r->end == WORD_BRACE_QUOTED)) ||
                       (c == '}' && r->end == WORD_BRACE_QUOTED);

        if (!special) {
            byte_add(r, '\\', true);
            return;
        }
    }
    byte_add(r, c, true);
    next_take(r);
}

static void
apostrophes_read(struct reading *r)
{
    struct text text = {.bytes = NULL};
    int c;

    text_flush(r);
    next_take(r);
    while ((c = next_peek(r)) != '\'' && c >= 0) {
        text_add_byte(&text, (char)c);
        next_take(r);
    }
    if (c < 0) {
        parse_wrong(r->parser, "a ' has no other one");
    }
    next_take(r);
    literal_add(r, text.bytes, text.length, true);
    text_free(&text);
}

static void
quotes_read(struct reading *r)
{
    struct part *part;

    text_flush(r);
    next_take(r);
    part = part_add(r, PART_QUOTED);
    part->word = word_read(r->parser, WORD_QUOTED);
    next_take(r);
}

/* The tree of a text of its own: of what backquotes hold. */
static void
backquotes_parse(struct reading *r, const char *text)
{
    struct input input;
    struct parser inner = {
        .input = &input, .arena = r->parser->arena, .depth = r->parser->depth};
    struct part *part = part_add(r, PART_COMMAND);

    input_from_string(&input, text);
    input.line = r->parser->input->line;
    lex_next(&inner);
    part->tree = parse_list(&inner);
    if (!inner.wrong && inner.token != TOKEN_END) {
        parse_wrong(&inner, "%s is not expected", lex_name(inner.token));
    }
    r->parser->wrong |= inner.wrong;
    input_free(&input);
}

static void
backquotes_read(struct reading *r)
{
    struct text text = {.bytes = NULL};
    bool quotes = r->end == WORD_QUOTED || r->end == WORD_BRACE_QUOTED;
    int c;

    text_flush(r);
    next_take(r);
    while ((c = next_peek(r)) != '`' && c >= 0) {
        next_take(r);
        if (c == '\\') {
            int escaped = next_peek(r);

            if (escaped == '$' || escaped == '`' || escaped == '\\' ||
                (escaped == '"' && quotes)) {
                c = escaped;
                next_take(r);
            }
        }
        text_add_byte(&text, (char)c);
    }
    if (c < 0) {
        parse_wrong(r->parser, "a ` has no other one");
    } else {
        next_take(r);
        if (parse_enter(r->parser)) {
            backquotes_parse(r, text_string(&text));
            parse_leave(r->parser);
        }
    }
    text_free(&text);
}

/* $(list): the parser reads on in the same input. */
static void
command_read(struct reading *r)
{
    struct parser *p = r->parser;
    struct parser inner = {
        .input = p->input, .arena = p->arena, .depth = p->depth};
    struct part *part = part_add(r, PART_COMMAND);

    lex_next(&inner);
    part->tree = parse_list(&inner);
    if (!inner.wrong && inner.token != TOKEN_CLOSE) {
        parse_wrong(&inner, "$( has no ): %s comes first",
                    lex_name(inner.token));
    }
    p->wrong |= inner.wrong;
    /* What a document's text is comes behind the line that this is in. */
    if (inner.waiting != NULL) {
        struct redirect **last = &p->waiting;

        while (*last != NULL) {
            last = &(*last)->waiting;
        }
        *last = inner.waiting;
    }
}

static void
arithmetic_read(struct reading *r)
{
    struct part *part = part_add(r, PART_ARITHMETIC);

    next_take(r);
    part->word = word_read(r->parser, WORD_ARITHMETIC);
    next_take(r);
    next_take(r);
}

/* A parameter's name at the input: bytes of the text, or 0. */
static size_t
parameter_length(const struct reading *r, bool braces)
{
    struct input *input = r->parser->input;
    size_t length = 0;
    int c = input_peek(input, 0);

    if (isdigit(c)) {
        do {
            length++;
        } while (braces && isdigit(input_peek(input, length)));
        return length;
    }
    if (c > 0 && strchr("@*#?-$!", c) != NULL) {
        return 1;
    }
    while (c > 0 && (isalnum(c) || c == '_')) {
        c = input_peek(input, ++length);
    }
    return length;
}

static void
parameter_take(const struct reading *r, struct part *part, size_t length)
{
    struct input *input = r->parser->input;

    part->text =
        arena_copy(r->parser->arena, input->text.bytes + input->at, length);
    part->length = length;
    for (size_t i = 0; i < length; i++) {
        next_take(r);
    }
}

/* The operation behind the name of ${name, but for its word. */
static bool
operation_read(const struct reading *r, struct part *part)
{
    static const char letters[] = "-=?+#%";
    static const enum operation operations[] = {
        OPERATION_DEFAULT, OPERATION_ASSIGN, OPERATION_ERROR,
        OPERATION_OTHER,   OPERATION_PREFIX, OPERATION_SUFFIX};
    const char *known;
    int c = next_peek(r);

    if (c == ':') {
        part->colon = true;
        next_take(r);
        c = next_peek(r);
    }
    known = c <= 0 ? NULL : strchr(letters, c);
    if (known == NULL || (part->colon && (c == '#' || c == '%'))) {
        return false;
    }
    part->operation = operations[known - letters];
    next_take(r);
    if ((c == '#' || c == '%') && next_peek(r) == c) {
        part->longest = true;
        next_take(r);
    }
    return true;
}

static void
braces_read(struct reading *r)
{
    struct parser *p = r->parser;
    struct part *part = part_add(r, PART_PARAMETER);
    size_t length;

    next_take(r);
    lex_join(p);
    if (next_peek(r) == '#') {
        int next = input_peek(p->input, 1);
        /* ${#} and ${#-w} are about $#, ${#-} is the length of $-. */
        bool other =
            next == '}' || (next > 0 && strchr("#?-=+:%", next) != NULL &&
                            input_peek(p->input, 2) != '}');

        if (!other) {
            part->operation = OPERATION_LENGTH;
            next_take(r);
        }
    }
    length = parameter_length(r, true);
    if (length == 0) {
        parse_wrong(p, "${ is not followed by a parameter");
        return;
    }
    parameter_take(r, part, length);
    lex_join(p);
    if (next_peek(r) != '}') {
        bool pattern;

        if (part->operation != OPERATION_NONE || !operation_read(r, part)) {
            parse_wrong(p, "${%s is not followed by } or an operation",
                        part->text);
            return;
        }
        pattern = part->operation == OPERATION_PREFIX ||
                  part->operation == OPERATION_SUFFIX;
        part->word = word_read(p, is_quoting(r) && !pattern ? WORD_BRACE_QUOTED
                                                            : WORD_BRACE);
    }
    next_take(r);
}

static void
dollar_read(struct reading *r)
{
    size_t length;
    int c;

    next_take(r);
    lex_join(r->parser);
    c = next_peek(r);
    if (c == '(' || c == '{') {
        text_flush(r);
        if (!parse_enter(r->parser)) {
            return;
        }
        if (c == '{') {
            braces_read(r);
        } else {
            next_take(r);
            lex_join(r->parser);
            (next_peek(r) == '(' ? arithmetic_read : command_read)(r);
        }
        parse_leave(r->parser);
        return;
    }
    length = c < 0 ? 0 : parameter_length(r, false);
    if (length == 0) {
        byte_add(r, '$', is_quoting(r));
        return;
    }
    text_flush(r);
    parameter_take(r, part_add(r, PART_PARAMETER), length);
}

/*
 * Whether a tilde here is a home: it begins the word or what follows = or :,
 * and a slash, a colon or the end is behind it.
 */
static bool
is_home(struct reading *r)
{
    int next;
    bool begins = r->word->parts == NULL && r->text.length == 0;
    char before = (char)(r->text.length == 0 || r->text_quoted
                             ? '\0'
                             : r->text.bytes[r->text.length - 1]);

    if (r->end != WORD_PLAIN && !(r->end == WORD_BRACE && begins)) {
        return false;
    }
    if (!begins && before != '=' && before != ':') {
        return false;
    }
    next = input_peek(r->parser->input, 1);
    if (begins && next == ':') {
        return false;
    }
    return next <= 0 || strchr("/: \t\n;&|<>()}", next) != NULL;
}

static void
tilde_read(struct reading *r)
{
    bool home = is_home(r);

    if (home) {
        bool first = r->word->parts == NULL && r->text.length == 0;

        text_flush(r);
        part_add(r, PART_TILDE)->first = first;
    } else {
        byte_add(r, '~', is_quoting(r));
    }
    next_take(r);
}

/* Whether the byte ends the word; it is not taken. */
static bool
is_end(struct reading *r, int c)
{
    switch (r->end) {
    case WORD_PLAIN:
        return c < 0 || strchr(" \t\n;&|<>()", c) != NULL;
    case WORD_BRACE:
    case WORD_BRACE_QUOTED:
        return c == '}';
    case WORD_QUOTED:
        return c == '"';
    case WORD_ARITHMETIC:
        if (c == ')' && r->parentheses == 0) {
            if (input_peek(r->parser->input, 1) != ')') {
                parse_wrong(r->parser, "$(( has a ) too many");
            }
            return true;
        }
        r->parentheses += c == '(';
        r->parentheses -= c == ')';
        return false;
    default:
        return c < 0;
    }
}

static void
word_read_all(struct reading *r)
{
    static const char *const missing[] = {"",   "} of ${", "} of ${",
                                          "\"", "",        ")) of $(("};

    while (!r->parser->wrong) {
        int c = next_peek(r);

        if (is_end(r, c)) {
            break;
        }
        if (c < 0) {
            parse_wrong(r->parser, "the %s is missing", missing[r->end]);
        } else if (c == '\\') {
            backslash_read(r);
        } else if (c == '$') {
            dollar_read(r);
        } else if (c == '`') {
            backquotes_read(r);
        } else if (c == '\'' && !is_quoting(r)) {
            apostrophes_read(r);
        } else if (c == '"' && r->end != WORD_HERE &&
                   r->end != WORD_ARITHMETIC) {
            quotes_read(r);
        } else if (c == '~') {
            tilde_read(r);
        } else {
            byte_add(r, c, is_quoting(r));
            next_take(r);
        }
    }
}

struct word *
word_read(struct parser *p, enum word_end end)
{
    struct reading r = {.parser = p,
                        .end = end,
                        .word = arena_take(p->arena, sizeof(struct word))};

    r.last = &r.word->parts;
    if (parse_enter(p)) {
        word_read_all(&r);
        parse_leave(p);
    }
    text_flush(&r);
    text_free(&r.text);
    return r.word;
}
