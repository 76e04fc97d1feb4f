/* SPDX-License-Identifier: MIT */
/* Commands of the shell: system, and those at the other end of a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/posix/image.h"

#define SHELL "/bin/sh"

/* Commands that popen began, for pclose. */
struct command {
    struct command *next;
    FILE *stream;
    pid_t pid;
};

static POSIX_ANEW struct command *commands = NULL;

/* In the child. 127 is what a shell says of what it cannot find. */
static _Noreturn void
shell_run(const char *text)
{
    (void)execl(SHELL, "sh", "-c", text, (char *)NULL);
    _exit(127);
}

static int
child_wait(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

int
system(const char *text)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction interrupt;
    struct sigaction quit;
    sigset_t children;
    sigset_t mask;
    int status = -1;
    pid_t child;

    if (text == NULL) {
        return access(SHELL, X_OK) == 0;
    }
    /* The command is who is meant by the keys, and whose end is waited for. */
    (void)sigemptyset(&children);
    (void)sigaddset(&children, SIGCHLD);
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGQUIT, &ignore, &quit);
    (void)sigprocmask(SIG_BLOCK, &children, &mask);
    child = fork();
    if (child != 0) {
        status = child < 0 ? -1 : child_wait(child);
    }
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGQUIT, &quit, NULL);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    if (child == 0) {
        shell_run(text);
    }
    return status;
}

/* In the child, `own` becomes `standard`; other commands' streams are not
   its. */
static _Noreturn void
command_run(const char *text, int own, int standard)
{
    for (const struct command *c = commands; c != NULL; c = c->next) {
        (void)close(fileno(c->stream));
    }
    if (own != standard) {
        (void)dup2(own, standard);
        (void)close(own);
    }
    shell_run(text);
}

FILE *
popen(const char *text, const char *mode)
{
    bool reads = mode[0] == 'r';
    struct command *c = malloc(sizeof(*c));
    FILE *stream = NULL;
    int ends[2];

    if ((!reads && mode[0] != 'w') || c == NULL || pipe(ends) != 0) {
        errno = !reads && mode[0] != 'w' ? EINVAL : errno;
        free(c);
        return NULL;
    }
    stream = fdopen(ends[!reads], reads ? "r" : "w");
    c->pid = stream == NULL ? -1 : fork();
    if (c->pid == 0) {
        (void)close(ends[!reads]);
        command_run(text, ends[reads], reads ? STDOUT_FILENO : STDIN_FILENO);
    }
    (void)close(ends[reads]);
    if (c->pid < 0) {
        int error = errno;

        stream == NULL ? (void)close(ends[!reads]) : (void)fclose(stream);
        free(c);
        errno = error;
        return NULL;
    }
    (void)fcntl(fileno(stream), F_SETFD, FD_CLOEXEC);
    c->stream = stream;
    c->next = commands;
    commands = c;
    return stream;
}

int
pclose(FILE *stream)
{
    for (struct command **at = &commands; *at != NULL; at = &(*at)->next) {
        struct command *c = *at;
        pid_t pid = c->pid;

        if (c->stream == stream) {
            *at = c->next;
            free(c);
            (void)fclose(stream);
            return child_wait(pid);
        }
    }
    errno = EINVAL;
    return -1;
}
