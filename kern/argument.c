/* SPDX-License-Identifier: MIT */
#include "kern/argument.h"

static const char *words = "";

void
argument_init(const char *arguments)
{
    words = arguments != NULL ? arguments : "";
}

/* The length of `name` if the word at `p` is name=..., else 0. */
static size_t
match(const char *p, const char *name)
{
    size_t length = 0;

    while (name[length] != 0 && p[length] == name[length]) {
        length++;
    }
    return name[length] == 0 && p[length] == '=' ? length : 0;
}

const char *
argument_find(const char *name, size_t *length)
{
    const char *found = NULL;

    for (const char *p = words; *p != 0;) {
        size_t named = match(p, name);
        const char *end = p;

        while (*end != 0 && *end != ' ') {
            end++;
        }
        if (named > 0) {
            found = p + named + 1;
            *length = (size_t)(end - found);
        }
        p = *end == 0 ? end : end + 1;
    }
    return found;
}

bool
argument_number(const char *name, uint64_t limit, uint64_t *value)
{
    size_t length;
    const char *text = argument_find(name, &length);
    uint64_t number = 0;

    if (text == NULL || length == 0) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

        if (digit > 9 || number > limit / 10) {
            return false;
        }
        number = number * 10 + digit; /* at most limit + 9 */
        if (number > limit) {
            return false;
        }
    }
    *value = number;
    return true;
}
