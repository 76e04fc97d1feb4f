/* SPDX-License-Identifier: MIT */
/* What is in /dev. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "lib/posix/file.h"
#include "lib/posix/posix.h"

const char *const device_name[DEVICES] = {
    [DEVICE_NULL] = "null",       [DEVICE_ZERO] = "zero",
    [DEVICE_FULL] = "full",       [DEVICE_RANDOM] = "random",
    [DEVICE_URANDOM] = "urandom", [DEVICE_TTY] = "tty",
    [DEVICE_CONSOLE] = "console"};

int64_t
device_open(unsigned device, int flags)
{
    if (device == DEVICE_CONSOLE && !(flags & O_NOCTTY)) {
        (void)terminal_claim();
    }
    return device == DEVICE_TTY && !terminal_is_own() ? -ENXIO : 0;
}

static int64_t
random_read(uint8_t *bytes, size_t count)
{
    size_t done = 0;

    while (done < count) {
        size_t left = count - done;
        ssize_t got = getrandom(bytes + done, left < 256 ? left : 256, 0);

        if (got <= 0) {
            return done > 0 ? (int64_t)done : -EIO;
        }
        done += (size_t)got;
    }
    return (int64_t)done;
}

int64_t
device_read(unsigned device, void *bytes, size_t count, bool nonblocking)
{
    switch (device) {
    case DEVICE_NULL:
        return 0;
    case DEVICE_ZERO:
    case DEVICE_FULL:
        memset(bytes, 0, count);
        return (int64_t)count;
    case DEVICE_RANDOM:
    case DEVICE_URANDOM:
        return random_read(bytes, count);
    default:
        return terminal_read(bytes, count, nonblocking);
    }
}

int64_t
device_write(unsigned device, const void *bytes, size_t count, bool nonblocking)
{
    switch (device) {
    case DEVICE_TTY:
    case DEVICE_CONSOLE:
        return terminal_write(bytes, count, nonblocking);
    case DEVICE_FULL:
        return count == 0 ? 0 : -ENOSPC;
    default:
        return (int64_t)count;
    }
}

int
device_poll(unsigned device, int events, bool wait)
{
    return device == DEVICE_TTY || device == DEVICE_CONSOLE
               ? terminal_poll(events, wait)
               : events & (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}
