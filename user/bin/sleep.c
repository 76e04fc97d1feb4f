/* SPDX-License-Identifier: MIT */
/* Waits. */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "program.h"

static const char help[] =
    "usage: sleep TIME...\n"
    "Waits as many seconds as the sum of the times: a number, perhaps with a\n"
    "fraction, perhaps with s, m, h or d (minutes, hours, days) after it.\n";

#define SECOND 1000000000L
#define SECONDS_MAX (1L << 40)

static bool
time_read(const char *text, struct timespec *sum)
{
    static const long units[] = {1, 60, 3600, 86400};
    long factor = 1;
    long whole = 0;
    long part = 0;
    bool digits = false;

    for (; *text >= '0' && *text <= '9'; text++, digits = true) {
        whole = whole < SECONDS_MAX ? whole * 10 + (*text - '0') : whole;
    }
    if (*text == '.') {
        long place = SECOND / 10;

        for (text++; *text >= '0' && *text <= '9'; text++, digits = true) {
            part += place * (*text - '0');
            place /= 10;
        }
    }
    if (*text == 's' || *text == 'm' || *text == 'h' || *text == 'd') {
        factor = units[*text == 's'   ? 0
                       : *text == 'm' ? 1
                       : *text == 'h' ? 2
                                      : 3];
        text++;
    }
    part *= factor;
    part += sum->tv_nsec;
    sum->tv_sec += whole * factor + part / SECOND;
    sum->tv_nsec = part % SECOND;
    if (sum->tv_sec > SECONDS_MAX) {
        sum->tv_sec = SECONDS_MAX;
    }
    return digits && *text == '\0';
}

int
main(int argc, char **argv)
{
    struct timespec left = {.tv_sec = 0};
    char **words;

    (void)argc;
    program_begin("sleep", argv, help);
    (void)program_option("");
    for (words = program_operands_count(1, SIZE_MAX); *words != NULL; words++) {
        if (!time_read(*words, &left)) {
            program_misused("%s: is no time", *words);
        }
    }
    while (nanosleep(&left, &left) != 0) {
        if (errno != EINTR) {
            program_complain("the clock");
            break;
        }
    }
    return program_end();
}
