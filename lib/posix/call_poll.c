/* SPDX-License-Identifier: MIT */
/* poll, and select by it, each with a mask of signals or without. */
#include <poll.h>
#include <sys/select.h>
#include <time.h>

#include "kern/abi/information.h"
#include "lib/posix/call.h"
#include "lib/posix/file.h"
#include "lib/posix/signal.h"

#define MILLISECOND 1000000
#define SECOND 1000000000
#define SECONDS_MAX 1000000000 /* as good as for ever */

/* When it is so much later, in ticks; not 0. */
static uint64_t
deadline_after(const struct timespec *time)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    uint64_t seconds = (uint64_t)time->tv_sec < SECONDS_MAX
                           ? (uint64_t)time->tv_sec
                           : SECONDS_MAX;
    uint64_t ticks = seconds * boot->time_frequency +
                     (uint64_t)time->tv_nsec * boot->time_frequency / SECOND;
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now + ticks + 1;
}

/* Polls with another mask of signals, if there is one: handlers of what it lets
   through have run before the old one is there again. */
static int64_t
poll_masked(struct pollfd *polled, nfds_t count, const struct timespec *time,
            const sigset_t *mask)
{
    bool now = time != NULL && time->tv_sec == 0 && time->tv_nsec == 0;
    uint64_t before = 0;
    int64_t result;

    if (count > POSIX_DESCRIPTORS ||
        (time != NULL &&
         (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= SECOND))) {
        return -EINVAL;
    }
    posix_hold();
    if (mask != NULL) {
        before = signal_mask(*mask);
    }
    result = file_poll(polled, (unsigned)count,
                       time == NULL ? 0 : deadline_after(time), now);
    if (mask != NULL) {
        if (result == -EINTR) {
            posix_release();
            posix_hold();
        }
        (void)signal_mask(before);
    }
    posix_release();
    return result;
}

int
ppoll(struct pollfd *polled, nfds_t count, const struct timespec *time,
      const sigset_t *mask)
{
    return (int)call_result(poll_masked(polled, count, time, mask));
}

int
poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
    struct timespec time = {milliseconds / 1000,
                            (long)(milliseconds % 1000) * MILLISECOND};

    return ppoll(polled, count, milliseconds < 0 ? NULL : &time, NULL);
}

/* Asks for one of three sets. */
static void
set_ask(struct pollfd *polled, int count, const fd_set *set, short events)
{
    int i;

    for (i = 0; i < count && set != NULL; i++) {
        if (FD_ISSET(i, set)) {
            polled[i].fd = i;
            polled[i].events = (short)(polled[i].events | events);
        }
    }
}

/* Leaves in a set what is so; how many. */
static int
set_answer(const struct pollfd *polled, int count, fd_set *set, int events)
{
    int found = 0;
    int i;

    for (i = 0; i < count && set != NULL; i++) {
        if (FD_ISSET(i, set) && (polled[i].revents & events) == 0) {
            FD_CLR(i, set);
        }
        found += FD_ISSET(i, set) != 0;
    }
    return found;
}

int
pselect(int count, fd_set *read, fd_set *write, fd_set *except,
        const struct timespec *time, const sigset_t *mask)
{
    struct pollfd polled[POSIX_DESCRIPTORS];
    int64_t result;
    int i;

    if (count < 0 || count > POSIX_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    for (i = 0; i < count; i++) {
        polled[i] = (struct pollfd){.fd = -1};
    }
    set_ask(polled, count, read, POLLIN);
    set_ask(polled, count, write, POLLOUT);
    set_ask(polled, count, except, POLLPRI);
    result = poll_masked(polled, (nfds_t)count, time, mask);
    for (i = 0; i < count && result > 0; i++) {
        if ((polled[i].revents & POLLNVAL) != 0) {
            result = -EBADF;
        }
    }
    if (result < 0) {
        return (int)call_result(result);
    }
    return set_answer(polled, count, read, POLLIN | POLLHUP | POLLERR) +
           set_answer(polled, count, write, POLLOUT | POLLERR) +
           set_answer(polled, count, except, POLLPRI);
}

int
select(int count, fd_set *read, fd_set *write, fd_set *except,
       struct timeval *time)
{
    struct timespec same = {0, 0};

    if (time != NULL) {
        if (time->tv_usec < 0 || time->tv_usec >= 1000000) {
            errno = EINVAL;
            return -1;
        }
        same.tv_sec = time->tv_sec;
        same.tv_nsec = time->tv_usec * 1000;
    }
    return pselect(count, read, write, except, time == NULL ? NULL : &same,
                   NULL);
}
