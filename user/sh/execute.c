/* SPDX-License-Identifier: MIT */
/* Programs: where they are, and how the shell becomes one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "shell.h"
#include "text.h"
#include "user/bin/program.h"
#include "variable.h"

/* Tries one path; returns if it cannot be run. */
static void
path_run(const char *path, char **words, char **environment)
{
    static char shell_path[] = "/bin/sh";

    execve(path, words, environment);
    if (errno == ENOEXEC) {
        /* A file of commands. */
        size_t count = 0;
        char **all;

        while (words[count] != NULL) {
            count++;
        }
        all = program_memory(NULL, count + 2, sizeof(*all));
        all[0] = shell_path;
        all[1] = program_copy(path);
        memcpy(all + 2, words + 1, count * sizeof(*all));
        execve(shell_path, all, environment);
        free(all[1]);
        free(all);
    }
}

/* The next folder of PATH with name behind it; false after the last. */
static bool
path_next(const char **path, const char *name, struct text *result)
{
    size_t length;

    if (*path == NULL) {
        return false;
    }
    length = strcspn(*path, ":");
    result->length = 0;
    text_add(result, *path, length);
    if (length > 0) {
        text_add_byte(result, '/');
    }
    text_add_string(result, name);
    *path = (*path)[length] == ':' ? *path + length + 1 : NULL;
    return true;
}

char *
run_find(const char *name)
{
    const char *path = variable_get("PATH");
    struct text result = {.bytes = NULL};
    struct stat status;

    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0 ? program_copy(name) : NULL;
    }
    while (path_next(&path, name, &result)) {
        if (stat(result.bytes, &status) == 0 && S_ISREG(status.st_mode) &&
            access(result.bytes, X_OK) == 0) {
            return text_take(&result);
        }
    }
    text_free(&result);
    return NULL;
}

void
run_program(char **words)
{
    struct strings environment = variables_environment();
    const char *path = variable_get("PATH");
    struct text result = {.bytes = NULL};
    int error = ENOENT;

    fflush(stdout);
    if (strchr(words[0], '/') != NULL) {
        path_run(words[0], words, strings_items(&environment));
        error = errno;
    } else {
        while (path_next(&path, words[0], &result)) {
            path_run(result.bytes, words, strings_items(&environment));
            if (errno != ENOENT && errno != ENOTDIR) {
                error = errno;
            }
        }
    }
    if (error == ENOENT && strchr(words[0], '/') == NULL) {
        shell_say("%s: not found", words[0]);
    } else {
        shell_say("%s: %s", words[0], strerror(error));
    }
    text_free(&result);
    strings_free(&environment);
    shell_exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}
