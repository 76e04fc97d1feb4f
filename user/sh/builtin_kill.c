/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "shell.h"
#include "user/bin/signals.h"

static int
target_signal(const char *word, int signal)
{
    const struct job *job = *word == '%' ? job_find(word) : NULL;
    char *end;
    intmax_t id = strtoimax(word, &end, 10);

    if (*word == '%') {
        if (job == NULL || job->count == 0) {
            shell_say("kill: %s: no such job", word);
            return 1;
        }
        id = job->group == 0 ? job->processes[0].id : -job->group;
    } else if (end == word || *end != '\0') {
        shell_say("kill: %s: is no process or job", word);
        return 1;
    }
    if (kill((pid_t)id, signal) != 0) {
        shell_say("kill: %s: %s", word, strerror(errno));
        return 1;
    }
    /* What is stopped must run to see it. */
    if (job != NULL && job_stopped(job) &&
        (signal == SIGTERM || signal == SIGHUP)) {
        (void)kill((pid_t)id, SIGCONT);
    }
    return 0;
}

static int
kill_list(char **words)
{
    int status = 0;

    if (*words == NULL) {
        signals_print(stdout);
    }
    for (; *words != NULL; words++) {
        const char *name = signals_name((int)strtol(*words, NULL, 10) & 127);

        if (name == NULL) {
            shell_say("kill: %s: no signal has this number", *words);
            status = 1;
        } else {
            printf("%s\n", name);
        }
    }
    return status;
}

int
builtin_kill(int count, char **words)
{
    int signal = SIGTERM;
    int status = 0;
    int i = 1;

    if (count > 1 && strcmp(words[1], "-l") == 0) {
        return kill_list(words + 2);
    }
    if (count > 1 && words[1][0] == '-' && strcmp(words[1], "--") != 0) {
        const char *name = words[i++] + 1;

        if (strcmp(name, "s") == 0) {
            name = i < count ? words[i++] : "";
        }
        signal = signals_number(name);
        if (signal < 0) {
            shell_say("kill: '%s' is no signal", name);
            return 2;
        }
    }
    i += i < count && strcmp(words[i], "--") == 0;
    if (i >= count) {
        shell_say("kill: which process?");
        return 2;
    }
    for (; i < count; i++) {
        status |= target_signal(words[i], signal);
    }
    return status;
}
