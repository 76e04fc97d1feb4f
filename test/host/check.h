/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_CHECK_H
#define CHITIN_TEST_CHECK_H
/*
 * What host tests share. A test is a program that exits with 0; the first
 * CHECK that does not hold says where, and ends it with 1.
 *
 * The kernel's error numbers and the C library's <errno.h> cannot be included
 * together.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                       \
    ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, #condition))

/* The same for two integers, which are printed. */
#define CHECK_EQUAL(a, b)                                                      \
    check_equal((long long)(a), (long long)(b), __FILE__, __LINE__,            \
                #a " == " #b)

/* What is being looked at, for the message; may be changed at any time. */
static const char *check_subject = "";

_Noreturn static inline void
check_fail(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s: does not hold: %s\n", file, line,
                  check_subject, what);
    exit(1);
}

static inline void
check_equal(long long a, long long b, const char *file, int line,
            const char *what)
{
    if (a != b) {
        (void)fprintf(stderr, "%s:%d: %lld (%#llx) and %lld (%#llx)\n", file,
                      line, a, (unsigned long long)a, b, (unsigned long long)b);
        check_fail(file, line, what);
    }
}

/* A repeatable sequence (xorshift64*); the state must not be 0. */
static inline uint64_t
random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dULL;
}

static inline uint64_t
random_below(uint64_t *state, uint64_t limit)
{
    return (random_next(state) >> 16) % limit;
}

/*
 * The file in a buffer of exactly its size, so that the sanitizer sees a read
 * beyond it. The caller frees it.
 */
static inline void *
file_load(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    void *content;
    long end;

    check_subject = path;
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    end = ftell(file);
    CHECK(end > 0);
    *size = (size_t)end;
    content = malloc(*size);
    CHECK(content != NULL);
    rewind(file);
    CHECK(fread(content, 1, *size, file) == *size);
    CHECK(fclose(file) == 0);
    return content;
}

#endif
