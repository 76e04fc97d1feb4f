/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int number;
    const char *name;
    const char *meaning;
} signals[] = {
    {0, "EXIT", "Ended"},
    {SIGHUP, "HUP", "Hangup"},
    {SIGINT, "INT", "Interrupt"},
    {SIGQUIT, "QUIT", "Quit"},
    {SIGILL, "ILL", "Illegal instruction"},
    {SIGTRAP, "TRAP", "Trace/breakpoint trap"},
    {SIGABRT, "ABRT", "Aborted"},
    {SIGBUS, "BUS", "Bus error"},
    {SIGFPE, "FPE", "Floating point exception"},
    {SIGKILL, "KILL", "Killed"},
    {SIGUSR1, "USR1", "User defined signal 1"},
    {SIGSEGV, "SEGV", "Segmentation fault"},
    {SIGUSR2, "USR2", "User defined signal 2"},
    {SIGPIPE, "PIPE", "Broken pipe"},
    {SIGALRM, "ALRM", "Alarm clock"},
    {SIGTERM, "TERM", "Terminated"},
    {SIGCHLD, "CHLD", "Child exited"},
    {SIGCONT, "CONT", "Continued"},
    {SIGSTOP, "STOP", "Stopped (signal)"},
    {SIGTSTP, "TSTP", "Stopped"},
    {SIGTTIN, "TTIN", "Stopped (tty input)"},
    {SIGTTOU, "TTOU", "Stopped (tty output)"},
    {SIGURG, "URG", "Urgent condition"},
    {SIGXCPU, "XCPU", "Time limit exceeded"},
    {SIGXFSZ, "XFSZ", "File size limit exceeded"},
    {SIGVTALRM, "VTALRM", "Virtual timer expired"},
    {SIGPROF, "PROF", "Profiling timer expired"},
    {SIGSYS, "SYS", "Bad system call"},
};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

int
signals_number(const char *name)
{
    if (*name >= '0' && *name <= '9') {
        char *end;
        unsigned long number = strtoul(name, &end, 10);

        return *end == '\0' && number < SIGNALS_MAX ? (int)number : -1;
    }
    if (strncmp(name, "SIG", 3) == 0) {
        name += 3;
    }
    for (size_t i = 0; i < SIGNALS; i++) {
        if (strcmp(signals[i].name, name) == 0) {
            return signals[i].number;
        }
    }
    return -1;
}

const char *
signals_name(int number)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number == number) {
            return signals[i].name;
        }
    }
    return NULL;
}

const char *
signals_meaning(int number)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number == number) {
            return signals[i].meaning;
        }
    }
    return "Ended by a signal";
}

void
signals_print(FILE *out)
{
    for (int number = 1; number < SIGNALS_MAX; number++) {
        const char *name = signals_name(number);

        if (name != NULL) {
            fprintf(out, "%2d %s\n", number, name);
        }
    }
}
