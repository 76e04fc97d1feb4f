/* SPDX-License-Identifier: MIT */
/* Patterns of file names: * ? [...] and \ in front of what is meant itself. */
#ifndef USER_BIN_PATTERN_H
#define USER_BIN_PATTERN_H

#include <stdbool.h>

/* Whether all of text matches. A slash is a character as others are. */
bool pattern_match(const char *pattern, const char *text);

/*
 * Whether some of text, from its start (or up to its end, if from_end),
 * matches: the number of bytes, the most that do if longest, else the fewest;
 * or -1.
 */
long pattern_part(const char *pattern, const char *text, bool from_end,
                  bool longest);

/* Whether it has a * ? or [ that is not behind a backslash. */
bool pattern_is_one(const char *text);

#endif
