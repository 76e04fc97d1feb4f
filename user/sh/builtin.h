/* SPDX-License-Identifier: MIT */
/*
 * Commands that the shell does itself. words ends with a null pointer, count is
 * without it; the result is the status. What they print goes through stdout.
 */
#ifndef USER_SH_BUILTIN_H
#define USER_SH_BUILTIN_H

#include <stdbool.h>

struct builtin {
    const char *name;
    int (*run)(int count, char **words);
    bool special; /* POSIX.1-2017, XCU 2.14 */
    bool keeps;   /* without words its redirections stay: exec */
};

/* Null if there is none. */
const struct builtin *builtin_find(const char *name);

int builtin_break(int count, char **words);
int builtin_colon(int count, char **words);
int builtin_command(int count, char **words);
int builtin_dot(int count, char **words);
int builtin_eval(int count, char **words);
int builtin_exec(int count, char **words);
int builtin_exit(int count, char **words);
int builtin_false(int count, char **words);
int builtin_return(int count, char **words);
int builtin_type(int count, char **words);

int builtin_export(int count, char **words);
int builtin_getopts(int count, char **words);
int builtin_local(int count, char **words);
int builtin_read(int count, char **words);
int builtin_set(int count, char **words);
int builtin_shift(int count, char **words);
int builtin_unset(int count, char **words);

int builtin_cd(int count, char **words);
int builtin_echo(int count, char **words);
int builtin_history(int count, char **words);
int builtin_printf(int count, char **words);
int builtin_pwd(int count, char **words);
int builtin_test(int count, char **words);
int builtin_times(int count, char **words);
int builtin_umask(int count, char **words);

/* Sets PWD when the shell begins. */
void builtin_cd_begin(void);

/* An option letter, on or off, as in set -e; false if there is none. */
bool builtin_set_option(char letter, bool on);

#endif
