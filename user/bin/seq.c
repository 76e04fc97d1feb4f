/* SPDX-License-Identifier: MIT */
/* Prints numbers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

static const char help[] =
    "usage: seq [-w] [-s TEXT] [FIRST [STEP]] LAST\n"
    "Prints the whole numbers from FIRST, or 1, to LAST, a line each.\n"
    "  -s TEXT  this between them instead of newlines\n"
    "  -w       with zeros before them, all as wide\n";

static intmax_t
number_read(const char *text)
{
    char *end;
    intmax_t number;

    errno = 0;
    number = strtoimax(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        program_misused("%s: is no whole number", text);
    }
    return number;
}

/* A negative number looks like an option. */
static bool
number_follows(void)
{
    const char *word = program_option_word();

    return word != NULL && word[1] >= '0' && word[1] <= '9';
}

static int
width_of(intmax_t number)
{
    return snprintf(NULL, 0, "%jd", number);
}

int
main(int argc, char **argv)
{
    const char *between = "\n";
    bool wide = false;
    int width = 0;
    char **words;
    size_t count = 0;
    intmax_t first = 1;
    intmax_t step = 1;
    intmax_t last;
    int option;

    (void)argc;
    program_begin("seq", argv, help);
    while (!number_follows() && (option = program_option("s:w")) != 0) {
        wide |= option == 'w';
        between = option == 's' ? program_value : between;
    }
    words = program_operands_count(1, 3);
    while (words[count] != NULL) {
        count++;
    }
    last = number_read(words[count - 1]);
    first = count > 1 ? number_read(words[0]) : 1;
    step = count > 2 ? number_read(words[1]) : 1;
    if (step == 0) {
        program_misused("a step of 0 leads nowhere");
    }
    if (wide) {
        width =
            width_of(first) > width_of(last) ? width_of(first) : width_of(last);
    }
    for (intmax_t n = first; step > 0 ? n <= last : n >= last;) {
        printf("%s%0*jd", n == first ? "" : between, width, n);
        if (step > 0 ? n > INTMAX_MAX - step : n < INTMAX_MIN - step) {
            break;
        }
        n += step;
    }
    if (step > 0 ? first <= last : first >= last) {
        putchar('\n');
    }
    return program_end();
}
