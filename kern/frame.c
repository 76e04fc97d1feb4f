/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - a page is in exactly one list: a free list (FRAME_FREE), or the list of
 *    its owner (every type from FRAME_DATA on); the other pages of a larger
 *    frame are FRAME_PART and in none;
 *  - a head's page number is a multiple of its size;
 *  - what is free or a part has no maps and no pins; what is free has no owner,
 *    and its record is zero from `chain` on, while the order, flags, `guard`,
 *    `owner`, `used` and `harts` of a part say nothing: so heads are made
 * parts, and parts heads, by few writes;
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
#include "kern/frame_one.h"

_Static_assert(sizeof(struct frame) == 64, "a record is one cache line");
_Static_assert(FRAME_LIMIT <= UINT32_MAX, "page numbers fit the records");

struct frame_counts frame_counts;

struct frame_lists frame_lists;

enum lock_rank
word_lock_rank(const uint32_t *word)
{
    /* The lock is the first word of a record. */
    const struct frame *f = (const struct frame *)word;

    if (word != &frame_lists.lock &&
        (f < frame_record(0) || f >= frame_record(FRAME_LIMIT))) {
        return LOCK_LEAF; /* a predicate's: kern/predicate.c */
    }
    return word == &frame_lists.lock       ? LOCK_LISTS
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

/* Turns a frame, which is in no list, into 512 of the next order, and puts them
   at the head of the list, in order. Those of an owned frame can be bound as
   soon as they are heads, hence the lock; free ones cannot. Each instruction
   counts here: a page out of a gigabyte is 1022 rounds in one call (rule 6). */
static void
parts_make(uint32_t *first, struct frame *f)
{
    const uint32_t step = f->order == FRAME_ORDER_1G ? PARTS : 1;
    const uint64_t word = STATE_WORD(f->state - FRAME_STATE(0, ORDER_STEP));
    const uint32_t number = (uint32_t)frame_number(f);
    const uint64_t links_step = (uint64_t)step << 32 | step;
    const struct cap_name guard = f->guard;
    const uint32_t owner = f->owner;
    struct frame *last = f + (size_t)(PARTS - 1) * step;
    uint64_t links = (uint64_t)number << 32 | (number + 2 * step);

    ASSERT(f->used == 0);
    for (struct frame *part = f + step; part <= last; part += step) {
        if (owner != 0) {
            frame_lock(part);
        }
        part->guard = guard;
        part->next_and_previous = links;
        part->owner = owner;
        part->used = 0;
        part->harts = 0;
        if (owner != 0) {
            word_store(part, word);
        } else {
            state_set(part, (uint32_t)(word >> 32));
        }
        links += links_step;
    }
    last->next = *first;
    if (last->next != 0) {
        frame_record(last->next)->previous = (uint32_t)frame_number(last);
    }
    f->next_and_previous = number + step;
    state_set(f, (uint32_t)(word >> 32));
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
        while (have < FRAME_ORDERS && frame_lists.free[have] == 0) {
            have++;
        }
        if (have == FRAME_ORDERS) {
            return NULL;
        }
        f = frame_record(frame_lists.free[have]);
    }
    while (have > index) {
        list_remove(&frame_lists.free[have], frame_records(), f);
        have--;
        parts_make(&frame_lists.free[have], f);
        if (wanted != 0) {
            f = frame_record(wanted & ~(((ppn_t)1 << index_order(have)) - 1));
        }
    }
    return f;
}

int
frame_take(struct frame_list *list, uint32_t owner,
           const struct cap_name *guard, uint64_t order, ppn_t wanted,
           ppn_t *taken)
{
    int index = order_index(order);
    struct frame *f = NULL;
    bool room;

    if (index < 0 || (wanted & (((ppn_t)1 << order) - 1)) != 0 ||
        (wanted != 0 && frame_head(wanted) == NULL)) {
        return -EINVAL;
    }
    word_lock(&frame_lists.lock);
    room =
        account_has_room(list->account, ACCOUNT_FRAMES, (uint64_t)1 << order);
    if (room) {
        f = free_find(index, wanted);
    }
    if (f == NULL) {
        word_unlock(&frame_lists.lock);
        return !room ? -EDQUOT : wanted != 0 ? -EBUSY : -ENOMEM;
    }
    ASSERT(f->owner == 0 && f->chain == 0 && !frame_busy(f));
    frame_lock(f); /* free: its holder does not wait for us */
    list->account->used[ACCOUNT_FRAMES] += (uint64_t)1 << order;
    *taken = frame_number(f);
    list_remove(&frame_lists.free[index], frame_records(), f);
    take_commit(list, owner, guard, frame_records(), *taken,
                STATE_WORD(frame_state(f)));
    word_unlock(&frame_lists.lock);
    return 0;
}

int
frame_return(struct frame_list *list, struct frame *f)
{
    int error = frame_type(f) != FRAME_DATA ? -EINVAL
                : frame_busy(f)             ? -EBUSY
                                            : 0;

    ASSERT(frame_locked(f));
    if (error < 0) {
        frame_unlock(f);
        return error;
    }
    frame_put_back(list, f, frame_state(f) & ~FRAME_STATE_FLAG(FRAME_SAID));
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
    word_lock(&frame_lists.lock);
    if (from->account != to->account &&
        !account_has_room(to->account, ACCOUNT_FRAMES, pages)) {
        error = -EDQUOT;
    } else {
        from->account->used[ACCOUNT_FRAMES] -= pages;
        to->account->used[ACCOUNT_FRAMES] += pages;
        for (unsigned i = 0; i < count; i++) {
            list_remove(&from->first, frame_records(), f[i]);
            list_push(&to->first, frame_records(), frame_number(f[i]));
            frame_unmark(f[i]);
            /* In one step: who follows a chain here reads it without. */
            __atomic_store_n(&f[i]->owner, owner, __ATOMIC_RELAXED);
        }
    }
    word_unlock(&frame_lists.lock);
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
        list_push(&frame_lists.free[index], frame_records(), first);
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

    word_lock(&frame_lists.lock);
    number = frame_lists.free[0];
    for (unsigned i = 0; f == NULL && number != 0 && i < IDLE_PAGES; i++) {
        struct frame *candidate = frame_record(number);

        if (!(frame_state(candidate) & FRAME_STATE_FLAG(FRAME_CLEAN)) &&
            word_try_lock(&candidate->lock)) {
            f = candidate;
        }
        number = candidate->next;
    }
    word_unlock(&frame_lists.lock);
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
        frame_unmark(f);
        f->used = 0; /* of a scrub half done */
        word_lock(&frame_lists.lock);
        list_remove(&list->first, frame_records(), f);
        parts_make(&list->first, f);
        word_unlock(&frame_lists.lock);
    }
    frame_unlock(f);
    return error;
}
