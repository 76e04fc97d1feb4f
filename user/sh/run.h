/* SPDX-License-Identifier: MIT */
/* Runs trees. The status of what ran is in shell.status. */
#ifndef USER_SH_RUN_H
#define USER_SH_RUN_H

#include <stdbool.h>

#include "tree.h"

/* The shell is a child that ends with this command: it need not fork again. */
#define RUN_LAST 1u
/* The status is asked for: it is no reason for set -e to end. */
#define RUN_TESTED 2u

/* One command, pipeline or AND_OR, in the foreground. */
void run_node(const struct node *node, unsigned flags);

/* A SIMPLE command, and what a FUNCTION does: defines it. */
void simple_run(const struct node *node, unsigned flags);
void function_define(const struct node *node);

void run_list(const struct node *list, unsigned flags);

/* Replaces the shell by a program; does not return. Says why it cannot. */
_Noreturn void run_program(char **words);

/* Where a program is found along PATH; null if nowhere. The caller's. */
char *run_find(const char *name);

struct function;
const struct function *function_find(const char *name);
void function_unset(const char *name);

/* Runs words as a command: for `command` (no functions), and for others. */
void run_words(int count, char **words, unsigned flags, bool functions);

#endif
