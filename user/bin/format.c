/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

/* A conversion's flags, width and precision, as printf(3) takes them. */
#define SPEC_MAX 16

struct printing {
    FILE *out;
    char **arguments;
    bool ended; /* \c was met */
};

struct conversion {
    char flags[SPEC_MAX]; /* with % before them */
    bool wide;            /* has a width */
    bool precise;
    int width;
    int precision;
};

static int
octal_digits(const char **text, int most)
{
    int value = 0;

    for (; most > 0 && **text >= '0' && **text <= '7'; most--) {
        value = value * 8 + *(*text)++ - '0';
    }
    return value & 0xff;
}

/*
 * What stands behind a backslash, as a byte; *text goes behind it. -1 is \c. In
 * an argument octal numbers begin with 0. What is no escape is a backslash.
 */
static int
escape_read(const char **text, bool argument)
{
    static const char letters[] = "abfnrtv\\";
    static const char bytes[] = "\a\b\f\n\r\t\v\\";
    char letter = **text;
    const char *known = letter == '\0' ? NULL : strchr(letters, letter);

    if (known != NULL) {
        (*text)++;
        return bytes[known - letters];
    }
    if (argument && letter == '0') {
        (*text)++;
        return octal_digits(text, 3);
    }
    if (!argument && letter >= '0' && letter <= '7') {
        return octal_digits(text, 3);
    }
    if (argument && letter == 'c') {
        (*text)++;
        return -1;
    }
    return '\\';
}

static void
bytes_put(const struct printing *p, const struct conversion *c,
          const char *text, size_t length)
{
    size_t width = c->wide ? (size_t)c->width : 0;
    size_t space;

    if (c->precise && (size_t)c->precision < length) {
        length = (size_t)c->precision;
    }
    space = width > length ? width - length : 0;
    if (strchr(c->flags, '-') == NULL) {
        for (; space > 0; space--) {
            fputc(' ', p->out);
        }
    }
    fwrite(text, 1, length, p->out);
    for (; space > 0; space--) {
        fputc(' ', p->out);
    }
}

/* %b: a string in which escapes mean something. */
static void
escaped_put(struct printing *p, const struct conversion *c, const char *text)
{
    char *bytes = program_memory(NULL, strlen(text) + 1, 1);
    size_t length = 0;

    while (*text != '\0' && !p->ended) {
        int byte = (unsigned char)*text++;

        if (byte == '\\') {
            byte = escape_read(&text, true);
            if (byte < 0) {
                p->ended = true;
                break;
            }
        }
        bytes[length++] = (char)byte;
    }
    bytes_put(p, c, bytes, length);
    free(bytes);
}

static const char *
argument_take(struct printing *p)
{
    return *p->arguments == NULL ? NULL : *p->arguments++;
}

static void
number_check(const char *text, const char *end)
{
    if (end == text || errno == EINVAL) {
        program_say("'%s' is no number", text);
    } else if (*end != '\0') {
        program_say("'%s' is not all a number", text);
    } else if (errno == ERANGE) {
        program_say("'%s' is too large", text);
    }
}

/* An integer: none is 0, 'c is c's number. */
static intmax_t
integer_take(struct printing *p, bool with_sign)
{
    const char *text = argument_take(p);
    char *end;
    intmax_t value;

    if (text == NULL) {
        return 0;
    }
    if (*text == '\'' || *text == '"') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = with_sign ? strtoimax(text, &end, 0)
                      : (intmax_t)strtoumax(text, &end, 0);
    number_check(text, end);
    return value;
}

static double
fraction_take(struct printing *p)
{
    const char *text = argument_take(p);
    char *end;
    double value;

    if (text == NULL) {
        return 0;
    }
    if (*text == '\'' || *text == '"') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = strtod(text, &end);
    number_check(text, end);
    return value;
}

/* A width or precision at *text, or from the arguments. */
static int
extent_read(struct printing *p, const char **text)
{
    intmax_t value = 0;

    if (**text == '*') {
        (*text)++;
        value = integer_take(p, true);
    } else {
        while (**text >= '0' && **text <= '9') {
            value = value > 65535 ? value : value * 10 + **text - '0';
            (*text)++;
        }
    }
    return value > 65535 ? 65535 : value < -65535 ? -65535 : (int)value;
}

