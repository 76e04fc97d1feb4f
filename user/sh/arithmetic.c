/* SPDX-License-Identifier: MIT */
/*
 * Operators bind by their rank, in one loop: an expression of some rank is
 * operands with operators of that rank or higher between. What is not to be
 * evaluated (0 && x) is read all the same, with `idle` set.
 */
#include "arithmetic.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"
#include "variable.h"

#define DEPTH_MAX 100
#define NAME_MAX_LENGTH 255

enum { RANK_ASSIGN = 1, RANK_CHOICE = 2, RANK_OR = 3, RANK_AND = 4 };

struct expression {
    const char *all;
    const char *at;
    unsigned depth;
    bool idle;
    bool wrong;
};

static const struct {
    const char *text;
    int rank;
} operators[] = {
    {"<<", 10}, {">>", 10},       {"<=", 9},       {">=", 9}, {"==", 8},
    {"!=", 8},  {"&&", RANK_AND}, {"||", RANK_OR}, {"*", 12}, {"/", 12},
    {"%", 12},  {"+", 11},        {"-", 11},       {"<", 9},  {">", 9},
    {"&", 7},   {"^", 6},         {"|", 5},
};
#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

static long expression_read(struct expression *e, int rank);

static long
expression_wrong(struct expression *e, const char *why)
{
    if (!e->wrong) {
        shell_say("arithmetic: %s: '%s'", why, e->all);
    }
    e->wrong = true;
    return 0;
}

static void
blanks_skip(struct expression *e)
{
    e->at += strspn(e->at, " \t\n");
}

static long
constant_read(struct expression *e)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(e->at, &end, 0);
    if (errno != 0 || isalnum((unsigned char)*end) || *end == '_') {
        return expression_wrong(e, "a number is wrong");
    }
    e->at = end;
    return (long)value;
}

static long
variable_value(struct expression *e, const char *name)
{
    const char *text = variable_get(name);
    char *end;
    long value;

    if (text == NULL && shell.option['u']) {
        shell_say("%s: is not set", name);
        e->wrong = true;
        return 0;
    }
    if (text == NULL || text[strspn(text, " \t\n")] == '\0') {
        return 0;
    }
    value = (long)strtoul(text, &end, 0);
    end += strspn(end, " \t\n");
    return *end == '\0' ? value
                        : expression_wrong(e, "a variable is no number");
}

/* Also what is done is safe where C leaves it open. */
static long
operate(struct expression *e, const char *sign, size_t length, long a, long b)
{
    unsigned long x = (unsigned long)a;
    unsigned long y = (unsigned long)b;

    if (length == 2) {
        switch (sign[0]) {
        case '<':
            return sign[1] == '<' ? (long)(x << (y & 63)) : a <= b;
        case '>':
            return sign[1] == '>' ? a >> (y & 63) : a >= b;
        case '=':
            return a == b;
        default:
            return a != b;
        }
    }
    switch (*sign) {
    case '*':
        return (long)(x * y);
    case '+':
        return (long)(x + y);
    case '-':
        return (long)(x - y);
    case '<':
        return a < b;
    case '>':
        return a > b;
    case '&':
        return a & b;
    case '^':
        return a ^ b;
    case '|':
        return a | b;
    default:
        if (e->idle) {
            return 0;
        }
        if (b == 0) {
            return expression_wrong(e, "a division by zero");
        }
        if (b == -1) {
            return *sign == '/' ? (long)(0 - x) : 0;
        }
        return *sign == '/' ? a / b : a % b;
    }
}

