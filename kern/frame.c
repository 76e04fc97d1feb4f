/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - a page is in exactly one list: a free list (FRAME_FREE), or the list of
 *    its owner (every type from FRAME_DATA on); the other pages of a larger
 *    frame are FRAME_PART and in none;
 *  - a head's page number is a multiple of its size;
 *  - what is free or a part has no maps and no pins; what is free has no owner,
 *    and its record is zero from `chain` on, while `guard`, `owner`, `used` and
 *    `harts` of a part say nothing: so heads are made parts, and parts heads,
 *    by few writes;
 *  - a frame that holds what another guard left is FRAME_UNSCRUBBED, also while
 *    it is free: that its last guard comes back makes it no cleaner.
 *
 * A frame becomes FRAME_DATA, and ceases to be, under its lock: who holds the
 * lock and has seen FRAME_DATA can rely on the rest of the record. What is free
 * is changed under the lock of the lists alone.
 *
 * Free lists are last in, first out: who takes "any" frame soon after it gave
 * one back under the same guard gets that one, unscrubbed. Nothing is merged
 * by itself: which small frames to join is their owner's decision, and a free
 * frame has none.
 */
#include "kern/frame_list.h"

_Static_assert(sizeof(struct frame) == 64, "a record is one cache line");
_Static_assert(FRAME_LIMIT <= UINT32_MAX, "page numbers fit the records");

struct frame_counts frame_counts;

uint32_t frame_lists_lock;
static uint32_t free_first[FRAME_ORDERS];

enum lock_rank
word_lock_rank(const uint32_t *word)
{
    /* The lock is the first word of a record. */
    const struct frame *f = (const struct frame *)word;

    return word == &frame_lists_lock       ? LOCK_LISTS
           : frame_type(f) == FRAME_SHADOW ? LOCK_ENTRIES
           : frame_type(f) >= FRAME_DATA   ? LOCK_FRAME
                                           : LOCK_FREE;
}

static int
order_index(uint64_t order)
{
    return order == FRAME_ORDER_4K   ? 0
           : order == FRAME_ORDER_2M ? 1
           : order == FRAME_ORDER_1G ? 2
                                     : -1;
}

static uint64_t
index_order(int index)
{
    return (uint64_t)index * ORDER_STEP;
}

static uint64_t
pages_of(const struct frame *f)
{
    return (uint64_t)1 << f->order;
}

struct frame *
frame_head(ppn_t number)
{
    ppn_t head = number;

    if (number >= FRAME_LIMIT) {
        return NULL;
    }
    for (int index = 0; index < FRAME_ORDERS; index++) {
        struct frame *f;
        uint32_t state;

        head = number & ~(((ppn_t)1 << index_order(index)) - 1);
        f = frame_record(head);
        state = frame_state(f);
        if ((state & 0xff) != FRAME_PART) {
            return (state & 0xff) >= FRAME_FREE &&
                           number - head < (ppn_t)1 << order_of(state)
                       ? f
                       : NULL;
        }
    }
    return NULL;
}

/* Turns a frame, which is in no list, into 512 of the next order, and pushes
   them onto the list, the lowest last. Those of an owned frame can be bound as
   soon as they are heads, hence the lock; free ones cannot. */
static void
parts_make(uint32_t *first, struct frame *f)
{
    uint32_t step = f->order == FRAME_ORDER_1G ? PARTS : 1;
    uint32_t state = f->state - FRAME_STATE(0, ORDER_STEP);
    uint32_t number = (uint32_t)frame_number(f) + (PARTS - 1) * step;
    struct cap_name guard = f->guard;
    uint32_t owner = f->owner;
    uint32_t next = *first;

    ASSERT(f->used == 0);
    if (next != 0) {
        frame_record(next)->previous = number;
    }
    for (struct frame *part = f + (size_t)(PARTS - 1) * step; part > f;
         part -= step) {
        if (owner != 0) {
            frame_lock(part);
        }
        part->guard = guard;
        part->owner = owner;
        part->next = next;
        part->previous = number - step;
        part->used = 0;
        part->harts = 0;
        state_set(part, state);
        if (owner != 0) {
            frame_unlock(part);
        }
        next = number;
        number -= step;
    }
    f->next = next;
    f->previous = 0;
    state_set(f, state);
    *first = number;
}

/* Makes sure that there is a free frame of the order, if need be by splitting
   larger ones: `wanted`, or any if that is 0. Returns it, or NULL. Apart, for
   its registers would be saved by those who need it not. */
__attribute__((noinline)) static struct frame *
free_find(int index, ppn_t wanted)
{
    struct frame *f;
    int have = index;

    if (wanted != 0) {
        uint32_t state;

        f = frame_head(wanted);
        state = f == NULL ? 0 : frame_state(f);
        if ((state & 0xff) != FRAME_FREE ||
            order_of(state) < index_order(index)) {
            return NULL;
        }
        have = order_index(order_of(state));
    } else {
        while (have < FRAME_ORDERS && free_first[have] == 0) {
            have++;
        }
        if (have == FRAME_ORDERS) {
            return NULL;
        }
        f = frame_record(free_first[have]);
    }
    while (have > index) {
        list_remove(&free_first[have], f);
        have--;
        parts_make(&free_first[have], f);
        if (wanted != 0) {
            f = frame_record(wanted & ~(((ppn_t)1 << index_order(have)) - 1));
        }
    }
    return f;
}

