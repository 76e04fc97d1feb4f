/* SPDX-License-Identifier: MIT */
/*
 * The calls on disks. A binding is checked once; a request names it, a place in
 * it, and frames, which are checked each time, for they are pinned.
 */
#include "kern/abi/uarea.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/revoke.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

static const struct cap_name empty_name;

/* The binding of the caller that a handle names, with its drive locked, in *v;
   or NULL. */
__attribute__((always_inline)) static inline struct extent *
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
    return v->store->volume.state == DISK_RAW ? 0 : -EBUSY;
}

/* Blocks of a raw disk, for who has control on the empty name. */
static int64_t
bind_whole(uint64_t cap, uint64_t disk, uint64_t first, uint64_t count,
           uint64_t rights)
{
    int64_t result = cap_check(cap, &empty_name, CAP_CONTROL);
    struct drive *v = drive_find(disk);

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

int64_t
sys_disk_bind(uint64_t cap, uint64_t parent, uint64_t first, uint64_t count,
              uint64_t rights)
{
    struct store_bind ask = {.env = caller_env(),
                             .cap = cap_of(cap),
                             .first = first,
                             .count = count,
                             .rights = (uint32_t)rights};
    struct drive *d;
    uint32_t entry;
    int64_t result;

    if (parent >= DISK_WHOLE) {
        return bind_whole(cap, parent - DISK_WHOLE, first, count, rights);
    }
    if (ask.cap == NULL) {
        return -EBADF;
    }
    if (count == 0 || rights == 0 ||
        (rights & ~(uint64_t)(CAP_READ | CAP_WRITE)) != 0) {
        return -EINVAL;
    }
    d = store_open(parent, &entry);
    if (d == NULL) {
        return -EINVAL;
    }
    result = (rights & CAP_WRITE) && d->disk->read_only
                 ? -EROFS
                 : store_bind(d, entry, &ask);
    drive_unlock(d);
    return result;
}

__attribute__((always_inline)) static inline int64_t
transfer(uint64_t cap, uint64_t handle, uint64_t block, uint64_t pieces,
         uint64_t cookie, enum disk_operation operation)
{
    struct hart *self = caller_hart();
    const struct uarea *uarea = (const struct uarea *)self->uarea;
    uint64_t first = pieces >> 16;
    uint64_t count = pieces & 0xffff;
    const struct request_ask ask = {.context = self->context,
                                    .cookie = cookie,
                                    .block = block,
                                    .count = count,
                                    .pieces = &uarea->batch[first],
                                    .cap = cap_of(cap)};
    struct drive *v;
    struct extent *x;
    int64_t error;

    if (ask.cap == NULL) {
        return -EBADF;
    }
    if (count == 0 || count > DISK_PIECES_MAX ||
        first + count > UAREA_BATCH_WORDS) { /* 48 bits and 6: no overflow */
        return -EINVAL;
    }
    x = extent_open(handle, &v);
    if (x == NULL) {
        return -ESTALE;
    }
    error = operation == DISK_READ ? request_read(v, x, &ask)
                                   : request_write(v, x, &ask);
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
    const struct request_ask ask = {.context = self->context, .cookie = cookie};
    struct drive *v;
    struct extent *x = extent_open(binding, &v);
    int64_t error;

    if (x == NULL) {
        return -ESTALE;
    }
    error = v->disk->flush ? request_flush(v, x, &ask) : flush_nothing(x);
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
    const struct request_ask ask = {.context = caller_hart()->context,
                                    .cookie = cookie,
                                    .block = block,
                                    .count = count};
    struct drive *v;
    struct extent *x = extent_open(binding, &v);
    int64_t error;

    if (x == NULL) {
        return -ESTALE;
    }
    error = v->disk->discard ? request_discard(v, x, &ask) : -ENOSYS;
    lock_release(&v->lock);
    return error;
}

/* An entry of the registry that the caller holds. */
static int64_t
release_entry(uint64_t number)
{
    uint32_t entry;
    struct drive *d = store_open(number, &entry);
    int64_t error;

    if (d == NULL) {
        return -ESTALE;
    }
    error = store_unhold(d, entry, caller_env()->id);
    drive_unlock(d);
    return error;
}

/* Ends a binding of the caller's. */
static int64_t
release_binding(uint64_t handle)
{
    struct drive *v;
    struct extent *x = extent_open(handle, &v);

    if (x == NULL) {
        return -ESTALE;
    }
    extent_release(v, x);
    lock_release(&v->lock);
    return 0;
}

int64_t
disk_release(uint64_t kind, uint64_t name)
{
    bool binding = kind == RELEASE_BINDING;
    int64_t error = binding ? release_binding(name) : release_entry(name);
    struct env *e = error == 0 ? env_lock(caller_env()->id) : NULL;

    if (e != NULL) {
        revoke_settle(e, binding ? RESOURCE_EXTENT : RESOURCE_ENTRY, name, 1);
        env_unlock(e);
    }
    return error;
}
