/* SPDX-License-Identifier: MIT */
/*
 * The four functions that a freestanding compiler may call (C17 4, 6), and no
 * more. Word-wise where both ends allow it: structures are copied with these,
 * pages are not.
 */
#include "kern/string.h"

static bool
both_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 7) == 0;
}

void *
memset(void *to, int value, size_t size)
{
    unsigned char *byte = to;
    uint64_t pattern = (unsigned char)value * (uint64_t)0x0101010101010101;

    for (; size > 0 && !both_aligned(byte, byte); size--) {
        *byte++ = (unsigned char)value;
    }
    for (; size >= 8; size -= 8, byte += 8) {
        *(uint64_t *)(void *)byte = pattern;
    }
    for (; size > 0; size--) {
        *byte++ = (unsigned char)value;
    }
    return to;
}

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;

    if (both_aligned(to, from)) {
        for (; size >= 8; size -= 8, target += 8, source += 8) {
            *(uint64_t *)(void *)target =
                *(const uint64_t *)(const void *)source;
        }
    }
    for (; size > 0; size--) {
        *target++ = *source++;
    }
    return to;
}

void *
memmove(void *to, const void *from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;

    /* From the end that is not overwritten before it is read. */
    for (size_t i = 0; i < size; i++) {
        size_t at = target <= source ? i : size - 1 - i;
        target[at] = source[at];
    }
    return to;
}

int
memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    if (both_aligned(a, b)) {
        while (size >= 8 && *(const uint64_t *)(const void *)left ==
                                *(const uint64_t *)(const void *)right) {
            size -= 8;
            left += 8;
            right += 8;
        }
    }
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

/* What the compiler makes of its builtins, without the instructions. */
/* NOLINTBEGIN(readability-identifier-naming): these are the compiler's */
int __popcountdi2(uint64_t bits);
int __ctzdi2(uint64_t bits);

int
__ctzdi2(uint64_t bits)
{
    return __popcountdi2(~bits & (bits - 1));
}

int
__popcountdi2(uint64_t bits)
{
    int count = 0;

    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}
/* NOLINTEND(readability-identifier-naming) */
