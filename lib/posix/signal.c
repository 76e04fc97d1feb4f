/* SPDX-License-Identifier: MIT */
/*
 * Signals: what they do to the process that gets them. signal_send.c has what
 * others do, signal_fault.c faults and events.
 *
 * Of the row only bits are changed here, each in one step: a process that is
 * killed in the middle leaves nothing half done.
 */
#include "lib/posix/signal.h"

#include <errno.h>
#include <string.h>

#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/signal_part.h"

#define BY_DEFAULT_IGNORED                                                     \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) |         \
     SIGNAL_BIT(SIGCONT))
#define FIRST_PID 1

static struct sigaction actions[NSIG];
static stack_t other_stack = {.ss_flags = SS_DISABLE};
static uint64_t handled;     /* handlers that have run */
static uint64_t interrupted; /* those that do not want calls made again */

static bool
is_handler(_sig_func_ptr handler)
{
    return handler != SIG_DFL && handler != SIG_IGN;
}

static void
ignored_set(int signal)
{
    struct process *p = process_self;
    _sig_func_ptr handler = actions[signal].sa_handler;
    uint64_t bit = SIGNAL_BIT(signal);

    if (handler == SIG_IGN ||
        (handler == SIG_DFL && (BY_DEFAULT_IGNORED & bit))) {
        __atomic_fetch_or(&p->signals_ignored, bit, __ATOMIC_RELAXED);
        __atomic_fetch_and(&p->signals, ~bit, __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_and(&p->signals_ignored, ~bit, __ATOMIC_RELAXED);
    }
    if (signal == SIGCHLD) {
        p->stop_quietly = is_handler(handler) &&
                          (actions[signal].sa_flags & SA_NOCLDSTOP) != 0;
    }
}

int
signal_action(int signal, const struct sigaction *action, struct sigaction *old)
{
    struct sigaction before;

    if (signal <= 0 || signal >= NSIG ||
        (action != NULL && (SIGNAL_ALWAYS & SIGNAL_BIT(signal)))) {
        return -EINVAL;
    }
    before = actions[signal];
    if (action != NULL) {
        actions[signal] = *action;
        actions[signal].sa_mask &= ~SIGNAL_ALWAYS;
        ignored_set(signal);
    }
    if (old != NULL) {
        *old = before;
    }
    return 0;
}

void
signal_exec(void)
{
    for (int signal = 1; signal < NSIG; signal++) {
        if (is_handler(actions[signal].sa_handler)) {
            actions[signal] = (struct sigaction){.sa_handler = SIG_DFL};
            ignored_set(signal);
        }
    }
    other_stack = (stack_t){.ss_flags = SS_DISABLE};
    process_self->executed = 1;
}

void
signal_defaults(void)
{
    for (int signal = 1; signal < NSIG; signal++) {
        ignored_set(signal);
    }
}

uint64_t
signal_mask(uint64_t mask)
{
    uint64_t before = process_self->signals_masked;

    process_self->signals_masked = mask & ~SIGNAL_ALWAYS;
    return before;
}

uint64_t
signal_handled(void)
{
    return handled;
}

/* A copy of what an action says, for whoever is to run it. */
bool
signal_is_caught(int signal)
{
    return is_handler(actions[signal].sa_handler) &&
           !(process_self->signals_masked & SIGNAL_BIT(signal));
}

bool
signal_on_other_stack(int signal, uint64_t *stack, uint64_t *end)
{
    *stack = (uint64_t)other_stack.ss_sp;
    *end = *stack + other_stack.ss_size;
    return !(other_stack.ss_flags & SS_DISABLE) &&
           (actions[signal].sa_flags & SA_ONSTACK);
}

static bool
is_on_other_stack(void)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint64_t stack = (uint64_t)other_stack.ss_sp;

    return !(other_stack.ss_flags & SS_DISABLE) && here >= stack &&
           here < stack + other_stack.ss_size;
}

int
signal_stack(const stack_t *stack, stack_t *old)
{
    bool used = is_on_other_stack();
    stack_t before = other_stack;

    if (stack != NULL) {
        if (used) {
            return -EPERM;
        }
        if (stack->ss_flags & ~SS_DISABLE) {
            return -EINVAL;
        }
        if (!(stack->ss_flags & SS_DISABLE) && stack->ss_size < MINSIGSTKSZ) {
            return -ENOMEM;
        }
        other_stack = *stack;
    }
    if (old != NULL) {
        *old = before;
        old->ss_flags |= used ? SS_ONSTACK : 0;
    }
    return 0;
}

