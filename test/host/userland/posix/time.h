/* SPDX-License-Identifier: MIT */
#ifndef POSIX_TIME_H
#define POSIX_TIME_H
#include_next <time.h>
int nanosleep(const struct timespec *time, struct timespec *left);
#endif
