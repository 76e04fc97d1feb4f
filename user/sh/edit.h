/* SPDX-License-Identifier: MIT */
/* A line that a person types at the terminal, and edits. */
#ifndef USER_SH_EDIT_H
#define USER_SH_EDIT_H

#include "text.h"

/* The terminal is this file. */
void edit_begin(int file);

/*
 * Shows the prompt and adds what is typed to text, with a newline. 1: a line,
 * 0: the end (Ctrl-D on an empty line), -1: Ctrl-C, what was typed is dropped.
 */
int edit_line(const char *prompt, struct text *text);

#endif
