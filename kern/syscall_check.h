/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_SYSCALL_CHECK_H
#define CHITIN_KERN_SYSCALL_CHECK_H
/*
 * What the files of calls (kern/syscall_*.c) share: how the numbers that an env
 * presents become capabilities, frames and envs.
 */
#include "kern/abi/error.h"
#include "kern/env.h"

/* The block of the hart that makes the call: trap.S has left it there. */
static inline struct hart *
caller_hart(void)
{
    struct hart *self;

    __asm__("csrr %0, sscratch" : "=r"(self));
    return self;
}

static inline struct env *
caller_env(void)
{
    return caller_hart()->context->env;
}

/* The caller's list, or an empty one: then cap_of finds out. An entry that is
   granted just now matches nothing before all of it can be seen: its name is
   CAP_POISON, and then no name that the mask of an empty entry lets through. */
static inline const struct cap *
list_read(struct env *e)
{
    return atomic_load_explicit(&e->lone, memory_order_relaxed)->entry;
}

/* A copy of entry `index` of a list that other harts may change, or NULL. There
   are two at a time. */
const struct cap *cap_of_shared(struct env *e, uint64_t index);

/* The capability at `index` of the caller, or NULL. It may take the env's lock.
   Acquire: somebody may have granted it just now. */
static inline const struct cap *
cap_of(uint64_t index)
{
    struct env *e = caller_env();
    const struct cap *c;

    if (CHITIN_DEBUG) {
        lock_note(e->lock, LOCK_ENV, true);
    }
    c = cap_entry(atomic_load_explicit(&e->lone, memory_order_relaxed), index);
    if (c == NULL && e->shared) {
        return cap_of_shared(e, index);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return c;
}

/* Whether the caller's capability `index` allows `rights` on the guard: 0,
   -EBADF or -EPERM. */
static inline int
cap_check(uint64_t index, const struct cap_name *guard, uint64_t rights)
{
    const struct cap *c = cap_of(index);

    return c == NULL ? -EBADF : cap_allows(c, guard, rights) ? 0 : -EPERM;
}

/* The record of page `number` if that is the first of somebody's frame, else
   NULL: nothing that is free, part of another frame or no RAM has a type from
   FRAME_DATA on. */
static inline struct frame *
named_frame(uint64_t number)
{
    struct frame *f = frame_record(number);

    return number < FRAME_LIMIT && frame_type(f) >= FRAME_DATA ? f : NULL;
}

/* The same if the caller owns it. Owners change only with their consent, and
   the caller is here. */
static inline struct frame *
owned_frame(uint64_t number)
{
    struct frame *f = named_frame(number);

    return f != NULL && f->owner == caller_env()->id ? f : NULL;
}

/* What a name of a frame means in a call that is for its owner: the frame, and
   whose it is: the caller's, or an env's that the name's capability has control
   over (FRAME_BY). The env may go at any time: nothing of it is read but under
   the frame's lock, when `owner` owns the frame still. */
struct named {
    struct frame *frame;
    struct env *env;
    uint32_t owner;
};

/* 0, -EPERM, -EBADF or -ESRCH. No lock may be held. */
int frame_name(struct named *n, uint64_t name);

/* The call release for what is the disks': -ESTALE, -EINVAL. */
int64_t disk_release(uint64_t kind, uint64_t name);

/* The env `id` with its lock held, if the caller's capability has control over
   it; else NULL, and in *error why. It may be the caller. */
struct env *controlled_env(uint64_t cap, uint64_t id, int *error);

#endif
