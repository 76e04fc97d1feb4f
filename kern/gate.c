/* SPDX-License-Identifier: MIT */
#include "kern/gate.h"

#include "kern/abi/error.h"
#include "kern/env.h"
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

    ASSERT(lock_held(&e->lock));
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
gate_bind(struct env *caller, uint64_t number, struct env *callee,
          uint64_t gate, const struct cap *cap)
{
    const struct gate *g;

    ASSERT(lock_held(&callee->lock));
    if (number >= BINDINGS_MAX || gate >= GATES_MAX) {
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
    caller->binding[number] = (struct binding){
        .row = (uint64_t)(callee->id >> ENV_INDEX_SHIFT) *
               sizeof(struct context *),
        .id = callee->id,
        .gate = g,
        .generation = g->generation,
        .entry = g->entry,
    };
    return 0;
}
