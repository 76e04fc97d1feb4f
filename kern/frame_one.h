/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_ONE_H
#define CHITIN_KERN_FRAME_ONE_H
/*
 * One page taken or put back, as fast as it can be, in the manner of pt_one.h:
 * each function does what the one without _one does and returns true; or finds
 * something unusual, a lock that is taken or an error among it, changes
 * nothing, and returns false.
 *
 * The first word of a record is its lock and its state: one store gives the one
 * back and changes the other.
 */
#include "kern/frame_list.h"

#define WORD_FLAG(flag) STATE_WORD(FRAME_STATE_FLAG(flag))

/* Makes a free frame, off its list, a data frame of `owner`, under the lock of
   the lists. The frame is locked, and `word` was its first word: the lock is
   given back. */
static inline void
take_commit(struct frame_list *list, uint32_t owner,
            const struct cap_name *guard, struct frame *records,
            uint64_t number, uint64_t word)
{
    struct frame *f = &records[number];

    word += STATE_WORD(FRAME_DATA - FRAME_FREE);
    if (!cap_name_equal(guard, &f->guard)) {
        f->guard = *guard;
        if (!(word & WORD_FLAG(FRAME_CLEAN))) { /* that is for anyone */
            word |= WORD_FLAG(FRAME_UNSCRUBBED);
        }
    }
    f->owner = owner;
    list_push(&list->first, records, number);
    word_store(f, word);
}

/* The opposite, of a frame that nothing holds. */
static inline void
return_commit(struct frame_list *list, struct frame *records, uint64_t number,
              uint64_t order, uint64_t state)
{
    struct frame *f = &records[number];

    ASSERT(f->chain == 0 && f->harts == 0 && f->used == 0);
    list_remove(&list->first, records, f);
    list->account->used[ACCOUNT_FRAMES] -= (uint64_t)1 << order;
    f->owner = 0;
    list_push(&frame_lists.free[order / ORDER_STEP], records, number);
    word_store(f, STATE_WORD(state - (FRAME_DATA - FRAME_FREE)));
}

/* The same, with the frame's state as it shall be but for its type, and without
   the lock of the lists; it gives the frame's back. */
static inline void
frame_put_back(struct frame_list *list, struct frame *f, uint64_t state)
{
    word_lock(&frame_lists.lock);
    f->used = 0; /* of a scrub half done */
    return_commit(list, frame_records(), frame_number(f), state >> 8 & 0xff,
                  state);
    word_unlock(&frame_lists.lock);
}

/* Who has the lock of the lists finds a free page unlocked but for those who
   are about to see that it is free, and change nothing, and but for a scrub,
   which has begun under the lock of the lists: so its flags stay. */
static inline bool
frame_take_one(struct frame_list *list, uint32_t owner,
               const struct cap_name *guard, uint64_t wanted, ppn_t *taken)
{
    struct account *account = list->account;
    struct frame *records;
    uint64_t used;
    uint64_t word;

    if (wanted >= FRAME_LIMIT || !word_try_lock(&frame_lists.lock)) {
        return false;
    }
    records = frame_records();
    wanted = wanted != 0 ? wanted : frame_lists.free[0];
    word = __atomic_load_n(&records[wanted].lock_and_state, __ATOMIC_RELAXED);
    used = account->used[ACCOUNT_FRAMES];
    /* Without its flags: free, order 0, and not locked. */
    if (word << 16 != STATE_WORD(FRAME_STATE(FRAME_FREE, 0)) << 16 ||
        used == account->limit[ACCOUNT_FRAMES] ||
        !word_try_lock(&records[wanted].lock)) {
        word_unlock(&frame_lists.lock);
        return false;
    }
    account->used[ACCOUNT_FRAMES] = used + 1;
    list_remove(&frame_lists.free[0], records, &records[wanted]);
    take_commit(list, owner, guard, records, wanted, word);
    word_unlock(&frame_lists.lock);
    *taken = wanted;
    return true;
}

/* Always: it is there twice, and its cost is a budget's. */
__attribute__((always_inline)) static inline bool
frame_return_one(struct frame_list *list, uint32_t owner, uint64_t number)
{
    struct frame *records = frame_records();
    struct frame *f = &records[number];
    uint64_t state;

    /* Perhaps no RAM: not to be locked. */
    if (number >= FRAME_LIMIT || frame_type(f) != FRAME_DATA ||
        !word_try_lock(&f->lock)) {
        return false;
    }
    state = __atomic_load_n(&f->lock_and_state, __ATOMIC_RELAXED) >> 32;
    if ((state & ~(uint64_t)FRAME_STATE_FLAG(FRAME_UNSCRUBBED | FRAME_CLEAN)) !=
            FRAME_STATE(FRAME_DATA, 0) ||
        f->owner != owner ||
        __atomic_load_n(&f->maps_and_pins, __ATOMIC_ACQUIRE) != 0 ||
        !word_try_lock(&frame_lists.lock)) {
        frame_unlock(f);
        return false;
    }
    return_commit(list, records, number, 0, state);
    word_unlock(&frame_lists.lock);
    return true;
}

#endif