static void
conversion_read(struct printing *p, const char **text, struct conversion *c)
{
    size_t length = 1;

    *c = (struct conversion){.flags = "%"};
    while (**text != '\0' && strchr("-+ #0", **text) != NULL) {
        if (strchr(c->flags, **text) == NULL) {
            c->flags[length++] = **text;
        }
        (*text)++;
    }
    if (**text == '*' || (**text >= '1' && **text <= '9')) {
        c->wide = true;
        c->width = extent_read(p, text);
        if (c->width < 0) {
            c->width = -c->width;
            c->flags[length] = '-';
        }
    }
    if (**text == '.') {
        (*text)++;
        c->precision = extent_read(p, text);
        c->precise = c->precision >= 0;
    }
}

/* The format that printf(3) is given: what c says, and the end. */
static void
conversion_text(const struct conversion *c, const char *end, char text[64])
{
    int length = snprintf(text, 64, "%s", c->flags);

    if (c->wide) {
        length += snprintf(text + length, 64 - (size_t)length, "%d", c->width);
    }
    if (c->precise) {
        length +=
            snprintf(text + length, 64 - (size_t)length, ".%d", c->precision);
    }
    (void)snprintf(text + length, 64 - (size_t)length, "%s", end);
}

/* The format comes from conversion_text: flags, two numbers, a known end. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
number_put(struct printing *p, const struct conversion *c, char letter)
{
    char integer[] = "j?";
    char fraction[] = "?";
    char text[64];

    if (strchr("aAeEfFgG", letter) != NULL) {
        fraction[0] = letter;
        conversion_text(c, fraction, text);
        fprintf(p->out, text, fraction_take(p));
    } else {
        integer[1] = letter;
        conversion_text(c, integer, text);
        fprintf(p->out, text, integer_take(p, letter == 'd' || letter == 'i'));
    }
}
#pragma GCC diagnostic pop

static bool
conversion_put(struct printing *p, const char **format)
{
    struct conversion c;
    const char *text;
    char letter;

    if (**format == '%') {
        (*format)++;
        fputc('%', p->out);
        return true;
    }
    conversion_read(p, format, &c);
    letter = **format;
    if (letter == '\0' || strchr("diouxXaAeEfFgGcsb", letter) == NULL) {
        program_say("%%%.*s: no such conversion", letter == '\0' ? 0 : 1,
                    *format);
        return false;
    }
    (*format)++;
    if (letter != 's' && letter != 'b' && letter != 'c') {
        number_put(p, &c, letter);
        return true;
    }
    text = argument_take(p);
    text = text == NULL ? "" : text;
    if (letter == 'b') {
        escaped_put(p, &c, text);
    } else {
        /* %c of an empty argument is a null byte, as elsewhere. */
        bytes_put(p, &c, text, letter == 's' ? strlen(text) : 1);
    }
    return !p->ended;
}

/* Once through the format. False if nothing is to be printed after it. */
static bool
format_once(struct printing *p, const char *format)
{
    while (*format != '\0') {
        char c = *format++;

        if (c == '\\') {
            fputc(escape_read(&format, false), p->out);
        } else if (c != '%') {
            fputc(c, p->out);
        } else if (!conversion_put(p, &format)) {
            return false;
        }
    }
    return true;
}

void
format_print(const char *format, char **arguments, FILE *out)
{
    struct printing p = {.out = out, .arguments = arguments};
    char **before;

    do {
        before = p.arguments;
        if (!format_once(&p, format)) {
            return;
        }
    } while (*p.arguments != NULL && p.arguments != before);
}

void
format_echo(char **words, FILE *out)
{
    static const struct conversion plain = {.flags = "%"};
    struct printing p = {.out = out};
    bool newline = true;

    if (*words != NULL && strcmp(*words, "-n") == 0) {
        newline = false;
        words++;
    }
    for (; *words != NULL && !p.ended; words++) {
        escaped_put(&p, &plain, *words);
        if (words[1] != NULL && !p.ended) {
            fputc(' ', out);
        }
    }
    if (newline && !p.ended) {
        fputc('\n', out);
    }
}
