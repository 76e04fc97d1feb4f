/* SPDX-License-Identifier: MIT */
/* picolibc's, where the environment and some names are for GNU only. */
#ifndef CHITIN_POSIX_UNISTD_H
#define CHITIN_POSIX_UNISTD_H
#include_next <unistd.h>

__BEGIN_DECLS

extern char **environ;
int dup3(int, int, int);
pid_t getsid(pid_t);
int getentropy(void *, size_t);
int pipe2(int[2], int);

__END_DECLS

#endif
