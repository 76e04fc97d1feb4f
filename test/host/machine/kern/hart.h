/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_HART_H
#define CHITIN_KERN_HART_H
/*
 * Stands in for kern/hart.h in host tests: a thread is a hart, and a fence is
 * what the test makes of it.
 */
#include <stdatomic.h>

#include "kern/abi/types.h"

#define HARTS_MAX 8

#define HELD_MAX 12
struct held_locks {
    const void *lock[HELD_MAX];
    uint8_t rank[HELD_MAX];
};

struct hart {
    struct held_locks held;
    unsigned index;
};

/* The hart that this thread is; hart 0 unless the test says otherwise. */
extern _Thread_local struct hart machine_hart;

/* Called whenever a hart looks who it is, which is before it takes a lock. */
extern void (*machine_pause)(void);

static inline struct hart *
hart_self(void)
{
    if (machine_pause != NULL) {
        machine_pause();
    }
    return &machine_hart;
}

/* False, and every fence is computed in full, unless the test says otherwise.
 */
extern bool hart_alone;

/* Defined by each test. */
void hart_fence(uint64_t harts);

static inline void
hart_fence_self(struct hart *self)
{
    hart_fence((uint64_t)1 << self->index);
}

#endif
