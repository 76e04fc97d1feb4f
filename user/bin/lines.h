/* SPDX-License-Identifier: MIT */
/*
 * Reading a file line by line. A line is as long as memory allows and may have
 * any byte in it. Nothing is read ahead of a line but what one read(2) gives.
 */
#ifndef USER_BIN_LINES_H
#define USER_BIN_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
    const char *name; /* for errors */
    char *buffer;
    size_t size;
    size_t begin; /* what is read and not yet given: from here */
    size_t filled;
    int file;
    char end;   /* what ends a line: '\n' */
    bool ended; /* the last line that was given had its end */
};

/* Reads from file, which stays the caller's. */
void lines_begin(struct lines *lines, int file, const char *name);

/*
 * Opens by name ("-" is standard input) and begins. False if it cannot be, and
 * that is said.
 */
bool lines_open(struct lines *lines, const char *name);

/*
 * The next line, with a null byte where its end was, and its length without.
 * It stays till the next call. Null after the last, or after an error, which is
 * complained of.
 */
char *lines_next(struct lines *lines, size_t *length);

/*
 * Copies a line of length bytes, and a null byte behind it, to *kept, which the
 * caller frees. It has *room bytes, null and 0 at first, and grows.
 */
void lines_keep(char **kept, size_t *room, const char *line, size_t length);

/* Gives the memory back, and closes a file that lines_open opened. */
void lines_close(struct lines *lines);

#endif
