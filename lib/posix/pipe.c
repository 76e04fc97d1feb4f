/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring in shared memory, one side moving `head`, the other `tail`,
 * each after the bytes were copied, by one store. So who finds that somebody
 * died with the lock has nothing to repair: what was not counted yet is not
 * there, or still is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/posix/file.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

_Static_assert((PIPE_BYTES & (PIPE_BYTES - 1)) == 0, "head and tail wrap");

/* A pipe that nobody has, empty, or NULL. */
static struct pipe *
pipe_new(uint64_t number)
{
    struct pipe *p = SHARED_OF->files.pipe;
    const struct pipe *end = p + FILE_PIPES;

    while (p < end && (p->reading | p->writing) != 0) {
        p++;
    }
    if (p == end) {
        return NULL;
    }
    p->head = 0;
    p->tail = 0;
    p->readers = 0;
    p->writers = 0;
    p->number = number;
    return p;
}

/* One more open file that is an end: a descriptor. */
static int64_t
end_open(struct pipe *p, bool reading, int flags)
{
    uint32_t kept = (uint32_t)flags & O_NONBLOCK;
    unsigned index = (unsigned)(p - SHARED_OF->files.pipe);
    bool close_on_exec = (flags & O_CLOEXEC) != 0;
    int64_t descriptor;

    *(reading ? &p->reading : &p->writing) += 1;
    descriptor =
        file_add(reading ? FILE_PIPE_READ : FILE_PIPE_WRITE, index,
                 (reading ? O_RDONLY : O_WRONLY) | kept, close_on_exec);
    if (descriptor < 0) {
        *(reading ? &p->reading : &p->writing) -= 1;
    }
    return descriptor;
}

/* Descriptors are not used before both are there. */
int64_t
pipe_open(int descriptors[2], int flags)
{
    struct pipe *p;
    int64_t first = -ENFILE;
    int64_t second = -ENFILE;

    if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) {
        return -EINVAL;
    }
    file_take();
    p = pipe_new(0);
    if (p != NULL) {
        first = end_open(p, true, flags);
        second = first < 0 ? first : end_open(p, false, flags);
    }
    if (first >= 0 && second < 0) {
        unsigned at = (unsigned)process_self->descriptor[first];

        process_self->descriptor[first] = -1;
        file_put(at);
    }
    file_drop();
    if (second < 0) {
        return second;
    }
    descriptors[0] = (int)first;
    descriptors[1] = (int)second;
    return 0;
}

/* The pipe of a FIFO that somebody has open, or a new one. */
static struct pipe *
fifo_find(uint64_t number)
{
    struct pipe *p = SHARED_OF->files.pipe;
    unsigned i;

    for (i = 0; i < FILE_PIPES; i++) {
        if (p[i].number == number && (p[i].reading | p[i].writing) != 0) {
            return &p[i];
        }
    }
    return pipe_new(number);
}

/* How often the other end had been opened when this process opened one last. */
static uint32_t others_seen;

int64_t
fifo_open(uint64_t number, int flags)
{
    bool reading = (flags & O_ACCMODE) == O_RDONLY;
    struct pipe *p;
    int64_t descriptor = -ENFILE;

    if ((flags & O_ACCMODE) == O_RDWR) {
        return -EINVAL;
    }
    file_take();
    p = fifo_find(number);
    if (p != NULL && !reading && (flags & O_NONBLOCK) && p->reading == 0) {
        descriptor = -ENXIO;
    } else if (p != NULL) {
        descriptor = end_open(p, reading, flags);
    }
    if (descriptor >= 0) {
        others_seen = reading ? p->writes : p->reads;
        *(reading ? &p->reads : &p->writes) += 1;
        process_wake_all(&p->readers);
        process_wake_all(&p->writers);
    }
    file_drop();
    return descriptor;
}

void
pipe_close(struct pipe *p, bool reading)
{
    (void)lock_take(&p->lock);
    *(reading ? &p->reading : &p->writing) -= 1;
    lock_drop(&p->lock);
    process_wake_all(&p->readers);
    process_wake_all(&p->writers);
}

static uint64_t
self_bit(void)
{
    return (uint64_t)1 << process_index(process_self);
}

static void
set_add(uint64_t *set)
{
    (void)__atomic_fetch_or(set, self_bit(), __ATOMIC_SEQ_CST);
}

/* Who woke it has taken it out already. */
static void
set_remove(uint64_t *set)
{
    if ((*set & self_bit()) == 0) {
        return;
    }
    (void)__atomic_fetch_and(set, ~self_bit(), __ATOMIC_SEQ_CST);
}

static uint32_t
used(const struct pipe *p)
{
    return p->head - p->tail;
}

/* Copies out of the ring or into it, from a place on. */
static void
ring_read(const struct pipe *p, uint8_t *bytes, uint32_t count)
{
    uint32_t at = p->tail % PIPE_BYTES;
    uint32_t part = PIPE_BYTES - at < count ? PIPE_BYTES - at : count;

    if (count == 1) {
        *bytes = p->bytes[at];
        return;
    }
    memcpy(bytes, p->bytes + at, part);
    memcpy(bytes + part, p->bytes, count - part);
}

static void
ring_write(struct pipe *p, const uint8_t *bytes, uint32_t count)
{
    uint32_t at = p->head % PIPE_BYTES;
    uint32_t part = PIPE_BYTES - at < count ? PIPE_BYTES - at : count;

    if (count == 1) {
        p->bytes[at] = *bytes;
        return;
    }
    memcpy(p->bytes + at, bytes, part);
    memcpy(p->bytes, bytes + part, count - part);
}

