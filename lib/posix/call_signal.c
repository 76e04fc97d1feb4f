/* SPDX-License-Identifier: MIT */
/* The C library's functions on signals. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/posix.h"
#include "lib/posix/signal.h"
#include "lib/posix/timer.h"

#define FIRST_PID 1

static bool
is_signal(int signal)
{
    return signal > 0 && signal < NSIG;
}

int
sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int
sigfillset(sigset_t *set)
{
    *set = SIGNAL_BIT(NSIG) - 2;
    return 0;
}

int
sigaddset(sigset_t *set, int signal)
{
    if (!is_signal(signal)) {
        return (int)call_result(-EINVAL);
    }
    *set |= SIGNAL_BIT(signal);
    return 0;
}

int
sigdelset(sigset_t *set, int signal)
{
    if (!is_signal(signal)) {
        return (int)call_result(-EINVAL);
    }
    *set &= ~SIGNAL_BIT(signal);
    return 0;
}

int
sigismember(const sigset_t *set, int signal)
{
    return is_signal(signal) ? (*set & SIGNAL_BIT(signal)) != 0
                             : (int)call_result(-EINVAL);
}

int
sigaction(int signal, const struct sigaction *restrict action,
          struct sigaction *restrict old)
{
    int error;

    posix_hold();
    error = signal_action(signal, action, old);
    posix_release();
    return (int)call_result(error);
}

_sig_func_ptr
signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction old;

    return sigaction(number, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int
siginterrupt(int number, int on)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0) {
        return -1;
    }
    action.sa_flags =
        on ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL);
}

int
sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    uint64_t mask = process_self->signals_masked;
    uint64_t before = mask;

    if (set != NULL) {
        switch (how) {
        case SIG_BLOCK:
            mask |= *set;
            break;
        case SIG_UNBLOCK:
            mask &= ~*set;
            break;
        case SIG_SETMASK:
            mask = *set;
            break;
        default:
            return (int)call_result(-EINVAL);
        }
        posix_hold();
        (void)signal_mask(mask);
        posix_release();
    }
    if (old != NULL) {
        *old = before;
    }
    return 0;
}

int
sigpending(sigset_t *set)
{
    *set = __atomic_load_n(&process_self->signals, __ATOMIC_ACQUIRE) &
           process_self->signals_masked;
    return 0;
}

int
sigsuspend(const sigset_t *set)
{
    signal_suspend(*set);
    return (int)call_result(-EINTR);
}

int
pause(void)
{
    signal_suspend(process_self->signals_masked);
    return (int)call_result(-EINTR);
}

int
sigwait(const sigset_t *restrict set, int *restrict number)
{
    int64_t result;

    do {
        posix_hold();
        result = signal_take(*set & ~SIGNAL_ALWAYS, 0);
        posix_release();
    } while (result == -EINTR);
    *number = (int)result;
    return 0;
}

/* Who sent it, nobody knows. */
int
sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict information,
             const struct timespec *restrict time)
{
    uint64_t deadline = 0;
    int64_t result;

    if (time != NULL) {
        if (timer_check(time) < 0) {
            return (int)call_result(-EINVAL);
        }
        deadline = timer_now() + timer_ticks(time) + 1;
    }
    posix_hold();
    result = signal_take(*set & ~SIGNAL_ALWAYS, deadline);
    posix_release();
    if (result > 0 && information != NULL) {
        *information = (siginfo_t){.si_signo = (int)result, .si_code = SI_USER};
    }
    return (int)call_result(result);
}

int
sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict information)
{
    return sigtimedwait(set, information, NULL);
}

int
sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    return (int)call_result(signal_stack(stack, old));
}

static int64_t
kill_locked(pid_t pid, int number)
{
    if (pid > 0) {
        struct process *p = process_find(pid);

        if (p == NULL) {
            return -ESRCH;
        }
        if (pid == FIRST_PID && is_signal(number) &&
            (SIGNAL_ALWAYS & SIGNAL_BIT(number))) {
            return -EPERM;
        }
        if (number != 0) {
            signal_send(p, number);
        }
        return 0;
    }
    return pid == -1 ? signal_send_all(number)
                     : signal_send_group(pid == 0 ? process_self->group : -pid,
                                         number);
}

int
kill(pid_t pid, int number)
{
    int64_t result;

    if (number != 0 && !is_signal(number)) {
        return (int)call_result(-EINVAL);
    }
    posix_hold();
    process_lock();
    result = kill_locked(pid, number);
    process_unlock();
    posix_release();
    return (int)call_result(result);
}

int
killpg(pid_t group, int number)
{
    return group > 1 ? kill(-group, number)
                     : (int)call_result(group < 0 ? -EINVAL : -ESRCH);
}

int
raise(int number)
{
    return kill(process_self->pid, number);
}

_Noreturn void
abort(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set = SIGNAL_BIT(SIGABRT);

    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(SIGABRT); /* to a handler, which may jump away */
    (void)sigaction(SIGABRT, &action, NULL);
    (void)raise(SIGABRT);
    _exit(EXIT_FAILURE); /* process 1 is still there */
}

void
psiginfo(const siginfo_t *information, const char *text)
{
    psignal(information->si_signo, text);
}
