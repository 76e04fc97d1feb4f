/* SPDX-License-Identifier: MIT */
/* Names of signals, without SIG: for kill, and for the shell. */
#ifndef USER_BIN_SIGNALS_H
#define USER_BIN_SIGNALS_H

#include <stdio.h>

/* Above the number of every signal that has a name here. */
#define SIGNALS_MAX 32

/* The signal's number, by name (with SIG or without) or number; or -1. */
int signals_number(const char *name);

/* Null if none has this number. */
const char *signals_name(int number);

/* What happened to a process that it ended: "Terminated". */
const char *signals_meaning(int number);

/* All names, by number. */
void signals_print(FILE *out);

#endif
