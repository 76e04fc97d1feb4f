/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_EXPECT_H
#define CHITIN_TEST_USER_EXPECT_H
/* EXPECT(expression, wanted) ends the test with a line that names what differs.
 */
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(expression, wanted)                                             \
    do {                                                                       \
        int64_t got = (int64_t)(expression);                                   \
                                                                               \
        if (got != (int64_t)(wanted)) {                                        \
            printf("test: line %d: %s: %ld, wanted %ld\n", __LINE__,           \
                   #expression, got, (int64_t)(wanted));                       \
            exit(EXIT_FAILURE);                                                \
        }                                                                      \
    } while (0)

#endif
