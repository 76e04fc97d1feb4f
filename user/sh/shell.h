/* SPDX-License-Identifier: MIT */
/* The state of the shell, and how it ends. */
#ifndef USER_SH_SHELL_H
#define USER_SH_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What keeps the commands that follow from being run. */
enum skip {
    SKIP_NONE,
    SKIP_BREAK,    /* to behind a loop, the skip_count-th outwards */
    SKIP_CONTINUE, /* to the next turn of that loop */
    SKIP_RETURN,   /* to behind the function or file */
    SKIP_ALL       /* to the next command that a person types, or the end */
};

struct shell {
    const char *name; /* $0 */
    char **arguments; /* $1 and so on, to a null pointer */
    size_t count;     /* $# */
    int status;       /* $? */
    int substituted;  /* the status of the last command substitution, or -1 */
    pid_t own;        /* $$ */
    pid_t background; /* $!, 0: none */
    bool option[128]; /* set -e and so on, by letter */
    bool person;      /* somebody types, to this shell or its parent */
    bool interactive; /* somebody types to this one */
    bool subshell;
    enum skip skip;
    unsigned skip_count;
    unsigned loops;     /* that run, in this function */
    unsigned functions; /* that run */
    unsigned sources;   /* files that . reads */
    unsigned line;
};

extern struct shell shell;

/* "NAME: line N: message" (without a line if a person types). */
void shell_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * What an error does that POSIX lets a shell end for (2.8.1): it sets the
 * status and skips all. A shell that nobody types to ends then.
 */
void shell_fail(int status);

/* Copies of words become $1 and so on; what was is the caller's to keep. */
void shell_arguments_set(char **words, size_t count);
void shell_arguments_free(void);

/* Runs the EXIT trap, and ends. */
_Noreturn void shell_exit(int status);

/* PS1, or PS2 within a command, expanded: the caller frees it. */
char *shell_prompt(bool within);

struct input;

/* Runs all commands of an input; gives the last status. */
int shell_run(struct input *input);

/* Becomes what a child of the shell is: no jobs, no traps, nobody types. */
void shell_enter_child(void);

#endif
