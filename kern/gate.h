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
 * dies when the gate is set anew or its env ends: trap.S compares generation
 * and id on each use. The env is looked for in the hart's directory, never
 * through a pointer that may have outlived it.
 *
 * A synchronous call leaves the caller's id in the callee's context: until the
 * callee returns, it is not called again (-EBUSY). The caller's death turns the
 * return into an error; the callee's sends the caller back with -EDIED.
 *
 * What is passed, and what is cleared before, is the libOSes' to agree upon.
 */
#include "kern/abi/types.h"
#include "kern/cap.h"
#include "kern/hart_offsets.h"

#define GATES_MAX 8

struct env;

struct gate {
    uint64_t generation; /* 0: never set; grows with each setting */
    uint64_t entry;
    struct cap_name guard;
};

struct binding {
    uint64_t row; /* offset of the callee's row in a hart's directory */
    uint64_t id;  /* of the callee; 0: not bound */
    const struct gate *gate; /* in the callee's record: only if it lives */
    uint64_t generation;
    uint64_t entry;
    uint64_t unused[3];
};

/* Sets gate `number` of an env whose lock is held, and kills its bindings. An
   entry of 0 closes it. -EINVAL. */
int gate_set(struct env *e, uint64_t number, uint64_t entry,
             const struct cap_name *guard);

/* Makes binding `number` of `caller` lead to a gate of `callee`, whose lock is
   held. -EINVAL, -ENOENT for a gate that is not open, -EPERM unless `cap` has
   write on the gate's guard or control over the callee. */
int gate_bind(struct env *caller, uint64_t number, struct env *callee,
              uint64_t gate, const struct cap *cap);

#endif
