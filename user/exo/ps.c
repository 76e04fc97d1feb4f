/* SPDX-License-Identifier: MIT */
/* Lists the processes, and the envs that they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/program.h"
#include "user/exo/census.h"
#include "user/exo/words.h"

static const char help[] =
    "usage: ps [-AaefE] [-o COLUMN[,COLUMN]...] [-p PID[,PID]...]\n"
    "Lists the processes of this session.\n"
    "  -A, -a, -e  all processes\n"
    "  -p PID      these\n"
    "  -f          more columns\n"
    "  -E          envs that are no process, too\n"
    "  -o COLUMN   these columns; COLUMN= has no heading\n"
    "Columns: pid ppid pgid sid env state time frames slots comm\n"
    "time is since it began; frames are pages of 4 KiB that the env owns.\n";

enum column {
    COLUMN_PID,
    COLUMN_PPID,
    COLUMN_PGID,
    COLUMN_SID,
    COLUMN_ENV,
    COLUMN_STATE,
    COLUMN_TIME,
    COLUMN_FRAMES,
    COLUMN_SLOTS,
    COLUMN_COMM,
    COLUMNS
};

static const struct {
    const char *name;
    const char *heading;
    int width; /* to the left if it is below 0 */
} columns[] = {
    [COLUMN_PID] = {"pid", "PID", 5},
    [COLUMN_PPID] = {"ppid", "PPID", 5},
    [COLUMN_PGID] = {"pgid", "PGID", 5},
    [COLUMN_SID] = {"sid", "SID", 5},
    [COLUMN_ENV] = {"env", "ENV", 8},
    [COLUMN_STATE] = {"state", "STATE", -7},
    [COLUMN_TIME] = {"time", "TIME", 8},
    [COLUMN_FRAMES] = {"frames", "FRAMES", 6},
    [COLUMN_SLOTS] = {"slots", "SLOTS", 5},
    [COLUMN_COMM] = {"comm", "COMMAND", -1},
};

#define CHOSEN_MAX 32

static enum column chosen[CHOSEN_MAX];
static bool headless[CHOSEN_MAX];
static size_t chosen_count;
static int32_t wanted[POSIX_PROCESSES];
static size_t wanted_count;
static struct census census;

static void
column_choose(const char *name, size_t length, bool heading)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        if (strlen(columns[i].name) == length &&
            memcmp(columns[i].name, name, length) == 0 &&
            chosen_count < CHOSEN_MAX) {
            headless[chosen_count] = !heading;
            chosen[chosen_count++] = (enum column)i;
            return;
        }
    }
    program_misused("no column '%.*s', or too many", (int)length, name);
}

static void
columns_choose(const char *list)
{
    while (*list != '\0') {
        size_t length = strcspn(list, ",= ");
        size_t end = length + strcspn(list + length, ", ");

        column_choose(list, length, list[length] != '=');
        list += end + (list[end] != '\0');
    }
}

static void
processes_choose(char *list)
{
    for (char *word = strtok(list, ", "); word != NULL;
         word = strtok(NULL, ", ")) {
        if (wanted_count == POSIX_PROCESSES) {
            program_misused("more than %d processes", POSIX_PROCESSES);
        }
        wanted[wanted_count++] =
            (int32_t)program_number(word, INT32_MAX, "process");
    }
}

static void
headings_print(void)
{
    bool any = false;

    for (size_t i = 0; i < chosen_count; i++) {
        any |= !headless[i];
    }
    for (size_t i = 0; any && i < chosen_count; i++) {
        printf("%s%*s", i == 0 ? "" : " ", columns[chosen[i]].width,
               headless[i] ? "" : columns[chosen[i]].heading);
    }
    if (any) {
        putchar('\n');
    }
}

static void
number_text(char text[64], uint64_t number, bool known)
{
    (void)snprintf(text, 64, known ? "%ju" : "-", (uintmax_t)number);
}

