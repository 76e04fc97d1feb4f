/* SPDX-License-Identifier: MIT */
/* Lines that were typed. They are kept in the file HISTFILE, if that is set. */
#ifndef USER_SH_HISTORY_H
#define USER_SH_HISTORY_H

#include <stddef.h>
#include <stdio.h>

/* Reads the file. */
void history_begin(void);

/* Adds a line, unless it is empty or as the last. */
void history_add(const char *line);

/* How many there are, and one of them: 0 is the newest. */
size_t history_count(void);
const char *history_get(size_t age);

void history_print(FILE *out);

#endif
