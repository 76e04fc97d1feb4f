/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_H
#define CHITIN_KERN_FRAME_H
/*
 * Page frames: who owns each, who may bind it, and which are free. The kernel
 * decides who may; which frame to take, and when to give it back, is the
 * libOS's to say. (The table that holds the records is built by
 * kern/boot/frame_table.c; kern/abi/frame.h describes a record.)
 *
 * Life of a frame:
 *
 *     FREE --frame_take--> DATA --pt, env, ...--> TABLE, SHADOW, ENV, UAREA
 *       ^                    |  <-----------------------'
 *       '----frame_return----'   (a type changes only with maps and pins zero)
 *
 * Locks (the order is in kern/lock.h): the frame's own guards its record, but
 * for next and previous; these, and what is in which list, are guarded by a
 * lock inside frame.c. Three fields are changed in one step each, so that who
 * does not hold the lock can read them, and finds what was true just now:
 * state (type, order, flags), shadow, maps. The last may also fall without the
 * lock, but never rises without.
 *
 * A frame with maps, pins or an unfinished break keeps its guard, type, order
 * and place: functions here that would change one of them say -EBUSY. Frames
 * may change owner at any time that the env's lock allows.
 */
#include "kern/abi/error.h"
#include "kern/account.h"
#include "kern/lock.h"
#include "kern/physical.h"

/* How many orders there are. */
#define FRAME_ORDERS 3

/* Pages that frame_scrub zeroes in one call. */
#define FRAME_SCRUB_MAX 16

/* In `harts` of a registry's frame: everybody may map it; it can be mapped for
   writing, and so its entry is dirty (kern/disk/store.h). */
#define REGISTRY_ANYONE 1
#define REGISTRY_WRITABLE 2

/* What there is at boot, in pages. What is free later, accounts tell. */
struct frame_counts {
    uint64_t ram;   /* records of RAM, of whatever type */
    uint64_t free;  /* put on the free lists */
    uint64_t table; /* bytes of RAM that the table takes */
};
extern struct frame_counts frame_counts;

/* What an env owns: the first of a list of frames, and the account that they
   are charged to. */
struct frame_list {
    uint32_t first;          /* page number; 0: none */
    struct account *account; /* immutable */
};

/* Zeroes, and copies, one page. Both faster than memset and memcpy. */
void page_clear(void *page);
void page_copy(void *restrict to, const void *restrict from);

/* Takes and gives back the record's lock, and asserts it. The page must be
   RAM. */
static inline void
frame_lock(struct frame *f)
{
    word_lock(&f->lock);
}

static inline void
frame_unlock(struct frame *f)
{
    word_unlock(&f->lock);
}

static inline bool
frame_locked(const struct frame *f)
{
    return word_locked(&f->lock);
}

/* Its state, also without its lock. */
static inline uint32_t
frame_state(const struct frame *f)
{
    return __atomic_load_n(&f->state, __ATOMIC_RELAXED);
}

static inline unsigned
frame_type(const struct frame *f)
{
    return __atomic_load_n(&f->type, __ATOMIC_RELAXED);
}

/* Makes the locked frame something else, order 0 and without flags. The caller
   has checked frame_busy. */
static inline void
frame_become(struct frame *f, enum frame_type type)
{
    f->used = 0;
    __atomic_store_n(&f->state, FRAME_STATE(type, 0), __ATOMIC_RELAXED);
}

/* Sets, or clears, a flag of the locked frame. */
static inline void
frame_set_flag(struct frame *f, unsigned flag)
{
    __atomic_store_n(&f->state, frame_state(f) | FRAME_STATE_FLAG(flag),
                     __ATOMIC_RELAXED);
}

static inline void
frame_clear_flag(struct frame *f, unsigned flag)
{
    __atomic_store_n(&f->state, frame_state(f) & ~FRAME_STATE_FLAG(flag),
                     __ATOMIC_RELAXED);
}

/* Flags that say something of the frame to its owner. */
#define FRAME_SAID (FRAME_MARKS | FRAME_CONDEMNED)

/* Forgets what is said of the locked frame, when it changes hands or type. */
static inline void
frame_unmark(struct frame *f)
{
    if (frame_state(f) & FRAME_STATE_FLAG(FRAME_PLACED)) {
        f->used = 0;
    }
    frame_clear_flag(f, FRAME_SAID);
}

