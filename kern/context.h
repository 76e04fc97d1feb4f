/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CONTEXT_H
#define CHITIN_KERN_CONTEXT_H
/*
 * An env on one hart: how it is entered, put to sleep, woken, and withdrawn.
 * All of a context but its U-area belongs to its hart: nobody else writes it
 * while it is in the hart's directory. Other harts set a bit in hart.attend,
 * and the hart looks for itself.
 *
 * The id of a context is that of its env while transfer.S may enter it just so.
 * It is NOBODY while the env sleeps, or is to be told that its callee died.
 *
 * Everything here is for the executing hart, with no lock held but that of the
 * env in context_stop.
 */
#include "kern/env.h"

/* What a hart runs that runs nobody, and what rows of envs that cannot run on
   it point to. */
extern struct context context_nobody;

/* Makes the executing hart one that runs nobody and can run nobody yet. */
void context_init_hart(struct hart *self);

/* The context of the env of that id, also if its own says NOBODY; or NULL. */
struct context *context_find(uint64_t id);

/* Makes an env's context what the hart runs and goes to user mode: to its
   prologue; or to its return entry, if the callee that it waits for died. Wakes
   it if it sleeps. */
_Noreturn void context_enter(struct context *c);

/* It sleeps; it does no longer. */
void context_sleep(struct context *c);
void context_wake(struct context *c);

/* Does what other harts want with the contexts whose bits are set. The hart may
   run nobody after it. */
void context_attend_all(void);

/* Takes a context, of an env that is DYING, out of the hart: nothing in here
   names the env any more, and it may be gone when this returns. If it was what
   the hart runs, the hart runs nobody now. */
void context_stop(struct context *c);

/* Whether the context that a transfer leads to is ready after all: 0, and
   transfer.S makes the call again, or why it cannot be done. `binding` is that
   of pct_call and pct_send. */
int64_t context_prepare(uint64_t number, uint64_t binding);

/* Gives the floating-point registers of the hart to what it runs; whether it
   has any. */
bool float_take(void);

/* Takes them away: what they hold is lost. */
void float_drop(const struct context *c);

/* In float.S: f0 to f31 and fcsr. */
void float_save(uint64_t registers[33]);
void float_load(const uint64_t registers[33]);

#endif
