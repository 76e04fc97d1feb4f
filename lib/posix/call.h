/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_CALL_H
#define CHITIN_LIB_POSIX_CALL_H
/* How a function of the C library is made of one of the libOS's. */
#include <errno.h>

#include "lib/posix/posix.h"

/* A result, or -1 and errno. */
static inline int64_t
call_result(int64_t result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* One that never waits for other processes. */
#define CALL(function)                                                         \
    __extension__({                                                            \
        int64_t call_value;                                                    \
        posix_hold();                                                          \
        call_value = (function);                                               \
        posix_release();                                                       \
        call_result(call_value);                                               \
    })

/* One that may; it is made again after signals that want it so. Only what was
   interrupted asks for that. */
#define CALL_AGAIN(function)                                                   \
    __extension__({                                                            \
        int64_t call_value;                                                    \
        do {                                                                   \
            posix_hold();                                                      \
            call_value = (function);                                           \
            if (call_value != -EINTR) {                                        \
                posix_release();                                               \
            }                                                                  \
        } while (call_value == -EINTR && posix_again(call_value));             \
        call_result(call_value);                                               \
    })

#endif
