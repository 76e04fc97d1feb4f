/* SPDX-License-Identifier: MIT */
/*
 * Expansion of words (POSIX.1-2017, XCU 2.6). What goes wrong is said, and
 * shell_fail called: then the result is false or null.
 */
#ifndef USER_SH_EXPAND_H
#define USER_SH_EXPAND_H

#include "text.h"
#include "tree.h"

/* All words of a list, split into fields and with names for patterns. */
bool expand_words(const struct word *words, struct strings *fields);

/* One word as one text, the caller's. assignment: tildes behind = and : count.
 */
char *expand_text(const struct word *word, bool assignment);

/* One word as a pattern: what is quoted has backslashes. The caller's. */
char *expand_pattern(const struct word *word);

/* A string with $ in it, as PS1 is. The caller's. */
char *expand_string(const char *string);

/* What a list prints, without newlines at its end, is added to out. */
void expand_command(const struct node *tree, struct text *out);

#endif
