/* SPDX-License-Identifier: MIT */
/* picolibc's, without links, devices and two times of utimensat. */
#ifndef CHITIN_POSIX_SYS_STAT_H
#define CHITIN_POSIX_SYS_STAT_H
#include_next <sys/stat.h>

/* The unit of st_blocks. */
#undef S_BLKSIZE
#define S_BLKSIZE 512

#define UTIME_NOW (-2L)
#define UTIME_OMIT (-1L)

__BEGIN_DECLS

int lstat(const char *__restrict, struct stat *__restrict);
int mknod(const char *, mode_t, dev_t);

__END_DECLS

#endif
