/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/posix/memory.h"
#include "lib/posix/posix.h"

static int
done(int64_t error)
{
    posix_release();
    if (error < 0) {
        errno = (int)-error;
        return -1;
    }
    return 0;
}

void *
sbrk(intptr_t by)
{
    int64_t before;

    posix_hold();
    before = memory_heap_move(by);
    return done(before) < 0 ? (void *)-1 : (void *)before;
}

void *
mmap(void *address, size_t size, int protection, int flags, int descriptor,
     off_t offset)
{
    int64_t result;

    posix_hold();
    result = memory_map((uint64_t)address, size, protection, flags, descriptor,
                        offset);
    return done(result) < 0 ? MAP_FAILED : (void *)result;
}

int
munmap(void *address, size_t size)
{
    posix_hold();
    return done(memory_unmap((uint64_t)address, size));
}

int
mprotect(void *address, size_t size, int protection)
{
    posix_hold();
    return done(memory_protect((uint64_t)address, size, protection));
}

int
msync(void *address, size_t size, int flags)
{
    if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) != 0 ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) {
        errno = EINVAL;
        return -1;
    }
    posix_hold();
    return done(memory_sync((uint64_t)address, size, (flags & MS_ASYNC) == 0));
}

/* Nothing is ever written away to make room: all memory is locked. */
int
mlock(const void *address, size_t size)
{
    (void)address;
    (void)size;
    return 0;
}

int
munlock(const void *address, size_t size)
{
    return mlock(address, size);
}

int
mlockall(int flags)
{
    (void)flags;
    return 0;
}

int
munlockall(void)
{
    return 0;
}

int
posix_madvise(void *address, size_t size, int advice)
{
    (void)address;
    (void)size;
    (void)advice;
    return 0;
}
