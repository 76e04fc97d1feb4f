/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_SAVE_H
#define CHITIN_KERN_SAVE_H
/*
 * Save places in extents: a page that is taken is written to a block of a
 * binding of its env's (PLACE_EXTENT, kern/abi/frame.h), with no copy.
 *
 *     owned --save_begin--> condemned, written --save_end--> free
 *                                                   told: place, or lost
 *
 * From the first step on nobody can reach the page; it stays charged until the
 * device is done with it, as every condemned one. The loss is told after the
 * write, so what reads the place then reads the page.
 */
#include "kern/disk/binding.h"
#include "kern/env.h"
#include "kern/frame.h"

/* Whether pages of an env, whose lock is held, can be saved there: 0, and the
   binding's row is kept for them; -ESTALE if the env has no such binding,
   -EPERM if that cannot write, -EINVAL if it has no such block, -EIO if the
   disk is dead. */
int save_check(const struct env *e, uint64_t place);

/* The disk of a frame's save place, with its lock held; or NULL if that is not
   in an extent. The lock of the frame's owner is held, so that it stays what it
   is, and no other after it. */
struct drive *save_open(const struct frame *f);

/* Begins to save a locked frame of env e, which nothing holds but devices, to
   its save place on the locked disk: 0, then it is pinned, and *r is to be
   started when the frame is let go; -EAGAIN if there is no request now; -EIO if
   it cannot be saved, for the binding, or the disk, is not there any more, or
   the page holds what was not scrubbed. */
int save_begin(struct drive *d, const struct env *e, struct frame *f,
               struct disk_request **r);
void save_start(struct drive *d, struct disk_request *r);

/* The device is done with that, or never will be: what is to be told. */
void save_end(struct drive *d, struct disk_request *r, int error,
              struct request_end *end);

#endif
