/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_HART_H
#define CHITIN_KERN_HART_H
/*
 * Harts: the table of those that run the kernel, the block that each keeps on
 * top of its stack (kern/layout.h draws the slot), and how they call upon each
 * other.
 */
#include <stdatomic.h>

#include "kern/abi/cap.h"
#include "kern/abi/information.h"
#include "kern/abi/types.h"
#include "kern/boot/fdt.h"
#include "kern/csr.h"
#include "kern/hart_offsets.h"
#include "kern/layout.h"

/* The most harts that the kernel starts; a machine may have more. */
#define HARTS_MAX 8

/* What one hart can ask of another (bits of hart.signals). */
#define HART_SIGNAL_STOP (1u << 0)   /* a panic: stop for good */
#define HART_SIGNAL_PING (1u << 1)   /* count it: the self-checks' signal */
#define HART_SIGNAL_ATTEND (1u << 2) /* look at the contexts of `attend` */
#define HART_SIGNAL_DISK (1u << 3)   /* look after the disks */

struct context;

/* For assertions about the order of locks (kern/lock.h). */
#define HELD_MAX 12
struct held_locks {
    const void *lock[HELD_MAX]; /* NULL: none */
    uint8_t rank[HELD_MAX];
};

enum hart_state {
    HART_ABSENT,  /* asked to start, has not arrived */
    HART_REFUSED, /* the firmware does not start it */
    HART_UP,      /* runs the kernel */
    HART_STOPPED  /* parked by a panic */
};

struct hart {
    /* Used by assembly (kern/hart_offsets.h), on this hart only. */
    uint64_t scratch_t1;
    uint64_t scratch_a7;
    uint64_t uarea; /* of the current env, in the direct map */
    uint64_t user_ra;
    uint64_t user_sp;
    uint64_t user_pc;
    struct context *context;    /* what this hart runs; its own alone, */
    struct context **directory; /* and so are the rows: by index of env */
    struct hart *self;          /* immutable once the hart runs */
    uint64_t satp;  /* to start with; immutable once the hart runs */
    uint64_t flush; /* 1: this hart has too few ASIDs; immutable too */
    uint64_t phase; /* PHASE_..., kern/slot.h */
    struct context *float_owner; /* whose floating point is loaded, or NULL */
    const uint32_t *slot;        /* its place in the vector */
    uint64_t edge;               /* and the time at which that ends */
    uint64_t alarm;              /* the earliest alarm of any env here */
    uint64_t timer_fast; /* what stimecmp holds; 0 if trap.S may not set it */
    uint64_t next;       /* in grace: the id of the env that comes next */
    const uint32_t *vector; /* the owners of the slots; immutable */
    uint64_t slot_ticks;    /* immutable, */
    uint64_t grace_ticks;   /* likewise */
    uint64_t fresh;     /* not 0: what runs is in its prologue, which can begin
                           again: nothing of it is saved */
    uint64_t grace_end; /* in grace */
    uint64_t calls[64]; /* where each call enters; immutable likewise */
    uint64_t functions[64]; /* and the C function, if it is done by one */
    uint64_t registers[32]; /* of a fault inside the kernel */

    /* Immutable once the hart runs. */
    uint64_t id;     /* the hardware's number (mhartid), as SBI uses it */
    unsigned index;  /* the kernel's number: 0 to hart_count - 1 */
    fdt_node_t node; /* this hart's node in the device tree */
    bool has_float;

    bool has_stimecmp; /* as the tree says, then as time_init_hart found */

    /* This hart's alone: kern/slot.c. */
    uint64_t timer;         /* what its timer was set to */
    struct context *resume; /* who runs next, before anybody else, or NULL */
    uint64_t ready[SLOTS / 64]; /* slots whose owner is awake; some maybe not */
    struct cap cap_copy[2];     /* kern/syscall_check.h */
    unsigned cap_turn;
    struct held_locks held; /* kern/lock.c, in debug builds */

    /* Any hart may write these. */
    _Atomic unsigned state; /* enum hart_state */
    _Atomic unsigned signals;
    _Atomic uint64_t attend[ENVS_MAX / 64]; /* by index of env */

    /* Written by this hart only; others may read a stale value. */
    _Atomic uint64_t count_software; /* inter-hart interrupts taken */
    _Atomic uint64_t count_timer;
    _Atomic uint64_t count_external;
    _Atomic uint64_t count_ping;
    _Atomic uint64_t count_fence; /* of its own TLB, for hart_fence */
    _Atomic uint64_t
        count_fence_remote; /* firmware calls for those of others */
    uint64_t asid_mask;     /* ASIDs that this hart's satp can hold; 0: none */
};

/* Harts by index, the boot hart first. Immutable once hart_find_all has
   returned; a hart that never arrived stays in the table as HART_ABSENT. */
extern struct hart *hart_table[HARTS_MAX];
extern unsigned hart_count;

/* Whether the boot hart is the only one that runs the kernel. Immutable once
   hart_start_all has returned; false before. */
extern bool hart_alone;

/* The block of the hart that executes this, from its stack pointer. */
static inline struct hart *
hart_self(void)
{
    uintptr_t slot;

    __asm__("and %0, sp, %1" : "=r"(slot) : "r"(-(uintptr_t)HART_SLOT_SIZE));
    return (struct hart *)(slot + HART_BLOCK_OFFSET);
}

/* Makes the executing hart, whose hardware number is `id`, hart 0 of the
   table. Called once, first of all. */
void hart_init_boot(uint64_t id);

/* How many harts of the table are in that state. */
unsigned hart_count_in(enum hart_state state);

/* Fills the table from the tree with every hart that is available, has an MMU
   and fits, and gives each its slot. Boot hart only; needs boot memory. A tree
   without the executing hart fails the boot. */
void hart_find_all(const struct fdt *tree);

/* Starts the harts of the table through HSM (SBI 1.0, 9) and waits until each
   has arrived, or none has for a second. Those that do not are named in a
   warning and stay HART_ABSENT. Boot hart only. */
void hart_start_all(void);

/* Sets `signals` in `target` and interrupts it. Signals sent twice before they
   are seen arrive once. May be called with any lock held. */
void hart_signal(struct hart *target, unsigned signals);

/* Makes `target` look at its context of the env with that index, once. May be
   called with any lock held; on the hart itself it happens at the next
   interrupt. */
void hart_attend(struct hart *target, unsigned index);

/* Takes and clears the signals of the executing hart and acts on them. */
void hart_signals_take(void);

/* Counts, in a counter that only the executing hart writes: no atomic
   read-modify-write is needed. */
static inline void
counter_add(_Atomic uint64_t *counter)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
        memory_order_relaxed);
}

/* Makes each hart whose index is a bit of `harts` forget all translations that
   were in memory before the call, and waits until they have. Bits beyond the
   harts that are up are passed over, so ~0 is all. A lock that is held
   meanwhile is held for as long as the slowest hart's firmware takes. */
void hart_fence_all(uint64_t harts);

/* The executing hart alone. */
static inline void
hart_fence_self(struct hart *self)
{
    tlb_flush();
    counter_add(&self->count_fence);
}

static inline void
hart_fence(uint64_t harts)
{
    struct hart *self = hart_self();

    if (harts == (uint64_t)1 << self->index) {
        hart_fence_self(self);
    } else if (harts != 0) {
        hart_fence_all(harts);
    }
}

/* Makes what is in memory now be fetched as code by these harts, and this one.
 */
void code_fence(uint64_t harts);

/* Parks the executing hart for good, interrupts off. */
_Noreturn void hart_park(void);

#endif
