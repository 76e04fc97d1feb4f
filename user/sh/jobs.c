/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "user/bin/signals.h"

/* So many jobs that are done wait to be asked for by `wait`. */
#define DONE_MAX 256

static struct job *jobs; /* the newest first */
static int terminal = -1;
static pid_t own_group;
static struct termios modes; /* as the shell wants them */
static bool has_modes;

void
jobs_begin(int file)
{
    pid_t owner;

    terminal = file;
    shell.option['m'] = false;
    for (;;) {
        owner = tcgetpgrp(file);
        if (owner < 0) {
            return;
        }
        if (owner == getpgrp()) {
            break;
        }
        /* Started in the background: waits to be brought to the front. */
        (void)kill(0, SIGTTIN);
    }
    trap_ignore(SIGTSTP);
    trap_ignore(SIGTTIN);
    trap_ignore(SIGTTOU);
    own_group = getpid();
    if (getpgrp() != own_group && setpgid(0, own_group) != 0) {
        return;
    }
    if (tcsetpgrp(file, own_group) != 0) {
        return;
    }
    has_modes = tcgetattr(file, &modes) == 0;
    shell.option['m'] = true;
}

static bool
job_done(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (!job->processes[i].done) {
            return false;
        }
    }
    return true;
}

bool
job_stopped(const struct job *job)
{
    bool stopped = false;

    for (size_t i = 0; i < job->count; i++) {
        const struct process *p = &job->processes[i];

        if (!p->done && !p->stopped) {
            return false;
        }
        stopped |= !p->done;
    }
    return stopped;
}

