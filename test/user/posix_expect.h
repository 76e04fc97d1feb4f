/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_POSIX_EXPECT_H
#define CHITIN_TEST_USER_POSIX_EXPECT_H
/*
 * For programs on the libOS. EXPECT(expression, wanted) ends the test with a
 * line that names what differs; EXPECT_ERROR(expression, error) wants -1 and
 * that errno.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPECT(expression, wanted)                                             \
    expect((long)(expression), (long)(wanted), __LINE__, #expression)

#define EXPECT_ERROR(expression, error)                                        \
    do {                                                                       \
        errno = 0;                                                             \
        expect((long)(expression), -1, __LINE__, #expression);                 \
        expect(errno, error, __LINE__, "errno of " #expression);               \
    } while (0)

static inline void
expect(long got, long wanted, int line, const char *what)
{
    if (got != wanted) {
        printf("test: line %d: %s: %ld, wanted %ld\n", line, what, got, wanted);
        fflush(stdout);
        _exit(EXIT_FAILURE);
    }
}

#endif
