/* SPDX-License-Identifier: MIT */
/* The table of the shell's commands, and those about which command runs. */
#include "builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "jobs.h"
#include "redirect.h"
#include "run.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "variable.h"

/* Files in files that . reads. */
#define SOURCES_MAX 50

static const struct builtin builtins[] = {
    {":", builtin_colon, true, false},
    {".", builtin_dot, true, false},
    {"[", builtin_test, false, false},
    {"bg", builtin_bg, false, false},
    {"break", builtin_break, true, false},
    {"cd", builtin_cd, false, false},
    {"command", builtin_command, false, false},
    {"continue", builtin_break, true, false},
    {"echo", builtin_echo, false, false},
    {"eval", builtin_eval, true, false},
    {"exec", builtin_exec, true, true},
    {"exit", builtin_exit, true, false},
    {"export", builtin_export, true, false},
    {"false", builtin_false, false, false},
    {"fg", builtin_fg, false, false},
    {"getopts", builtin_getopts, false, false},
    {"history", builtin_history, false, false},
    {"jobs", builtin_jobs, false, false},
    {"kill", builtin_kill, false, false},
    {"local", builtin_local, false, false},
    {"printf", builtin_printf, false, false},
    {"pwd", builtin_pwd, false, false},
    {"read", builtin_read, false, false},
    {"readonly", builtin_export, true, false},
    {"return", builtin_return, true, false},
    {"set", builtin_set, true, false},
    {"shift", builtin_shift, true, false},
    {"test", builtin_test, false, false},
    {"times", builtin_times, true, false},
    {"trap", builtin_trap, true, false},
    {"true", builtin_colon, false, false},
    {"type", builtin_type, false, false},
    {"umask", builtin_umask, false, false},
    {"unset", builtin_unset, true, false},
    {"wait", builtin_wait, false, false},
};

const struct builtin *
builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return &builtins[i];
        }
    }
    return NULL;
}

int
builtin_colon(int count, char **words)
{
    (void)count;
    (void)words;
    return 0;
}

int
builtin_false(int count, char **words)
{
    (void)count;
    (void)words;
    return 1;
}

/* A number of words[1], or what there is without; -1, and fails, if wrong. */
static long
number_take(int count, char **words, long without)
{
    char *end;
    long number;

    if (count < 2) {
        return without;
    }
    errno = 0;
    number = strtol(words[1], &end, 10);
    if (end == words[1] || *end != '\0' || errno != 0 || number < 0) {
        shell_say("%s: %s: is no number", words[0], words[1]);
        shell_fail(2);
        return -1;
    }
    return number;
}

int
builtin_break(int count, char **words)
{
    long number = number_take(count, words, 1);

    if (number < 0) {
        return 2;
    }
    if (number == 0) {
        shell_say("%s: 0: is no number of loops", words[0]);
        shell_fail(2);
        return 2;
    }
    if (shell.loops > 0) {
        shell.skip = *words[0] == 'b' ? SKIP_BREAK : SKIP_CONTINUE;
        shell.skip_count = (unsigned long)number > shell.loops
                               ? shell.loops
                               : (unsigned)number;
    }
    return 0;
}

int
builtin_return(int count, char **words)
{
    long number = number_take(count, words, shell.status);

    if (number < 0) {
        return 2;
    }
    if (shell.functions == 0 && shell.sources == 0) {
        shell_exit((int)number & 255);
    }
    shell.skip = SKIP_RETURN;
    return (int)number & 255;
}

int
builtin_exit(int count, char **words)
{
    long number = number_take(count, words, shell.status);

    if (number < 0) {
        return 2;
    }
    shell_exit((int)number & 255);
}

int
builtin_eval(int count, char **words)
{
    struct text text = {.bytes = NULL};
    struct input input;
    int status;

    for (int i = 1; i < count; i++) {
        text_add_string(&text, words[i]);
        text_add_byte(&text, ' ');
    }
    input_from_string(&input, text_string(&text));
    text_free(&text);
    status = shell_run(&input);
    input_free(&input);
    return status;
}

