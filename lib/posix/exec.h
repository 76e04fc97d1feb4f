/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_EXEC_H
#define CHITIN_LIB_POSIX_EXEC_H
/*
 * execve: another program in the same env. The file's header is read and
 * checked, and the arguments are copied, before anything of the old program
 * goes; what fails then ends the process.
 *
 * A program finds on its stack, from sp up: the count of its arguments; their
 * addresses, and NULL; those of its environment, and NULL; the strings.
 */
#include <stddef.h>
#include <stdint.h>

#define EXEC_ARGUMENTS_MAX 0x20000 /* bytes of strings and their addresses */
#define EXEC_PATH_MAX 256          /* of an interpreter, with its argument */

/* Where the bytes of a program come from. */
struct exec_file {
    const unsigned char *bytes; /* of the archive, or NULL: */
    int descriptor;
    uint64_t size;
};

/* The arguments of a program: `first`, as many as there are, then those of a
   list that ends with NULL. */
struct exec_words {
    const char *first[3];
    unsigned firsts;
    char *const *rest;
    char *const *environment;
};

/* The program of a path. Does not return if all is well. Within posix_hold,
   which the new program releases. -ENOENT and others of the path, -EACCES,
   -ENOEXEC, -ENOTSUP if it was linked with another image, -E2BIG, -ENOMEM. */
int64_t exec_path(const char *path, char *const *arguments,
                  char *const *environment);

/* A file that was found to be none is the shell's to run. */
int64_t exec_shell(const char *path, char *const *arguments,
                   char *const *environment);

/* A file's program, with those arguments, under that name. */
int64_t exec_replace(const struct exec_file *file,
                     const struct exec_words *words, const char *name);

/* The new program's stack with its arguments on it, in frames that are not yet
   where stacks are. */
struct exec_stack {
    uint64_t stack; /* its end, when it is there: sp */
    uint64_t pages;
    uint64_t frame[EXEC_ARGUMENTS_MAX / 0x1000 + 2];
};

/* Makes it: -E2BIG, -ENOMEM; or drops it. */
int64_t exec_stack_make(struct exec_stack *stack,
                        const struct exec_words *words);
void exec_stack_drop(struct exec_stack *stack);
/* Maps it, where nothing is any more. */
int64_t exec_stack_map(struct exec_stack *stack);

#endif
