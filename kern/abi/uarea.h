/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_UAREA_H
#define CHITIN_ABI_UAREA_H
/*
 * The U-area: the page through which the kernel and an env talk, one for each
 * hart on which the env runs. The kernel writes it through its own map and
 * trusts nothing that it reads there. Assembly includes this too.
 *
 *   0x000  exception level     what the kernel saved when it entered the
 *   0x040  interrupt level     handler of that level (struct level)
 *   0x080  double-fault level
 *   0x0c0  entry points: exception, interrupt, prologue, epilogue, double
 *          fault; 0 is none                                 (the env's)
 *   0x0e8  self: where the env has this page mapped          (the env's)
 *   0x0f0  masked: bits of the levels that are active
 *   0x0f4  version: UAREA_VERSION, or the env does not start (the env's)
 *   0x0f8  pending: bits of events that have not been delivered
 *   0x100  return entry: where a synchronous call comes back    (the env's)
 *   0x108  consent: what the env takes from others              (the env's)
 *   0x110  hart: the kernel's number of the hart that this U-area is for
 *   0x114  excess: epilogues that overran, less those forgiven since
 *   0x118  forced: not 0 while the forced-save area holds a state
 *   0x11c  what masked was at that moment
 *   0x120  how many entries of the completion ring were ever posted
 *   0x128  how many the env has taken out                       (the env's)
 *   0x130  words that the kernel never looks at          (the env's)
 *   0x200  forced-save area: pc, then x1 to x31
 *   0x300  floating point: f0 to f31, then fcsr, while another env has the
 *          registers of this hart
 *   0x408  batch_done, batch_next: how far the last batch came (call.h)
 *   0x410  completion ring
 *   0x610  more words that the kernel never looks at          (the env's)
 *   0x710  batch: arguments of calls that take many, and the entries of batch;
 *          the kernel writes results there                  (the env's)
 *   0xb20  requests: what the env is asked to free (struct request); in the
 *          U-area that was bound first, as what follows
 *   0xbe0  losses_posted: how many losses were ever recorded
 *   0xbe8  losses_taken: how many the env has taken out         (the env's)
 *   0xbf0  losses_missed: how many there was no room for
 *   0xc00  losses: what was taken from it
 *
 * Every upcall enters with t0 = self; pc, t0, t1 and a7 are saved at the
 * level, cause and value beside them; t1 and a7 hold nothing; every other
 * register is untouched. `resume` with t1 = level undoes it, and zeroes the
 * cause: where it is not zero, the level holds what an upcall interrupted.
 *
 * A prologue saves nothing. Until it has resumed a level, or made a call that
 * leaves the env, it can be left and begun again.
 */
#define UAREA_VERSION 3

#define UAREA_LEVEL_SIZE 0x40
#define UAREA_EXCEPTION 0x000
#define UAREA_INTERRUPT 0x040
#define UAREA_DOUBLE 0x080

/* Within a level. */
#define LEVEL_PC 0x00
#define LEVEL_T0 0x08
#define LEVEL_T1 0x10
#define LEVEL_A7 0x18
#define LEVEL_CAUSE 0x20
#define LEVEL_VALUE 0x28
#define LEVEL_MASKED 0x30 /* what `masked` was, and becomes again */

#define UAREA_ENTRY_EXCEPTION 0x0c0
#define UAREA_ENTRY_INTERRUPT 0x0c8
#define UAREA_ENTRY_PROLOGUE 0x0d0
#define UAREA_ENTRY_EPILOGUE 0x0d8
#define UAREA_ENTRY_DOUBLE 0x0e0
#define UAREA_SELF 0x0e8
#define UAREA_MASKED 0x0f0
#define UAREA_VERSION_WORD 0x0f4
#define UAREA_PENDING 0x0f8
#define UAREA_ENTRY_RETURN 0x100
#define UAREA_CONSENT 0x108
#define UAREA_HART 0x110
#define UAREA_EXCESS 0x114
#define UAREA_FORCED 0x118
#define UAREA_FORCED_MASKED 0x11c
#define UAREA_RING_POSTED 0x120
#define UAREA_RING_TAKEN 0x128
#define UAREA_OWN 0x130
#define UAREA_FORCED_AREA 0x200
#define UAREA_FLOAT 0x300
#define UAREA_BATCH_DONE 0x408
#define UAREA_BATCH_NEXT 0x40c
#define UAREA_RING 0x410
#define UAREA_SAVE 0x610
#define UAREA_BATCH 0x710
#define UAREA_REQUESTS 0xb20
#define UAREA_LOSSES_POSTED 0xbe0
#define UAREA_LOSSES 0xc00

#define UAREA_OWN_WORDS 26
#define UAREA_RING_ENTRIES 32
#define UAREA_REQUEST_ENTRIES 8
#define UAREA_LOSS_ENTRIES 128
#define UAREA_BATCH_WORDS 130

/* Bits of masked. A level that is active masks itself; the interrupt level
   masks exceptions too, which then are double faults. */
#define MASKED_EXCEPTION 1
#define MASKED_INTERRUPT 2
#define MASKED_DOUBLE 4

/* Bits of pending: events. PENDING_NOTIFY << g: somebody notified gate g. */
#define PENDING_DEATH 1      /* an env that this one created has ended */
#define PENDING_COMPLETION 2 /* something was posted to the ring */
#define PENDING_REQUEST 4    /* the env is asked to free something */
#define PENDING_LOSS 8       /* something was taken from it */
#define PENDING_CONSOLE 16   /* console_read, which had nothing, may have */
#define PENDING_NOTIFY 0x100ul

