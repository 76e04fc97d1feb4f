/* SPDX-License-Identifier: MIT */
/*
 * Where commands come from: a string, a file, or a person. The text of the
 * command that is being read is kept whole; more comes line by line.
 */
#ifndef USER_SH_INPUT_H
#define USER_SH_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct input {
    struct text text;
    size_t at;     /* in the text: what is read next */
    unsigned line; /* of that, from 1 */
    bool ended;
    bool interrupted; /* by Ctrl-C: what was typed is to be forgotten */
    int file;         /* -1: the text is all */
    bool person;      /* edited on the terminal, with prompts */
    bool begun;       /* something of this command was read */
    char *buffer;     /* what is read of a file ahead of the text */
    size_t buffer_at;
    size_t buffer_size;
    bool ahead; /* whether that may be more than a line */
};

/* Commands from a string, which is copied. */
void input_from_string(struct input *input, const char *string);

/*
 * Commands from a file. ahead: nobody else reads it. If not, no byte behind a
 * line is taken before the line's commands have run.
 */
void input_from_file(struct input *input, int file, bool ahead);

/* Commands from a person at the terminal. */
void input_from_person(struct input *input);

/* Before a command: what came before it is forgotten. */
void input_begin(struct input *input);

/* The byte that is distance behind the next one, or -1 at the end. */
int input_peek(struct input *input, size_t distance);

void input_next(struct input *input);

void input_free(struct input *input);

#endif
