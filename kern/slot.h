/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_SLOT_H
#define CHITIN_KERN_SLOT_H
/*
 * Processor time. Each hart has a vector of SLOTS slots on a fixed grid: slot n
 * is the time from n * SLOT_NANOSECONDS on, and again each time that the whole
 * vector has passed. An env owns particular slots of particular harts; where
 * they lie is its latency, how many they are its share.
 *
 * At the edge between slots of two envs the one that runs gets its epilogue
 * upcall, saves what it wants to keep, and yields; the other begins at its
 * prologue. Who has not yielded when the grace is over is saved by force and
 * forfeits one of its slots; too many of these, and it is aborted. Who cannot
 * be upcalled (masked, or without an epilogue) is saved by force and not
 * charged.
 *
 * A slot whose owner sleeps, or that nobody owns, goes to the next env that is
 * awake and has any slot here; if there is none, whoever runs goes on. An env
 * without slots runs only by yield and PCT.
 *
 * The vectors can be read by all; who may change them is for the callers.
 */
#include "kern/env.h"

#define SLOT_NANOSECONDS 1000000
#define GRACE_NANOSECONDS 200000

/* Overruns of which more end an env. Each time that the vector has gone round,
   some are forgiven, and one for so many of the env's own slots: who overruns
   now and then, because something stopped the hart itself, goes on. */
#define EXCESS_MAX 64
#define EXCESS_FORGIVEN 4
#define EXCESS_SLOTS 32

/* The ids of envs; 0: nobody's. */
#define SLOT_VECTORS ((uint32_t(*)[SLOTS])information_at(INFORMATION_SLOTS))

/* Gives the executing hart its clockwork. */
void slot_init_hart(struct hart *self);

/* Makes slot `index` of `hart` the env's, whose lock is held: -EINVAL for a
   slot that there is not, -EBUSY if somebody has it, -EDQUOT. The opposite:
   -EPERM if it is not the env's. */
int slot_alloc(struct env *e, uint64_t hart, uint64_t index);
int slot_free(struct env *e, uint64_t hart, uint64_t index);

/* Takes all slots that an env, which no hart runs any more, has of one. */
void slot_free_all(const struct env *e, unsigned hart);

/* The following are for the executing hart and its contexts. */

/* That the env is awake, or is not, for the search of who is next. */
void slot_ready_set(const struct context *c);
void slot_ready_clear(const struct context *c);

/* Sets the timer to what comes first: edge, end of grace, or alarm. */
void slot_timer_set(void);

/* Runs whoever is next, or waits until somebody is. */
_Noreturn void slot_run(void);

/* The call: to env `id`, or to whoever is next if that is 0; at the end of an
   epilogue always the latter. Returns only an error: -ESRCH. */
int64_t slot_yield(uint64_t id);

/* What the time says: alarms that are due, the end of a slice or of its grace.
   Returns what is to be done with the env that was interrupted (USER_...), or
   does not return. */
unsigned slot_tick(void);

/* Makes this hart look again at `deadline`, if not before. */
void slot_wake_at(uint64_t deadline);

/* Sets the current env's alarm on this hart, to be posted with `cookie`; a
   `deadline` of TIME_NEVER takes it back. -ENOSPC if the completion ring has no
   room for it. */
int slot_alarm(uint64_t deadline, uint64_t cookie);

#endif
