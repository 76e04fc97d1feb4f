/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_POSIX_POLL_H
#define CHITIN_POSIX_POLL_H
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>

#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020
#define POLLRDNORM 0x040
#define POLLRDBAND 0x080
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200

__BEGIN_DECLS

typedef unsigned long nfds_t;

struct pollfd {
    int fd;
    short events;
    short revents;
};

int poll(struct pollfd *, nfds_t, int);
int ppoll(struct pollfd *, nfds_t, const struct timespec *, const __sigset_t *);

__END_DECLS

#endif