/* Makes a free frame, off its list and locked, a data frame of `owner`. */
static inline void
take_commit(struct frame_list *list, uint32_t owner,
            const struct cap_name *guard, struct frame *f, uint64_t order)
{
    uint32_t state = FRAME_STATE(FRAME_DATA, order);

    if (guard_equal(guard, &f->guard)) {
        state |= f->state & FRAME_STATE_FLAG(FRAME_UNSCRUBBED);
    } else {
        /* What is clean is so for anyone. */
        if (!(f->state & FRAME_STATE_FLAG(FRAME_CLEAN))) {
            state |= FRAME_STATE_FLAG(FRAME_UNSCRUBBED);
        }
        f->guard = *guard;
    }
    state_set(f, state);
    f->owner = owner;
    list_push(&list->first, f);
    list->pages += (uint64_t)1 << order;
    list->account->used[ACCOUNT_FRAMES] += (uint64_t)1 << order;
    frame_counts.free -= (uint64_t)1 << order;
}

/* The general case: any order, splitting, waiting. */
__attribute__((noinline)) static int
take_slow(struct frame_list *list, uint32_t owner, const struct cap_name *guard,
          uint64_t order, ppn_t wanted, ppn_t *taken)
{
    int index = order_index(order);
    struct frame *f = NULL;
    bool room;

    if (index < 0 || (wanted & (((ppn_t)1 << order) - 1)) != 0 ||
        (wanted != 0 && frame_head(wanted) == NULL)) {
        return -EINVAL;
    }
    word_lock(&frame_lists_lock);
    room =
        account_has_room(list->account, ACCOUNT_FRAMES, (uint64_t)1 << order);
    if (room) {
        f = free_find(index, wanted);
    }
    if (f == NULL) {
        word_unlock(&frame_lists_lock);
        return !room ? -EDQUOT : wanted != 0 ? -EBUSY : -ENOMEM;
    }
    ASSERT(f->owner == 0 && f->chain == 0 && !frame_busy(f));
    list_remove(&free_first[index], f);
    frame_lock(f); /* free: its holder does not wait for us */
    take_commit(list, owner, guard, f, order);
    frame_unlock(f);
    word_unlock(&frame_lists_lock);
    *taken = frame_number(f);
    return 0;
}

/* A page, with no lock taken by another: nothing is called, nothing saved. */
int
frame_take(struct frame_list *list, uint32_t owner,
           const struct cap_name *guard, uint64_t order, ppn_t wanted,
           ppn_t *taken)
{
    struct frame *f;

    if (order != 0 || wanted >= FRAME_LIMIT ||
        !word_try_lock(&frame_lists_lock)) {
        return take_slow(list, owner, guard, order, wanted, taken);
    }
    f = frame_record(wanted != 0 ? wanted : free_first[0]);
    if ((frame_state(f) & 0xffff) != FRAME_STATE(FRAME_FREE, 0) ||
        !account_has_room(list->account, ACCOUNT_FRAMES, 1) ||
        !word_try_lock(&f->lock)) {
        word_unlock(&frame_lists_lock);
        return take_slow(list, owner, guard, order, wanted, taken);
    }
    list_remove(&free_first[0], f);
    take_commit(list, owner, guard, f, 0);
    frame_unlock(f);
    word_unlock(&frame_lists_lock);
    *taken = frame_number(f);
    return 0;
}

/* Puts a locked frame back, and unlocks it; under the lock of the lists. */
static inline void
return_commit(struct frame_list *list, struct frame *f, unsigned order)
{
    ASSERT(f->chain == 0);
    list_remove(&list->first, f);
    list->pages -= (uint64_t)1 << order;
    list->account->used[ACCOUNT_FRAMES] -= (uint64_t)1 << order;
    f->owner = 0;
    f->used = 0;
    state_set(f, (f->state & ~(uint32_t)0xff) | FRAME_FREE);
    list_push(&free_first[order / ORDER_STEP], f);
    frame_counts.free += (uint64_t)1 << order;
    word_unlock(&frame_lists_lock);
    frame_unlock(f);
}

__attribute__((noinline)) static int
return_slow(struct frame_list *list, struct frame *f)
{
    int error = frame_type(f) != FRAME_DATA ? -EINVAL
                : frame_busy(f)             ? -EBUSY
                                            : 0;

    if (error < 0) {
        frame_unlock(f);
        return error;
    }
    word_lock(&frame_lists_lock);
    return_commit(list, f, f->order);
    return 0;
}

int
frame_return(struct frame_list *list, struct frame *f)
{
    const uint32_t mask = ~FRAME_STATE_FLAG(FRAME_UNSCRUBBED);

    ASSERT(frame_locked(f));
    if ((frame_state(f) & mask) != FRAME_STATE(FRAME_DATA, 0) ||
        frame_busy(f) || !word_try_lock(&frame_lists_lock)) {
        return return_slow(list, f);
    }
    return_commit(list, f, 0);
    return 0;
}

