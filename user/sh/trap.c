/* SPDX-License-Identifier: MIT */
#include "trap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "shell.h"
#include "user/bin/program.h"
#include "user/bin/signals.h"
#include "variable.h"

/* By signal; 0 is EXIT. Null: as it was. "": ignored. */
static char *actions[SIGNALS_MAX];
static bool ignored_before[SIGNALS_MAX];

static volatile sig_atomic_t came[SIGNALS_MAX];
static volatile sig_atomic_t any_came;

static void
signal_note(int number)
{
    came[number] = 1;
    any_came = 1;
}

/* No system call goes on after a handler: `wait` is to end. */
static void
disposition_set(int number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* What a signal does that has no trap. */
static void
disposition_default(int number)
{
    bool kept =
        shell.interactive &&
        (number == SIGTERM || number == SIGQUIT ||
         (shell.option['m'] &&
          (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)));

    if (shell.interactive && number == SIGINT) {
        disposition_set(number, signal_note);
    } else {
        disposition_set(number, kept ? SIG_IGN : SIG_DFL);
    }
}

void
trap_ignore(int number)
{
    disposition_set(number, SIG_IGN);
}

void
traps_begin(void)
{
    for (int i = 1; i < SIGNALS_MAX; i++) {
        struct sigaction action;

        if (signals_name(i) != NULL && sigaction(i, NULL, &action) == 0) {
            ignored_before[i] = action.sa_handler == SIG_IGN;
        }
    }
    if (shell.interactive) {
        disposition_default(SIGINT);
        disposition_default(SIGTERM);
        disposition_default(SIGQUIT);
    }
}

static void
action_run(const char *action)
{
    struct input input;
    int status = shell.status;
    enum skip skip = shell.skip;
    char *copy = program_copy(action);

    shell.skip = SKIP_NONE;
    input_from_string(&input, copy);
    (void)shell_run(&input);
    input_free(&input);
    free(copy);
    if (shell.skip == SKIP_NONE) {
        shell.skip = skip;
        shell.status = status;
    }
}

void
traps_run(void)
{
    while (any_came) {
        any_came = 0;
        for (int i = 1; i < SIGNALS_MAX; i++) {
            if (!came[i]) {
                continue;
            }
            came[i] = 0;
            if (actions[i] != NULL) {
                action_run(actions[i]);
            } else if (i == SIGINT) {
                shell_fail(128 + SIGINT);
            }
        }
    }
}

void
trap_run_exit(void)
{
    char *action = actions[0];

    actions[0] = NULL;
    if (action != NULL) {
        action_run(action);
        free(action);
    }
}

bool
traps_any(void)
{
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (actions[i] != NULL && *actions[i] != '\0') {
            return true;
        }
    }
    return false;
}

int
trap_waiting(void)
{
    for (int i = 1; i < SIGNALS_MAX; i++) {
        if (came[i]) {
            return i;
        }
    }
    return 0;
}

void
trap_interrupt(void)
{
    signal_note(SIGINT);
}

bool
trap_interrupted(void)
{
    return came[SIGINT] != 0 && actions[SIGINT] == NULL;
}

void
trap_interrupt_clear(void)
{
    came[SIGINT] = 0;
}

void
traps_reset(void)
{
    for (int i = 0; i < SIGNALS_MAX; i++) {
        bool reset = actions[i] != NULL && *actions[i] != '\0';

        came[i] = 0;
        if (reset) {
            free(actions[i]);
            actions[i] = NULL;
        }
        if (i > 0 && reset) {
            disposition_set(i, SIG_DFL);
        }
    }
}

void
traps_restore(void)
{
    static const int kept[] = {SIGINT,  SIGTERM, SIGQUIT,
                               SIGTSTP, SIGTTIN, SIGTTOU};

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (actions[kept[i]] == NULL) {
            disposition_set(kept[i], SIG_DFL);
        }
    }
}

static void
action_set(int number, const char *action)
{
    if (number > 0 && ignored_before[number] && !shell.interactive) {
        return;
    }
    free(actions[number]);
    actions[number] = action == NULL ? NULL : program_copy(action);
    if (number == 0) {
        return;
    }
    if (action == NULL) {
        disposition_default(number);
    } else {
        disposition_set(number, *action == '\0' ? SIG_IGN : signal_note);
    }
}

static void
actions_print(void)
{
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (actions[i] != NULL) {
            printf("trap -- ");
            variable_print_quoted(actions[i]);
            printf(" %s\n", signals_name(i));
        }
    }
}

int
builtin_trap(int count, char **words)
{
    int i = 1;
    int status = 0;
    const char *action = NULL;

    i += count > 1 && strcmp(words[1], "--") == 0;
    if (i >= count) {
        actions_print();
        return 0;
    }
    /* With a number in front, or alone, all words are conditions. */
    if (i + 1 < count && !(*words[i] >= '0' && *words[i] <= '9')) {
        action = words[i++];
        if (strcmp(action, "-") == 0) {
            action = NULL;
        }
    }
    for (; i < count; i++) {
        int number = signals_number(words[i]);

        if (number < 0 || signals_name(number) == NULL) {
            shell_say("trap: %s: no such signal", words[i]);
            status = 1;
        } else {
            action_set(number, action);
        }
    }
    return status;
}
