/* SPDX-License-Identifier: MIT */
/* poll, and select by it. */
#include <poll.h>
#include <sys/select.h>
#include <time.h>

#include "kern/abi/information.h"
#include "lib/posix/call.h"
#include "lib/posix/file.h"

#define MILLISECOND 1000000

/* When it is so many nanoseconds later, in ticks; not 0. */
static uint64_t
deadline_after(uint64_t nanoseconds)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    uint64_t second = 1000000000;
    uint64_t ticks = nanoseconds / second * boot->time_frequency +
                     nanoseconds % second * boot->time_frequency / second;
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now + ticks + 1;
}

int
poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
    uint64_t deadline =
        milliseconds <= 0
            ? 0
            : deadline_after((uint64_t)milliseconds * MILLISECOND);

    if (count > POSIX_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    return (int)CALL(
        file_poll(polled, (unsigned)count, deadline, milliseconds == 0));
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

static int
select_until(int count, fd_set *read, fd_set *write, fd_set *except,
             uint64_t deadline, bool now)
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
    result = CALL(file_poll(polled, (unsigned)count, deadline, now));
    for (i = 0; i < count && result > 0; i++) {
        if ((polled[i].revents & POLLNVAL) != 0) {
            errno = EBADF;
            result = -1;
        }
    }
    if (result < 0) {
        return -1;
    }
    return set_answer(polled, count, read, POLLIN | POLLHUP | POLLERR) +
           set_answer(polled, count, write, POLLOUT | POLLERR) +
           set_answer(polled, count, except, POLLPRI);
}

int
select(int count, fd_set *read, fd_set *write, fd_set *except,
       struct timeval *time)
{
    bool now = time != NULL && time->tv_sec == 0 && time->tv_usec == 0;
    uint64_t deadline = 0;

    if (time != NULL) {
        if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= 1000000) {
            errno = EINVAL;
            return -1;
        }
        deadline = deadline_after((uint64_t)time->tv_sec * 1000000000 +
                                  (uint64_t)time->tv_usec * 1000);
    }
    return select_until(count, read, write, except, deadline, now);
}