/* An assignment's sign at the input: its length, or 0. */
static size_t
assignment_sign(const struct expression *e)
{
    static const char *const signs[] = {
        "=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "<<=", ">>="};

    if (e->at[0] == '=' && e->at[1] == '=') {
        return 0;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t length = strlen(signs[i]);

        if (strncmp(e->at, signs[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

static long
variable_read(struct expression *e)
{
    char name[NAME_MAX_LENGTH + 1];
    char number[24];
    size_t length = 0;
    size_t sign_length;
    const char *sign;
    long value;

    while (isalnum((unsigned char)e->at[length]) || e->at[length] == '_') {
        length++;
    }
    if (length > NAME_MAX_LENGTH) {
        return expression_wrong(e, "a name is too long");
    }
    memcpy(name, e->at, length);
    name[length] = '\0';
    e->at += length;
    blanks_skip(e);
    sign = e->at;
    sign_length = assignment_sign(e);
    if (sign_length == 0) {
        return e->idle ? 0 : variable_value(e, name);
    }
    e->at += sign_length;
    value = expression_read(e, RANK_ASSIGN);
    if (e->idle || e->wrong) {
        return value;
    }
    if (sign_length > 1) {
        value =
            operate(e, sign, sign_length - 1, variable_value(e, name), value);
    }
    if (!e->wrong) {
        (void)snprintf(number, sizeof(number), "%ld", value);
        e->wrong = !variable_set(name, number);
    }
    return value;
}

static long
operand_read(struct expression *e)
{
    char c;
    long value;

    blanks_skip(e);
    c = *e->at;
    if (c == '(') {
        e->at++;
        value = expression_read(e, RANK_ASSIGN);
        blanks_skip(e);
        if (*e->at != ')') {
            return expression_wrong(e, "a ) is missing");
        }
        e->at++;
        return value;
    }
    if (c != '\0' && strchr("+-!~", c) != NULL) {
        e->at++;
        if (++e->depth > DEPTH_MAX) {
            return expression_wrong(e, "it is too deep");
        }
        value = operand_read(e);
        e->depth--;
        return c == '-'   ? (long)(0 - (unsigned long)value)
               : c == '!' ? !value
               : c == '~' ? ~value
                          : value;
    }
    if (isdigit((unsigned char)c)) {
        return constant_read(e);
    }
    if (isalpha((unsigned char)c) || c == '_') {
        return variable_read(e);
    }
    return expression_wrong(e, c == '\0' ? "it ends too early"
                                         : "a number is missing");
}

/* The operator at the input, or OPERATORS. */
static size_t
operator_find(struct expression *e)
{
    blanks_skip(e);
    for (size_t i = 0; i < OPERATORS; i++) {
        if (strncmp(e->at, operators[i].text, strlen(operators[i].text)) == 0) {
            return i;
        }
    }
    return OPERATORS;
}

/* c ? a : b; the ? is at the input. */
static long
choice_read(struct expression *e, long condition)
{
    bool idle = e->idle;
    long yes;
    long no;

    e->at++;
    e->idle = idle || !condition;
    yes = expression_read(e, RANK_ASSIGN);
    blanks_skip(e);
    if (*e->at != ':') {
        return expression_wrong(e, "a : is missing");
    }
    e->at++;
    e->idle = idle || condition;
    no = expression_read(e, RANK_CHOICE);
    e->idle = idle;
    return condition ? yes : no;
}

static long
expression_read(struct expression *e, int rank)
{
    long value;

    if (++e->depth > DEPTH_MAX) {
        return expression_wrong(e, "it is too deep");
    }
    value = operand_read(e);
    while (!e->wrong) {
        size_t i = operator_find(e);
        bool idle = e->idle;
        long right;

        if (i == OPERATORS && *e->at == '?' && rank <= RANK_CHOICE) {
            value = choice_read(e, value);
            continue;
        }
        if (i == OPERATORS || operators[i].rank < rank) {
            break;
        }
        e->at += strlen(operators[i].text);
        if (operators[i].rank == RANK_AND || operators[i].rank == RANK_OR) {
            bool is_or = operators[i].rank == RANK_OR;

            e->idle = idle || (value != 0) == is_or;
            right = expression_read(e, operators[i].rank + 1);
            e->idle = idle;
            value = is_or ? value || right : value && right;
            continue;
        }
        right = expression_read(e, operators[i].rank + 1);
        value = e->wrong ? 0
                         : operate(e, operators[i].text,
                                   strlen(operators[i].text), value, right);
    }
    e->depth--;
    return value;
}

bool
arithmetic_evaluate(const char *text, long *value)
{
    struct expression e = {.all = text, .at = text};

    *value = 0;
    blanks_skip(&e);
    if (*e.at == '\0') {
        return true;
    }
    *value = expression_read(&e, RANK_ASSIGN);
    blanks_skip(&e);
    if (!e.wrong && *e.at != '\0') {
        (void)expression_wrong(&e, "what is behind it is not part of it");
    }
    return !e.wrong;
}
