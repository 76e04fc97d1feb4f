/* SPDX-License-Identifier: MIT */
/* Names of files that a pattern stands for. */
#ifndef USER_SH_FILES_H
#define USER_SH_FILES_H

#include "text.h"

/*
 * Adds the paths that match, sorted. False if there is none. A name with a dot
 * in front matches only what has a dot there, and a slash nothing but a slash.
 */
bool files_match(const char *pattern, struct strings *paths);

#endif
