/* SPDX-License-Identifier: MIT */
/* picolibc's, without processes that go on again. */
#ifndef CHITIN_POSIX_SYS_WAIT_H
#define CHITIN_POSIX_SYS_WAIT_H
#include_next <sys/wait.h>

#define WCONTINUED 8

/* A status:  ended by exit, code        code << 8
              ended by a signal          signal (and 0x80 if there were a core)
              stopped by a signal        signal << 8 | 0x7f
              went on                    0xffff */
#undef WIFEXITED
#undef WIFSIGNALED
#undef WIFSTOPPED
#define WIFEXITED(status) (((status)&0x7f) == 0)
#define WIFSIGNALED(status) (((status)&0x7f) != 0 && ((status)&0x7f) != 0x7f)
#define WIFSTOPPED(status)                                                     \
    (((status)&0xffff) != 0xffff && ((status)&0xff) == 0x7f)
#define WIFCONTINUED(status) (((status)&0xffff) == 0xffff)
#define WCOREDUMP(status) (((status)&0x80) != 0)

#endif
