/* SPDX-License-Identifier: MIT */
/* What printf and echo do: for those programs, and for the shell's own. */
#ifndef USER_BIN_FORMAT_H
#define USER_BIN_FORMAT_H

#include <stdio.h>

/*
 * Prints the arguments, to a null pointer, as the format says; the format is
 * used again while arguments are left. What is wrong is told by program_say.
 */
void format_print(const char *format, char **arguments, FILE *out);

/* Prints the words as echo does; -n in front of them is taken. */
void format_echo(char **words, FILE *out);

#endif