int
frame_give(struct frame_list *from, struct frame_list *to, uint32_t owner,
           struct frame *const f[], unsigned count)
{
    uint64_t pages = 0;
    int error = 0;

    for (unsigned i = 0; i < count; i++) {
        ASSERT(frame_locked(f[i]) && frame_type(f[i]) >= FRAME_DATA);
        pages += pages_of(f[i]);
    }
    word_lock(&frame_lists_lock);
    if (from->account != to->account &&
        !account_has_room(to->account, ACCOUNT_FRAMES, pages)) {
        error = -EDQUOT;
    } else {
        from->account->used[ACCOUNT_FRAMES] -= pages;
        to->account->used[ACCOUNT_FRAMES] += pages;
        from->pages -= pages;
        to->pages += pages;
        for (unsigned i = 0; i < count; i++) {
            list_remove(&from->first, f[i]);
            list_push(&to->first, f[i]);
            /* In one step: who follows a chain here reads it without. */
            __atomic_store_n(&f[i]->owner, owner, __ATOMIC_RELAXED);
        }
    }
    word_unlock(&frame_lists_lock);
    return error;
}

int
frame_set_guard(struct frame *f, const struct cap_name *guard)
{
    ASSERT(frame_locked(f));
    if (frame_type(f) != FRAME_DATA) {
        return -EINVAL;
    }
    if (frame_busy(f)) {
        return -EBUSY;
    }
    f->guard = *guard;
    return 0;
}

void
frame_add_free(ppn_t first, uint64_t pages)
{
    if (first == 0 && pages > 0) { /* 0 is nobody's name */
        state_set(frame_record(0), FRAME_STATE(FRAME_KERNEL, 0));
        first++;
        pages--;
    }
    while (pages > 0) {
        int index = FRAME_ORDERS - 1;
        struct frame *f = frame_record(first);
        uint64_t size;

        while (index > 0 && ((first & (((ppn_t)1 << index_order(index)) - 1)) ||
                             pages >> index_order(index) == 0)) {
            index--;
        }
        size = (uint64_t)1 << index_order(index);
        /* Nobody's guard, so that whoever takes it finds it unscrubbed. */
        f->guard = (struct cap_name){{~(uint64_t)0, ~(uint64_t)0}};
        state_set(f, FRAME_STATE(FRAME_FREE, index_order(index)));
        list_push(&free_first[index], f);
        frame_counts.free += size;
        first += size;
        pages -= size;
    }
}

int
frame_scrub(struct frame *f)
{
    uint32_t end = (uint32_t)pages_of(f);

    ASSERT(frame_locked(f));
    if (frame_type(f) != FRAME_DATA || !(f->flags & FRAME_UNSCRUBBED)) {
        return -EINVAL;
    }
    if (end - f->used > FRAME_SCRUB_MAX) {
        end = f->used + FRAME_SCRUB_MAX;
    }
    for (; f->used < end; f->used++) {
        page_clear(frame_contents(frame_number(f) + f->used));
    }
    if (end < pages_of(f)) {
        return -EAGAIN;
    }
    f->used = 0;
    state_set(f, f->state & ~FRAME_STATE_FLAG(FRAME_UNSCRUBBED));
    return 0;
}

/* Where in the list of free pages it is looked for one that is not clean. */
#define IDLE_PAGES 32

/* The page stays in its list: it is locked, as lock.h has it for a free frame
   (4), and whoever takes it off the list waits there before he looks at it. */
bool
frame_scrub_idle(void)
{
    struct frame *f = NULL;
    uint32_t number;

    word_lock(&frame_lists_lock);
    number = free_first[0];
    for (unsigned i = 0; f == NULL && number != 0 && i < IDLE_PAGES; i++) {
        struct frame *candidate = frame_record(number);

        if (!(frame_state(candidate) & FRAME_STATE_FLAG(FRAME_CLEAN)) &&
            word_try_lock(&candidate->lock)) {
            f = candidate;
        }
        number = candidate->next;
    }
    word_unlock(&frame_lists_lock);
    if (f == NULL) {
        return false;
    }
    page_clear(frame_contents(frame_number(f)));
    state_set(f, FRAME_STATE(FRAME_FREE, 0) | FRAME_STATE_FLAG(FRAME_CLEAN));
    frame_unlock(f);
    return true;
}

int
frame_split(struct frame_list *list, uint32_t owner, struct frame *f)
{
    int error = 0;

    frame_lock(f);
    if (frame_type(f) != FRAME_DATA || f->owner != owner ||
        f->order == FRAME_ORDER_4K) {
        error = -EINVAL;
    } else if (frame_busy(f)) {
        error = -EBUSY;
    } else {
        f->used = 0; /* of a scrub half done */
        word_lock(&frame_lists_lock);
        list_remove(&list->first, f);
        parts_make(&list->first, f);
        word_unlock(&frame_lists_lock);
    }
    frame_unlock(f);
    return error;
}
