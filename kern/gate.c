/* SPDX-License-Identifier: MIT */
#include "kern/gate.h"

#include "kern/abi/error.h"
#include "kern/env.h"
#include "kern/event.h"
#include "kern/panic.h"

_Static_assert(offsetof(struct gate, generation) == GATE_GENERATION &&
                   offsetof(struct binding, row) == BINDING_ROW &&
                   offsetof(struct binding, id) == BINDING_ID &&
                   offsetof(struct binding, gate) == BINDING_GATE &&
                   offsetof(struct binding, generation) == BINDING_GENERATION &&
                   offsetof(struct binding, entry) == BINDING_ENTRY &&
                   sizeof(struct binding) == 1 << BINDING_SHIFT,
               "hart_offsets.h is not what the compiler laid out");

int
gate_set(struct env *e, uint64_t number, uint64_t entry,
         const struct cap_name *guard)
{
    struct gate *g;

    ASSERT(lock_held(e->lock));
    if (number >= GATES_MAX) {
        return -EINVAL;
    }
    g = &e->gate[number];
    g->entry = entry;
    g->guard = *guard;
    /* Last: a call that sees the new one has no binding to it yet. */
    __atomic_store_n(&g->generation, g->generation + 1, __ATOMIC_RELEASE);
    return 0;
}

int
gate_look(struct binding *binding, struct env *callee, uint64_t gate,
          const struct cap *cap)
{
    const struct gate *g;

    ASSERT(lock_held(callee->lock));
    if (gate >= GATES_MAX) {
        return -EINVAL;
    }
    g = &callee->gate[gate];
    if (g->entry == 0) {
        return -ENOENT;
    }
    if (!cap_allows(cap, &g->guard, CAP_WRITE) &&
        !cap_allows(cap, &callee->guard, CAP_CONTROL)) {
        return -EPERM;
    }
    *binding = (struct binding){.gate = g,
                                .generation = g->generation,
                                .entry = g->entry,
                                .number = gate};
    if (g->entry == GATE_NOTIFY) {
        binding->notify_id = callee->id;
    } else {
        binding->id = callee->id;
        binding->row = (uint64_t)(callee->id >> ENV_INDEX_SHIFT) *
                       sizeof(struct context *);
    }
    return 0;
}

/* transfer.S reads a binding without a lock, its id first: so the id is written
   last; and one that was in use is written only when no hart can be between
   reading its id and the rest. */
int
gate_bind(uint64_t number, const struct binding *binding)
{
    struct env *e = env_current();
    struct binding *b;
    int error = 0;

    if (number >= BINDINGS_MAX) {
        return -EINVAL;
    }
    b = &e->binding[number];
    lock_acquire(e->lock);
    if (b->id != 0 && e->shared) {
        __atomic_store_n(&b->id, 0, __ATOMIC_RELAXED);
        env_quiesce(e);
    }
    if (e->unacked != 0) {
        error = -EAGAIN;
    } else {
        struct binding silent = *binding;

        silent.id = 0;
        *b = silent;
        __atomic_store_n(&b->id, binding->id, __ATOMIC_RELEASE);
    }
    lock_release(e->lock);
    return error;
}

int
gate_notify(uint64_t number, uint64_t hart)
{
    struct env *e = env_current();
    struct binding b;
    int error = 0;

    if (number >= BINDINGS_MAX) {
        return -EINVAL;
    }
    lock_acquire(e->lock);
    b = e->binding[number];
    lock_release(e->lock);
    if (b.notify_id == 0) {
        return b.id != 0 ? -EINVAL : -ESRCH;
    }
    e = env_lock(b.notify_id);
    if (e == NULL) {
        return -ESRCH;
    }
    if (e->state != ENV_LIVE || e->gate[b.number].generation != b.generation) {
        error = -ESRCH;
    } else if (hart == GATE_HART_ANY) {
        event_post_any(e, PENDING_NOTIFY << b.number);
    } else if (hart >= HARTS_MAX || !(e->bound >> hart & 1)) {
        error = -EINVAL;
    } else {
        event_post(e, (unsigned)hart, PENDING_NOTIFY << b.number);
    }
    env_unlock(e);
    return error;
}
