/* SPDX-License-Identifier: MIT */
#ifndef POSIX_SYS_STAT_H
#define POSIX_SYS_STAT_H
#include_next <sys/stat.h>
#ifndef UTIME_NOW
#define UTIME_NOW (-2)
#define UTIME_OMIT (-1)
#endif
int lstat(const char *path, struct stat *status);
#endif
