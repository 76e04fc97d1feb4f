/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_LIST_H
#define CHITIN_KERN_FRAME_LIST_H
/*
 * What the files of the frame module share: the lists through the records, and
 * changes of state in one step.
 */
#include "kern/frame.h"
#include "kern/panic.h"

#define PARTS 512 /* frames of one order in one of the next */

/* Orders differ by this much. */
#define ORDER_STEP 9

/* Guards next and previous of all records, the free lists, the owners' lists
   with their page counts, frame_counts, and which frames are owned by whom. */
extern uint32_t frame_lists_lock;

static inline unsigned
order_of(uint32_t state)
{
    return state >> 8 & 0xff;
}

static inline void
state_set(struct frame *f, uint32_t state)
{
    __atomic_store_n(&f->state, state, __ATOMIC_RELAXED);
}

static inline bool
guard_equal(const struct cap_name *a, const struct cap_name *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* Lists of either kind; under frame_lists_lock. */
static inline void
list_push(uint32_t *first, struct frame *f)
{
    uint32_t number = (uint32_t)frame_number(f);
    uint32_t next = *first;

    f->next = next;
    f->previous = 0;
    if (next != 0) {
        frame_record(next)->previous = number;
    }
    *first = number;
}

static inline void
list_remove(uint32_t *first, struct frame *f)
{
    uint32_t next = f->next;
    uint32_t previous = f->previous;

    if (previous != 0) {
        frame_record(previous)->next = next;
    } else {
        ASSERT(*first == frame_number(f));
        *first = next;
    }
    if (next != 0) {
        frame_record(next)->previous = previous;
    }
}

static inline void
list_insert_after(struct frame *before, struct frame *f)
{
    uint32_t number = (uint32_t)frame_number(f);
    uint32_t next = before->next;

    f->next = next;
    f->previous = (uint32_t)frame_number(before);
    if (next != 0) {
        frame_record(next)->previous = number;
    }
    before->next = number;
}

#endif
