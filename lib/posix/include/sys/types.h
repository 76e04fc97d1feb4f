/* SPDX-License-Identifier: MIT */
/* picolibc's, in which the numbers of files, devices and users are short. */
#ifndef CHITIN_POSIX_SYS_TYPES_H
#define CHITIN_POSIX_SYS_TYPES_H

#define _DEV_T_DECLARED
#define _GID_T_DECLARED
#define _INO_T_DECLARED
#define _NLINK_T_DECLARED
#define _UID_T_DECLARED

typedef unsigned long dev_t;
typedef unsigned int gid_t;
typedef unsigned long ino_t;
typedef unsigned int nlink_t;
typedef unsigned int uid_t;

#include_next <sys/types.h>

#endif
