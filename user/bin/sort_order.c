/* SPDX-License-Identifier: MIT */
#include "sort_order.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "program.h"

/* How the bytes of a key count. */
struct manner {
    bool blanks; /* -b */
    bool dictionary;
    bool fold;
    bool printable;
    bool numeric;
    bool reverse;
};

/* A place in a line: character 0 of an end is the field's last. */
struct place {
    uintmax_t field; /* from 1; 0: the end of the line */
    uintmax_t character;
    bool blanks;
};

struct key {
    struct place first;
    struct place last;
    struct manner manner;
    bool own_manner; /* letters were given with it */
};

static struct key *keys;
static size_t key_count;
static struct manner manner_all;
static int separator = -1;
static bool stable;
static bool plain; /* all of the line, byte by byte */

static bool
manner_set(struct manner *manner, int letter)
{
    switch (letter) {
    case 'b':
        manner->blanks = true;
        return true;
    case 'd':
        manner->dictionary = true;
        return true;
    case 'f':
        manner->fold = true;
        return true;
    case 'i':
        manner->printable = true;
        return true;
    case 'n':
        manner->numeric = true;
        return true;
    case 'r':
        manner->reverse = true;
        return true;
    default:
        return false;
    }
}

static const char *
number_read(const char *text, uintmax_t *number, const char *all)
{
    if (!isdigit((unsigned char)*text)) {
        program_misused("%s: is no key: a number is missing", all);
    }
    for (*number = 0; isdigit((unsigned char)*text); text++) {
        if (*number < UINTMAX_MAX / 16) {
            *number = *number * 10 + (uintmax_t)(*text - '0');
        }
    }
    return text;
}

/* FIELD[.CHARACTER][letters] at text; gives what is behind. */
static const char *
place_read(const char *text, struct place *place, struct key *key,
           const char *all)
{
    text = number_read(text, &place->field, all);
    if (place->field == 0) {
        program_misused("%s: fields are counted from 1", all);
    }
    if (*text == '.') {
        text = number_read(text + 1, &place->character, all);
    }
    for (; isalpha((unsigned char)*text); text++) {
        if (!manner_set(&key->manner, *text)) {
            program_misused("%s: no key has the letter %c", all, *text);
        }
        key->own_manner = true;
        place->blanks |= *text == 'b';
    }
    return text;
}

static void
key_add(const char *text)
{
    struct key *key;
    const char *next;

    keys = program_memory(keys, key_count + 1, sizeof(*keys));
    key = &keys[key_count++];
    *key = (struct key){.first = {.character = 1}};
    next = place_read(text, &key->first, key, text);
    if (key->first.character == 0) {
        program_misused("%s: characters are counted from 1", text);
    }
    if (*next == ',') {
        next = place_read(next + 1, &key->last, key, text);
    }
    if (*next != '\0') {
        program_misused("%s: is no key", text);
    }
}

void
sort_order_option(int option, const char *value)
{
    if (option == 'k') {
        key_add(value);
    } else if (option == 't') {
        if (value[0] == '\0' ||
            (value[1] != '\0' && strcmp(value, "\\0") != 0)) {
            program_misused("'%s' is not one character", value);
        }
        separator = (unsigned char)value[0];
    } else if (option == 's') {
        stable = true;
    } else {
        (void)manner_set(&manner_all, option);
    }
}