static void
handler_call(const struct sigaction *action, int signal, siginfo_t *information)
{
    void (*handler)(int, siginfo_t *, void *) = action->sa_sigaction;
    uint64_t stack;
    uint64_t end;

    if (signal_on_other_stack(signal, &stack, &end) && !is_on_other_stack()) {
        signal_call(end, handler, signal, information);
    } else {
        handler(signal, information, NULL);
    }
}

void
signal_run(int signal, siginfo_t *information)
{
    struct process *p = process_self;
    struct sigaction action = actions[signal];
    uint64_t before = p->signals_masked;
    int error = errno;

    p->signals_masked |=
        action.sa_mask |
        (action.sa_flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal));
    if (action.sa_flags & SA_RESETHAND) {
        actions[signal].sa_handler = SIG_DFL;
        actions[signal].sa_flags &= ~SA_SIGINFO;
        ignored_set(signal);
    }
    handled++;
    interrupted += !(action.sa_flags & SA_RESTART);
    handler_call(&action, signal, information);
    p->signals_masked = before;
    errno = error;
}

/* What happens by default; process 1 is not ended or stopped by a signal for
   which it has no handler. */
static void
by_default(int signal)
{
    if (process_self->pid == FIRST_PID ||
        (BY_DEFAULT_IGNORED & SIGNAL_BIT(signal))) {
        return;
    }
    if (SIGNAL_STOPS & SIGNAL_BIT(signal)) {
        if (signal == SIGSTOP || !signal_group_is_orphaned()) {
            process_stop(signal);
        }
        return;
    }
    process_exit(signal);
}

/* Those that always work come first, then as numbered: the faults before what
   others send. */
static int
pending_take(uint64_t of)
{
    struct process *p = process_self;
    uint64_t set;
    int signal;

    do { /* an event in between may have taken it */
        set = __atomic_load_n(&p->signals, __ATOMIC_ACQUIRE) & of;
        if (set == 0) {
            return 0;
        }
        set = set & SIGNAL_ALWAYS ? set & SIGNAL_ALWAYS : set;
        signal = (int)set_first(set);
        set = __atomic_fetch_and(&p->signals, ~SIGNAL_BIT(signal),
                                 __ATOMIC_ACQ_REL);
    } while ((set & SIGNAL_BIT(signal)) == 0);
    return signal;
}

void
signal_deliver(void)
{
    int signal;

    while ((signal = pending_take(~process_self->signals_masked)) != 0) {
        siginfo_t information = {.si_signo = signal, .si_code = SI_USER};

        if (signal < NSIG && is_handler(actions[signal].sa_handler)) {
            signal_run(signal, &information);
        } else if (signal < NSIG && actions[signal].sa_handler == SIG_DFL) {
            by_default(signal);
        }
    }
}

int
signal_is_due(void)
{
    const struct process *p = process_self;

    return (__atomic_load_n(&p->signals, __ATOMIC_ACQUIRE) &
            ~(p->signals_masked | p->signals_ignored)) != 0;
}

bool
posix_again(int64_t result)
{
    uint64_t before = interrupted;

    posix_release();
    return result == -EINTR && !posix_is_held() && interrupted == before;
}

/* From the new mask on handlers run in the release only: one that ran before
   the wait would be waited for again. */
void
signal_suspend(uint64_t mask)
{
    uint64_t before;
    uint64_t ran;

    posix_hold();
    before = signal_mask(mask);
    ran = handled;
    while (handled == ran) {
        process_wait_begin();
        while (process_wait(0) != -EINTR) {
        }
        process_wait_end();
        posix_release();
        posix_hold();
    }
    (void)signal_mask(before);
    posix_release();
}

int64_t
signal_take(uint64_t set, uint64_t deadline)
{
    uint64_t before = signal_mask(process_self->signals_masked & ~set);
    int64_t error = 0;
    int signal;

    process_wait_begin();
    while ((signal = pending_take(set)) == 0 && error == 0) {
        error = process_wait(deadline);
        if (error == -EINTR && (process_self->signals & set)) {
            error = 0;
        }
    }
    process_wait_end();
    (void)signal_mask(before);
    return signal != 0 ? signal : error == -ETIMEDOUT ? -EAGAIN : error;
}