int64_t
fifo_wait(int64_t descriptor)
{
    const struct file *f = descriptor < 0 ? NULL : file_of((int)descriptor);
    bool reading = f != NULL && f->kind == FILE_PIPE_READ;
    struct pipe *p;
    int error = 0;

    if (f == NULL || (!reading && f->kind != FILE_PIPE_WRITE) ||
        (f->flags & O_NONBLOCK)) {
        return descriptor;
    }
    p = &SHARED_OF->files.pipe[f->index];
    process_wait_begin();
    /* Who has opened it may have closed it again. */
    while (error == 0 && (reading ? p->writing : p->reading) == 0 &&
           others_seen == (reading ? p->writes : p->reads)) {
        set_add(reading ? &p->readers : &p->writers);
        if ((reading ? p->writing : p->reading) == 0 &&
            others_seen == (reading ? p->writes : p->reads)) {
            error = process_wait(0);
        }
    }
    process_wait_end();
    set_remove(reading ? &p->readers : &p->writers);
    if (error < 0) {
        (void)file_close((int)descriptor);
        return error;
    }
    return descriptor;
}

/* Whether a read has to wait, as it seems without the lock. */
static inline bool
must_wait(const struct pipe *p)
{
    return __atomic_load_n(&p->head, __ATOMIC_ACQUIRE) == p->tail &&
           p->writing != 0;
}

/* Reads what is there, up to `count`; -EAGAIN: nothing, and somebody may yet
   write. */
static int64_t
read_now(struct pipe *p, uint8_t *bytes, size_t count)
{
    uint32_t there;
    bool writing;

    (void)lock_take(&p->lock);
    there = used(p);
    writing = p->writing != 0;
    there = count < there ? (uint32_t)count : there;
    if (there > 0) {
        ring_read(p, bytes, there);
        atomic_signal_fence(memory_order_seq_cst);
        p->tail += there;
    }
    lock_drop(&p->lock);
    if (there > 0 && p->writers != 0 && PIPE_BYTES - used(p) >= PIPE_ATOMIC) {
        process_wake_all(&p->writers);
    }
    return there > 0 || !writing ? (int64_t)there : -EAGAIN;
}

/* Waits till there is something to be read, or to be said. */
static int64_t
read_wait(struct pipe *p)
{
    int error = 0;

    process_wait_begin();
    while (error == 0 && must_wait(p)) {
        set_add(&p->readers);
        if (must_wait(p)) {
            error = process_wait(0);
        }
    }
    process_wait_end();
    set_remove(&p->readers);
    return error;
}

int64_t
pipe_read(struct pipe *p, void *bytes, size_t count, bool nonblocking)
{
    int64_t result = 0;

    while (count > 0) {
        if (must_wait(p)) {
            result = nonblocking ? -EAGAIN : read_wait(p);
            if (result < 0) {
                break;
            }
        }
        result = read_now(p, bytes, count);
        if (result != -EAGAIN || nonblocking) {
            break;
        }
    }
    return result;
}

/* Writes what there is room for, or if `whole` all or nothing: -EAGAIN. -EPIPE:
   nobody reads. */
static int64_t
write_now(struct pipe *p, const uint8_t *bytes, size_t count, bool whole)
{
    uint32_t room;
    int64_t result = -EPIPE;

    (void)lock_take(&p->lock);
    if (p->reading != 0) {
        room = PIPE_BYTES - used(p);
        if (room == 0 || (whole && room < count)) {
            result = -EAGAIN;
        } else {
            room = count < room ? (uint32_t)count : room;
            ring_write(p, bytes, room);
            atomic_signal_fence(memory_order_seq_cst);
            p->head += room;
            result = room;
        }
    }
    lock_drop(&p->lock);
    if (result > 0 && p->readers != 0) {
        process_wake_all(&p->readers);
    }
    return result;
}

/* Waits for room: 0, or what process_wait says. */
static int64_t
write_wait(struct pipe *p, const uint8_t *bytes, size_t count, bool whole)
{
    int64_t result;
    int error = 0;

    process_wait_begin();
    do {
        set_add(&p->writers);
        result = write_now(p, bytes, count, whole);
        if (result == -EAGAIN) {
            error = process_wait(0);
        }
    } while (result == -EAGAIN && error == 0);
    process_wait_end();
    set_remove(&p->writers);
    return result == -EAGAIN ? error : result;
}

int64_t
pipe_write(struct pipe *p, const void *bytes, size_t count, bool nonblocking)
{
    const uint8_t *from = bytes;
    bool whole = count <= PIPE_ATOMIC;
    size_t done = 0;
    int64_t result = write_now(p, bytes, count, whole);

    if (result == (int64_t)count) {
        return result; /* mostly */
    }
    done = result > 0 ? (size_t)result : 0;
    result = result == -EAGAIN ? 0 : result;
    while (done < count && result >= 0) {
        result = write_now(p, from + done, count - done, whole);
        if (result == -EAGAIN && !nonblocking) {
            result = write_wait(p, from + done, count - done, whole);
        }
        done += result > 0 ? (size_t)result : 0;
    }
    if (result == -EPIPE) {
        process_lock();
        signal_send(process_self, SIGPIPE);
        process_unlock();
    }
    return done > 0 ? (int64_t)done : result;
}

int
pipe_poll(struct pipe *p, bool reading, bool wait)
{
    int events = 0;

    if (wait) {
        set_add(reading ? &p->readers : &p->writers);
    }
    (void)lock_take(&p->lock);
    if (reading) {
        events |= used(p) > 0 ? POLLIN | POLLRDNORM : 0;
        events |= p->writing == 0 ? POLLHUP : 0;
    } else if (p->reading == 0) {
        events = POLLERR;
    } else if (PIPE_BYTES - used(p) >= PIPE_ATOMIC) {
        events = POLLOUT | POLLWRNORM;
    }
    lock_drop(&p->lock);
    return events;
}
