/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_WORK_H
#define CHITIN_TEST_POWER_CUT_WORK_H
/*
 * What is done to a log while the power may be cut, and how what is left is
 * judged. The operations, counted from 1 on, follow from a seed; so whoever
 * knows the seed knows what the log holds after each, and after a crash can
 * tell how many of them survived: all that were synced, and of the others the
 * first few. In the machine and on the host.
 */
#include "lib/log/log.h"

#define WORK_KEYS 48
#define WORK_INDEX 128 /* entries of the index, for so many keys */
#define WORK_AHEAD 64  /* operations between two syncs, at most */

/* Does operation `i`. */
int64_t work_do(struct log *log, uint64_t seed, uint64_t i);

/*
 * Whether the log holds what it does after so many operations, `synced` or up
 * to WORK_AHEAD more, and every value is right. How many; or -1 and *why.
 */
int64_t work_check(struct log *log, uint64_t seed, uint64_t synced,
                   const char **why);

#endif
