/* SPDX-License-Identifier: MIT */
/* The kernel's numbers, and lib/fs's, are Linux's; picolibc's are newlib's. The
   low ones are the same. */
#include "lib/posix/posix.h"

#include "kern/abi/error.h"

#define SAME 34 /* up to here */

_Static_assert(EPERM == 1 && ESRCH == 3 && EAGAIN == 11 && ENOMEM == 12 &&
                   EBUSY == 16 && EEXIST == 17 && EINVAL == 22 &&
                   ERANGE == SAME,
               "the first are the same everywhere");

#define ENOTEMPTY_OF_FS 39

int64_t
posix_error(int64_t error)
{
    if (error >= -SAME) {
        return error;
    }
    switch (-error) {
#define CASE(name, number, meaning)                                            \
    case (number):                                                             \
        return -(name);
        ERROR_TABLE(CASE)
#undef CASE
    case ENOTEMPTY_OF_FS:
        return -ENOTEMPTY;
    default:
        return -EIO;
    }
}
