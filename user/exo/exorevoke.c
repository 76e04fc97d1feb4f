/* SPDX-License-Identifier: MIT */
/*
 * Asks an env for something, and says what becomes of it: what it gives, and
 * what is taken from it after the deadline. It takes control over the env: a
 * process has that over its children, so it may run a program as one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/abi/call.h"
#include "lib/exo/call.h"
#include "user/bin/program.h"
#include "user/exo/census.h"
#include "user/exo/own_list.h"
#include "user/exo/words.h"

static const char help[] =
    "usage: exorevoke [OPTION]... PROGRAM [ARGUMENT]...\n"
    "       exorevoke [OPTION]... -p PID | -e ENV\n"
    "Asks an env to give back something, and says what becomes of that: "
    "PROGRAM,\n"
    "which is run for it, or a process or an env that this one has control "
    "over:\n"
    "a child of its own.\n"
    "  -f N      frames, of 4 KiB; 16 if nothing is said\n"
    "  -s N      slots\n"
    "  -x N      bindings of extents of disks\n"
    "  -b N      blocks that it holds in memory\n"
    "  -n NAME   this one: a page's number, hart * 65536 + slot, and so on\n"
    "  -t MS     the time that it has, 1000 milliseconds if nothing is said\n"
    "  -w MS     how long PROGRAM runs before, 200\n"
    "Status: 0 if all was given in time, 1 if something was taken, 2 if the "
    "env\n"
    "ended, 3 after an error.\n";

#define STATUS_TAKEN 1
#define STATUS_ENDED 2
#define STATUS_TROUBLE 3

static struct census census;
static uint64_t kind = RESOURCE_FRAME;
static uint64_t count = 16;
static uint64_t name = REVOKE_ANY;
static uint64_t milliseconds = 1000;

static void
pause_for(uint64_t time)
{
    struct timespec left = {(time_t)(time / 1000),
                            (long)(time % 1000 * 1000000)};

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void
said(const struct machine *m, uint64_t begun)
{
    char text[TIME_TEXT];

    words_time(machine_time() - begun, m->boot->time_frequency, text);
    printf("%9s  ", text);
}

/* What has changed since the row was read before. True when nothing is owed. */
static bool
change_say(const struct machine *m, const struct env_row *was,
           const struct env_row *is, uint64_t begun)
{
    uint32_t lost = is->lost - was->lost;
    uint32_t settled = was->owed - is->owed;

    if (lost == 0 && settled == 0) {
        return is->owed == 0;
    }
    said(m, begun);
    if (lost > 0) {
        printf("lost %u, owes %u\n", lost, is->owed);
    } else {
        printf("gave %u, owes %u\n", settled, is->owed);
    }
    (void)fflush(stdout);
    return is->owed == 0;
}

/* Till nothing is owed, or the env has ended. The status to end with. */
static int
watch(const struct machine *m, int control, struct env_row row, uint64_t begun,
      uint64_t deadline)
{
    uint32_t lost = row.lost;
    bool late = false;
    bool settled = false;

    while (!settled) {
        struct env_row is;

        pause_for(1);
        if (!late && machine_time() >= deadline) {
            said(m, begun);
            puts("the time is over: what is missing is taken");
            late = true;
        }
        /* It is taken anyway; this is sooner. */
        if (late) {
            (void)sys_repossess((uint64_t)control, row.id);
        }
        if (!machine_env_find(m, row.id, &is) || is.state != ENV_LIVE) {
            said(m, begun);
            puts("the env has ended");
            return STATUS_ENDED;
        }
        settled = change_say(m, &row, &is, begun);
        row = is;
    }
    return row.lost == lost ? EXIT_SUCCESS : STATUS_TAKEN;
}

