/* SPDX-License-Identifier: MIT */
/* picolibc's has no function. */
#ifndef CHITIN_POSIX_UTIME_H
#define CHITIN_POSIX_UTIME_H
#include <sys/cdefs.h>
#include <sys/types.h>

#include <sys/utime.h>

__BEGIN_DECLS

int utime(const char *, const struct utimbuf *);

__END_DECLS

#endif
