/* SPDX-License-Identifier: MIT */
/*
 * The calls on envs, on their capability lists, and on gates.
 */
#include "kern/syscall.h"
#include "kern/syscall_check.h"

static struct lock serial_lock;
static uint32_t next_serial;

int64_t
sys_cap_derive(uint64_t from, uint64_t to, uint64_t component, uint64_t keep)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    error = cap_derive(e->caps, from, to, component, keep);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_cap_fresh(uint64_t from, uint64_t to)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    lock_acquire(&serial_lock);
    error = cap_fresh(e->caps, from, to, &next_serial);
    lock_release(&serial_lock);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_cap_drop(uint64_t index)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    error = cap_drop(e->caps, index);
    lock_release(&e->lock);
    return error;
}

struct env *
controlled_env(uint64_t cap, uint64_t id, int *error)
{
    const struct cap *c = cap_of(cap);
    struct env *e;

    if (c == NULL) {
        *error = -EBADF;
        return NULL;
    }
    if (id == env_current()->id) {
        *error = -EINVAL;
        return NULL;
    }
    e = env_lock(id);
    if (e == NULL) {
        *error = -ESRCH;
    } else if (!cap_allows(c, &e->guard, CAP_CONTROL)) {
        env_unlock(e);
        *error = -EPERM;
        e = NULL;
    }
    return e;
}

/* Whether nobody has bound a U-area for the env: until then, who controls it
   accepts for it. Its lock is held. */
static int
env_unborn(const struct env *e)
{
    if (e->state != ENV_LIVE) {
        return -ESRCH;
    }
    for (unsigned i = 0; i < HARTS_MAX; i++) {
        if (e->context[i].uarea_frame != NULL) {
            return -EBUSY;
        }
    }
    return 0;
}

int64_t
sys_env_create(uint64_t cap, uint64_t record, uint64_t list, uint64_t root)
{
    const struct cap *c = cap_of(cap);
    const struct env_parts parts = {owned_frame(record), owned_frame(list),
                                    owned_frame(root)};

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_CONTROL) || parts.record == NULL ||
        parts.list == NULL || parts.root == NULL) {
        return -EPERM;
    }
    return env_create(env_current(), &c->name, &parts);
}

int64_t
sys_env_bind(uint64_t cap, uint64_t env, uint64_t frame)
{
    struct frame *f = named_frame(frame);
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    if (e == NULL) {
        return error;
    }
    error = e->state != ENV_LIVE ? -ESRCH
            : f == NULL          ? -EINVAL
                                 : env_bind(e, f);
    env_unlock(e);
    if (error == 0) {
        code_flush(); /* the env's code may be newer than what this hart has */
    }
    return error;
}

int64_t
sys_env_destroy(uint64_t cap, uint64_t env)
{
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    return e == NULL ? error : env_destroy_step(e);
}

int64_t
sys_cap_grant(uint64_t from, uint64_t control, uint64_t env, uint64_t to,
              uint64_t keep)
{
    int error = 0;
    struct env *e = controlled_env(control, env, &error);

    if (e == NULL) {
        return error;
    }
    error = env_unborn(e);
    if (error == 0) {
        error = cap_grant(env_current()->caps, from, e->caps, to, keep);
    }
    env_unlock(e);
    return error;
}

int64_t
sys_frame_give(uint64_t cap, uint64_t frame, uint64_t env)
{
    struct frame *f = owned_frame(frame);
    int error = 0;
    struct env *e;

    if (f == NULL) {
        return -EPERM;
    }
    e = controlled_env(cap, env, &error);
    if (e == NULL) {
        return error;
    }
    error = env_unborn(e);
    if (error == 0) {
        error = env_give(env_current(), e, f);
    }
    env_unlock(e);
    return error;
}

int64_t
sys_gate_set(uint64_t cap, uint64_t gate, uint64_t entry)
{
    struct env *e = env_current();
    const struct cap *c = cap_of(cap);
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    lock_acquire(&e->lock);
    error = gate_set(e, gate, entry, &c->name);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_gate_bind(uint64_t cap, uint64_t env, uint64_t gate, uint64_t binding)
{
    struct env *self = env_current();
    const struct cap *c = cap_of(cap);
    struct env *callee;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    callee = env_lock(env);
    if (callee == NULL) {
        return -ESRCH;
    }
    error = callee->state != ENV_LIVE
                ? -ESRCH
                : gate_bind(self, binding, callee, gate, c);
    env_unlock(callee);
    return error;
}
