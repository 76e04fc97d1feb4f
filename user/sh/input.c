/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "shell.h"
#include "user/bin/program.h"

#define BUFFER_SIZE 4096

void
input_from_string(struct input *input, const char *string)
{
    *input = (struct input){.file = -1, .line = 1};
    text_add_string(&input->text, string);
}

void
input_from_file(struct input *input, int file, bool ahead)
{
    *input = (struct input){.file = file, .line = 1, .ahead = ahead};
    input->buffer = program_memory(NULL, BUFFER_SIZE, 1);
}

void
input_from_person(struct input *input)
{
    *input = (struct input){.file = -1, .line = 1, .person = true};
}

void
input_begin(struct input *input)
{
    if (input->file >= 0 || input->person) {
        size_t left = input->text.length - input->at;

        if (left > 0) {
            memmove(input->text.bytes, input->text.bytes + input->at, left + 1);
        }
        input->text.length = left;
        input->at = 0;
    }
    input->begun = false;
    input->interrupted = false;
}

static ssize_t
block_read(const struct input *input, size_t size)
{
    ssize_t got;

    do {
        got = read(input->file, input->buffer, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        shell_say("commands cannot be read: %s", strerror(errno));
    }
    return got;
}

/*
 * Adds a line of the file. If the file is others' too, what was read behind the
 * line is given back; where that cannot be, bytes are read one by one.
 */
static bool
file_fill(struct input *input)
{
    bool any = false;

    for (;;) {
        const char *newline;
        size_t left = input->buffer_size - input->buffer_at;

        if (left == 0) {
            bool seeks = input->ahead || lseek(input->file, 0, SEEK_CUR) >= 0;
            ssize_t got = block_read(input, seeks ? BUFFER_SIZE : 1);

            if (got <= 0) {
                return any;
            }
            input->buffer_at = 0;
            input->buffer_size = left = (size_t)got;
        }
        newline = memchr(input->buffer + input->buffer_at, '\n', left);
        if (newline != NULL) {
            left = (size_t)(newline + 1 - (input->buffer + input->buffer_at));
        }
        for (size_t i = 0; i < left; i++) {
            char byte = input->buffer[input->buffer_at++];

            /* A null byte can be in no word. */
            if (byte != '\0') {
                text_add_byte(&input->text, byte);
            }
        }
        any = true;
        if (newline != NULL) {
            break;
        }
    }
    if (!input->ahead && input->buffer_at < input->buffer_size) {
        (void)lseek(input->file,
                    (off_t)input->buffer_at - (off_t)input->buffer_size,
                    SEEK_CUR);
        input->buffer_at = input->buffer_size;
    }
    return true;
}

static bool
person_fill(struct input *input)
{
    char *prompt = shell_prompt(input->begun);
    int result = edit_line(prompt, &input->text);

    free(prompt);
    input->begun = true;
    input->interrupted |= result < 0;
    return result > 0;
}

static bool
input_fill(struct input *input)
{
    size_t before = input->text.length;

    if (input->ended || input->interrupted) {
        return false;
    }
    if (input->person ? !person_fill(input)
                      : input->file < 0 || !file_fill(input)) {
        input->ended = !input->interrupted;
        return false;
    }
    if (shell.option['v']) {
        fprintf(stderr, "%s", input->text.bytes + before);
    }
    return true;
}

int
input_peek(struct input *input, size_t distance)
{
    while (input->at + distance >= input->text.length) {
        if (!input_fill(input)) {
            return -1;
        }
    }
    return (unsigned char)input->text.bytes[input->at + distance];
}

void
input_next(struct input *input)
{
    if (input->at < input->text.length) {
        input->line += input->text.bytes[input->at++] == '\n';
    }
}

void
input_free(struct input *input)
{
    text_free(&input->text);
    free(input->buffer);
    input->buffer = NULL;
}
