/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TIMER_H
#define CHITIN_LIB_POSIX_TIMER_H
/* Times: ticks of the register `time`, which all harts share, and what they are
   for people; the alarm that becomes SIGALRM. */
#include <stdint.h>

#include "kern/abi/information.h"

struct timespec;

#define NANOSECONDS 1000000000u
#define MICROSECONDS 1000000u

static inline uint64_t
timer_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static inline uint64_t
timer_frequency(void)
{
    return ((const struct information *)INFORMATION_BOOT)->time_frequency;
}

/* As many ticks as that; rounded up, so that nobody waits less than it asked.
 */
uint64_t timer_ticks(const struct timespec *time);
/* -EINVAL if its nanoseconds are not a part of a second, or it is negative. */
int timer_check(const struct timespec *time);

struct timespec timer_span(uint64_t ticks);

/* SIGALRM in so many ticks, and again each `interval` after that, if it is not
   0; `ticks` 0: never. Gives what was set before: the ticks that are left, and
   in *interval_before, if that is not NULL, its interval. Held. */
uint64_t timer_set(uint64_t ticks, uint64_t interval,
                   uint64_t *interval_before);
/* The same, without setting any. */
uint64_t timer_left(uint64_t *interval);

/* An entry of the completion ring that is nobody's else: what is due becomes
   pending. For the handler of events, too. */
void timer_entry(uint64_t cookie, uint64_t value);

/* Sleeps until then: -EINTR when a handler has run. With nothing held. */
int timer_sleep(uint64_t deadline);

#endif