static int
file_run(const char *path)
{
    int low = open(path, O_RDONLY);
    struct input input;
    int file = low < 0 ? -1 : redirect_move_high(low);
    int status;

    if (low >= 0) {
        close(low);
    }
    if (file < 0) {
        shell_say(".: %s: %s", path, strerror(errno));
        shell_fail(2);
        return 2;
    }
    input_from_file(&input, file, true);
    shell.sources++;
    status = shell_run(&input);
    shell.sources--;
    close(file);
    input_free(&input);
    if (shell.skip == SKIP_RETURN) {
        shell.skip = SKIP_NONE;
        status = shell.status;
    }
    return status;
}

/* Finds a file along PATH that need not be executable. */
static char *
source_find(const char *name)
{
    const char *path = variable_get("PATH");
    struct text result = {.bytes = NULL};

    while (strchr(name, '/') == NULL && path != NULL) {
        size_t length = strcspn(path, ":");

        result.length = 0;
        text_add(&result, path, length);
        text_add_string(&result, length > 0 ? "/" : "");
        text_add_string(&result, name);
        if (access(result.bytes, R_OK) == 0) {
            return text_take(&result);
        }
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    text_free(&result);
    return program_copy(name);
}

int
builtin_dot(int count, char **words)
{
    char *path;
    int status;

    if (count < 2) {
        shell_say(".: which file?");
        shell_fail(2);
        return 2;
    }
    if (shell.sources >= SOURCES_MAX) {
        shell_say(".: %s: more than %d files in one another", words[1],
                  SOURCES_MAX);
        shell_fail(2);
        return 2;
    }
    path = source_find(words[1]);
    status = file_run(path);
    free(path);
    return status;
}

int
builtin_exec(int count, char **words)
{
    int first = 1 + (count > 1 && strcmp(words[1], "--") == 0);

    if (first >= count) {
        return 0;
    }
    /* What was trapped is not for the program. */
    traps_reset();
    run_program(words + first);
}

/* What a name is, for type and command -v and -V. */
static int
name_print(const char *name, bool words)
{
    static const char *const reserved[] = {
        "!",    "{",  "}",   "case", "do", "done", "elif",  "else",
        "esac", "fi", "for", "if",   "in", "then", "until", "while"};
    const struct builtin *builtin = builtin_find(name);
    char *path;

    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strcmp(reserved[i], name) == 0) {
            printf("%s%s\n", name, words ? " is a shell keyword" : "");
            return 0;
        }
    }
    if (function_find(name) != NULL && (builtin == NULL || !builtin->special)) {
        printf("%s%s\n", name, words ? " is a shell function" : "");
        return 0;
    }
    if (builtin != NULL) {
        printf("%s%s%s\n", name,
               words && builtin->special ? " is a special"
               : words                   ? " is a"
                                         : "",
               words ? " shell builtin" : "");
        return 0;
    }
    path = run_find(name);
    if (path == NULL) {
        if (words) {
            shell_say("%s: not found", name);
        }
        return 127;
    }
    printf("%s%s%s\n", words ? name : "", words ? " is " : "", path);
    free(path);
    return 0;
}

int
builtin_type(int count, char **words)
{
    int status = 0;

    for (int i = 1; i < count; i++) {
        status |= name_print(words[i], true);
    }
    return status;
}

int
builtin_command(int count, char **words)
{
    int i = 1;
    char kind = '\0';

    for (; i < count && words[i][0] == '-' && words[i][1] != '\0'; i++) {
        const char *letters = words[i] + 1;

        if (strcmp(letters, "-") == 0) {
            i++;
            break;
        }
        for (; *letters != '\0'; letters++) {
            if (strchr("pvV", *letters) == NULL) {
                shell_say("command: unknown option -%c", *letters);
                return 2;
            }
            if (*letters != 'p') {
                kind = *letters;
            }
        }
    }
    if (i >= count) {
        return 0;
    }
    if (kind != '\0') {
        return name_print(words[i], kind == 'V');
    }
    run_words(count - i, words + i, 0, false);
    /* An error of a special command is as that of any other here. */
    if (shell.skip == SKIP_ALL && !shell.interactive) {
        shell.skip = SKIP_NONE;
    }
    return shell.status;
}
