/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include <errno.h>

#include "lib/posix/file.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

/* Of what poll says without being asked. */
#define ALWAYS (POLLERR | POLLHUP | POLLNVAL)

static int
events_of(const struct pollfd *polled, bool wait)
{
    const struct file *f = file_of(polled->fd);
    int events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;

    if (polled->fd < 0) {
        return 0;
    }
    if (f == NULL) {
        return POLLNVAL;
    }
    if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE) {
        events = pipe_poll(&SHARED_OF->files.pipe[f->index],
                           f->kind == FILE_PIPE_READ, wait);
    } else if (f->kind == FILE_DEVICE) {
        events = device_poll(f->index, polled->events, wait);
    }
    return events & (polled->events | ALWAYS);
}

int64_t
file_poll(struct pollfd *polled, unsigned count, uint64_t deadline, bool now)
{
    int64_t ready = 0;
    int error = 0;
    unsigned i;

    process_wait_begin();
    for (;;) {
        for (i = 0; i < count; i++) {
            polled[i].revents = (short)events_of(&polled[i], !now);
            ready += polled[i].revents != 0;
        }
        if (ready > 0 || now || error != 0) {
            break;
        }
        error = process_wait(deadline);
        if (error == -EINTR) {
            break;
        }
    }
    process_wait_end();
    return ready > 0 || error != -EINTR ? ready : error;
}
