/* SPDX-License-Identifier: MIT */
#include "kern/boot/argument.h"

#include "kern/panic.h"
#include "kern/string.h"

static const char *words = "";

void
argument_init(const char *arguments)
{
    words = arguments != NULL ? arguments : "";
}

const char *
argument_find(const char *name, size_t *length)
{
    const char *found = NULL;

    for (const char *p = words; *p != 0;) {
        const char *value = text_after(p, name);
        const char *end = p;

        while (*end != 0 && *end != ' ') {
            end++;
        }
        if (value != NULL && *value == '=') {
            found = value + 1;
            *length = (size_t)(end - found);
        }
        p = *end == 0 ? end : end + 1;
    }
    return found;
}

bool
argument_number(const char *name, uint64_t limit, uint64_t *value)
{
    size_t length = 0;
    const char *text = argument_find(name, &length);
    bool is_number = length > 0;

    if (text == NULL) {
        return false;
    }
    *value = 0;
    for (size_t i = 0; i < length && is_number; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

        *value = *value * 10 + digit;
        is_number = digit <= 9 && *value <= limit;
    }
    if (!is_number) {
        boot_fail("argument %s= wants a number from 0 to %lu", name, limit);
    }
    return true;
}
