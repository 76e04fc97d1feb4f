/* SPDX-License-Identifier: MIT */
/*
 * The kernel has one alarm for an env, and says in the completion ring when it
 * went off. It is set for a wait to the earlier of two times; whoever finds the
 * entry sets it for SIGALRM again. So one that was set for a wait that is over
 * goes off for nothing, but none is missed.
 *
 * What SIGALRM is set to is private, and copied by fork: it is valid in the
 * process that set it, and lasts over execve.
 */
#include "lib/posix/timer.h"

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "lib/disk/completion.h"
#include "lib/exo/exo.h"
#include "lib/posix/image.h"
#include "lib/posix/posix.h"
#include "lib/posix/signal.h"

static POSIX_RESIDENT uint64_t alarm_due = 0; /* 0: never */
static POSIX_RESIDENT uint64_t alarm_interval = 0;
static POSIX_RESIDENT int32_t alarm_owner = 0; /* pid */

int
timer_check(const struct timespec *time)
{
    return time->tv_sec < 0 || time->tv_nsec < 0 ||
                   time->tv_nsec >= (long)NANOSECONDS
               ? -EINVAL
               : 0;
}

uint64_t
timer_ticks(const struct timespec *time)
{
    uint64_t frequency = timer_frequency();
    uint64_t most = UINT64_MAX / 4;
    uint64_t seconds = (uint64_t)time->tv_sec;

    if (seconds >= most / frequency) {
        return most;
    }
    return seconds * frequency +
           ((uint64_t)time->tv_nsec * frequency + NANOSECONDS - 1) /
               NANOSECONDS;
}

struct timespec
timer_span(uint64_t ticks)
{
    uint64_t frequency = timer_frequency();

    return (struct timespec){
        .tv_sec = (time_t)(ticks / frequency),
        .tv_nsec = (long)(ticks % frequency * NANOSECONDS / frequency)};
}

static uint64_t
due(void)
{
    return alarm_owner == process_self->pid ? alarm_due : 0;
}

void
timer_arm(uint64_t deadline)
{
    uint64_t first = due();

    if (deadline != 0 && (first == 0 || deadline < first)) {
        first = deadline;
    }
    /* There is no room for another entry: those that are there are taken. */
    if (first != 0 && sys_alarm(first, 0) < 0) {
        (void)completion_poll();
        (void)sys_alarm(first, 0);
    }
}

void
timer_entry(uint64_t cookie, uint64_t value)
{
    struct process *p = process_self;
    uint64_t now = timer_now();

    (void)cookie;
    (void)value;
    if (due() != 0 && now >= alarm_due) {
        if (!(p->signals_ignored & SIGNAL_BIT(SIGALRM))) {
            __atomic_fetch_or(&p->signals, SIGNAL_BIT(SIGALRM),
                              __ATOMIC_ACQ_REL);
        }
        if (alarm_interval == 0) {
            alarm_due = 0;
        } else {
            alarm_due += alarm_interval;
            if (alarm_due <= now) { /* those that were missed are one */
                alarm_due = now + alarm_interval;
            }
        }
    }
    timer_arm(0);
}

uint64_t
timer_left(uint64_t *interval)
{
    uint64_t when = due();
    uint64_t now = timer_now();

    if (interval != NULL) {
        *interval = when != 0 ? alarm_interval : 0;
    }
    /* One that is just about to go off is not none. */
    return when == 0 ? 0 : when > now ? when - now : 1;
}

/* The entry may come in between: it finds none, or the new one. */
uint64_t
timer_set(uint64_t ticks, uint64_t interval, uint64_t *interval_before)
{
    uint64_t left = timer_left(interval_before);

    alarm_due = 0;
    alarm_owner = process_self->pid;
    alarm_interval = interval;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    alarm_due = ticks == 0 ? 0 : timer_now() + ticks;
    timer_arm(0);
    return left;
}

int
timer_sleep(uint64_t deadline)
{
    uint64_t ran = signal_handled();
    int error;

    do {
        posix_hold();
        process_wait_begin();
        do {
            error = process_wait(deadline);
        } while (error == 0);
        process_wait_end();
        posix_release();
    } while (error == -EINTR && signal_handled() == ran);
    return error == -EINTR ? -EINTR : 0;
}
