/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_POSIX_SYS_RANDOM_H
#define CHITIN_POSIX_SYS_RANDOM_H
#include <sys/cdefs.h>
#include <sys/types.h>

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2

__BEGIN_DECLS

int getentropy(void *, size_t);
ssize_t getrandom(void *, size_t, unsigned int);

__END_DECLS

#endif
