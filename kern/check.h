/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CHECK_H
#define CHITIN_KERN_CHECK_H
/*
 * Self-checks of the running kernel, in debug builds: what only the machine
 * itself can show. The argument check=NAME,... runs those named, in order, on
 * the boot hart, and ends the machine: with EXIT_PASS and a line that counts
 * them if all hold.
 */
#include "kern/abi/types.h"

/* Runs the checks in the list `names` of `length` bytes, in order, and ends
   the machine. A name that no check has fails the boot. */
_Noreturn void check_run(const char *names, size_t length);

#endif
