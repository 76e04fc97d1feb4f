/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_HART_H
#define CHITIN_KERN_HART_H
/*
 * Harts: the table of those that run the kernel, the block that each keeps on
 * top of its stack (kern/layout.h draws the slot), and how they call upon each
 * other.
 */
#include <stdatomic.h>

#include "kern/abi/types.h"
#include "kern/fdt.h"
#include "kern/layout.h"

/* The most harts that the kernel starts; a machine may have more. */
#define HARTS_MAX 64

/* What one hart can ask of another (bits of hart.signals). */
#define HART_SIGNAL_STOP (1u << 0) /* a panic: stop for good */
#define HART_SIGNAL_PING (1u << 1) /* count it: the self-checks' signal */

enum hart_state {
    HART_ABSENT,  /* asked to start, has not arrived */
    HART_REFUSED, /* the firmware does not start it */
    HART_UP,      /* runs the kernel */
    HART_STOPPED  /* parked by a panic */
};

struct hart {
    /* Read by assembly (kern/hart_offsets.h). Immutable once the hart runs,
       but for the registers, which the hart's own traps write. */
    struct hart *self;
    uint64_t satp;
    uint64_t registers[32];

    /* Immutable once the hart runs. */
    uint64_t id;     /* the hardware's number (mhartid), as SBI uses it */
    unsigned index;  /* the kernel's number: 0 to hart_count - 1 */
    fdt_node_t node; /* this hart's node in the device tree */
    bool has_float;

    bool has_stimecmp; /* as the tree says, then as time_init_hart found */

    /* Any hart may write these. */
    _Atomic unsigned state; /* enum hart_state */
    _Atomic unsigned signals;

    /* Written by this hart only; others may read a stale value. */
    _Atomic uint64_t count_software; /* inter-hart interrupts taken */
    _Atomic uint64_t count_timer;
    _Atomic uint64_t count_external;
    _Atomic uint64_t count_ping;
    uint64_t asid_mask; /* ASIDs that this hart's satp can hold; 0: none */
};

/* Harts by index, the boot hart first. Immutable once hart_find_all has
   returned; a hart that never arrived stays in the table as HART_ABSENT. */
extern struct hart *hart_table[HARTS_MAX];
extern unsigned hart_count;

/* The block of the hart that executes this, from its stack pointer. */
static inline struct hart *
hart_self(void)
{
    uintptr_t sp;

    __asm__("mv %0, sp" : "=r"(sp));
    return (struct hart *)((sp & ~(uintptr_t)(HART_SLOT_SIZE - 1)) +
                           HART_BLOCK_OFFSET);
}

/* Makes the executing hart, whose hardware number is `id`, hart 0 of the
   table. Called once, first of all. */
void hart_init_boot(uint64_t id);

/* The index of the hart with hardware number `id`, or -1. */
int hart_index_of(uint64_t id);

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

/* Takes and clears the signals of the executing hart and acts on them. */
void hart_signals_take(void);

/* Parks the executing hart for good, interrupts off. */
_Noreturn void hart_park(void);

#endif
