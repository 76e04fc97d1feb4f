/* SPDX-License-Identifier: MIT */
/* picolibc's, where what needs no threads is for systems with threads only. */
#ifndef CHITIN_POSIX_SCHED_H
#define CHITIN_POSIX_SCHED_H
#include_next <sched.h>

__BEGIN_DECLS

int sched_yield(void);

__END_DECLS

#endif