/* Zeroes a locked page that nobody can write, if it is not clean. */
static inline void
frame_zero(struct frame *f)
{
    if (!(frame_state(f) & FRAME_STATE_FLAG(FRAME_CLEAN))) {
        page_clear(frame_contents(frame_number(f)));
    }
}

/* Whether anything still holds the locked frame. Acquire: what was done before
   the last of its maps fell, the fence above all, is done. */
static inline bool
frame_busy(const struct frame *f)
{
    return __atomic_load_n(&f->maps_and_pins, __ATOMIC_ACQUIRE) != 0 ||
           (frame_state(f) & FRAME_STATE_FLAG(FRAME_BREAKING)) != 0;
}

/* The head of the frame that page `number` is part of, or NULL if it is not
   RAM or is reserved. Without a lock the answer may be out of date. */
struct frame *frame_head(ppn_t number);

/* Puts `pages` pages from `first` on, whose records are new and say
   FRAME_PART, on the free lists, in the largest frames that fit. Boot only. */
void frame_add_free(ppn_t first, uint64_t pages);

/* Takes a free frame of `order` for `owner`, under `guard`: page `wanted`, or
   any if that is 0. It becomes FRAME_DATA in `list`, charged to its account,
   FRAME_UNSCRUBBED unless it was freed under the same guard or is FRAME_CLEAN,
   which it stays until something may write it. Splits
   larger frames if it must. Returns 0 and the page number; -EINVAL for a bad
   order or a `wanted` that is no RAM or not aligned, -EDQUOT if the account has
   no room, -EBUSY if that frame is not free, -ENOMEM if none is left. No lock
   may be held. */
int frame_take(struct frame_list *list, uint32_t owner,
               const struct cap_name *guard, uint64_t order, ppn_t wanted,
               ppn_t *taken);

/* Puts a frame that `list` holds back on the free lists. Its guard stays, for
   the next taker. The caller holds the frame's lock and has checked that it
   may; the lock is given back in any case. 0, -EINVAL if it is not FRAME_DATA,
   -EBUSY if it is in use. */
int frame_return(struct frame_list *list, struct frame *f);

/* Moves `count` frames of any type between the lists of two owners, and their
   charge between the accounts. The caller holds the frames' locks, has checked
   both, and keeps the locks. 0, or -EDQUOT and none is moved. */
int frame_give(struct frame_list *from, struct frame_list *to, uint32_t owner,
               struct frame *const f[], unsigned count);

/* How many kernel objects use it: pins that fall when they are told. Those of
   devices, which fall when these are done, are not among them. */
static inline unsigned
frame_pins(const struct frame *f)
{
    return f->pins % FRAME_PIN_DMA;
}

/* Puts back a data frame that has no maps and no pins but those of devices: as
   frame_return, or it is condemned: it is nobody's, stays charged, and goes
   back when the last device is done with it. The caller holds the lock, which
   is given back. */
int frame_let_go(struct frame_list *list, struct frame *f);

/* Puts a FRAME_DATA under another guard. The caller holds the lock, has checked
   capabilities, and keeps the lock. 0, -EINVAL, or -EBUSY. */
int frame_set_guard(struct frame *f, const struct cap_name *guard);

/* Zeroes pages of an unscrubbed frame, at most FRAME_SCRUB_MAX: how far it got
   is kept in the record. 0 when all of it is done, -EAGAIN before, -EINVAL if
   it is not unscrubbed. The caller holds the lock, and keeps it. */
int frame_scrub(struct frame *f);

/* Zeroes one page that is free, so that whoever takes it need not; whether it
   found one near the head of the list. For a hart that has nothing to do: some
   700 instructions, for which the page's own lock is held, and a taker of that
   page waits. No lock may be held. */
bool frame_scrub_idle(void);

/* Splits an owned frame of order 9 or 18 into 512 of the next order, and joins
   512 such into one. The caller has checked owner and capability. `f` is the
   first frame, `list` the owner's. -EINVAL if the order does not allow it, or
   the frames are not all FRAME_DATA of one owner, order and guard, and aligned;
   -EBUSY if any is in use; -EAGAIN from join: call again, it got further, or
   another hart works on one. The order of a list says nothing: join brings the
   parts together in it even if it fails. No lock may be held. */
int frame_split(struct frame_list *list, uint32_t owner, struct frame *f);
int frame_join(struct frame_list *list, uint32_t owner, struct frame *f);

#endif
