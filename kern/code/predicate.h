/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PREDICATE_H
#define CHITIN_KERN_PREDICATE_H
/*
 * Wakeup predicates: an env sleeps until a program of its own says so about a
 * page that it may read. The kernel asks the program at each edge of a slot of
 * the hart where the env sleeps, some of them at each edge, in turns; what it
 * costs is bounded for each (PREDICATE_FUEL) and for an edge.
 *
 * A predicate is a binding of its page, checked when it is made: one of the
 * frame's maps (kern/abi/frame.h), which falls with them. When it falls, or its
 * program is released, the env wakes, and finds out when it asks again. It
 * ends, too, with the sleep, whatever ended that.
 *
 * Each env has one predicate at most on each hart; they are in a table sized at
 * boot.
 */
#include "kern/code/object.h"
#include "kern/env.h"
#include "kern/pt_chain.h"

/* The programs that sleep_until takes. */
extern const struct code_kind predicate_kind;

/* Makes the table. Boot only, after hart_find_all. */
void predicate_init(void);

/* How many sleep on a predicate, on each hart. The hart's alone. */
extern unsigned predicate_sleepers[HARTS_MAX];

static inline bool
predicate_any(const struct hart *self)
{
    return predicate_sleepers[self->index] != 0;
}

/* The call sleep_until. `code` is the caller's, `page` a page of a data frame
   that `cap` lets it read, or the address of an information page. 0 if an event
   is pending, 1 if the predicate holds; -ENOENT, -EINVAL, -EAGAIN for the code,
   -EINVAL for the page, -EPERM, -EBUSY for the frame. Else does not return. */
int64_t predicate_sleep(const struct cap *cap, uint64_t code, uint64_t page,
                        uint64_t argument);

/* Asks the predicates of the executing hart, and wakes those that hold or have
   fallen. Whether that has taken long: then the next edge is not for them. */
bool predicate_edge(struct hart *self);

/* The context, of the executing hart, does not wait any more. An env's lock may
   be held. */
void predicate_forget(struct context *c);

/* Locks the frame of a page from which so many bytes lie in it, if it is data
   and the capability may read it: NULL, and in *error -EINVAL, -EPERM, or
   -EBUSY. */
struct frame *predicate_frame(const struct cap *cap, uint64_t page,
                              uint64_t size, int *error);

/* Ends what sleeps on a program that is ending: when this returns nobody holds
   it, unless somebody has gone to sleep just now. */
void predicate_end(const struct code_object *o);

#endif
