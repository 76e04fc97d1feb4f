/* SPDX-License-Identifier: MIT */
/* Bytes of open files. What is in the file system is read and written under its
   lock, which also guards offsets: two who write with O_APPEND never write to
   the same place. */
#include <limits.h>

#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool
readable(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static bool
writable(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

static bool
nonblocking(const struct file *f)
{
    return (f->flags & O_NONBLOCK) != 0;
}

static struct pipe *
pipe_of(const struct file *f)
{
    return &SHARED_OF->files.pipe[f->index];
}

static int64_t
node_size(const struct file *f, uint64_t *size)
{
    struct fs_status status;
    int64_t error = fs_stat(&inode_system()->fs, inode_file(f->index), &status);

    *size = error == 0 ? status.size : 0;
    return posix_error(error);
}

int64_t
file_read(int descriptor, void *bytes, size_t count)
{
    struct file *f = file_of(descriptor);
    int64_t result;

    if (f == NULL || !readable(f)) {
        return -EBADF;
    }
    if (f->kind == FILE_PIPE_READ) {
        return pipe_read(pipe_of(f), bytes, count, nonblocking(f));
    }
    if (count > SSIZE_MAX) {
        return -EINVAL;
    }
    switch (f->kind) {
    case FILE_DEVICE:
        return device_read(f->index, bytes, count, nonblocking(f));
    case FILE_REGULAR:
        inode_take();
        result = fs_read(&inode_system()->fs, inode_file(f->index), f->offset,
                         bytes, count);
        f->offset += result > 0 ? (uint64_t)result : 0;
        inode_drop();
        return posix_error(result);
    default:
        return -EISDIR;
    }
}

/* Writes to a regular file, the lock being held. */
static int64_t
regular_write(const struct file *f, const void *bytes, size_t count,
              uint64_t offset)
{
    struct fs *fs = &inode_system()->fs;
    int64_t result =
        posix_error(fs_write(fs, inode_file(f->index), offset, bytes, count));
    int64_t error = 0;

    if (result > 0 && (f->flags & O_SYNC) != 0) {
        error = posix_error(fs_fsync(fs, inode_file(f->index)));
    }
    return error != 0 ? error : result;
}

int64_t
file_write(int descriptor, const void *bytes, size_t count)
{
    struct file *f = file_of(descriptor);
    int64_t result = 0;

    if (f == NULL || !writable(f)) {
        return -EBADF;
    }
    if (f->kind == FILE_PIPE_WRITE) {
        return pipe_write(pipe_of(f), bytes, count, nonblocking(f));
    }
    if (count > SSIZE_MAX) {
        return -EINVAL;
    }
    switch (f->kind) {
    case FILE_DEVICE:
        return device_write(f->index, bytes, count, nonblocking(f));
    case FILE_REGULAR:
        inode_take();
        if ((f->flags & O_APPEND) != 0) {
            result = node_size(f, &f->offset);
        }
        if (result == 0) {
            result = regular_write(f, bytes, count, f->offset);
        }
        f->offset += result > 0 ? (uint64_t)result : 0;
        inode_drop();
        return result;
    default:
        return -EBADF;
    }
}

/* An open file at an offset: regular, or a device without one. */
static int64_t
at_check(const struct file *f, bool may, size_t count, off_t offset)
{
    if (f == NULL || !may) {
        return -EBADF;
    }
    if (count > SSIZE_MAX || offset < 0) {
        return -EINVAL;
    }
    switch (f->kind) {
    case FILE_REGULAR:
    case FILE_DEVICE:
        return 0;
    case FILE_DIRECTORY:
        return -EISDIR;
    default:
        return -ESPIPE;
    }
}

int64_t
file_pread(int descriptor, void *bytes, size_t count, off_t offset)
{
    const struct file *f = file_of(descriptor);
    int64_t result = at_check(f, f != NULL && readable(f), count, offset);

    if (result != 0) {
        return result;
    }
    if (f->kind == FILE_DEVICE) {
        return file_terminal(descriptor) == 0
                   ? -ESPIPE
                   : device_read(f->index, bytes, count, nonblocking(f));
    }
    inode_take();
    result = fs_read(&inode_system()->fs, inode_file(f->index),
                     (uint64_t)offset, bytes, count);
    inode_drop();
    return posix_error(result);
}

int64_t
file_pwrite(int descriptor, const void *bytes, size_t count, off_t offset)
{
    const struct file *f = file_of(descriptor);
    int64_t result = at_check(f, f != NULL && writable(f), count, offset);

    if (result != 0) {
        return result;
    }
    if (f->kind == FILE_DEVICE) {
        return file_terminal(descriptor) == 0
                   ? -ESPIPE
                   : device_write(f->index, bytes, count, nonblocking(f));
    }
    inode_take();
    result = regular_write(f, bytes, count, (uint64_t)offset);
    inode_drop();
    return result;
}

/* Where a seek goes to from a base. */
static int64_t
seek_to(struct file *f, uint64_t base, off_t offset)
{
    if (offset > 0 && (uint64_t)offset > (uint64_t)INT64_MAX - base) {
        return -EOVERFLOW;
    }
    if (offset < 0 && (uint64_t)-offset > base) {
        return -EINVAL;
    }
    f->offset = base + (uint64_t)offset;
    return (int64_t)f->offset;
}

int64_t
file_seek(int descriptor, off_t offset, int whence)
{
    struct file *f = file_of(descriptor);
    uint64_t base = 0;
    int64_t result = 0;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE ||
        file_terminal(descriptor) == 0) {
        return -ESPIPE;
    }
    if (f->kind == FILE_DEVICE) {
        return 0; /* at the beginning, and at the end */
    }
    inode_take();
    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = f->offset;
        break;
    case SEEK_END:
        result = f->index < FS_OPEN_MAX ? node_size(f, &base) : 0;
        break;
    default:
        result = -EINVAL;
    }
    if (result == 0) {
        result = seek_to(f, base, offset);
    }
    inode_drop();
    return result;
}

