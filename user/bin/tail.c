/* SPDX-License-Identifier: MIT */
/* Writes the last part of a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: tail [-f] [-n LINES | -c BYTES] [FILE]...\n"
    "Writes the last 10 lines of each file.\n"
    "  -n LINES  as many lines; also -LINES. With + before the number: from\n"
    "            this line on\n"
    "  -c BYTES  as many bytes, or from this byte on\n"
    "  -f        then what is added to the file, for ever\n";

static uintmax_t wanted = 10;
static bool bytes;
static bool from_start;
static bool follow;
static bool titles;

static char buffer[32768];

static void
rest_write(int file, const char *name)
{
    ssize_t got;

    while ((got = program_read(file, name, buffer, sizeof(buffer))) > 0) {
        program_put(buffer, (size_t)got);
    }
}

/* From the line or byte with the number that is wanted, from 1. */
static void
start_skip(int file, const char *name)
{
    uintmax_t left = wanted == 0 ? 0 : wanted - 1;

    while (left > 0) {
        ssize_t got = program_read(file, name, buffer, sizeof(buffer));
        size_t at = 0;

        if (got <= 0) {
            return;
        }
        for (; at < (size_t)got && left > 0; at++) {
            left -= bytes || buffer[at] == '\n';
        }
        program_put(buffer + at, (size_t)got - at);
    }
}

/* Where the last lines or bytes of a file begin that can be read anywhere. */
static off_t
end_find(int file, const char *name, off_t size)
{
    uintmax_t newlines = 0;
    off_t at = size;

    if (bytes) {
        return wanted > (uintmax_t)size ? 0 : size - (off_t)wanted;
    }
    while (at > 0) {
        size_t part = at % (off_t)sizeof(buffer) == 0
                          ? sizeof(buffer)
                          : (size_t)(at % (off_t)sizeof(buffer));

        if (pread(file, buffer, part, at - (off_t)part) != (ssize_t)part) {
            program_complain("%s", name);
            return size;
        }
        for (size_t i = part; i > 0; i--) {
            /* The one at the very end does not begin a line. */
            bool last = at - (off_t)(part - i) == size;

            if (buffer[i - 1] == '\n' && !last && ++newlines == wanted) {
                return at - (off_t)(part - i);
            }
        }
        at -= (off_t)part;
    }
    return 0;
}

/* How many bytes from the start of data are not among what is wanted. */
static size_t
surplus(const char *data, size_t size)
{
    uintmax_t newlines = 0;

    if (bytes) {
        return size > wanted ? size - (size_t)wanted : 0;
    }
    for (size_t i = size; i > 0; i--) {
        if (data[i - 1] == '\n' && i != size && ++newlines == wanted) {
            return i;
        }
    }
    return 0;
}

/* Keeps what may be the end of what cannot be read backwards. */
static void
pipe_write(int file, const char *name)
{
    char *kept = NULL;
    size_t size = 0;
    size_t room = 0;
    ssize_t got;

    do {
        if (room - size < sizeof(buffer)) {
            size_t more = surplus(kept, size);

            if (room == 0 || more < room / 2) {
                room = room == 0 ? 2 * sizeof(buffer) : room * 2;
                kept = program_memory(kept, room, 1);
            }
            size -= more;
            if (size > 0) {
                memmove(kept, kept + more, size);
            }
        }
        got = program_read(file, name, kept + size, room - size);
        size += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (wanted > 0) {
        size_t more = surplus(kept, size);

        program_put(kept + more, size - more);
    }
    free(kept);
}

static void
file_follow(int file, const char *name)
{
    static const struct timespec pause = {.tv_nsec = 250000000};

    for (;;) {
        rest_write(file, name);
        (void)nanosleep(&pause, NULL);
    }
}

static void
file_write(int file, const char *name)
{
    static bool later;
    struct stat status;
    off_t at = lseek(file, 0, SEEK_CUR);

    if (titles) {
        printf("%s==> %s <==\n", later ? "\n" : "", name);
        fflush(stdout);
        later = true;
    }
    if (from_start) {
        start_skip(file, name);
        rest_write(file, name);
    } else if (at == 0 && fstat(file, &status) == 0 &&
               S_ISREG(status.st_mode)) {
        off_t begin =
            wanted == 0 ? status.st_size : end_find(file, name, status.st_size);

        (void)lseek(file, begin, SEEK_SET);
        rest_write(file, name);
    } else {
        pipe_write(file, name);
    }
    if (follow) {
        file_follow(file, name);
    }
}

static void
count_read(const char *text)
{
    from_start = *text == '+';
    text += *text == '+' || *text == '-';
    wanted = bytes ? program_size(text, UINTMAX_MAX, "bytes")
                   : program_number(text, UINTMAX_MAX, "lines");
}

int
main(int argc, char **argv)
{
    char **names;
    int option;

    (void)argc;
    program_begin("tail", argv, help);
    for (;;) {
        const char *word = program_option_word();

        if (word != NULL && word[1] >= '0' && word[1] <= '9') {
            bytes = false;
            count_read(word + 1);
            program_option_skip();
            continue;
        }
        option = program_option("fn:c:");
        if (option == 0) {
            break;
        }
        follow |= option == 'f';
        if (option != 'f') {
            bytes = option == 'c';
            count_read(program_value);
        }
    }
    names = program_operands();
    titles = names[0] != NULL && names[1] != NULL;
    if (follow && titles) {
        program_misused("-f follows one file");
    }
    program_inputs(names, file_write);
    return program_end();
}
