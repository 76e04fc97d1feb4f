/* SPDX-License-Identifier: MIT */
/*
 * Children of the shell. A job is a pipeline or a list in the background. With
 * set -m, as when a person types, each has a process group of its own, and the
 * terminal belongs to the one in the foreground.
 */
#ifndef USER_SH_JOBS_H
#define USER_SH_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t id;
    int status; /* as waitpid gives it, once it is done or stopped */
    bool done;
    bool stopped;
};

struct job {
    struct job *next;
    int number;
    pid_t group; /* 0: the shell's */
    struct process *processes;
    size_t count;
    char *text;
    bool told; /* that it stopped */
    bool foreground;
};

/* The terminal becomes the shell's, and set -m is on; or it is off. */
void jobs_begin(int terminal);

/* A job without processes. */
struct job *job_make(const char *text, bool foreground);

/*
 * fork(2). The child is the shell still, as shell_enter_child leaves it, and
 * belongs to the job, or if that is null to none. -1, and says so, if there can
 * be no child; the job may have no process then.
 */
pid_t job_fork(struct job *job);

/* Waits till the job is done or stopped; gives its status. Done, it is gone. */
int job_wait(struct job *job);

/* Whether all that is not done is stopped. */
bool job_stopped(const struct job *job);

/* The job that %1, %+, %-, %text or a number of a process names; or null. */
struct job *job_find(const char *word);

/* Forgets a job that has no process. */
void job_drop(struct job *job);

/* Waits for one child that belongs to no job. */
int process_wait(pid_t id);

/* What $? is after a process with a status as waitpid gives it. */
int process_result(int status);

/* Before a prompt: tells what became of jobs. */
void jobs_notify(void);

/* A child of the shell has none of its parent's. */
void jobs_forget(void);

/* Commands of the shell. */
int builtin_jobs(int count, char **words);
int builtin_fg(int count, char **words);
int builtin_bg(int count, char **words);
int builtin_wait(int count, char **words);
int builtin_kill(int count, char **words);

#endif
