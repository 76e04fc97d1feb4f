/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_POSIX_SYS_STATVFS_H
#define CHITIN_POSIX_SYS_STATVFS_H
#include <sys/cdefs.h>
#include <sys/types.h>

#define ST_RDONLY 1
#define ST_NOSUID 2

__BEGIN_DECLS

struct statvfs {
    unsigned long f_bsize;
    unsigned long f_frsize; /* what the counts of blocks are in */
    fsblkcnt_t f_blocks;
    fsblkcnt_t f_bfree;
    fsblkcnt_t f_bavail;
    fsfilcnt_t f_files;
    fsfilcnt_t f_ffree;
    fsfilcnt_t f_favail;
    unsigned long f_fsid;
    unsigned long f_flag;
    unsigned long f_namemax;
};

int fstatvfs(int, struct statvfs *);
int statvfs(const char *__restrict, struct statvfs *__restrict);

__END_DECLS

#endif
