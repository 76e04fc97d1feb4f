/* SPDX-License-Identifier: MIT */
/*
 * The calls on frames. Each checks everything first and changes nothing on an
 * error.
 */
#include "kern/disk/store.h"
#include "kern/frame_one.h"
#include "kern/pt.h"
#include "kern/revoke.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

/* Bindings that one call breaks: rule 6 bounds it. */
#define BREAK_MAX 32

/* What is usual goes by frame_one.h; the rest, and what was not usual after
   all, by these. */
__attribute__((noinline)) static int64_t
alloc_any(uint64_t cap, uint64_t order, uint64_t wanted)
{
    struct env *e = caller_env();
    const struct cap *c = cap_of(cap);
    ppn_t number;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_WRITE)) {
        return -EPERM;
    }
    if (wanted >= FRAME_LIMIT) {
        return -EINVAL;
    }
    error = frame_take(&e->frames, e->id, &c->name, order, wanted, &number);
    if (error == -ENOMEM && (env_reap() || store_reclaim())) {
        return -EAGAIN; /* somebody's end, or debt, may yield some */
    }
    return error < 0 ? error : (int64_t)number;
}

static inline bool
alloc_one(struct env *e, uint64_t cap, uint64_t wanted, ppn_t *number)
{
    const struct cap *c = &list_read(e)[cap];

    if (cap >= CAP_LIST_ENTRIES || !(c->rights & CAP_WRITE)) {
        return false;
    }
    /* Somebody may have granted it just now: rights were written last. */
    atomic_thread_fence(memory_order_acquire);
    return frame_take_one(&e->frames, e->id, &c->name, wanted, number);
}

int64_t
sys_frame_alloc(uint64_t cap, uint64_t order, uint64_t wanted)
{
    ppn_t number;

    return order == 0 && alloc_one(caller_env(), cap, wanted, &number)
               ? (int64_t)number
               : alloc_any(cap, order, wanted);
}

__attribute__((noinline)) static int64_t
free_any(uint64_t frame, uint64_t flags)
{
    struct named n;
    int error = frame_name(&n, frame);
    struct frame *f = n.frame;
    struct env *e;
    uint64_t pages;

    if (error < 0) {
        return error;
    }
    if ((flags & ~(uint64_t)FRAME_FREE_BREAK) != 0) {
        return -EINVAL;
    }
    frame_lock(f);
    if (f->owner != n.owner) { /* given away meanwhile */
        frame_unlock(f);
        return -EPERM;
    }
    pages = (uint64_t)1 << f->order;
    error = frame_return(&n.env->frames, f);
    if (error == -EBUSY) {
        error = pt_release(&n.env->frames, n.owner, f,
                           flags & FRAME_FREE_BREAK ? BREAK_MAX : 0);
    }
    /* Looked up: it may have gone with its last frame. */
    if (error == 0 &&
        (n.owner != caller_env()->id || caller_env()->lean == 0) &&
        (e = env_lock(n.owner)) != NULL) {
        revoke_settle(e, RESOURCE_FRAME, frame_number(f), pages);
        env_unlock(e);
    }
    return error;
}

/* A page that nothing holds, of an env whose frames are asked for, counts
   towards that; all else is for free_any. */
__attribute__((noinline)) static int64_t
free_asked(uint64_t frame, uint64_t flags)
{
    struct env *e = caller_env();

    if (flags != 0 || e->lean != 0 ||
        !frame_return_one(&e->frames, e->id, frame)) {
        return free_any(frame, flags);
    }
    lock_acquire(e->lock);
    revoke_settle(e, RESOURCE_FRAME, frame, 1);
    lock_release(e->lock);
    return 0;
}

int64_t
sys_frame_free(uint64_t frame, uint64_t flags)
{
    struct env *e = caller_env();

    return flags == 0 && frame_return_one(&e->frames, e->lean, frame)
               ? 0
               : free_asked(frame, flags);
}

int64_t
sys_frame_scrub(uint64_t frame)
{
    struct frame *f = owned_frame(frame);
    int error;

    if (f == NULL) {
        return -EPERM;
    }
    frame_lock(f);
    error = f->owner == caller_env()->id ? frame_scrub(f) : -EPERM;
    frame_unlock(f);
    return error;
}

int64_t
sys_frame_split(uint64_t frame)
{
    struct named n;
    int error = frame_name(&n, frame);

    return error < 0 ? error : frame_split(&n.env->frames, n.owner, n.frame);
}

int64_t
sys_frame_join(uint64_t frame)
{
    struct named n;
    int error = frame_name(&n, frame);

    return error < 0 ? error : frame_join(&n.env->frames, n.owner, n.frame);
}

int64_t
sys_frame_set_guard(uint64_t cap_new, uint64_t cap_control, uint64_t frame)
{
    const struct cap *c = cap_of(cap_new);
    struct frame *f = named_frame(frame);

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_CONTROL)) {
        return -EPERM;
    }
    return f == NULL ? -EINVAL
                     : pt_set_guard(f, &c->name, caller_env()->id,
                                    cap_of(cap_control), BREAK_MAX);
}
