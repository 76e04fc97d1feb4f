/* SPDX-License-Identifier: MIT */
/*
 * The headers of this folder come before picolibc's: what it lacks, and what it
 * has for its own small systems only. Each has what POSIX.1-2017 says, as far
 * as lib/posix has it; the rest of a header is picolibc's own, by include_next.
 * Arguments have no names, for these may be macros of the program's.
 * Who adds a header that picolibc has too changes this one: an object that was
 * compiled without it is not known to be old otherwise.
 */
#ifndef CHITIN_POSIX_SYS_FEATURES_H
#define CHITIN_POSIX_SYS_FEATURES_H
#include_next <sys/features.h>

#define _POSIX_VERSION 200809L
#define _POSIX2_VERSION 200809L
#define _POSIX_CHOWN_RESTRICTED 1
#define _POSIX_CLOCK_SELECTION 200809L
#define _POSIX_CPUTIME 200809L
#define _POSIX_FSYNC 200809L
#define _POSIX_JOB_CONTROL 1
#define _POSIX_MAPPED_FILES 200809L
#define _POSIX_MEMORY_PROTECTION 200809L
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_NO_TRUNC 1
#define _POSIX_REGEXP 1
#define _POSIX_SAVED_IDS 1
#define _POSIX_SHELL 1
#define _POSIX_SPAWN 200809L
/* Clocks; there are no timers of timer_create. */
#define _POSIX_TIMERS 200809L
#define _POSIX_VDISABLE 0

#endif
