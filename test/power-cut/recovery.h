/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_RECOVERY_H
#define CHITIN_TEST_POWER_CUT_RECOVERY_H
/* The kernel's own recovery, run on an image of a disk. */
#include "test/power-cut/survey.h"

/* Recovers the disk that was surveyed, and compares: NULL, or what differs. */
const char *recovery_check(const struct survey *survey);

#endif
