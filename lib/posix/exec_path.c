/* SPDX-License-Identifier: MIT */
/*
 * execve of a path: a program, or a script whose first line names the program
 * that runs it,
 *
 *     #!/bin/sh -x
 *
 * with one argument, or none. That is not a script again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/posix/exec.h"
#include "lib/posix/posix.h"

#define SHELL "/bin/sh"

/* Opens what can be run: closed by execve, or by who finds that it cannot. */
static int64_t
file_begin(struct exec_file *file, const char *path)
{
    struct stat status;
    int64_t error = file_stat(path, &status, 1);

    if (error < 0) {
        return error;
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0) {
        return -EACCES;
    }
    error = file_open(path, O_RDONLY | O_CLOEXEC, 0);
    *file = (struct exec_file){NULL, (int)error, (uint64_t)status.st_size};
    return error;
}

/* The interpreter that a script names, and its argument or NULL, in `line`.
   1; or 0 if it is no script; -ENOEXEC. */
static int64_t
script_read(const struct exec_file *file, char *line, const char **argument)
{
    int64_t count = file_pread(file->descriptor, line, EXEC_PATH_MAX, 0);
    char *end;
    char *next;

    if (count < 2 || memcmp(line, "#!", 2) != 0) {
        return count < 0 ? count : 0;
    }
    end = memchr(line, '\n', (size_t)count);
    if (end == NULL) {
        return -ENOEXEC;
    }
    while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = '\0';
    next = line + 2 + strspn(line + 2, " \t");
    if (next == end) {
        return -ENOEXEC;
    }
    memmove(line, next, (size_t)(end - next) + 1);
    next = line + strcspn(line, " \t");
    *argument = NULL;
    if (*next != '\0') {
        *next++ = '\0';
        *argument = next + strspn(next, " \t");
    }
    return 1;
}

/* The program itself, or the one that a script names. */
static int64_t
file_run(struct exec_file *file, const char *path, char *const *arguments,
         char *const *environment)
{
    struct exec_words words = {.rest = arguments, .environment = environment};
    char line[EXEC_PATH_MAX];
    const char *argument = NULL;
    const char *name = path;
    int64_t is_script = script_read(file, line, &argument);

    if (is_script < 0) {
        return is_script;
    }
    if (is_script > 0) {
        int64_t error;

        words.first[words.firsts++] = line;
        if (argument != NULL) {
            words.first[words.firsts++] = argument;
        }
        words.first[words.firsts++] = path;
        words.rest += arguments[0] != NULL;
        (void)file_close(file->descriptor);
        error = file_begin(file, line);
        if (error < 0) {
            return error;
        }
    }
    return exec_replace(file, &words, name);
}

int64_t
exec_shell(const char *path, char *const *arguments, char *const *environment)
{
    struct exec_words words = {{"sh", path}, 2, arguments, environment};
    struct exec_file file;
    int64_t error = file_begin(&file, SHELL);

    words.rest += arguments[0] != NULL;
    if (error >= 0) {
        error = exec_replace(&file, &words, path);
        (void)file_close(file.descriptor);
    }
    return error;
}

int64_t
exec_path(const char *path, char *const *arguments, char *const *environment)
{
    struct exec_file file;
    int64_t error = file_begin(&file, path);

    if (error >= 0) {
        error = file_run(&file, path, arguments, environment);
        if (file.descriptor >= 0) {
            (void)file_close(file.descriptor);
        }
    }
    return error;
}