void
job_drop(struct job *job)
{
    struct job **link = &jobs;

    while (*link != NULL && *link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    free(job->processes);
    free(job->text);
    free(job);
}

int
process_result(int status)
{
    return WIFEXITED(status)    ? WEXITSTATUS(status)
           : WIFSTOPPED(status) ? 128 + WSTOPSIG(status)
                                : 128 + WTERMSIG(status);
}

static int
job_result(const struct job *job)
{
    return job->count == 0
               ? 0
               : process_result(job->processes[job->count - 1].status);
}

/* Notes what waitpid said of a child. */
static void
process_note(pid_t id, int status)
{
    for (struct job *job = jobs; job != NULL; job = job->next) {
        for (size_t i = 0; i < job->count; i++) {
            struct process *p = &job->processes[i];

            if (p->id == id && !p->done) {
                p->status = status;
                p->stopped = WIFSTOPPED(status);
                p->done = !p->stopped;
                return;
            }
        }
    }
}

/* Without children of the shell's, no job has any. */
static void
processes_lost(void)
{
    for (struct job *job = jobs; job != NULL; job = job->next) {
        for (size_t i = 0; i < job->count; i++) {
            job->processes[i].done = true;
        }
    }
}

/* Takes what is known of children; with wait, waits for the next. */
static bool
children_reap(bool wait)
{
    int status;
    pid_t id;

    while ((id = waitpid(-1, &status, WUNTRACED | (wait ? 0 : WNOHANG))) > 0) {
        process_note(id, status);
        if (wait) {
            return true;
        }
    }
    if (id < 0 && errno == ECHILD) {
        processes_lost();
    }
    return id == 0 || (id < 0 && errno == ECHILD);
}

struct job *
job_make(const char *text, bool foreground)
{
    struct job *job = program_memory(NULL, 1, sizeof(*job));
    struct job *oldest = NULL;
    int done = 0;

    (void)children_reap(false);
    *job = (struct job){.next = jobs,
                        .number = 1,
                        .text = program_copy(text == NULL ? "" : text),
                        .foreground = foreground};
    for (struct job *j = jobs; j != NULL; j = j->next) {
        job->number = j->number >= job->number ? j->number + 1 : job->number;
        if (!j->foreground && job_done(j)) {
            done++;
            oldest = j;
        }
    }
    jobs = job;
    if (done > DONE_MAX) {
        job_drop(oldest);
    }
    return job;
}

static void
fork_refused(void)
{
    if (errno == EAGAIN) {
        shell_say("no process can be made: %s (%ld at most)", strerror(errno),
                  sysconf(_SC_CHILD_MAX));
    } else {
        shell_say("no process can be made: %s", strerror(errno));
    }
}

/* The child's side of a process group: whoever comes first makes it. */
static void
child_group(const struct job *job)
{
    pid_t group = job->group == 0 ? getpid() : job->group;

    (void)setpgid(0, group);
    if (job->foreground && terminal >= 0) {
        (void)tcsetpgrp(terminal, group);
    }
}

/* The parent's side. What was typed before the job had the terminal came to
   the shell alone, and is meant for the job. */
static void
parent_group(struct job *job, pid_t id)
{
    job->group = job->group == 0 ? id : job->group;
    (void)setpgid(id, job->group);
    if (job->foreground) {
        (void)tcsetpgrp(terminal, job->group);
        if (trap_interrupted()) {
            (void)kill(-job->group, SIGINT);
        }
    }
}

pid_t
job_fork(struct job *job)
{
    pid_t id;
    sigset_t all;
    sigset_t mask;
    bool grouped = shell.option['m'] && job != NULL;

    fflush(stdout);
    /* The child keeps what comes until it is no shell any more. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &mask);
    id = fork();
    if (id < 0) {
        fork_refused();
        (void)sigprocmask(SIG_SETMASK, &mask, NULL);
        return -1;
    }
    if (id == 0) {
        bool background = job != NULL && !job->foreground;

        if (grouped) {
            child_group(job);
        }
        shell_enter_child();
        if (background && !grouped) {
            trap_ignore(SIGINT);
            trap_ignore(SIGQUIT);
        }
        (void)sigprocmask(SIG_SETMASK, &mask, NULL);
        return 0;
    }
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    if (job != NULL) {
        if (grouped) {
            parent_group(job, id);
        }
        job->processes = program_memory(job->processes, job->count + 1,
                                        sizeof(*job->processes));
        job->processes[job->count++] = (struct process){.id = id};
    }
    return id;
}

static const char *
job_state(const struct job *job, char text[48])
{
    int status = job->count == 0 ? 0 : job->processes[job->count - 1].status;

    if (!job_done(job)) {
        return job_stopped(job) ? "Stopped" : "Running";
    }
    if (WIFSIGNALED(status)) {
        return signals_meaning(WTERMSIG(status));
    }
    if (WEXITSTATUS(status) == 0) {
        return "Done";
    }
    (void)snprintf(text, 48, "Done(%d)", WEXITSTATUS(status));
    return text;
}

/* The current job: one that stopped, before others. */
static struct job *
job_current(void)
{
    struct job *first = NULL;

    for (struct job *job = jobs; job != NULL; job = job->next) {
        if (job->foreground) {
            continue;
        }
        if (!job_done(job) && job_stopped(job)) {
            return job;
        }
        first = first == NULL ? job : first;
    }
    return first;
}

static void
job_print(FILE *out, const struct job *job)
{
    char text[48];

    fprintf(out, "[%d] %c %-20s %s\n", job->number,
            job == job_current() ? '+' : ' ', job_state(job, text), job->text);
}

/* Whether Ctrl-C ended any of it: the others of a pipeline may have begun only
   after that, and have found its end. */
static bool
job_interrupted(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        int status = job->processes[i].status;

        if (job->processes[i].done && WIFSIGNALED(status) &&
            WTERMSIG(status) == SIGINT) {
            return true;
        }
    }
    return false;
}

/* After a job was in the foreground. */
static void
terminal_return(const struct job *job)
{
    int status = job->processes[job->count - 1].status;

    if (job->group != 0 && terminal >= 0) {
        (void)tcsetpgrp(terminal, own_group);
        if (has_modes && !WIFEXITED(status)) {
            (void)tcsetattr(terminal, TCSADRAIN, &modes);
        } else {
            has_modes = tcgetattr(terminal, &modes) == 0;
        }
    }
    if (job_interrupted(job)) {
        /* Ctrl-C ends also what the job is part of. */
        if (shell.interactive) {
            fputc('\n', stderr);
            trap_interrupt();
        }
    } else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE) {
        fprintf(stderr, "%s\n", signals_meaning(WTERMSIG(status)));
    }
}

int
job_wait(struct job *job)
{
    int result;

    if (job->count == 0) {
        job_drop(job);
        return 127;
    }
    while (!job_done(job) && !job_stopped(job)) {
        (void)children_reap(true);
    }
    result = job_result(job);
    terminal_return(job);
    if (job_done(job)) {
        job_drop(job);
        return result;
    }
    job->foreground = false;
    job->told = true;
    fputc('\n', stderr);
    job_print(stderr, job);
    return result;
}

