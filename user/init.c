/* SPDX-License-Identifier: MIT */
/*
 * Process 1, in the first env. Starts the shell, or what the boot arguments
 * name, and does what must be done by somebody who outlives all: brings what is
 * typed to the terminal, ends what was killed, waits for orphans, and sees to
 * it that memory does not run out.
 *
 *     run=PATH WORD...   instead of the shell, with these arguments; when it
 *                        ends, so does the machine, with its status
 *     start=NAME         before that, a program of the archive as an env of its
 *                        own, without the libOS
 *
 * SIGUSR2 ends the machine, SIGTERM has it start again: what runs is told, and
 * what was written is on the disk.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/exit.h"
#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/exo.h"
#include "lib/exo/program.h"
#include "lib/manager/manager.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/table.h"
#include "lib/posix/tree.h"

#define SHELL "/bin/sh"
#define CANNOT_RUN                                                             \
    127 /* the status of a child that could not be its program                 \
         */
#define GRACE_SECONDS 2
#define ENV_SHIFT 20 /* of an env's id: docs/environments.md */
#define NEVER (~(uint64_t)0)

/* Entries of the capability list for programs without the libOS; in its own
   list such a one has its own name in CAP_OWN. */
#define CAP_PROGRAMS 5
#define PROGRAMS_MAX (POSIX_CAP_CHILDREN - CAP_PROGRAMS)
#define CAP_OWN 1
#define SLOTS_APART 16

static struct manager manager;
static unsigned programs;
static volatile sig_atomic_t ending; /* the signal that wants it */

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static uint64_t
ticks_per_second(void)
{
    return ((const struct information *)INFORMATION_BOOT)->time_frequency;
}

/* A program without the libOS. */
static void
program_start(const char *name)
{
    static const struct exo_grant console = {POSIX_CAP_CONSOLE, 0, CAP_WRITE};
    struct exo_child child = {.id = 0};
    uint64_t cap = CAP_PROGRAMS + programs;
    const void *file;
    size_t size;
    int64_t error =
        exo_archive_find(exo_archive, exo_archive_size, name, &file, &size);

    if (error == 0 && programs < PROGRAMS_MAX &&
        (error = sys_cap_fresh(POSIX_CAP_DOMAIN, cap)) == 0) {
        programs++;
        error = exo_program_load(&child, cap, file, size);
    }
    if (error == 0) {
        error = exo_program_start(&child, CAP_OWN, &console, 1, 0);
    }
    if (error == 0) {
        for (uint64_t slot = programs; slot < SLOTS; slot += SLOTS_APART) {
            (void)sys_slot_alloc(cap, child.id, exo_uarea->hart, slot);
        }
        printf("init: %s is env 0x%lx\n", name, child.id);
    } else {
        printf("init: %s: error %ld\n", name, error);
    }
}

static bool
is_process(uint32_t env)
{
    for (unsigned row = 0; row < POSIX_PROCESSES; row++) {
        const struct process *p = &SHARED_OF->processes.process[row];

        if (p->state != PROCESS_FREE && p->env == env) {
            return true;
        }
    }
    return false;
}

/* For so many frames; what it owes from before counts. If that is all, it is
   reminded: it may have something to give by now. */
static void
process_ask(uint32_t env, uint64_t count)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;
    uint64_t owed = rows[env >> ENV_SHIFT & (ENVS_MAX - 1)].owed;

    (void)sys_revoke(POSIX_CAP_MACHINE, env, RESOURCE_FRAME, REVOKE_ANY,
                     owed < count ? count - owed : 1, NEVER);
}

/* All are asked in proportion. Processes have no deadline: they give what they
   can, and would not live on if more was taken. */
static void
policy_processes(const struct manager_view *view,
                 struct manager_request *request)
{
    policy_share(view, request);
    for (unsigned i = 0; i < view->count; i++) {
        if (request[i].count > 0 && is_process(view->env[i].id)) {
            process_ask(view->env[i].id, request[i].count);
            request[i] = (struct manager_request){.count = 0};
        }
    }
}

/* A turn of the manager; when it wants the next. */
static uint64_t
manager_turn(void)
{
    uint64_t rounds = manager.rounds;
    uint64_t ended = manager.ended;
    uint64_t next = manager_step(&manager, time_now());

    if (manager.rounds != rounds) {
        printf("init: memory is short: %lu frames free, %lu wanted\n",
               manager.view.free, manager.high);
    }
    if (manager.ended != ended) {
        printf("init: an env that does not answer was ended\n");
    }
    return next;
}

