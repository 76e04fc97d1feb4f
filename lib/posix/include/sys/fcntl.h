/* SPDX-License-Identifier: MIT */
/* picolibc's, whose struct flock has no room for every pid. */
#ifndef CHITIN_POSIX_SYS_FCNTL_H
#define CHITIN_POSIX_SYS_FCNTL_H
#define flock flock_of_picolibc
#include_next <sys/fcntl.h>
#undef flock

struct flock {
    short l_type;
    short l_whence;
    off_t l_start;
    off_t l_len; /* 0: up to whatever end the file has */
    pid_t l_pid;
};

#if __BSD_VISIBLE
__BEGIN_DECLS

int flock(int, int);

__END_DECLS
#endif

#endif