int
process_wait(pid_t id)
{
    int status;

    while (waitpid(id, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return process_result(status);
}

void
jobs_notify(void)
{
    struct job *next;

    (void)children_reap(false);
    for (struct job *job = jobs; job != NULL; job = next) {
        next = job->next;
        if (job_done(job)) {
            job_print(stderr, job);
            job_drop(job);
        } else if (job_stopped(job) && !job->told) {
            job->told = true;
            job_print(stderr, job);
        }
    }
}

void
jobs_forget(void)
{
    while (jobs != NULL) {
        job_drop(jobs);
    }
    terminal = -1;
    shell.option['m'] = false;
}

struct job *
job_find(const char *word)
{
    const char *text = word + 1;

    if (*word != '%') {
        long id = strtol(word, NULL, 10);

        for (struct job *job = jobs; job != NULL; job = job->next) {
            if (job->count > 0 &&
                job->processes[job->count - 1].id == (pid_t)id) {
                return job;
            }
        }
        return NULL;
    }
    if (*text == '\0' || strcmp(text, "%") == 0 || strcmp(text, "+") == 0) {
        return job_current();
    }
    for (struct job *job = jobs; job != NULL; job = job->next) {
        bool found = *text >= '0' && *text <= '9'
                         ? job->number == (int)strtol(text, NULL, 10)
                     : *text == '-' ? job != job_current()
                     : *text == '?'
                         ? strstr(job->text, text + 1) != NULL
                         : strncmp(job->text, text, strlen(text)) == 0;

        if (found && !job->foreground) {
            return job;
        }
    }
    return NULL;
}

/* job_find, of the first word or the current one; says if there is none. */
static struct job *
job_take(char **words)
{
    static char current[] = "%+";
    char *word = words[1] == NULL ? current : words[1];
    struct job *job = job_find(word);

    if (job == NULL) {
        shell_say("%s: %s: no such job", words[0],
                  words[1] == NULL ? "current" : word);
    }
    return job;
}

static void
job_continue(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        job->processes[i].stopped = false;
    }
    job->told = false;
    (void)kill(job->group == 0 ? job->processes[0].id : -job->group, SIGCONT);
}

int
builtin_jobs(int count, char **words)
{
    bool numbers = count > 1 && strcmp(words[1], "-p") == 0;
    struct job *next;

    (void)children_reap(false);
    for (struct job *job = jobs; job != NULL; job = next) {
        next = job->next;
        if (numbers && job->count > 0) {
            printf("%ld\n", (long)job->processes[0].id);
        } else if (!job->foreground) {
            job_print(stdout, job);
        }
        if (job_done(job) && !job->foreground) {
            job_drop(job);
        }
    }
    return 0;
}

int
builtin_fg(int count, char **words)
{
    struct job *job = job_take(words);

    (void)count;
    if (job == NULL) {
        return 2;
    }
    if (!shell.option['m'] || job->group == 0) {
        shell_say("fg: there is no job control");
        return 1;
    }
    printf("%s\n", job->text);
    fflush(stdout);
    job->foreground = true;
    (void)tcsetpgrp(terminal, job->group);
    job_continue(job);
    return job_wait(job);
}

int
builtin_bg(int count, char **words)
{
    struct job *job = job_take(words);

    (void)count;
    if (job == NULL) {
        return 2;
    }
    printf("[%d] %s\n", job->number, job->text);
    job_continue(job);
    return 0;
}

/* Waits for one job, or for all if it is null; a trap ends it. */
static int
job_wait_for(struct job *job)
{
    for (;;) {
        bool busy = false;
        int signal = trap_waiting();

        if (signal != 0) {
            return 128 + signal;
        }
        for (struct job *j = jobs; j != NULL; j = j->next) {
            busy |=
                (job == NULL || j == job) && !job_done(j) && !job_stopped(j);
        }
        if (!busy) {
            break;
        }
        (void)children_reap(true);
    }
    if (job == NULL) {
        return 0;
    }
    int result = job_result(job);

    if (job_done(job)) {
        job_drop(job);
    }
    return result;
}

int
builtin_wait(int count, char **words)
{
    int status = 0;

    if (count == 1) {
        struct job *next;

        status = job_wait_for(NULL);
        for (struct job *job = jobs; status == 0 && job != NULL; job = next) {
            next = job->next;
            if (job_done(job)) {
                job_drop(job);
            }
        }
        return status;
    }
    for (int i = 1; i < count; i++) {
        struct job *job = job_find(words[i]);

        status = job == NULL ? 127 : job_wait_for(job);
    }
    return status;
}
