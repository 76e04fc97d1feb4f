/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int program_status;
int program_trouble = 1;
char *program_value;

static const char *own_name = "program";
static const char *help_text = "";
static char **words;  /* what is left of the command line */
static char *cluster; /* what is left of a word with several options */

void
program_begin(const char *name, char **argv, const char *help)
{
    own_name = name;
    help_text = help;
    words = argv[0] == NULL ? argv : argv + 1;
}

__attribute__((format(printf, 1, 0))) static void
message_put(const char *format, va_list list, int error)
{
    /* What was printed before the error comes before it. */
    fflush(stdout);
    fprintf(stderr, "%s: ", own_name);
    vfprintf(stderr, format, list);
    if (error != 0) {
        fprintf(stderr, ": %s", strerror(error));
    }
    fputc('\n', stderr);
    program_status = program_trouble;
}

void
program_say(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    message_put(format, list, 0);
    va_end(list);
}

void
program_complain(const char *format, ...)
{
    int error = errno;
    va_list list;

    va_start(list, format);
    message_put(format, list, error);
    va_end(list);
}

void
program_die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    message_put(format, list, 0);
    va_end(list);
    exit(program_trouble);
}

void
program_misused(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    message_put(format, list, 0);
    va_end(list);
    fprintf(stderr, "%s: see %s --help\n", own_name, own_name);
    exit(program_trouble);
}

static bool
option_follows(void)
{
    return cluster != NULL ||
           (*words != NULL && (*words)[0] == '-' && (*words)[1] != '\0');
}

const char *
program_option_word(void)
{
    return cluster == NULL && option_follows() && strcmp(*words, "--") != 0
               ? *words
               : NULL;
}

void
program_option_skip(void)
{
    words++;
}

/* The argument of an option: the rest of its word, or the next one. */
static char *
option_value(char letter)
{
    char *value = cluster;

    cluster = NULL;
    if (value == NULL) {
        value = *words;
        if (value == NULL) {
            program_misused("option -%c needs an argument", letter);
        }
        words++;
    }
    return value;
}

int
program_option(const char *letters)
{
    const char *known;
    char letter;

    if (!option_follows()) {
        return 0;
    }
    if (cluster == NULL) {
        cluster = *words++ + 1;
        if (strcmp(cluster, "-") == 0) {
            cluster = NULL;
            return 0;
        }
        if (strcmp(cluster, "-help") == 0) {
            fputs(help_text, stdout);
            exit(program_end());
        }
        if (cluster[0] == '-') {
            program_misused("unknown option -%s", cluster);
        }
    }
    letter = *cluster++;
    if (*cluster == '\0') {
        cluster = NULL;
    }
    known = letter == ':' ? NULL : strchr(letters, letter);
    if (known == NULL) {
        program_misused("unknown option -%c", letter);
    }
    if (known[1] == ':') {
        program_value = option_value(letter);
    }
    return letter;
}

char **
program_operands(void)
{
    return words;
}

char **
program_operands_count(size_t min, size_t max)
{
    size_t count = 0;

    while (words[count] != NULL) {
        count++;
    }
    if (count < min) {
        program_misused("%s", count == 0 ? "an operand is missing"
                                         : "one more operand is needed");
    }
    if (count > max) {
        program_misused("%s: one operand too many", words[max]);
    }
    return words;
}

int
program_end(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        program_complain("standard output");
    }
    return program_status;
}

void *
program_memory(void *old, size_t count, size_t size)
{
    void *new = NULL;

    if (count <= SIZE_MAX / size) {
        new = realloc(old, count * size == 0 ? 1 : count * size);
    }
    if (new == NULL) {
        program_die("no memory for %zu bytes", count * size);
    }
    return new;
}

char *
program_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(program_memory(NULL, size, 1), text, size);
}

/* The number at the start of text; false if there is none, or one too large. */
static bool
digits_read(const char *text, char **end, uintmax_t *number)
{
    *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    *number = strtoumax(text, end, 10);
    return errno == 0;
}

uintmax_t
program_number(const char *text, uintmax_t max, const char *what)
{
    uintmax_t number = 0;
    char *end;

    if (!digits_read(text, &end, &number) || *end != '\0' || number > max) {
        program_misused("%s '%s' is not a number from 0 to %ju", what, text,
                        max);
    }
    return number;
}

uintmax_t
program_size(const char *text, uintmax_t max, const char *what)
{
    static const char units[] = "bkMG";
    static const uintmax_t factors[] = {512, 1024, 1 << 20, 1 << 30};
    uintmax_t factor = 1;
    uintmax_t number = 0;
    char *end;
    bool good = digits_read(text, &end, &number);

    if (good && *end != '\0') {
        const char *unit = strchr(units, *end == 'K' ? 'k' : *end);

        good = unit != NULL && end[1] == '\0';
        factor = good ? factors[unit - units] : 1;
    }
    if (!good || number > max / factor) {
        program_misused("%s '%s' is not a size from 0 to %ju, with b, k, M "
                        "or G",
                        what, text, max);
    }
    return number * factor;
}

void
program_size_text(uintmax_t size, char text[32])
{
    static const char units[] = "KMGTPE";
    uintmax_t tenths; /* of a unit, rounded up */
    int unit = 0;

    if (size < 1024) {
        (void)snprintf(text, 32, "%ju", size);
        return;
    }
    /* The largest size times ten would not fit. */
    tenths = size / 1024 * 10 + (size % 1024 * 10 + 1023) / 1024;
    /* More than 1023 would be printed as 1024: that is 1 of the next. */
    for (; tenths > 10230; unit++) {
        tenths = (tenths + 1023) / 1024;
    }
    if (tenths < 100) {
        (void)snprintf(text, 32, "%ju.%ju%c", tenths / 10, tenths % 10,
                       units[unit]);
    } else {
        (void)snprintf(text, 32, "%ju%c", (tenths + 9) / 10, units[unit]);
    }
}

bool
program_write(int file, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t done = write(file, next, size);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            next += done;
            size -= (size_t)done;
        }
    }
    return true;
}

void
program_put(const void *data, size_t size)
{
    if (!program_write(STDOUT_FILENO, data, size)) {
        program_complain("standard output");
        exit(program_trouble);
    }
}

ssize_t
program_read(int file, const char *name, void *data, size_t size)
{
    ssize_t got;

    do {
        got = read(file, data, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        program_complain("%s", name);
    }
    return got;
}

void
program_inputs(char **names, void (*each)(int file, const char *name))
{
    static char input[] = "-";
    static char *only[] = {input, NULL};

    for (char **name = *names == NULL ? only : names; *name != NULL; name++) {
        int file = STDIN_FILENO;

        if (strcmp(*name, "-") == 0) {
            each(file, "standard input");
            continue;
        }
        file = open(*name, O_RDONLY);
        if (file < 0) {
            program_complain("%s", *name);
            continue;
        }
        each(file, *name);
        close(file);
    }
}

bool
program_confirm(const char *question, const char *name)
{
    char c = '\0';
    bool first = true;
    bool agreed = false;

    fflush(stdout);
    fprintf(stderr, "%s: %s %s? ", own_name, question, name);
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        agreed = first ? c == 'y' || c == 'Y' : agreed;
        first = false;
    }
    return agreed;
}

size_t
program_width(void)
{
    const char *columns = getenv("COLUMNS");
    unsigned long width = columns == NULL ? 0 : strtoul(columns, NULL, 10);

    return width == 0 || width > 10000 ? 80 : width;
}
