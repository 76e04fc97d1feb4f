/* SPDX-License-Identifier: MIT */
/* How long the machine has been up, and how much of it is in use. */
#include <stdio.h>
#include <time.h>

#include "user/bin/program.h"
#include "user/exo/machine.h"
#include "user/exo/words.h"

static const char help[] =
    "usage: uptime [-p]\n"
    "Prints the time, how long the machine has been up, how many processes "
    "and\n"
    "envs there are, and how many slots of its harts have an owner.\n"
    "  -p  only how long\n";

static const char *
plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void
clock_print(void)
{
    time_t now = time(NULL);
    const struct tm *parts = localtime(&now);
    char text[16];

    if (parts != NULL && strftime(text, sizeof(text), "%H:%M:%S", parts) > 0) {
        printf("%s ", text);
    }
}

static void
load_print(const struct machine *m)
{
    struct env_row env;
    struct process process;
    unsigned envs = 0;
    unsigned processes = 0;
    unsigned slots = 0;
    unsigned owned = 0;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        envs += machine_env(m, i, &env);
    }
    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        processes += machine_process(m, i, &process);
    }
    for (; slots < m->boot->hart_count * SLOTS; slots++) {
        owned += m->slots[slots] != 0;
    }
    printf(", %u process%s, %u env%s, %u of %u slots on %u hart%s owned",
           processes, processes == 1 ? "" : "es", envs, plural(envs), owned,
           slots, m->boot->hart_count, plural(m->boot->hart_count));
}

int
main(int argc, char **argv)
{
    const struct machine *m = machine_open();
    char text[TIME_TEXT];
    bool only = false;

    (void)argc;
    program_begin("uptime", argv, help);
    while (program_option("p") != 0) {
        only = true;
    }
    (void)program_operands_count(0, 0);
    words_time(machine_time(), m->boot->time_frequency, text);
    if (!only) {
        clock_print();
    }
    printf("up %s", text);
    if (!only) {
        load_print(m);
    }
    putchar('\n');
    return program_end();
}
