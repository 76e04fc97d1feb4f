/* SPDX-License-Identifier: MIT */
/* Sends signals. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "signals.h"

static const char help[] =
    "usage: kill [-s SIGNAL | -SIGNAL] PROCESS...\n"
    "       kill -l [STATUS]...\n"
    "Sends a signal, TERM if none is named, to processes by their numbers; a\n"
    "negative number is a group's.\n"
    "  -l  the names of signals, or of those that gave these statuses\n";

static void
names_list(char **words)
{
    if (*words == NULL) {
        signals_print(stdout);
    }
    for (; *words != NULL; words++) {
        uintmax_t number = program_number(*words, 255, "status");
        const char *name = signals_name((int)(number & 127));

        if (name != NULL) {
            printf("%s\n", name);
        } else {
            program_say("%s: no signal has this number", *words);
        }
    }
}

static void
process_signal(const char *word, int signal)
{
    char *end;
    intmax_t number = strtoimax(word, &end, 10);

    if (end == word || *end != '\0' || (pid_t)number != number) {
        program_say("%s: is no process number", word);
    } else if (kill((pid_t)number, signal) != 0) {
        program_complain("%s", word);
    }
}

int
main(int argc, char **argv)
{
    char **words = argv + (argc > 0);
    int signal = SIGTERM;

    program_begin("kill", argv, help);
    if (*words != NULL && strcmp(*words, "-l") == 0) {
        names_list(words + 1);
        return program_end();
    }
    if (*words != NULL && (*words)[0] == '-' && (*words)[1] != '\0' &&
        (*words)[1] != '-') {
        const char *name = *words++ + 1;

        if (strcmp(name, "s") == 0) {
            name = *words == NULL ? "" : *words++;
        }
        signal = signals_number(name);
        if (signal < 0) {
            program_misused("'%s' is no signal", name);
        }
        if (*words != NULL && strcmp(*words, "--") == 0) {
            words++;
        }
    } else {
        (void)program_option("");
        words = program_operands();
    }
    if (*words == NULL) {
        program_misused("which process?");
    }
    for (; *words != NULL; words++) {
        process_signal(*words, signal);
    }
    return program_end();
}