void
sort_order_begin(bool unique)
{
    stable |= unique;
    for (size_t i = 0; i < key_count; i++) {
        if (!keys[i].own_manner) {
            keys[i].manner = manner_all;
            keys[i].first.blanks = manner_all.blanks;
            keys[i].last.blanks = manner_all.blanks;
        }
    }
    if (key_count == 0) {
        const struct manner *m = &manner_all;

        plain = !m->blanks && !m->dictionary && !m->fold && !m->printable &&
                !m->numeric;
        keys = program_memory(NULL, 1, sizeof(*keys));
        keys[key_count++] = (struct key){
            .first = {.field = 1, .character = 1, .blanks = manner_all.blanks},
            .manner = manner_all};
    }
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the field with this number begins, or the end of the line. */
static const char *
field_find(const char *line, uintmax_t field)
{
    for (; field > 1 && *line != '\0'; field--) {
        if (separator >= 0) {
            const char *end = strchr(line, separator);

            line = end == NULL ? line + strlen(line) : end + 1;
            continue;
        }
        while (is_blank(*line)) {
            line++;
        }
        while (*line != '\0' && !is_blank(*line)) {
            line++;
        }
    }
    return line;
}

/* Where the field that begins at field ends. */
static const char *
field_end(const char *field)
{
    if (separator >= 0) {
        const char *end = strchr(field, separator);

        return end == NULL ? field + strlen(field) : end;
    }
    while (is_blank(*field)) {
        field++;
    }
    while (*field != '\0' && !is_blank(*field)) {
        field++;
    }
    return field;
}

static const char *
characters_skip(const char *at, uintmax_t count, bool blanks)
{
    size_t left;

    while (blanks && is_blank(*at)) {
        at++;
    }
    left = strlen(at);
    return at + (count < left ? (size_t)count : left);
}

static void
key_find(const struct key *key, const char *line, const char **begin,
         const char **end)
{
    *begin = characters_skip(field_find(line, key->first.field),
                             key->first.character - 1, key->first.blanks);
    if (key->last.field == 0) {
        *end = *begin + strlen(*begin);
    } else if (key->last.character == 0) {
        *end = field_end(field_find(line, key->last.field));
    } else {
        *end = characters_skip(field_find(line, key->last.field),
                               key->last.character, key->last.blanks);
    }
    if (*end < *begin) {
        *end = *begin;
    }
}

/* The next byte that counts, or -1 at the end. */
static int
byte_next(const struct manner *manner, const char **at, const char *end)
{
    while (*at < end) {
        int c = (unsigned char)*(*at)++;

        if ((manner->dictionary && !isalnum(c) && !is_blank((char)c)) ||
            (manner->printable && !isprint(c))) {
            continue;
        }
        return manner->fold ? toupper(c) : c;
    }
    return -1;
}

/* A number as it is written: its sign, and where its digits are. */
struct number {
    bool negative;
    const char *digits;
    size_t whole; /* digits before the point, without leading zeros */
    const char *fraction;
    size_t part; /* digits behind it, without trailing zeros */
};

static void
number_parse(const char *at, const char *end, struct number *n)
{
    *n = (struct number){.negative = false};
    while (at < end && is_blank(*at)) {
        at++;
    }
    if (at < end && *at == '-') {
        n->negative = true;
        at++;
    }
    while (at < end && *at == '0') {
        at++;
    }
    n->digits = at;
    while (at < end && isdigit((unsigned char)*at)) {
        at++;
    }
    n->whole = (size_t)(at - n->digits);
    if (at < end && *at == '.') {
        n->fraction = ++at;
        while (at < end && isdigit((unsigned char)*at)) {
            at++;
        }
        while (at > n->fraction && at[-1] == '0') {
            at--;
        }
        n->part = (size_t)(at - n->fraction);
    }
    if (n->whole == 0 && n->part == 0) {
        n->negative = false;
    }
}

/* Numbers of any length, without arithmetic. */
static int
numbers_compare(const char *a, const char *a_end, const char *b,
                const char *b_end)
{
    struct number x;
    struct number y;
    size_t part;
    int order;

    number_parse(a, a_end, &x);
    number_parse(b, b_end, &y);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    if (x.whole != y.whole) {
        order = x.whole < y.whole ? -1 : 1;
        return x.negative ? -order : order;
    }
    order = x.whole == 0 ? 0 : memcmp(x.digits, y.digits, x.whole);
    part = x.part < y.part ? x.part : y.part;
    if (order == 0 && part > 0) {
        order = memcmp(x.fraction, y.fraction, part);
    }
    if (order == 0) {
        order = x.part < y.part ? -1 : x.part > y.part;
    }
    return x.negative ? -order : order;
}

static int
key_compare(const struct key *key, const char *a, const char *b)
{
    const char *a_end;
    const char *b_end;
    int x;
    int y;

    key_find(key, a, &a, &a_end);
    key_find(key, b, &b, &b_end);
    if (key->manner.numeric) {
        return numbers_compare(a, a_end, b, b_end);
    }
    do {
        x = byte_next(&key->manner, &a, a_end);
        y = byte_next(&key->manner, &b, b_end);
    } while (x == y && x >= 0);
    return x - y;
}

static int
keys_compare(const char *a, const char *b)
{
    for (size_t i = 0; i < key_count; i++) {
        int order = key_compare(&keys[i], a, b);

        if (order != 0) {
            return keys[i].manner.reverse ? -order : order;
        }
    }
    return 0;
}

int
sort_order_compare(const char *a, const char *b)
{
    int order;

    if (plain) {
        order = strcmp(a, b);
        return manner_all.reverse ? -order : order;
    }
    order = keys_compare(a, b);
    if (order == 0 && !stable) {
        order = strcmp(a, b);
        order = manner_all.reverse ? -order : order;
    }
    return order;
}

bool
sort_order_equal(const char *a, const char *b)
{
    return keys_compare(a, b) == 0;
}