/* Bits of consent: what the env takes from anyone, if it is set in any of its
   U-areas. */
#define CONSENT_FRAMES 1 /* frames, which its account then is charged for */
#define CONSENT_CAPS 2   /* capabilities */

/* Levels, for resume. */
#define LEVEL_EXCEPTION 0
#define LEVEL_INTERRUPT 1
#define LEVEL_DOUBLE 2
#define LEVEL_FORCED 3 /* the forced-save area */

#ifndef __ASSEMBLER__
#include "kern/abi/types.h"

struct level {
    uint64_t pc;
    uint64_t t0;
    uint64_t t1;
    uint64_t a7;
    uint64_t cause; /* scause */
    uint64_t value; /* stval */
    uint64_t masked;
    uint64_t unused;
};

/* What became of something that the env had asked for. */
struct ring_entry {
    uint64_t cookie; /* the env's own, as it asked */
    uint64_t value;
};

/* What the env is asked to free. */
struct request {
    uint32_t kind; /* enum resource_kind (call.h) */
    uint32_t left; /* how many are missing; 0: no request */
    uint64_t name; /* of the one that is wanted, or REVOKE_ANY */
    uint64_t deadline;
};

/* What was taken: its kind, its name, and for a page where its contents are:
   another page, a block of an extent (PLACE_IS_EXTENT, kern/abi/frame.h), or 0
   when they are lost. */
#define LOSS_PLACE_SHIFT 24
#define LOSS(kind, name, place)                                                \
    ((uint64_t)(kind) << 56 |                                                  \
     (uint64_t)(uint32_t)(place) << LOSS_PLACE_SHIFT | (name))
#define LOSS_KIND(loss) ((loss) >> 56)
#define LOSS_NAME(loss) ((loss)&0xffffff)
#define LOSS_PLACE(loss) ((loss) >> LOSS_PLACE_SHIFT & 0xffffffff)

struct uarea {
    struct level level[3];
    uint64_t entry_exception;
    uint64_t entry_interrupt;
    uint64_t entry_prologue;
    uint64_t entry_epilogue;
    uint64_t entry_double;
    uint64_t self;
    uint32_t masked;
    uint32_t version;
    uint64_t pending;
    uint64_t entry_return;
    uint64_t consent;
    uint32_t hart;
    uint32_t excess;
    uint32_t forced;
    uint32_t forced_masked;
    uint64_t ring_posted;
    uint64_t ring_taken;
    uint64_t own[UAREA_OWN_WORDS];
    uint64_t forced_area[32];
    uint64_t float_registers[33];
    uint32_t batch_done;
    uint32_t batch_next;
    struct ring_entry ring[UAREA_RING_ENTRIES];
    uint64_t save[32];
    uint64_t batch[UAREA_BATCH_WORDS];
    struct request request[UAREA_REQUEST_ENTRIES];
    uint64_t losses_posted;
    uint64_t losses_taken;
    uint64_t losses_missed;
    uint64_t unused;
    uint64_t loss[UAREA_LOSS_ENTRIES];
};

_Static_assert(sizeof(struct level) == UAREA_LEVEL_SIZE, "level");
_Static_assert(offsetof(struct level, cause) == LEVEL_CAUSE &&
                   offsetof(struct level, masked) == LEVEL_MASKED,
               "level");
_Static_assert(
    offsetof(struct uarea, entry_exception) == UAREA_ENTRY_EXCEPTION &&
        offsetof(struct uarea, entry_double) == UAREA_ENTRY_DOUBLE &&
        offsetof(struct uarea, self) == UAREA_SELF &&
        offsetof(struct uarea, masked) == UAREA_MASKED &&
        offsetof(struct uarea, version) == UAREA_VERSION_WORD &&
        offsetof(struct uarea, pending) == UAREA_PENDING &&
        offsetof(struct uarea, entry_return) == UAREA_ENTRY_RETURN &&
        offsetof(struct uarea, consent) == UAREA_CONSENT &&
        offsetof(struct uarea, hart) == UAREA_HART &&
        offsetof(struct uarea, excess) == UAREA_EXCESS &&
        offsetof(struct uarea, forced) == UAREA_FORCED &&
        offsetof(struct uarea, forced_masked) == UAREA_FORCED_MASKED &&
        offsetof(struct uarea, ring_posted) == UAREA_RING_POSTED &&
        offsetof(struct uarea, ring_taken) == UAREA_RING_TAKEN &&
        offsetof(struct uarea, own) == UAREA_OWN &&
        offsetof(struct uarea, forced_area) == UAREA_FORCED_AREA &&
        offsetof(struct uarea, float_registers) == UAREA_FLOAT &&
        offsetof(struct uarea, batch_done) == UAREA_BATCH_DONE &&
        offsetof(struct uarea, batch_next) == UAREA_BATCH_NEXT &&
        offsetof(struct uarea, ring) == UAREA_RING &&
        offsetof(struct uarea, request) == UAREA_REQUESTS &&
        offsetof(struct uarea, losses_posted) == UAREA_LOSSES_POSTED &&
        offsetof(struct uarea, loss) == UAREA_LOSSES &&
        offsetof(struct uarea, batch) == UAREA_BATCH &&
        offsetof(struct uarea, save) == UAREA_SAVE,
    "uarea");
_Static_assert(sizeof(struct uarea) == FRAME_SIZE, "a U-area is one frame");
#endif

#endif
