/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_ERROR_H
#define CHITIN_LIB_POSIX_ERROR_H
/* Errors of the kernel and of lib/fs have their numbers from Linux, those of
   picolibc are others above 34. */
#include <stdint.h>

/* A result of the kernel's or of lib/fs's as the functions here give it. */
int64_t error_translate(int64_t result);

static inline int64_t
error_of(int64_t result)
{
    return result >= 0 ? result : error_translate(result);
}

#endif
