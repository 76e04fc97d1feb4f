/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_STRING_H
#define CHITIN_KERN_STRING_H
/* The memory functions of C17 7.24, with the standard's contracts, and what the
   kernel asks of texts. */
#include "kern/abi/types.h"

void *memset(void *to, int value, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* What follows `part` in `text`, which begins with it; else NULL. */
static inline const char *
text_after(const char *text, const char *part)
{
    while (*part != '\0' && *text == *part) {
        text++;
        part++;
    }
    return *part == '\0' ? text : NULL;
}

static inline bool
text_equals(const char *a, const char *b)
{
    const char *rest = text_after(a, b);

    return rest != NULL && *rest == '\0';
}

#endif