/* In a session of its own, which has the terminal. */
static pid_t
session_start(char *const *words)
{
    pid_t child = fork();

    if (child < 0) {
        printf("init: %s: %s\n", words[0], strerror(errno));
    }
    if (child == 0) {
        (void)setsid();
        (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
        (void)execvp(words[0], words);
        fprintf(stderr, "init: %s: %s\n", words[0], strerror(errno));
        _exit(CANNOT_RUN);
    }
    return child;
}

static _Noreturn void
machine_end(int status)
{
    int64_t error;

    posix_hold();
    error = tree_unmount();
    posix_release();
    if (error < 0) {
        printf("init: the files are not all on the disk: %s\n",
               strerror((int)-error));
    }
    fflush(stdout);
    (void)tcdrain(STDOUT_FILENO);
    (void)sys_machine_exit(POSIX_CAP_MACHINE, (uint64_t)status & 0xff);
    abort();
}

static int
status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whether `wanted` has ended, with its status; whoever else has ended is
   waited for, too. One that is stopped goes on: there is nobody to do it. */
static int
children_end(pid_t wanted, int *status)
{
    int found = 0;
    int one;
    pid_t child;

    while ((child = waitpid(-1, &one, WNOHANG | WUNTRACED)) > 0) {
        if (child != wanted) {
            continue;
        }
        if (WIFSTOPPED(one)) {
            (void)kill(child, SIGCONT);
        } else {
            found = 1;
            *status = status_of(one);
        }
    }
    return found;
}

/* One round of all that process 1 does for others; then sleep, until there is
   more or the time has come. */
static int
serve(pid_t wanted, int *status, uint64_t until)
{
    int found;
    uint64_t next;

    page_reserve_fill();
    posix_hold();
    process_wait_begin();
    terminal_pump();
    process_kill_all();
    found = children_end(wanted, status);
    next = manager_turn();
    if (!found && !ending) {
        (void)process_wait(until != 0 && until < next ? until : next);
    }
    process_wait_end();
    posix_release();
    return found;
}

/* Everybody is told, and then ended. */
static void
all_end(void)
{
    uint64_t until = time_now() + GRACE_SECONDS * ticks_per_second();
    int status;

    ending = 0;
    (void)signal(SIGUSR2, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)kill(-1, SIGTERM);
    (void)kill(-1, SIGHUP); /* shells do not heed the other one */
    (void)kill(-1, SIGCONT);
    while (kill(-1, 0) == 0 && time_now() < until) {
        (void)serve(0, &status, until);
    }
    (void)kill(-1, SIGKILL);
    until = time_now() + GRACE_SECONDS * ticks_per_second();
    while (kill(-1, 0) == 0 && time_now() < until) {
        (void)serve(0, &status, until);
    }
}

static void
end_wanted(int number)
{
    ending = number;
}

int
main(int count, char **words)
{
    static char shell[] = SHELL;
    static char *shell_words[] = {shell, NULL};
    char *const *run = shell_words;
    int only = 0;
    int status = 0;

    manager_init(&manager, (uint32_t)exo_id, ACCOUNT_FIRST);
    manager.policy = policy_processes;
    (void)signal(SIGUSR2, end_wanted);
    (void)signal(SIGTERM, end_wanted);
    (void)signal(SIGHUP, SIG_IGN);
    for (int i = 1; i < count && !only; i++) {
        if (strncmp(words[i], "start=", 6) == 0) {
            program_start(words[i] + 6);
        } else if (strncmp(words[i], "run=", 4) == 0) {
            words[i] += 4;
            run = words + i;
            only = 1;
        }
    }
    while (!ending) {
        pid_t child = session_start(run);

        if (child < 0) { /* perhaps there will be memory */
            (void)serve(0, &status, time_now() + ticks_per_second());
            continue;
        }
        while (!ending && !serve(child, &status, 0)) {
        }
        if (only || status == CANNOT_RUN) {
            break;
        }
    }
    if (ending) {
        status = ending == SIGTERM ? EXIT_REBOOT : 0;
    }
    all_end();
    machine_end(status);
}
