/* SPDX-License-Identifier: MIT */
/*
 * The calls on revocation, from both sides: who asks, and who is asked.
 */
#include "kern/abi/error.h"
#include "kern/revoke.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

/* As controlled_env, but only one that lives. */
static struct env *
living_env(uint64_t cap, uint64_t id, int *error)
{
    struct env *e = controlled_env(cap, id, error);

    if (e != NULL && !env_lives(e)) {
        env_unlock(e);
        *error = -ESRCH;
        e = NULL;
    }
    return e;
}

int64_t
sys_revoke(uint64_t cap, uint64_t env, uint64_t kind, uint64_t name,
           uint64_t count, uint64_t deadline)
{
    int error = 0;
    struct env *e = living_env(cap, env, &error);

    if (e != NULL) {
        error = revoke_ask(e, kind, name, count, deadline);
        env_unlock(e);
    }
    return error;
}

int64_t
sys_repossess(uint64_t cap, uint64_t env)
{
    int error = 0;
    struct env *e = living_env(cap, env, &error);

    if (e != NULL) {
        error = revoke_step(e);
        env_unlock(e);
    }
    return error;
}

int64_t
sys_frame_mark(uint64_t frame, uint64_t count, uint64_t mark, uint64_t place)
{
    struct named n;
    int error = frame_name(&n, frame);
    struct env *e;
    uint64_t i;

    if (count == 0 || count > MARK_FRAMES_MAX || mark > MARK_EXPENDABLE ||
        (PLACE_IS_EXTENT(place) && PLACE_BLOCK(place) > PLACE_BLOCKS - count)) {
        return -EINVAL;
    }
    e = error == 0 ? env_lock(n.owner) : NULL;
    for (i = 0; e != NULL && i < count && error == 0; i++) {
        struct frame *f = named_frame(frame_number(n.frame) + i);

        error = f == NULL ? -EPERM
                          : revoke_mark(e, f, mark, place != 0 ? place + i : 0);
    }
    if (e != NULL) {
        e->revocation.expendable |= mark == MARK_EXPENDABLE;
        env_unlock(e);
    }
    return error == 0 ? (int64_t)i : i > 1 ? (int64_t)i - 1 : error;
}

int64_t
sys_guarantee(uint64_t address)
{
    struct env *e = caller_env();
    int error;

    lock_acquire(e->lock);
    error = env_lives(e) ? revoke_guarantee(e, address) : -ESRCH;
    lock_release(e->lock);
    return error;
}
