/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_BENCH_POSIX_H
#define CHITIN_TEST_BENCH_POSIX_H
#include <stdint.h>

/* Takes a measurement some times, and prints it, less what is not of it. */
void posix_row(const char *name, uint64_t (*run)(void), uint64_t less);

/* Files and pipes. */
void posix_file_rows(void);

#endif
