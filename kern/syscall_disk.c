/* SPDX-License-Identifier: MIT */
/*
 * The calls on disks. A binding is checked once; a request names it, a place in
 * it, and frames, which are checked each time, for they are pinned.
 */
#include "kern/abi/uarea.h"
#include "kern/disk/binding.h"
#include "kern/event.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

static const struct cap_name empty_name;

/* The binding of the caller that a handle names, with its drive locked, in *v;
   or NULL. */
static struct extent *
extent_open(uint64_t handle, struct drive **v)
{
    struct extent *x;

    *v = extent_drive(handle);
    if (*v == NULL) {
        return NULL;
    }
    lock_acquire(&(*v)->lock);
    x = extent_find(*v, handle, caller_env()->id);
    if (x == NULL) {
        lock_release(&(*v)->lock);
    }
    return x;
}

/* Whether blocks of a raw disk can be bound so. */
static int
whole_check(const struct drive *v, uint64_t first, uint64_t count,
            uint64_t rights)
{
    if (count == 0 || first >= v->disk->blocks ||
        count > v->disk->blocks - first || rights == 0 ||
        (rights & ~(uint64_t)(CAP_READ | CAP_WRITE)) != 0) {
        return -EINVAL;
    }
    if ((rights & CAP_WRITE) && v->disk->read_only) {
        return -EROFS;
    }
    return v->state == DISK_RAW ? 0 : -EBUSY;
}

int64_t
sys_disk_bind(uint64_t cap, uint64_t parent, uint64_t first, uint64_t count,
              uint64_t rights)
{
    int64_t result = cap_check(cap, &empty_name, CAP_CONTROL);
    struct drive *v = drive_find(parent ^ DISK_WHOLE);

    if (v == NULL) {
        return -ENODEV;
    }
    if (result < 0) {
        return result;
    }
    lock_acquire(&v->lock);
    result = whole_check(v, first, count, rights);
    if (result == 0) {
        result = extent_bind(v, caller_env(), EXTENT_NONE, first, count,
                             (uint32_t)rights);
    }
    lock_release(&v->lock);
    return result;
}

/* Adds to a request the frames that `count` batch words from `first` on name.
   Each is read once: the env may write there meanwhile. */
static int
pieces_add(struct drive *v, struct disk_request *r, const struct cap *c,
           uint64_t first, uint64_t count)
{
    const struct uarea *uarea = (const struct uarea *)caller_hart()->uarea;
    int error = 0;

    for (uint64_t i = first; error == 0 && i < first + count; i++) {
        uint64_t word = __atomic_load_n(&uarea->batch[i], __ATOMIC_RELAXED);
        struct frame *f = named_frame((uint32_t)word);

        error = f == NULL ? -EINVAL
                          : request_add(v, r, f,
                                        word << (64 - DISK_PIECE_COUNT_SHIFT) >>
                                            (64 - DISK_PIECE_COUNT_SHIFT +
                                             DISK_PIECE_OFFSET_SHIFT),
                                        word >> DISK_PIECE_COUNT_SHIFT, c);
    }
    return error;
}

/* Whether the binding has `count` blocks from `block` on. */
static bool
extent_has(const struct extent *x, uint64_t block, uint64_t count)
{
    return block < x->count && count <= x->count - block;
}

/* Hands a request that was filled in to the disk, or gives it back. */
static int64_t
request_go(struct drive *v, struct extent *x, struct disk_request *r, int error)
{
    if (error == 0) {
        r->extent = (uint32_t)(x - v->extent);
        x->waiting++;
        error = request_submit(v, r);
    }
    if (error < 0) {
        request_drop(v, caller_hart()->context, r);
    }
    return error;
}

