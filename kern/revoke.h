/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_REVOKE_H
#define CHITIN_KERN_REVOKE_H
/*
 * Revocation: ask, take, tell. Who controls an env asks it to free some of what
 * it owns; from the deadline on the kernel takes what is missing, a step at a
 * time, and tells it what. Which to ask for, and when, is not decided here.
 *
 * Life of a request, under the env's lock:
 *
 *     none --ask--> asked --deadline--> due --steps--> none
 *                     '-----all freed------'-------------^
 *
 * A request by count is met by frees, the one with the earliest deadline first;
 * one by name by the free of that. What passes to an heir or to another env was
 * not freed. A request that cannot be met, for nothing is left to take, ends.
 *
 * Steps are made at the deadline and from then on at edges of slots, by harts
 * that idle, by allocations that find nothing, and by the call `repossess`.
 */
#include "kern/abi/call.h"
#include "kern/env.h"

/* Adds a request to those of a live env, whose lock is held, or to one of the
   same kind, name and deadline; and tells the env. -EINVAL: no such kind, no
   count, or more than one of a name; -EPERM: it does not own that; -EBUSY: that
   is not to be taken, or the env has too many requests. */
int revoke_ask(struct env *e, uint64_t kind, uint64_t name, uint64_t count,
               uint64_t deadline);

/* That the env, whose lock is held, has freed `count` of a kind, or one whose
   name it was. Does nothing if nothing was asked for. */
void revoke_settle(struct env *e, uint64_t kind, uint64_t name, uint64_t count);

/* One step of taking what a live env, whose lock is held, owes. -EAGAIN while
   it owes more, else how many requests are not due yet. */
int revoke_step(struct env *e);

/* To be called after any change of the requests of an env, whose lock is held,
   of what is being taken from it, or of its state: one that is dying owes
   nothing. */
void revoke_note(struct env *e);

/* Shows what an env, whose lock is held, was asked for before it had a
   U-area. */
void revoke_show(struct env *e);

/* The index of an env that owes something at `now`, of those after `last` if
   there are any; or 0. */
unsigned revoke_due(uint64_t now, unsigned last);

/* When the next deadline is, or was. */
uint64_t revoke_next(void);

/* The call frame_mark, for one frame of an env, whose lock is held: `place` is
   where its contents go (PLACE_EXTENT), or 0. -EPERM if one is not its own,
   -EINVAL if it is not data, scrubbed, and for a place of order 0; and what
   save_check says. */
int revoke_mark(const struct env *e, struct frame *f, uint64_t mark,
                uint64_t place);

/* A page that was taken from env `id` is on the disk, or lost: the loss that is
   to be told. No lock may be held. */
void revoke_saved(uint32_t id, uint64_t loss);

/* The call guarantee; the env's lock is held. -EINVAL if no page of order 0 is
   there, -EPERM if that or a table on the way to it is not the env's, -ENOSPC
   if the set would be too large, -EBUSY while frames are asked for. */
int revoke_guarantee(struct env *e, uint64_t address);

#endif
