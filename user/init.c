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
 *     user=NAME          all that in the domain of that user (login.h), where
 *                        the same program is process 1
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
#include "user/login.h"

#define SHELL "/bin/sh"
#define CANNOT_RUN                                                             \
    127 /* the status of a child that could not be its program                 \
         */
#define GRACE_SECONDS 2
#define ENV_SHIFT 20 /* of an env's id: docs/environments.md */
#define NEVER (~(uint64_t)0)

/* Programs without the libOS: in its own list such a one has its own name in
   CAP_OWN. */
#define PROGRAMS_MAX (POSIX_CAP_SESSIONS - POSIX_CAP_PROGRAMS)
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
    uint64_t cap = POSIX_CAP_PROGRAMS + programs;
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
program_run(char *const *words)
{
    pid_t child = fork();

    if (child < 0) {
        printf("init: %s: %s\n", words[0], strerror(errno));
    }
    if (child == 0) {
        (void)setsid();
        (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
        if (domain_user != NULL) {
            (void)chdir(getenv("HOME"));
        }
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
    _exit(status & 0xff);
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

/* What there is to do for other domains, or in that of a user, whose end is not
   told by an event; when to look again. */
static uint64_t
domains_turn(void)
{
    if (domain_user == NULL) {
        login_turn();
        return manager_turn();
    }
    if (domain_user->end) {
        domain_user->end = 0;
        ending = SIGTERM;
    }
    return time_now() + ticks_per_second();
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
    if (!login_has_console()) {
        terminal_pump();
    }
    process_kill_all();
    found = children_end(wanted, status);
    next = domains_turn();
    if (!found && !ending) {
        (void)process_wait(until != 0 && until < next ? until : next);
    }
    process_wait_end();
    posix_release();
    return found;
}

/* A program, or the shell, in the domain of a user. */
static int
user_run(const char *name, char *const *words)
{
    int64_t row;
    int status = 0;

    posix_hold();
    row = session_ask(name, words, true);
    posix_release();
    while (row >= 0 && !ending &&
           SHARED_OF->session[row].state != SESSION_ENDED) {
        (void)serve(0, &status, 0);
    }
    if (ending) {
        return 0;
    }
    status = row < 0 ? (int)row : SHARED_OF->session[row].status;
    if (status < 0) {
        printf("init: user %s: %s\n", name, strerror(-status));
        return CANNOT_RUN;
    }
    return status;
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
    login_stop();
    (void)kill(-1, SIGTERM);
    (void)kill(-1, SIGHUP); /* shells do not heed the other one */
    (void)kill(-1, SIGCONT);
    while ((kill(-1, 0) == 0 || login_runs()) && time_now() < until) {
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

/* Who runs, with which words, by the words of the command line. */
struct wanted {
    const char *user;
    char *const *words;
    int only; /* and then no more */
};

static struct wanted
words_read(int count, char **words)
{
    static char shell[] = SHELL;
    static char *shell_words[] = {shell, NULL};
    struct wanted w = {.words = shell_words};

    if (domain_user != NULL) {
        return (struct wanted){.words = words + 1, .only = 1};
    }
    for (int i = 1; i < count && !w.only; i++) {
        if (strncmp(words[i], "start=", 6) == 0) {
            program_start(words[i] + 6);
        } else if (strncmp(words[i], "user=", 5) == 0) {
            w.user = words[i] + 5;
        } else if (strncmp(words[i], "run=", 4) == 0) {
            words[i] += 4;
            w.words = words + i;
            w.only = 1;
        }
    }
    return w;
}

/* One after the other, until there is to be no more; the status of the last. */
static int
programs_run(const struct wanted *w)
{
    int status = 0;

    while (!ending) {
        pid_t child = program_run(w->words);

        if (child < 0) { /* perhaps there will be memory */
            (void)serve(0, &status, time_now() + ticks_per_second());
            continue;
        }
        while (!ending && !serve(child, &status, 0)) {
        }
        if (w->only || status == CANNOT_RUN) {
            break;
        }
    }
    return status;
}

int
main(int count, char **words)
{
    struct wanted w;
    int status;

    if (domain_user == NULL) {
        manager_init(&manager, (uint32_t)exo_id, ACCOUNT_FIRST);
        manager.policy = policy_processes;
    }
    (void)signal(SIGUSR2, end_wanted);
    (void)signal(SIGTERM, end_wanted);
    (void)signal(SIGHUP, SIG_IGN);
    w = words_read(count, words);
    status = w.user != NULL ? user_run(w.user, w.words) : programs_run(&w);
    if (ending) {
        status = ending == SIGTERM ? EXIT_REBOOT : 0;
    }
    all_end();
    machine_end(status);
}