static inline int64_t
transfer(uint64_t cap, uint64_t handle, uint64_t block, uint64_t pieces,
         uint64_t cookie, enum disk_operation operation)
{
    uint32_t right = operation == DISK_READ ? CAP_READ : CAP_WRITE;
    uint64_t count = pieces & 0xffff;
    uint64_t first = pieces >> 16;
    const struct cap *c = cap_of(cap);
    struct drive *v;
    struct disk_request *r;
    struct extent *x;
    int64_t error;

    if (c == NULL) {
        return -EBADF;
    }
    if (count == 0 || count > DISK_PIECES_MAX || first > UAREA_BATCH_WORDS ||
        count > UAREA_BATCH_WORDS - first) {
        return -EINVAL;
    }
    x = extent_open(handle, &v);
    if (x == NULL) {
        return -ESTALE;
    }
    error = (x->rights & right) == 0
                ? -EPERM
                : request_take(v, caller_hart()->context, &r);
    if (error == 0) {
        int wrong;

        r->operation = (uint8_t)operation;
        r->cookie = cookie;
        wrong = pieces_add(v, r, c, first, count);
        if (wrong == 0 && !extent_has(x, block, r->count)) {
            wrong = -EINVAL;
        }
        r->block = x->first + block;
        error = request_go(v, x, r, wrong);
    }
    lock_release(&v->lock);
    return error;
}

int64_t
sys_disk_read(uint64_t cap, uint64_t binding, uint64_t block, uint64_t pieces,
              uint64_t cookie)
{
    return transfer(cap, binding, block, pieces, cookie, DISK_READ);
}

int64_t
sys_disk_write(uint64_t cap, uint64_t binding, uint64_t block, uint64_t pieces,
               uint64_t cookie)
{
    return transfer(cap, binding, block, pieces, cookie, DISK_WRITE);
}

/* A request without memory: a flush, or a discard. */
static int64_t
command(struct drive *v, struct extent *x, enum disk_operation operation,
        uint64_t block, uint64_t count, uint64_t cookie)
{
    struct disk_request *r;
    int error = x->rights & CAP_WRITE
                    ? request_take(v, caller_hart()->context, &r)
                    : -EPERM;

    if (error < 0) {
        return error;
    }
    r->operation = (uint8_t)operation;
    r->cookie = cookie;
    r->block = x->first + block;
    r->count = (uint32_t)count;
    return request_go(v, x, r, 0);
}

/* A disk without a cache has nothing to flush: all that it has completed is
   there. */
static int64_t
flush_nothing(const struct extent *x)
{
    struct context *c = caller_hart()->context;

    return !(x->rights & CAP_WRITE) ? -EPERM : event_reserve(c) ? 1 : -EAGAIN;
}

int64_t
sys_disk_flush(uint64_t binding, uint64_t cookie)
{
    struct hart *self = caller_hart();
    struct drive *v;
    struct extent *x = extent_open(binding, &v);
    int64_t error;

    if (x == NULL) {
        return -ESTALE;
    }
    error = v->disk->flush ? command(v, x, DISK_FLUSH, 0, 0, cookie)
                           : flush_nothing(x);
    lock_release(&v->lock);
    if (error > 0) {
        event_complete(self->context->env->id, self->index, cookie, 0);
        error = 0;
    }
    return error;
}

int64_t
sys_disk_discard(uint64_t binding, uint64_t block, uint64_t count,
                 uint64_t cookie)
{
    struct drive *v;
    struct extent *x = extent_open(binding, &v);
    int64_t error = 0;

    if (x == NULL) {
        return -ESTALE;
    }
    if (!v->disk->discard) {
        error = -ENOSYS;
    } else if (count == 0 || count > v->disk->discard_blocks ||
               !extent_has(x, block, count)) {
        error = -EINVAL;
    } else {
        error = command(v, x, DISK_DISCARD, block, count, cookie);
    }
    lock_release(&v->lock);
    return error;
}

int64_t
sys_release(uint64_t kind, uint64_t name)
{
    struct drive *v;
    struct extent *x;

    if (kind != RELEASE_BINDING) {
        return -EINVAL;
    }
    x = extent_open(name, &v);
    if (x == NULL) {
        return -ESTALE;
    }
    extent_release(v, x);
    lock_release(&v->lock);
    return 0;
}