int64_t
file_truncate(int descriptor, int64_t size)
{
    const struct file *f = file_of(descriptor);
    int64_t error;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR || !writable(f) || size < 0) {
        return -EINVAL;
    }
    inode_take();
    error = mapping_cut(f->index, (uint64_t)size);
    if (error == 0) {
        error = posix_error(fs_truncate(&inode_system()->fs,
                                        inode_file(f->index), (uint64_t)size));
    }
    inode_drop();
    return error;
}

int64_t
file_sync(int descriptor, bool time)
{
    struct fs *fs = &inode_system()->fs;
    const struct file *f = file_of(descriptor);
    int64_t error = 0;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR && f->kind != FILE_DIRECTORY) {
        return -EINVAL;
    }
    inode_take();
    if (f->index < FS_OPEN_MAX) {
        mapping_note(f->index);
        error = time ? fs_fsync(fs, inode_file(f->index))
                     : fs_fdatasync(fs, inode_file(f->index));
    }
    inode_drop();
    return posix_error(error);
}

/* Within the file one byte of each block is written, as it is: so the block is
   the file's. Behind the end zeroes are. */
static int64_t
regular_allocate(const struct file *f, uint64_t offset, uint64_t end)
{
    static const char zeroes[FS_BLOCK];
    struct fs *fs = &inode_system()->fs;
    struct fs_file *file = inode_file(f->index);
    uint64_t size;
    int64_t result = node_size(f, &size);

    if (result != 0) {
        return result;
    }
    while (result >= 0 && offset < end) {
        uint64_t next = offset - offset % FS_BLOCK + FS_BLOCK;
        char byte = 0;

        next = next < end ? next : end;
        if (offset >= size) {
            result = fs_write(fs, file, offset, zeroes, next - offset);
        } else {
            next = next < size ? next : size;
            result = fs_read(fs, file, offset, &byte, 1);
            if (result >= 0) {
                result = fs_write(fs, file, offset, &byte, 1);
            }
        }
        offset = next;
    }
    return result < 0 ? posix_error(result) : 0;
}

int64_t
file_allocate(int descriptor, int64_t offset, int64_t size)
{
    const struct file *f = file_of(descriptor);
    int64_t error;

    if (f == NULL || !writable(f)) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR) {
        return f->kind == FILE_PIPE_WRITE ? -ESPIPE : -ENODEV;
    }
    if (offset < 0 || size <= 0) {
        return -EINVAL;
    }
    if (offset > INT64_MAX - size) {
        return -EFBIG;
    }
    inode_take();
    error = regular_allocate(f, (uint64_t)offset, (uint64_t)(offset + size));
    inode_drop();
    return error;
}
