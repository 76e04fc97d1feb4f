/* SPDX-License-Identifier: MIT */
/*
 * The calls on envs, on their capability lists, and on gates.
 */
#include "kern/panic.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

/* How often a list is read again that another hart changes meanwhile. */
#define LIST_LOOKS 8

static struct lock serial_lock = {.rank = LOCK_OF_ENV};
static uint32_t next_serial;

/* Round what changes a list, which other harts may be reading. The lock of its
   env is held. */
static void
list_open(struct env *e)
{
    ASSERT(lock_held(e->lock) && e->caps_changed % 2 == 0);
    __atomic_store_n(&e->caps_changed, e->caps_changed + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* the list after that */
}

static void
list_close(struct env *e)
{
    __atomic_store_n(&e->caps_changed, e->caps_changed + 1, __ATOMIC_RELEASE);
}

/* Without the lock: every call names a capability, so that the harts of an env
   would wait for each other all the time. */
const struct cap *
cap_of_shared(struct env *e, uint64_t index)
{
    struct hart *self = hart_self();
    struct cap *copy = &self->cap_copy[self->cap_turn ^= 1];
    uint32_t before;

    if (index >= CAP_LIST_ENTRIES) {
        return NULL;
    }
    for (unsigned looks = 0; looks < LIST_LOOKS; looks++) {
        before = __atomic_load_n(&e->caps_changed, __ATOMIC_ACQUIRE);
        *copy = e->caps->entry[index];
        __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the list before that */
        if (before % 2 == 0 &&
            __atomic_load_n(&e->caps_changed, __ATOMIC_RELAXED) == before) {
            return copy->held ? copy : NULL;
        }
    }
    lock_acquire(e->lock); /* it is changed all the time */
    *copy = e->caps->entry[index];
    lock_release(e->lock);
    return copy->held ? copy : NULL;
}

int64_t
sys_cap_derive(uint64_t from, uint64_t to, uint64_t component, uint64_t keep)
{
    struct env *e = env_current();
    int error;

    lock_acquire(e->lock);
    list_open(e);
    error = cap_derive(e->caps, from, to, component, keep);
    list_close(e);
    lock_release(e->lock);
    return error;
}

int64_t
sys_cap_fresh(uint64_t from, uint64_t to)
{
    struct env *e = env_current();
    int error;

    lock_acquire(e->lock);
    lock_acquire(&serial_lock);
    list_open(e);
    error = cap_fresh(e->caps, from, to, &next_serial);
    list_close(e);
    lock_release(&serial_lock);
    lock_release(e->lock);
    return error;
}

int64_t
sys_cap_drop(uint64_t index)
{
    struct env *e = env_current();
    int error;

    lock_acquire(e->lock);
    list_open(e);
    error = cap_drop(e->caps, index);
    list_close(e);
    lock_release(e->lock);
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

int
frame_name(struct named *n, uint64_t name)
{
    uint64_t by = name >> FRAME_BY_SHIFT;
    int error = 0;

    n->frame = named_frame(name & (((uint64_t)1 << FRAME_BY_SHIFT) - 1));
    n->env = caller_env();
    if (n->frame == NULL) {
        return -EPERM;
    }
    n->owner = n->frame->owner;
    if (by != 0) {
        n->env = controlled_env(by - 1, n->owner, &error);
        if (n->env != NULL) {
            env_unlock(n->env);
        }
        return error;
    }
    return n->owner == n->env->id ? 0 : -EPERM;
}

/* Whether an env, whose lock is held, takes `what` from anyone. */
static bool
env_consents(const struct env *e, uint64_t what)
{
    uint32_t bound = e->state == ENV_LIVE ? env_bound(e) : 0;

    for (const struct context *c = e->context; bound != 0; c++, bound >>= 1) {
        if ((bound & 1) &&
            (__atomic_load_n(&c->uarea->consent, __ATOMIC_RELAXED) & what)) {
            return true;
        }
    }
    return false;
}

/* The env `id` with its lock held, if the caller may give `what` to it: because
   that takes it, or with control over one that is not born. Else NULL, and in
   *error why. */
static struct env *
receiving_env(uint64_t id, uint64_t control, uint64_t what, int *error)
{
    const struct cap *c = cap_of(control);
    struct env *e = id == env_current()->id ? NULL : env_lock(id);

    *error = id == env_current()->id                  ? -EINVAL
             : e == NULL                              ? -ESRCH
             : env_consents(e, what)                  ? 0
             : c == NULL                              ? -EBADF
             : !cap_allows(c, &e->guard, CAP_CONTROL) ? -EPERM
             : e->state != ENV_LIVE                   ? -ESRCH
             : e->bound != 0                          ? -EBUSY
                                                      : 0;
    if (*error < 0 && e != NULL) {
        env_unlock(e);
    }
    return *error < 0 ? NULL : e;
}

int64_t
sys_env_create(uint64_t cap, uint64_t record, uint64_t list, uint64_t root,
               uint64_t account)
{
    const struct cap *c = cap_of(cap);
    const struct env_parts parts = {owned_frame(record), owned_frame(list),
                                    owned_frame(root)};

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_CONTROL) || parts.record == NULL ||
        parts.list == NULL || parts.root == NULL || account >= ACCOUNTS_MAX) {
        return -EPERM;
    }
    return env_create(env_current(), &c->name, &parts,
                      account != 0 ? (uint32_t)account
                                   : env_account(env_current()));
}

