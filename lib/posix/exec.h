/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_EXEC_H
#define CHITIN_LIB_POSIX_EXEC_H
/*
 * execve: another program in the same env. All is read and checked, and the
 * arguments are copied, before anything of the old program goes; what fails
 * then ends the process.
 *
 * A program finds on its stack, from sp up: the count of its arguments; their
 * addresses, and NULL; those of its environment, and NULL; the strings.
 */
#include <stddef.h>
#include <stdint.h>

#define EXEC_ARGUMENTS_MAX 0x20000 /* bytes of strings and their addresses */

/* Where the bytes of a program come from. */
struct exec_file {
    const unsigned char *bytes; /* of the archive */
    uint64_t size;
};

/* Does not return if all is well. -E2BIG, -ENOEXEC, -ENOMEM. */
int64_t exec_replace(const struct exec_file *file, char *const *arguments,
                     char *const *environment);

#endif
