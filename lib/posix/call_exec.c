/* SPDX-License-Identifier: MIT */
/* execve and its family. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/posix/exec.h"
#include "lib/posix/posix.h"

typedef int64_t exec_function(const char *path, char *const *arguments,
                              char *const *environment);

static int
exec_held(exec_function *exec, const char *path, char *const *arguments,
          char *const *environment)
{
    static char *const none[] = {NULL};
    int64_t error;

    posix_hold();
    error = exec(path, arguments == NULL ? none : arguments,
                 environment == NULL ? none : environment);
    posix_release();
    errno = (int)-error;
    return -1;
}

int
execve(const char *path, char *const arguments[], char *const environment[])
{
    return exec_held(exec_path, path, arguments, environment);
}

int
execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

/* What is neither a program nor says who runs it is for the shell. */
static void
path_run(const char *path, char *const *arguments)
{
    (void)execv(path, arguments);
    if (errno == ENOEXEC) {
        (void)exec_held(exec_shell, path, arguments, environ);
    }
}

/* Looks in the folders of PATH, an empty one being the working directory. */
int
execvp(const char *name, char *const arguments[])
{
    const char *rest = getenv("PATH");
    char path[PATH_MAX];
    int refused = 0;

    if (*name == '\0' || strchr(name, '/') != NULL) {
        path_run(name, arguments);
        return -1;
    }
    for (rest = rest == NULL ? "/bin" : rest; rest != NULL;) {
        size_t length = strcspn(rest, ":");
        int size = snprintf(path, sizeof(path), "%.*s%s%s", (int)length, rest,
                            length == 0 ? "" : "/", name);

        if (size >= 0 && (size_t)size < sizeof(path)) {
            path_run(path, arguments);
            if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
                return -1;
            }
            refused |= errno == EACCES;
        }
        rest = rest[length] == '\0' ? NULL : rest + length + 1;
    }
    errno = refused ? EACCES : ENOENT;
    return -1;
}

/* The arguments of a call as a list of the heap's; if an environment is asked
   for, it follows them. NULL if there is no memory. */
static char **
list_make(char *first, va_list list, char *const **environment)
{
    va_list again;
    size_t count = 1;
    char **words;

    va_copy(again, list);
    for (char *word = first; word != NULL; count++) {
        word = va_arg(again, char *);
    }
    va_end(again);
    words = malloc(count * sizeof(*words));
    if (words != NULL) {
        words[0] = first;
        for (size_t i = 1; i < count; i++) {
            words[i] = va_arg(list, char *);
        }
        if (environment != NULL) {
            *environment = va_arg(list, char *const *);
        }
    }
    return words;
}

/* picolibc's execl and the like take their first argument as constant, which
   lists of arguments by custom are not. */
#define LIST_RUN(first, environment, run)                                      \
    do {                                                                       \
        va_list list;                                                          \
        char **words;                                                          \
        char *head;                                                            \
        memcpy(&head, &(first), sizeof(head));                                 \
        va_start(list, first);                                                 \
        words = list_make(head, list, environment);                            \
        va_end(list);                                                          \
        if (words != NULL) {                                                   \
            (void)(run);                                                       \
            free(words);                                                       \
        }                                                                      \
        return -1;                                                             \
    } while (0)

int
execl(const char *path, const char *first, ...)
{
    LIST_RUN(first, NULL, execv(path, words));
}

int
execlp(const char *name, const char *first, ...)
{
    LIST_RUN(first, NULL, execvp(name, words));
}

int
execle(const char *path, const char *first, ...)
{
    char *const *environment;

    LIST_RUN(first, &environment, execve(path, words, environment));
}
