/* SPDX-License-Identifier: MIT */
/* Variables, and the environment that is made of those that are exported. */
#ifndef USER_SH_VARIABLE_H
#define USER_SH_VARIABLE_H

#include <stdbool.h>

#include "text.h"

struct variable {
    struct variable *next;
    char *name;
    char *value; /* null: only marked so far */
    bool exported;
    bool readonly;
};

/* Takes over the environment that the shell was started with. */
void variables_begin(void);

/* The value, or null if there is none. It stays till the next change. */
const char *variable_get(const char *name);

/* False, and says so, if it is read-only. A null value unsets it. */
bool variable_set(const char *name, const char *value);

/* The variable, which is made if need be. */
struct variable *variable_make(const char *name);

/* Takes NAME=value. */
bool variable_assign(const char *text);

/* Calls each with all variables, in the order of their names. */
void variables_each(void (*each)(const struct variable *variable));

/* What execve takes; the caller frees it. */
struct strings variables_environment(void);

/* Prints a value so that the shell could read it again. */
void variable_print_quoted(const char *value);

/*
 * Assignments for one command. After variable_save the value can be changed;
 * variables_restore undoes what was saved since variables_mark.
 */
struct saved;
struct saved *variables_mark(void);
void variable_save(const char *name);
void variables_restore(struct saved *mark);

#endif
