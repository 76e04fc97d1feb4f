/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISK_STORM_H
#define CHITIN_TEST_USER_DISK_STORM_H
/*
 * Children on all harts but the first, which make random calls on disks with
 * all rights, while their parent does the same.
 */
#include <stdint.h>

/* Starts them; how many there are, 0 on one hart. */
unsigned storm_begin(uint64_t seed);

/* Ends them: how many calls they made. */
uint64_t storm_end(void);

#endif
