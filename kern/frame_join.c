/* SPDX-License-Identifier: MIT */
/*
 * 512 frames made one. In the other direction a frame becomes parts by itself
 * (kern/frame.c); here many must agree, while other harts may bind, free or
 * give any of them. So each is made a part on condition, and all of them what
 * they were if one does not fit.
 */
#include "kern/frame_list.h"

/* Flags in which parts may differ. */
#define MAY_DIFFER FRAME_STATE_FLAG(FRAME_UNSCRUBBED | FRAME_CLEAN)

/* Moves the frames that are to be parts of f behind it in the owner's list, in
   order, where they are not yet: MOVES_MAX in one call, which is -EAGAIN if
   there are more. So each call is bounded, and parts leave the list together.
   -EINVAL if one to be moved is not like f or not the owner's; one that is in
   its place is the owner's, and parts_take looks at the rest. */
#define MOVES_MAX 32

static int
parts_gather(struct frame *f, struct frame *end, uint32_t step, uint32_t *first)
{
    const uint32_t any = MAY_DIFFER | FRAME_STATE_FLAG(FRAME_BREAKING);
    const uint32_t state = f->state & ~any;
    const uint32_t owner = f->owner;
    uint32_t number = (uint32_t)frame_number(f);
    unsigned moves = 0;

    for (struct frame *part = f + step; part < end; part += step) {
        if (part->previous != number) {
            if ((frame_state(part) & ~any) != state || part->owner != owner) {
                return -EINVAL;
            }
            if (++moves > MOVES_MAX) {
                return -EAGAIN;
            }
            list_remove(first, frame_records(), part);
            list_insert_after(part - step, part);
        }
        number += step;
    }
    return 0;
}

/* All that a data frame's type differs by from a part's. */
#define TYPE_BIT STATE_WORD(FRAME_DATA ^ FRAME_PART)
_Static_assert(FRAME_DATA == (FRAME_PART | 1), "one bit");

/* Makes a part the frame that it was: nothing else of it has changed. If
   somebody has its lock for a moment, to find that it is a part, he may find a
   frame instead, whose lock he has. */
static void
part_give_back(struct frame *part)
{
    __atomic_store_n(&part->type, FRAME_DATA, __ATOMIC_RELAXED);
}

/* Why a frame whose first word is this cannot be a part of one in `state`. */
static int
word_refuse(uint64_t word, uint32_t state)
{
    const uint32_t any = MAY_DIFFER | FRAME_STATE_FLAG(FRAME_BREAKING);

    if ((uint32_t)word != 0) {
        return -EAGAIN; /* somebody works on it */
    }
    if ((word >> 32 & ~any) != (state & ~any)) {
        return -EINVAL;
    }
    return word & STATE_WORD(FRAME_STATE_FLAG(FRAME_BREAKING)) ? -EBUSY
                                                               : -EAGAIN;
}

/* Makes the frames from `f + step` on parts of f, as long as they can be, and
   stops at the first that cannot. One that nobody has locked becomes a part in
   one step, and from then on nobody can bind it: so it is looked at after that,
   and made what it was if it does not fit. Order and flags stay in
   its state, where they say nothing; flags are collected in *flags. Each
   instruction counts here: 512 parts taken, and given back, are one call (rule
   6). */
static int
parts_take(struct frame *f, struct frame *end, uint32_t step,
           struct frame **stopped, uint32_t *flags)
{
    const uint64_t mask = ~STATE_WORD(MAY_DIFFER);
    const uint64_t plain = STATE_WORD(f->state & ~MAY_DIFFER);
    const struct cap_name guard = f->guard;
    struct frame *part = f + step;
    uint64_t words = 0;
    int error = 0;

    for (; part < end; part += step) {
        uint64_t word =
            __atomic_load_n(&part->lock_and_state, __ATOMIC_RELAXED);

        if ((word & mask) != plain ||
            !__atomic_compare_exchange_n(&part->lock_and_state, &word,
                                         word & ~TYPE_BIT, true,
                                         __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
            error = word_refuse(word, f->state);
            break;
        }
        if (!cap_name_equal(&part->guard, &guard) ||
            __atomic_load_n(&part->maps_and_pins, __ATOMIC_RELAXED) != 0) {
            error = cap_name_equal(&part->guard, &guard) ? -EBUSY : -EINVAL;
            part_give_back(part);
            break;
        }
        words |= word;
    }
    /* As in frame_busy. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    *flags = (uint32_t)(words >> 32) & FRAME_STATE_FLAG(FRAME_UNSCRUBBED);
    *stopped = part;
    return error;
}

/* What parts_take took, up to the one that it stopped at. */
static void
parts_give_back(struct frame *f, struct frame *end, uint32_t step)
{
    for (struct frame *part = f + step; part < end; part += step) {
        part_give_back(part);
    }
}

/* Joins under the lock of the lists, which keeps owners what they are. */
static int
parts_join(uint32_t *first, struct frame *f, struct frame *end, uint32_t step)
{
    struct frame *stopped;
    uint32_t flags = 0;
    int error = parts_gather(f, end, step, first);

    if (error < 0) {
        return error;
    }
    error = parts_take(f, end, step, &stopped, &flags);
    if (error < 0) {
        parts_give_back(f, stopped, step);
        return error;
    }
    f->next = (end - step)->next;
    if (f->next != 0) {
        frame_record(f->next)->previous = (uint32_t)frame_number(f);
    }
    frame_unmark(f); /* what was said of a page is not true of all */
    frame_clear_flag(f, FRAME_CLEAN);
    f->used = 0;
    state_set(f, (f->state | flags) + FRAME_STATE(0, ORDER_STEP));
    return 0;
}

int
frame_join(struct frame_list *list, uint32_t owner, struct frame *f)
{
    uint32_t step = order_of(frame_state(f)) == FRAME_ORDER_4K ? 1 : PARTS;
    struct frame *end = f + (size_t)PARTS * step;
    int error;

    if (frame_number(f) % (PARTS * (ppn_t)step) != 0 ||
        frame_number(f) + PARTS * (ppn_t)step > FRAME_LIMIT ||
        frame_type(f) < FRAME_DATA) {
        return -EINVAL;
    }
    frame_lock(f);
    if (frame_type(f) != FRAME_DATA || f->owner != owner ||
        f->order != (step == 1 ? FRAME_ORDER_4K : FRAME_ORDER_2M)) {
        error = -EINVAL;
    } else if (frame_busy(f)) {
        error = -EBUSY;
    } else {
        word_lock(&frame_lists.lock);
        error = parts_join(&list->first, f, end, step);
        word_unlock(&frame_lists.lock);
    }
    frame_unlock(f);
    return error;
}