int64_t
sys_env_bind(uint64_t cap, uint64_t env, uint64_t hart, uint64_t frame)
{
    struct frame *f = named_frame(frame);
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    if (e == NULL) {
        return error;
    }
    if (e->state != ENV_LIVE) {
        error = -ESRCH;
    } else if (f == NULL || hart >= hart_count ||
               hart_table[hart]->state != HART_UP) {
        error = -EINVAL;
    } else {
        error = env_bind(e, hart_table[hart], f);
    }
    env_unlock(e);
    return error;
}

int64_t
sys_env_destroy(uint64_t cap, uint64_t env)
{
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    if (error == -ESRCH && env_index(env) < ENVS_MAX &&
        ENV_TABLE[env_index(env)].id == env &&
        ENV_TABLE[env_index(env)].state == ENV_DYING) {
        return -EAGAIN; /* another hart makes the last step now */
    }
    return e == NULL ? error : env_destroy_step(e);
}

int64_t
sys_cap_grant(uint64_t from, uint64_t control, uint64_t env, uint64_t to,
              uint64_t keep)
{
    const struct cap *c = cap_of(from);
    int error;
    struct env *e = receiving_env(env, control, CONSENT_CAPS, &error);

    if (e != NULL) {
        list_open(e);
        error = cap_grant(c, e->caps, to, keep);
        list_close(e);
        env_unlock(e);
    }
    return error;
}

int64_t
sys_frame_give(uint64_t cap, uint64_t frame, uint64_t env)
{
    struct named n;
    int error = frame_name(&n, frame);
    struct env *e;

    if (error < 0) {
        return error;
    }
    e = receiving_env(env, cap, CONSENT_FRAMES, &error);
    if (e != NULL) {
        error = e == n.env ? -EINVAL : env_give(n.env, n.owner, e, n.frame);
        env_unlock(e);
    }
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
    lock_acquire(e->lock);
    error = gate_set(e, gate, entry, &c->name);
    lock_release(e->lock);
    return error;
}

int64_t
sys_gate_bind(uint64_t cap, uint64_t env, uint64_t gate, uint64_t binding)
{
    const struct cap *c = cap_of(cap);
    struct binding b;
    struct env *callee;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    callee = env_lock(env);
    if (callee == NULL) {
        return -ESRCH;
    }
    error = callee->state != ENV_LIVE ? -ESRCH : gate_look(&b, callee, gate, c);
    env_unlock(callee);
    return error < 0 ? error : gate_bind(binding, &b);
}
