/* SPDX-License-Identifier: MIT */
/*
 * A signal that is sent once runs its handler once, and ends the sigsuspend
 * that lets it through, at whatever instruction an alarm comes: it is moved
 * over both, one at a time where the machine counts them (icount).
 */
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

#include "test/user/posix_expect.h"

#define TICK 100  /* instructions */
#define DELAY 100 /* microseconds to the alarm, */
#define TICKS 1000
#define BEFORE                                                                 \
    8 /* and over so many ticks before and after that it is moved              \
       */
#define AFTER 8

static volatile sig_atomic_t alarms;
static volatile sig_atomic_t others;

static void
counting(int signal)
{
    if (signal == SIGALRM) {
        alarms++;
    } else {
        others++;
    }
}

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* An alarm, and if that is not heard another, much later; until so many ticks
   before the first. */
static void
alarm_near(int64_t before, unsigned instructions)
{
    struct itimerval timer = {.it_value = {.tv_usec = DELAY},
                              .it_interval = {.tv_usec = 20000}};
    uint64_t until = time_now() + (uint64_t)(TICKS - before);

    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    while (time_now() < until) {
    }
    for (unsigned i = 0; i < instructions; i++) {
        __asm__ volatile("nop");
    }
}

static void
alarm_end(void)
{
    const struct itimerval none = {.it_value = {0}};

    EXPECT(setitimer(ITIMER_REAL, &none, NULL), 0);
    alarms = 0;
}

static void
suspended(int64_t before, unsigned instructions)
{
    sigset_t alarm;
    sigset_t old;

    EXPECT(sigemptyset(&alarm), 0);
    EXPECT(sigaddset(&alarm, SIGALRM), 0);
    EXPECT(sigprocmask(SIG_BLOCK, &alarm, &old), 0);
    alarm_near(before, instructions);
    EXPECT_ERROR(sigsuspend(&old), EINTR);
    EXPECT(alarms, 1);
    alarm_end();
    EXPECT(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void
once(int64_t before, unsigned instructions)
{
    alarm_near(before, instructions);
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(others, 1);
    others = 0;
    while (alarms == 0) {
    }
    alarm_end();
}

static void
moved(void (*round)(int64_t before, unsigned instructions))
{
    for (int64_t before = BEFORE; before > -AFTER; before--) {
        for (unsigned i = 0; i < TICK; i++) {
            round(before, i);
        }
    }
}

int
main(void)
{
    const struct sigaction action = {.sa_handler = counting};

    EXPECT(sigaction(SIGALRM, &action, NULL), 0);
    EXPECT(sigaction(SIGUSR1, &action, NULL), 0);
    moved(suspended);
    moved(once);
    printf("test: suspend ok\n");
    return 0;
}
