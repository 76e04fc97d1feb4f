/* SPDX-License-Identifier: MIT */
/* The C library's functions on descriptors. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/file.h"
#include "lib/posix/tree.h"

int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list list;

    if ((flags & O_CREAT) != 0) {
        va_start(list, flags);
        mode = (mode_t)va_arg(list, int);
        va_end(list);
    }
    return (int)CALL_AGAIN(file_open(path, flags, mode));
}

int
creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int
close(int descriptor)
{
    return (int)CALL(file_close(descriptor));
}

ssize_t
read(int descriptor, void *bytes, size_t count)
{
    return CALL_AGAIN(file_read(descriptor, bytes, count));
}

ssize_t
write(int descriptor, const void *bytes, size_t count)
{
    return CALL_AGAIN(file_write(descriptor, bytes, count));
}

ssize_t
pread(int descriptor, void *bytes, size_t count, off_t offset)
{
    return CALL(file_pread(descriptor, bytes, count, offset));
}

ssize_t
pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    return CALL(file_pwrite(descriptor, bytes, count, offset));
}

/* The sum of the parts, or -1 if there is no such sum. */
static ssize_t
parts_sum(const struct iovec *part, int parts)
{
    size_t sum = 0;
    int i;

    if (parts <= 0 || parts > IOV_MAX) {
        return -1;
    }
    for (i = 0; i < parts; i++) {
        if (part[i].iov_len > SSIZE_MAX - sum) {
            return -1;
        }
        sum += part[i].iov_len;
    }
    return (ssize_t)sum;
}

ssize_t
readv(int descriptor, const struct iovec *part, int parts)
{
    ssize_t done = 0;
    int i;

    if (parts_sum(part, parts) < 0) {
        errno = EINVAL;
        return -1;
    }
    for (i = 0; i < parts; i++) {
        ssize_t n;

        if (part[i].iov_len == 0) {
            continue;
        }
        /* Of a pipe or terminal what is there, without waiting for more. */
        if (done > 0 && lseek(descriptor, 0, SEEK_CUR) < 0) {
            break;
        }
        n = read(descriptor, part[i].iov_base, part[i].iov_len);
        if (n < 0) {
            return done > 0 ? done : -1;
        }
        done += n;
        if ((size_t)n < part[i].iov_len) {
            break;
        }
    }
    return done;
}

ssize_t
writev(int descriptor, const struct iovec *part, int parts)
{
    ssize_t done = 0;
    int i;

    if (parts_sum(part, parts) < 0) {
        errno = EINVAL;
        return -1;
    }
    for (i = 0; i < parts; i++) {
        ssize_t n = write(descriptor, part[i].iov_base, part[i].iov_len);

        if (n < 0) {
            return done > 0 ? done : -1;
        }
        done += n;
        if ((size_t)n < part[i].iov_len) {
            break;
        }
    }
    return done;
}

off_t
lseek(int descriptor, off_t offset, int whence)
{
    return CALL(file_seek(descriptor, offset, whence));
}

int
dup(int descriptor)
{
    return (int)CALL(file_duplicate(descriptor, 0, 0));
}

int
dup2(int descriptor, int to)
{
    return (int)CALL(file_duplicate_to(descriptor, to, 0));
}

int
dup3(int descriptor, int to, int flags)
{
    if (descriptor == to || (flags & ~O_CLOEXEC) != 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)CALL(file_duplicate_to(descriptor, to, flags));
}

int
pipe2(int descriptors[2], int flags)
{
    return (int)CALL(pipe_open(descriptors, flags));
}

int
pipe(int descriptors[2])
{
    return pipe2(descriptors, 0);
}

static int64_t
control(int descriptor, int command, int argument)
{
    switch (command) {
    case F_DUPFD:
        return file_duplicate(descriptor, argument, 0);
    case F_DUPFD_CLOEXEC:
        return file_duplicate(descriptor, argument, O_CLOEXEC);
    case F_GETFD:
        return file_close_on_exec(descriptor);
    case F_SETFD:
        return file_set_close_on_exec(descriptor, (argument & FD_CLOEXEC) != 0);
    case F_GETFL:
        return file_flags(descriptor);
    case F_SETFL:
        return file_set_flags(descriptor, argument);
    default:
        return file_of(descriptor) == NULL ? -EBADF : -EINVAL;
    }
}

int
fcntl(int descriptor, int command, ...)
{
    struct flock *lock = NULL;
    int argument = 0;
    va_list list;

    va_start(list, command);
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {
        lock = va_arg(list, struct flock *);
    } else {
        argument = va_arg(list, int);
    }
    va_end(list);
    switch (command) {
    case F_SETLK:
    case F_SETLKW:
        return (int)CALL_AGAIN(
            record_set(descriptor, lock, command == F_SETLKW));
    case F_GETLK:
        return (int)CALL(record_get(descriptor, lock));
    default:
        return (int)CALL(control(descriptor, command, argument));
    }
}

int
flock(int descriptor, int operation)
{
    return (int)CALL_AGAIN(record_flock(descriptor, operation));
}

/* From where the file is. */
int
lockf(int descriptor, int function, off_t size)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = size};

    switch (function) {
    case F_ULOCK:
        lock.l_type = F_UNLCK;
        return fcntl(descriptor, F_SETLK, &lock);
    case F_LOCK:
        return fcntl(descriptor, F_SETLKW, &lock);
    case F_TLOCK:
        return fcntl(descriptor, F_SETLK, &lock);
    case F_TEST:
        if (fcntl(descriptor, F_GETLK, &lock) < 0) {
            return -1;
        }
        if (lock.l_type != F_UNLCK) {
            errno = EACCES;
            return -1;
        }
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int
ftruncate(int descriptor, off_t size)
{
    return (int)CALL(file_truncate(descriptor, size));
}

int
fsync(int descriptor)
{
    return (int)CALL(file_sync(descriptor, true));
}

int
fdatasync(int descriptor)
{
    return (int)CALL(file_sync(descriptor, false));
}

void
sync(void)
{
    int error = errno;

    (void)CALL(tree_sync());
    errno = error;
}

int
posix_fallocate(int descriptor, off_t offset, off_t size)
{
    int64_t error;

    posix_hold();
    error = file_allocate(descriptor, offset, size);
    posix_release();
    return (int)-error;
}

int
posix_fadvise(int descriptor, off_t offset, off_t size, int advice)
{
    const struct file *f = file_of(descriptor);

    (void)offset;
    if (f == NULL) {
        return EBADF;
    }
    if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE) {
        return ESPIPE;
    }
    return size < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE
               ? EINVAL
               : 0;
}
