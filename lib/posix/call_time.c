/* SPDX-License-Identifier: MIT */
/* The C library's functions on clocks, sleep and alarms. */
#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "lib/posix/posix.h"
#include "lib/posix/timer.h"

static int
fail(int64_t error)
{
    errno = (int)-error;
    return -1;
}

/* Nanoseconds since 1970, by what the kernel read at boot; from the boot on,
   where the board has no clock. */
static uint64_t
clock_real(void)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    struct timespec since = timer_span(timer_now() - boot->clock_time);

    return boot->clock + (uint64_t)since.tv_sec * NANOSECONDS +
           (uint64_t)since.tv_nsec;
}

static uint64_t
used_ticks(void)
{
    return timer_now() - process_self->started - process_self->slept;
}

int
clock_gettime(clockid_t clock, struct timespec *time)
{
    uint64_t now;

    switch (clock) {
    case CLOCK_REALTIME:
        now = clock_real();
        *time = (struct timespec){.tv_sec = (time_t)(now / NANOSECONDS),
                                  .tv_nsec = (long)(now % NANOSECONDS)};
        return 0;
    case CLOCK_MONOTONIC:
        *time = timer_span(timer_now());
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *time = timer_span(used_ticks());
        return 0;
    default:
        return fail(-EINVAL);
    }
}

int
clock_getres(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
        clock != CLOCK_PROCESS_CPUTIME_ID) {
        return fail(-EINVAL);
    }
    if (time != NULL) {
        *time = (struct timespec){.tv_nsec =
                                      (long)(NANOSECONDS / timer_frequency())};
    }
    return 0;
}

/* There is no clock to be set: the board's is not the domain's. */
int
clock_settime(clockid_t clock, const struct timespec *time)
{
    (void)time;
    return fail(clock == CLOCK_REALTIME ? -EPERM : -EINVAL);
}

int
gettimeofday(struct timeval *time, void *zone)
{
    uint64_t now = clock_real();

    (void)zone;
    *time = (struct timeval){
        .tv_sec = (time_t)(now / NANOSECONDS),
        .tv_usec =
            (suseconds_t)(now % NANOSECONDS / (NANOSECONDS / MICROSECONDS))};
    return 0;
}

/* In units of CLOCKS_PER_SEC, as sysconf says for those of times. */
static clock_t
clock_units(uint64_t ticks)
{
    uint64_t frequency = timer_frequency();

    return (clock_t)(ticks / frequency * CLOCKS_PER_SEC +
                     ticks % frequency * CLOCKS_PER_SEC / frequency);
}

clock_t
times(struct tms *used)
{
    if (used != NULL) {
        *used = (struct tms){.tms_utime = clock_units(used_ticks())};
    }
    return clock_units(timer_now());
}

int
getrusage(int whose, struct rusage *usage)
{
    struct timespec used = timer_span(used_ticks());

    if (whose != RUSAGE_SELF && whose != RUSAGE_CHILDREN) {
        return fail(-EINVAL);
    }
    *usage = (struct rusage){0};
    if (whose == RUSAGE_SELF) {
        usage->ru_utime = (struct timeval){
            .tv_sec = used.tv_sec,
            .tv_usec = used.tv_nsec / (long)(NANOSECONDS / MICROSECONDS)};
    }
    return 0;
}

/* Sleeps until then; what is left after a handler has run goes to *left. */
static int
sleep_until(uint64_t deadline, struct timespec *left)
{
    int error = timer_sleep(deadline);

    if (error == -EINTR && left != NULL) {
        uint64_t now = timer_now();

        *left = timer_span(deadline > now ? deadline - now : 0);
    }
    return error;
}

int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                struct timespec *left)
{
    uint64_t ticks;
    uint64_t now = timer_now();

    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) ||
        timer_check(time) < 0) {
        return EINVAL;
    }
    ticks = timer_ticks(time);
    if (flags & TIMER_ABSTIME) {
        struct timespec is;
        uint64_t passed;

        (void)clock_gettime(clock, &is);
        passed = timer_ticks(&is);
        ticks = ticks > passed ? ticks - passed : 0;
        left = NULL;
    }
    return -sleep_until(now + ticks, left);
}

int
nanosleep(const struct timespec *time, struct timespec *left)
{
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);

    return error == 0 ? 0 : fail(-error);
}

unsigned
sleep(unsigned seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    struct timespec left = time;

    if (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left) == 0) {
        return 0;
    }
    return (unsigned)left.tv_sec + (left.tv_nsec > 0);
}

int
usleep(useconds_t microseconds)
{
    struct timespec time = {.tv_sec = (time_t)(microseconds / MICROSECONDS),
                            .tv_nsec = (long)(microseconds % MICROSECONDS) *
                                       (long)(NANOSECONDS / MICROSECONDS)};

    return nanosleep(&time, NULL);
}

unsigned
alarm(unsigned seconds)
{
    uint64_t left;

    posix_hold();
    left = timer_set(seconds * timer_frequency(), 0, NULL);
    posix_release();
    return (unsigned)((left + timer_frequency() - 1) / timer_frequency());
}

static struct timeval
time_value(uint64_t ticks)
{
    struct timespec time = timer_span(ticks);

    return (struct timeval){.tv_sec = time.tv_sec,
                            .tv_usec = time.tv_nsec /
                                       (long)(NANOSECONDS / MICROSECONDS)};
}

static int64_t
value_ticks(const struct timeval *value)
{
    struct timespec time = {.tv_sec = value->tv_sec,
                            .tv_nsec = value->tv_usec *
                                       (long)(NANOSECONDS / MICROSECONDS)};

    return value->tv_usec < 0 || value->tv_usec >= (long)MICROSECONDS ||
                   timer_check(&time) < 0
               ? -EINVAL
               : (int64_t)timer_ticks(&time);
}

int
getitimer(int which, struct itimerval *value)
{
    uint64_t interval;
    uint64_t left;

    if (which != ITIMER_REAL) {
        return fail(-EINVAL);
    }
    left = timer_left(&interval);
    value->it_value = time_value(left);
    value->it_interval = time_value(interval);
    return 0;
}

int
setitimer(int which, const struct itimerval *restrict value,
          struct itimerval *restrict old)
{
    int64_t ticks = value_ticks(&value->it_value);
    int64_t interval = value_ticks(&value->it_interval);
    uint64_t before;
    uint64_t left;

    if (which != ITIMER_REAL || ticks < 0 || interval < 0) {
        return fail(-EINVAL);
    }
    posix_hold();
    left = timer_set((uint64_t)ticks, (uint64_t)interval, &before);
    posix_release();
    if (old != NULL) {
        old->it_value = time_value(left);
        old->it_interval = time_value(before);
    }
    return 0;
}