/* p is null for an env that is no process; e for one that has ended. */
static void
value_text(const struct machine *m, enum column column, const struct process *p,
           const struct census_env *e, char text[64])
{
    switch (column) {
    case COLUMN_PID:
        number_text(text, p == NULL ? 0 : (uint64_t)p->pid, p != NULL);
        break;
    case COLUMN_PPID:
        number_text(text, p == NULL ? 0 : (uint64_t)p->parent, p != NULL);
        break;
    case COLUMN_PGID:
        number_text(text, p == NULL ? 0 : (uint64_t)p->group, p != NULL);
        break;
    case COLUMN_SID:
        number_text(text, p == NULL ? 0 : (uint64_t)p->session, p != NULL);
        break;
    case COLUMN_ENV:
        (void)snprintf(text, 64, "%x", p == NULL ? e->row.id : p->env);
        break;
    case COLUMN_STATE:
        (void)snprintf(text, 64, "%s",
                       p != NULL                   ? words_process(p->state)
                       : e->row.state == ENV_DYING ? "dying"
                                                   : "live");
        break;
    case COLUMN_TIME:
        (void)snprintf(text, 64, "-");
        if (p != NULL) {
            words_time(machine_time() - p->started, m->boot->time_frequency,
                       text);
        }
        break;
    case COLUMN_FRAMES:
        number_text(text, e == NULL ? 0 : e->frames, true);
        break;
    case COLUMN_SLOTS:
        number_text(text, e == NULL ? 0 : e->slots, true);
        break;
    default:
        (void)snprintf(text, 64, "%s", p == NULL ? "" : p->name);
        break;
    }
}

static void
row_print(const struct machine *m, const struct process *p,
          const struct census_env *e)
{
    for (size_t i = 0; i < chosen_count; i++) {
        char text[64];
        int width = columns[chosen[i]].width;

        value_text(m, chosen[i], p, e, text);
        /* Nothing behind the last. */
        printf("%s%*s", i == 0 ? "" : " ",
               i + 1 == chosen_count && width < 0 ? 0 : width, text);
    }
    putchar('\n');
}

/* The env of a process, or null: it has ended. */
static const struct census_env *
env_of(const struct process *p)
{
    const struct census_env *e = &census.env[(p->env >> 20) % ENVS_MAX];

    return e->row.id == p->env ? e : NULL;
}

static bool
process_wanted(const struct process *p, bool all, pid_t session)
{
    for (size_t i = 0; i < wanted_count; i++) {
        if (wanted[i] == p->pid) {
            return true;
        }
    }
    return wanted_count == 0 && (all || p->session == session);
}

/* In the order of their numbers. Whether there was one. */
static bool
processes_print(const struct machine *m, bool all)
{
    pid_t session = getsid(0);
    int32_t last = -1;
    bool any = false;

    for (;;) {
        struct process next = {.state = PROCESS_FREE};

        for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
            struct process p;

            if (machine_process(m, i, &p) && p.pid > last &&
                process_wanted(&p, all, session) &&
                (next.state == PROCESS_FREE || p.pid < next.pid)) {
                next = p;
            }
        }
        if (next.state == PROCESS_FREE) {
            return any;
        }
        row_print(m, &next, env_of(&next));
        last = next.pid;
        any = true;
    }
}

/* Envs that no process is. */
static void
envs_print(const struct machine *m)
{
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        const struct census_env *e = &census.env[i];
        struct process p;

        if (e->row.id != 0 && !machine_process_of(m, e->row.id, &p)) {
            row_print(m, NULL, e);
        }
    }
}

int
main(int argc, char **argv)
{
    const struct machine *m = machine_open();
    bool all = false;
    bool full = false;
    bool envs = false;
    int option;

    (void)argc;
    program_begin("ps", argv, help);
    while ((option = program_option("AaeEfo:p:")) != 0) {
        all |= option == 'A' || option == 'a' || option == 'e';
        full |= option == 'f';
        envs |= option == 'E';
        if (option == 'o') {
            columns_choose(program_value);
        } else if (option == 'p') {
            processes_choose(program_value);
        }
    }
    (void)program_operands_count(0, 0);
    if (chosen_count == 0) {
        columns_choose(full ? "pid,ppid,pgid,sid,env,state,time,frames,slots,"
                              "comm"
                            : "pid,state,time,frames,comm");
    }
    census_take(&census, m);
    headings_print();
    if (!processes_print(m, all) && wanted_count > 0) {
        program_status = 1;
    }
    if (envs) {
        envs_print(m);
    }
    return program_end();
}
