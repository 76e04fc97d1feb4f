/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_LIST_H
#define CHITIN_KERN_FRAME_LIST_H
/*
 * What the files of the frame module share: the lists through the records, and
 * changes of state in one step.
 */
#include "kern/cap.h"
#include "kern/frame.h"
#include "kern/panic.h"

#define PARTS 512 /* frames of one order in one of the next */

/* Orders differ by this much. */
#define ORDER_STEP 9

/* The free lists. The lock guards next and previous of all records, these
   lists, the owners', and which frames are owned by whom. */
struct frame_lists {
    uint32_t lock;
    uint32_t free[FRAME_ORDERS]; /* the first of each order */
};
extern struct frame_lists frame_lists;

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

/* account_charge and account_release of one, inline: the account is a live
   env's, and what was charged to it may be the last. */
static inline bool
account_charge_one(struct account *a, enum account_kind kind)
{
    bool room;

    word_lock(&frame_lists.lock);
    room = a->used[kind] < a->limit[kind];
    a->used[kind] += room;
    word_unlock(&frame_lists.lock);
    return room;
}

static inline void
account_release_one(struct account *a, enum account_kind kind)
{
    bool last;

    word_lock(&frame_lists.lock);
    a->used[kind]--;
    last = a->envs == 0;
    word_unlock(&frame_lists.lock);
    if (__builtin_expect(last, 0)) {
        account_release(account_number(a), kind, 0);
    }
}

/* What the first word of a record is with this state and no lock. */
#define STATE_WORD(state) ((uint64_t)(state) << 32)

/* Gives the frame's lock back, and the state with it. */
static inline void
word_store(struct frame *f, uint64_t word)
{
    if (CHITIN_DEBUG) {
        lock_forget(&f->lock);
    }
    __atomic_store_n(&f->lock_and_state, word, __ATOMIC_RELEASE);
}

/* Frame 0, in a register: the compiler would make the address of every frame
   anew from a constant. */
static inline struct frame *
frame_records(void)
{
    struct frame *records = frame_record(0);

    __asm__("" : "+r"(records));
    return records;
}

/* Lists of either kind; under frame_lists.lock. Numbers are wide, as the
   compiler need not widen them then. */
static inline void
list_push(uint32_t *first, struct frame *records, uint64_t number)
{
    uint64_t next = *first;

    records[number].next_and_previous = next;
    if (next != 0) {
        records[next].previous = (uint32_t)number;
    }
    *first = (uint32_t)number;
}

static inline void
list_remove(uint32_t *first, struct frame *records, const struct frame *f)
{
    uint64_t next = f->next_and_previous;
    uint64_t previous = next >> 32;

    if (__builtin_expect(previous == 0, 1)) {
        ASSERT(&records[*first] == f);
        *first = (uint32_t)next;
    } else {
        next = f->next;
        records[previous].next = (uint32_t)next;
    }
    if (next != 0) {
        records[next].previous = (uint32_t)previous;
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