static int
ask(const struct machine *m, const struct env_row *row)
{
    int control = own_list_control(m, row);
    struct env_row before;
    uint64_t begun;
    uint64_t deadline;
    int64_t error;
    int status;

    if (control < 0) {
        program_die("no control over env %x: it is no child of this process",
                    row->id);
    }
    printf("env %x owns %ju frames\n", row->id,
           (uintmax_t)census_frames_of(&census, m, row->id));
    (void)machine_env_find(m, row->id, &before);
    begun = machine_time();
    deadline = begun + milliseconds * m->boot->time_frequency / 1000;
    error = sys_revoke((uint64_t)control, row->id, kind, name, count, deadline);
    if (error < 0) {
        program_die("env %x cannot be asked for that: error %d", row->id,
                    (int)error);
    }
    said(m, begun);
    printf("asked for %ju %s, till %ju.%03ju\n", (uintmax_t)count,
           words_resource((uint32_t)kind), (uintmax_t)milliseconds / 1000,
           (uintmax_t)milliseconds % 1000);
    /* What it owed to others before is not ours to wait for, but its sum is
       all that is shown. */
    before.owed += (uint32_t)count;
    status = watch(m, control, before, begun, deadline);
    if (status != STATUS_ENDED) {
        printf("env %x owns %ju frames\n", row->id,
               (uintmax_t)census_frames_of(&census, m, row->id));
    }
    return status;
}

/* The env of a process that is there, and has begun. */
static struct env_row
process_env(const struct machine *m, int32_t pid)
{
    struct env_row row;
    struct process p;

    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        if (machine_process(m, i, &p) && p.pid == pid &&
            p.state != PROCESS_ZOMBIE && machine_env_find(m, p.env, &row)) {
            return row;
        }
    }
    program_die("process %d has no env: it has ended", (int)pid);
}

static int
program_ask(const struct machine *m, char **arguments, uint64_t wait)
{
    struct env_row row;
    pid_t child = fork();
    int status;

    if (child == 0) {
        (void)execvp(arguments[0], arguments);
        program_complain("%s", arguments[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (child < 0) {
        program_complain("cannot run %s", arguments[0]);
        return program_status;
    }
    pause_for(wait);
    row = process_env(m, child);
    status = ask(m, &row);
    (void)fflush(stdout);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static uint64_t
parse_hexadecimal(const char *word, const char *what)
{
    char *end;
    unsigned long number = strtoul(word, &end, 16);

    if (*word == '\0' || *end != '\0') {
        program_misused("%s '%s' is no hexadecimal number", what, word);
    }
    return number;
}

int
main(int argc, char **argv)
{
    const struct machine *m = machine_open();
    static const char kinds[] = "fsxb"; /* in the order of resource_kind */
    struct env_row row;
    int32_t pid = 0;
    uint64_t env = 0;
    uint64_t wait = 200;
    int option;

    (void)argc;
    program_trouble = STATUS_TROUBLE;
    program_begin("exorevoke", argv, help);
    while ((option = program_option("f:s:x:b:n:t:w:p:e:")) != 0) {
        if (option == 'n') {
            name = parse_hexadecimal(program_value, "name");
            count = 1;
        } else if (option == 'e') {
            env = parse_hexadecimal(program_value, "env");
        } else if (option == 'p') {
            pid = (int32_t)program_number(program_value, INT32_MAX, "process");
        } else if (option == 't') {
            milliseconds = program_number(program_value, 3600000, "time");
        } else if (option == 'w') {
            wait = program_number(program_value, 3600000, "time");
        } else {
            kind = (uint64_t)(strchr(kinds, option) - kinds);
            count = program_number(program_value, 1000000, "count");
        }
    }
    if (env == 0 && pid == 0) {
        program_status =
            program_ask(m, program_operands_count(1, SIZE_MAX), wait);
        return program_end();
    }
    (void)program_operands_count(0, 0);
    if (env != 0 && !machine_env_find(m, (uint32_t)env, &row)) {
        program_die("there is no env %jx", (uintmax_t)env);
    }
    row = env != 0 ? row : process_env(m, pid);
    program_status = ask(m, &row);
    return program_end();
}
