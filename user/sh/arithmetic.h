/* SPDX-License-Identifier: MIT */
/* $((...)): whole numbers with the operators of C, and variables. */
#ifndef USER_SH_ARITHMETIC_H
#define USER_SH_ARITHMETIC_H

#include <stdbool.h>

/* False, and says why, if text is no expression. Numbers wrap around. */
bool arithmetic_evaluate(const char *text, long *value);

#endif
