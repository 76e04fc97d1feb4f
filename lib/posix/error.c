/* SPDX-License-Identifier: MIT */
/* Names of the kernel's errors are gone when <errno.h> has come: so they are
   copied first. */
#include "lib/posix/error.h"

#include "kern/abi/error.h"
#include "lib/fs/fs.h"

enum {
    KERNEL_ENAMETOOLONG = ENAMETOOLONG,
    KERNEL_ENOSYS = ENOSYS,
    KERNEL_ENODATA = ENODATA,
    KERNEL_EOVERFLOW = EOVERFLOW,
    KERNEL_ESTALE = ESTALE,
    KERNEL_EDQUOT = EDQUOT,
    KERNEL_EDIED = EDIED,
    KERNEL_ENOSERIAL = ENOSERIAL,
    KERNEL_ENOTEMPTY = ENOTEMPTY
};

#include <errno.h>

int64_t
error_translate(int64_t result)
{
    switch (-result) {
    case KERNEL_ENAMETOOLONG:
        return -ENAMETOOLONG;
    case KERNEL_ENOSYS:
        return -ENOSYS;
    case KERNEL_ENOTEMPTY:
        return -ENOTEMPTY;
    case KERNEL_EOVERFLOW:
        return -EOVERFLOW;
    case KERNEL_EDQUOT: /* the account has no room for another frame */
        return -ENOMEM;
    case KERNEL_ENOSERIAL:
        return -ENOSPC;
    case KERNEL_ENODATA:
    case KERNEL_ESTALE: /* somebody else changes it without pause */
    case KERNEL_EDIED:
        return -EIO;
    default:
        return result;
    }
}
