/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_EVENT_H
#define CHITIN_KERN_EVENT_H
/*
 * Events: what an env is told of without having asked just now. An event names
 * an env and a hart; a bit in the U-area says that there is something to look
 * at. What the env submitted itself comes back in the completion ring, with the
 * cookie that it gave; each submission has its entry reserved.
 *
 * An env that runs unmasked is upcalled at once, on any hart; one that sleeps
 * wakes; one that is masked sees it at its resume, others when they next run.
 *
 * Why none is lost. The bit is set first, the hart told after that. An env that
 * goes to sleep is marked so before its bits are looked at, both by its hart,
 * which no signal disturbs in between: a bit that it does not see yet is
 * followed by a signal that it has not taken yet. A signal is left out only if
 * the bit was set before: then one has been sent, or the env has yet to look.
 */
#include "kern/env.h"

/* Sets events of the env on that hart, if it can run there. The caller holds
   the env's lock. */
void event_post(struct env *e, unsigned hart, uint64_t events);

/* The same for where the env runs now, or else the first hart on which it
   can. */
void event_post_any(struct env *e, uint64_t events);

/* Whether the ring has room for what the context has submitted and one more. On
   the context's hart, like the next. */
bool event_room(const struct context *c);

/* Reserves an entry for what is being submitted; whether there is one. */
bool event_reserve(struct context *c);

/* Takes a reservation back for which nothing will be posted. */
void event_unreserve(struct context *c);

/* Posts an entry of the ring of the env of that id on that hart, whose place
   was reserved, if the env lives: an alarm's, and that of a submission. No env
   may be locked. From any hart. */
void event_alarm(uint64_t id, unsigned hart, uint64_t cookie, uint64_t value);
void event_complete(uint64_t id, unsigned hart, uint64_t cookie,
                    uint64_t value);

/* The call sleep: 0 at once if anything is pending, else does not return. */
int64_t event_sleep(void);

#endif
