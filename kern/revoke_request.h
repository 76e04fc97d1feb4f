/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_REVOKE_REQUEST_H
#define CHITIN_KERN_REVOKE_REQUEST_H
/*
 * What the files of revocation share: the requests of an env, whose lock is
 * held in all of this.
 */
#include "kern/revoke.h"

/* The request of that kind with the earliest deadline, of those by count or
   those by name; or NULL. */
struct request *revoke_first(struct env *e, uint64_t kind, bool by_count);

/* The one of all kinds whose deadline comes first, or NULL. */
struct request *revoke_earliest(struct env *e);

/* Changes how many a request has left, and shows it to the env. */
void revoke_set_left(struct env *e, struct request *r, uint64_t left);

/* Counts what is gone towards the requests by count, the earliest first. */
void revoke_meet(struct env *e, uint64_t kind, uint64_t count);

/* To be called after any change of requests, or of taking[]. */
void revoke_note(struct env *e);

/* The frame that is taken when this page is named, for a shadow goes with its
   table; NULL if there is no such page. Perhaps it is none that has an owner.
 */
struct frame *revoke_frame_meant(uint64_t name);

/* Whether a frame can be taken from a live env at all. */
bool revoke_takable(const struct frame *f);

/* Whether the env owns that, and it can be taken: 0, -EPERM, -EBUSY. */
int revoke_name_check(const struct env *e, uint64_t kind, uint64_t name);

/* Tells the env of a loss (LOSS, kern/abi/uarea.h), or counts it. */
void revoke_tell(struct env *e, uint64_t loss);

#endif
