/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_ARGUMENT_H
#define CHITIN_KERN_BOOT_ARGUMENT_H
/*
 * The kernel's arguments: the words of /chosen/bootargs, each `name` or
 * `name=value`. The kernel knows these; others are for programs, which read all
 * of them in the boot information:
 *
 *   loglevel=0..3   messages up to this level (print.h); 2 by default
 *   exit=N          end the machine with status N once it is up
 *   check=NAME,...  run these self-checks (debug builds), then end the machine
 */
#include "kern/abi/types.h"

/* Where the arguments are; NULL means that there are none. */
void argument_init(const char *arguments);

/* What stands behind the `=` of argument `name`, not terminated, its length in
 *length; NULL if there is no such word. The last one given counts. */
const char *argument_find(const char *name, size_t *length);

/* Reads the argument as a decimal number. False, with *value unchanged, if it
   is not given; one that is not a number up to `limit` (at most UINT32_MAX)
   fails the boot. */
bool argument_number(const char *name, uint64_t limit, uint64_t *value);

#endif
