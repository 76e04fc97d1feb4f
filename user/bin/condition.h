/* SPDX-License-Identifier: MIT */
/* What test does: for that program, and for the shell's own. */
#ifndef USER_BIN_CONDITION_H
#define USER_BIN_CONDITION_H

#include <stddef.h>

/*
 * 0 if the condition that the words are holds, 1 if not, 2 if they are none,
 * which program_say tells.
 */
int condition_test(char **words, size_t count);

#endif
