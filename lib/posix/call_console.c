/* SPDX-License-Identifier: MIT */
/* write while there are no descriptors: what is written goes to the console. */
#include <errno.h>
#include <unistd.h>

#include "lib/exo/exo.h"
#include "lib/posix/layout.h"

ssize_t
write(int descriptor, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;
    size_t left = count;

    if (descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO) {
        errno = EBADF;
        return -1;
    }
    while (left > 0) {
        uint64_t word = 0;
        size_t some = left < sizeof(word) ? left : sizeof(word);
        int64_t taken;

        for (size_t i = 0; i < some; i++) {
            word |= (uint64_t)next[i] << 8 * i;
        }
        taken = sys_console_write(POSIX_CAP_CONSOLE, word, some);
        if (taken < 0 && taken != -EAGAIN) {
            errno = EIO;
            return -1;
        }
        next += taken > 0 ? taken : 0;
        left -= taken > 0 ? (size_t)taken : 0;
    }
    return (ssize_t)count;
}
