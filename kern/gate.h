/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_GATE_H
#define CHITIN_KERN_GATE_H
/*
 * Protected control transfer: a jump from one env to another's entry, on the
 * same hart, that leaves a0 to a5 and all preserved registers alone and tells
 * the callee in a6 who called.
 *
 * A callee exports gates: an entry and a guard. A caller binds one, which is
 * when its capability is asked; the binding is then named by its number. It
 * dies when the gate is set anew or its env ends: transfer.S compares
 * generation and id on each use. The env is looked for in the hart's directory,
 * never through a pointer that may have outlived it.
 *
 * A synchronous call leaves the caller's id in the callee's context: until the
 * callee returns, it is not called again (-EBUSY). The caller's death turns the
 * return into an error; the callee's sends the caller back with -EDIED.
 *
 * What is passed, and what is cleared before, is the libOSes' to agree upon.
 */
#include "kern/abi/call.h"
#include "kern/abi/types.h"
#include "kern/cap.h"
#include "kern/hart_offsets.h"

#define GATES_MAX 8

struct env;

struct gate {
    uint64_t generation; /* 0: never set; grows with each setting */
    uint64_t entry;      /* 0: closed */
    struct cap_name guard;
};

struct binding {
    uint64_t row; /* offset of the callee's row in a hart's directory */
    uint64_t id;  /* of the callee; 0: not bound */
    const struct gate *gate; /* in the callee's record: only if it lives */
    uint64_t generation;
    uint64_t entry;
    uint64_t
        notify_id;   /* of a binding to a gate for being notified: the env; */
    uint64_t number; /* and the gate. `id` is 0 then: it cannot be called */
    uint64_t unused;
};

/* Sets gate `number` of an env whose lock is held, and kills its bindings. An
   entry of 0 closes it. -EINVAL. */
int gate_set(struct env *e, uint64_t number, uint64_t entry,
             const struct cap_name *guard);

/* Fills in a binding to a gate of `callee`, whose lock is held. -EINVAL,
   -ENOENT for a gate that is not open, -EPERM unless `cap` has write on the
   gate's guard or control over the callee. */
int gate_look(struct binding *binding, struct env *callee, uint64_t gate,
              const struct cap *cap);

/* Makes it binding `number` of the current env. -EINVAL; -EAGAIN if the old one
   may still be in use on another hart: it is dead now, call again. No lock may
   be held. */
int gate_bind(uint64_t number, const struct binding *binding);

/* Notifies the gate that binding `number` of the current env leads to, on that
   hart, or on any (GATE_HART_ANY) that suits. -EINVAL, -ESRCH. */
int gate_notify(uint64_t number, uint64_t hart);

#endif
