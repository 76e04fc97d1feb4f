/* SPDX-License-Identifier: MIT */
/*
 * A * is tried with ever more text; when a later * is met, the earlier one need
 * not be tried again. So the work is at most the product of the two lengths.
 */
#include "pattern.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* The class that a name within [: and :] is; false if c is not in it. */
static bool
class_has(const char *name, size_t length, unsigned char c)
{
    static const struct {
        const char *name;
        int (*has)(int);
    } classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
        {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
        {"lower", islower}, {"print", isprint}, {"punct", ispunct},
        {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) == length &&
            strncmp(classes[i].name, name, length) == 0) {
            return classes[i].has(c) != 0;
        }
    }
    return false;
}

/*
 * Whether c is in the set that begins behind a [. *end goes behind its ], or is
 * null if there is none: then the [ is a character.
 */
static bool
set_has(const char *set, unsigned char c, const char **end)
{
    bool negate = *set == '!' || *set == '^';
    bool found = false;
    const char *at = set + negate;

    *end = NULL;
    for (bool first = true; *at != ']' || first; first = false) {
        unsigned char low;
        unsigned char high;

        if (*at == '[' && at[1] == ':') {
            const char *close = strstr(at + 2, ":]");

            if (close != NULL) {
                found |= class_has(at + 2, (size_t)(close - at) - 2, c);
                at = close + 2;
                continue;
            }
        }
        at += *at == '\\';
        if (*at == '\0') {
            return false;
        }
        low = (unsigned char)*at++;
        high = low;
        if (*at == '-' && at[1] != ']' && at[1] != '\0') {
            at++;
            at += *at == '\\';
            if (*at == '\0') {
                return false;
            }
            high = (unsigned char)*at++;
        }
        found |= low <= c && c <= high;
    }
    *end = at + 1;
    return found != negate;
}

/* Whether one character matches; *pattern goes behind what it matched. */
static bool
one_match(const char **pattern, unsigned char c)
{
    const char *at = *pattern;
    const char *end;
    bool found;

    if (*at == '?') {
        *pattern = at + 1;
        return true;
    }
    if (*at == '[') {
        found = set_has(at + 1, c, &end);
        if (end != NULL) {
            *pattern = end;
            return found;
        }
    } else if (*at == '\\' && at[1] != '\0') {
        at++;
    }
    *pattern = at + 1;
    return (unsigned char)*at == c;
}

static bool
range_match(const char *pattern, const char *text, const char *end)
{
    const char *star = NULL;  /* behind the last * that was met */
    const char *taken = NULL; /* behind the text that it has */

    for (;;) {
        const char *next = pattern;

        if (*pattern == '*') {
            star = ++pattern;
            taken = text;
        } else if (text < end && *pattern != '\0' &&
                   one_match(&next, (unsigned char)*text)) {
            pattern = next;
            text++;
        } else if (text == end && *pattern == '\0') {
            return true;
        } else if (star != NULL && taken < end) {
            pattern = star;
            text = ++taken;
        } else {
            return false;
        }
    }
}

bool
pattern_match(const char *pattern, const char *text)
{
    return range_match(pattern, text, text + strlen(text));
}

long
pattern_part(const char *pattern, const char *text, bool from_end, bool longest)
{
    long length = (long)strlen(text);

    for (long i = 0; i <= length; i++) {
        long part = longest ? length - i : i;
        const char *begin = from_end ? text + length - part : text;

        if (range_match(pattern, begin, begin + part)) {
            return part;
        }
    }
    return -1;
}

bool
pattern_is_one(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        } else if (strchr("*?[", *text) != NULL) {
            return true;
        }
    }
    return false;
}
