/* SPDX-License-Identifier: MIT */
/* picolibc's, without limits. */
#ifndef CHITIN_POSIX_SYS_RESOURCE_H
#define CHITIN_POSIX_SYS_RESOURCE_H
#include_next <sys/resource.h>

#define RLIMIT_CORE 0
#define RLIMIT_CPU 1
#define RLIMIT_DATA 2
#define RLIMIT_FSIZE 3
#define RLIMIT_NOFILE 4
#define RLIMIT_STACK 5
#define RLIMIT_AS 6
#define RLIM_INFINITY ((rlim_t)-1)
#define RLIM_SAVED_CUR RLIM_INFINITY
#define RLIM_SAVED_MAX RLIM_INFINITY

__BEGIN_DECLS

typedef unsigned long rlim_t;

struct rlimit {
    rlim_t rlim_cur;
    rlim_t rlim_max;
};

int getrlimit(int, struct rlimit *);
int setrlimit(int, const struct rlimit *);

__END_DECLS

#endif
