/* SPDX-License-Identifier: MIT */
/*
 * Invariants, for every frame f that is data or a table:
 *
 *  - f.maps is the length of its chain, or more while a fence is owed;
 *  - each link of its chain names an entry whose page number is f's, and each
 *    entry of an env that is not zero is in exactly one chain;
 *  - a chain of a data frame has leaves only; that of a table of level l has
 *    entries of level l + 1 that point to it, and leaves of level 0 without W
 *    and X that map it as a page;
 *  - an entry that is zero has zero links, so an empty table's shadow is zero;
 *  - table.used is the number of its entries that are not zero, of the env's
 *    half.
 *
 * An entry is written once, in full, by one store that the hardware sees
 * whole. What the hardware itself may write meanwhile is A and D of a valid
 * leaf; they are only needed by the env.
 *
 * While an entry's table is open, the frame that it names keeps its guard, type
 * and order, for these change only when the frame has no maps.
 */
#include "kern/pt_chain.h"

_Static_assert(sizeof(shadow_t) * PAGE_TABLE_ENTRIES == FRAME_SIZE,
               "a shadow is one frame");
_Static_assert(FRAME_LIMIT *PAGE_TABLE_ENTRIES <= (uint64_t)1 << 32,
               "a link names any entry of any table");
_Static_assert(FRAME_TABLE_2 == FRAME_TABLE_0 + SV39_LEVELS - 1,
               "levels are types in a row");

static int
pair_check(const struct frame *f, uint32_t owner)
{
    const uint32_t mask = ~FRAME_STATE_FLAG(FRAME_UNSCRUBBED | FRAME_CLEAN |
                                            FRAME_BREAKING | FRAME_MARKS);

    if ((frame_state(f) & mask) != FRAME_STATE(FRAME_DATA, 0) ||
        f->owner != owner) {
        return -EINVAL;
    }
    return frame_busy(f) ? -EBUSY : 0;
}

/* Makes two locked data frames a table and its shadow. */
static void
pair_make(struct frame *table, struct frame *shadow, unsigned level)
{
    pte_t *entries = frame_contents(frame_number(table));

    frame_zero(table);
    frame_zero(shadow);
    if (level == SV39_LEVELS - 1) {
        vm_copy_kernel_half(entries);
    }
    table->used = 0;
    table->harts = 0;
    shadow->used = 0;
    __atomic_store_n(&shadow->shadow, (uint32_t)frame_number(table),
                     __ATOMIC_RELAXED);
    frame_become(shadow, FRAME_SHADOW);
    __atomic_store_n(&table->shadow, (uint32_t)frame_number(shadow),
                     __ATOMIC_RELAXED);
    frame_become(table, (enum frame_type)(FRAME_TABLE_0 + level));
}

int
pt_make(struct frame *table, struct frame *shadow, uint64_t level,
        uint32_t owner)
{
    int error;

    if (level >= SV39_LEVELS || table == shadow ||
        frame_type(table) != FRAME_DATA || frame_type(shadow) != FRAME_DATA) {
        return -EINVAL;
    }
    frame_lock(table);
    if (!word_try_lock(&shadow->lock)) {
        frame_unlock(table);
        return -EAGAIN;
    }
    error = pair_check(table, owner);
    error = error < 0 ? error : pair_check(shadow, owner);
    if (error == 0) {
        pair_make(table, shadow, (unsigned)level);
    }
    frame_unlock(shadow);
    frame_unlock(table);
    return error;
}

int
pt_unmake(struct frame *table, uint32_t owner)
{
    struct table t;
    unsigned condemned;
    int error = table_open(&t, table, table_shadow(table));

    if (error < 0) {
        return error;
    }
    frame_lock(table);
    if (table->owner != owner) { /* given away on another hart */
        error = -EPERM;
    } else if (table->used != 0 || frame_busy(table) || t.lock->pins != 0 ||
               __atomic_load_n(&table->harts, __ATOMIC_SEQ_CST) != 0) {
        error = -EBUSY;
    } else {
        /* Entries and links of the env are zero; the rest is the kernel's. */
        if (t.level == SV39_LEVELS - 1) {
            vm_clear_kernel_half(t.entry);
        }
        __atomic_store_n(&table->shadow, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&t.lock->shadow, 0, __ATOMIC_RELAXED);
        condemned = table->flags & FRAME_CONDEMNED;
        frame_become(table, FRAME_DATA);
        frame_become(t.lock, FRAME_DATA);
        frame_set_flag(table, condemned | FRAME_CLEAN);
        frame_set_flag(t.lock, FRAME_CLEAN);
    }
    frame_unlock(table);
    table_close(&t);
    return error;
}

/* Whether a leaf of this level with these rights may hold the locked frame; it
   is not clean any more then. Out of the way: the common case has been tested.
 */
__attribute__((cold, noinline)) static int
leaf_check(struct frame *f, unsigned level, pte_t entry)
{
    pte_t rights = frame_rights(f);

    if (f->order != 9 * level || rights == 0 ||
        (entry & PTE_LEAF & ~rights) != 0) {
        return -EINVAL;
    }
    if (f->flags & (FRAME_UNSCRUBBED | FRAME_BREAKING)) {
        return -EBUSY;
    }
    frame_clear_flag(f, FRAME_CLEAN);
    return 0;
}

/* Sets one entry of the open table. `state` is that of frames which fit the
   level and can be mapped in any way. */
static inline int
leaf_insert(const struct table *t, uint64_t index, pte_t entry,
            const struct cap *cap, uint32_t state)
{
    ppn_t number = entry >> PTE_PPN_SHIFT;
    struct frame *f;
    int error = 0;

    if (!cap_allows_pte(cap, entry)) { /* the upper bits are zero if it does */
        return -EPERM;
    }
    if (number >= FRAME_LIMIT) {
        return -EINVAL;
    }
    f = frame_record(number);
    if (frame_type(f) < FRAME_DATA) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    if (entry_load(&t->entry[index]) != 0) {
        return -EBUSY;
    }
    if (!frame_lock_bindable(f)) {
        return -EINVAL;
    }
    if (__builtin_expect(frame_state(f) != state, 0)) {
        error = leaf_check(f, t->level, entry);
    }
    /* The rights have been tested. */
    if (error == 0 && !cap_matches(cap, cap->name.word[0], &f->guard) &&
        !frame_is_anyones(f)) {
        error = -EPERM;
    }
    if (error == 0) {
        chain_add(f, t, index);
        entry_store(&t->entry[index], entry);
    }
    frame_unlock(f);
    return error;
}

int
pt_insert(const struct pt_place *place, uint64_t count, const pte_t *entry,
          const struct cap *cap)
{
    const struct cap allowed = *cap; /* in registers, for the loop */
    struct table t;
    uint64_t index;
    uint64_t done;
    uint32_t state;
    int error;

    if (count > PT_BATCH_MAX) {
        return -EINVAL;
    }
    error = place_open(&t, place, count);
    if (error < 0) {
        return error;
    }
    index = place->index;
    state = FRAME_STATE(FRAME_DATA, 9 * t.level);
    for (done = 0; done < count; done++) {
        error = leaf_insert(&t, index + done,
                            entry_load(&entry[done]) | CAP_PTE_FORCED, &allowed,
                            state);
        if (error < 0) {
            break;
        }
    }
    t.frame->used += (uint32_t)done;
    table_close(&t);
    return done > 0 ? (int)done : error;
}

int
pt_link(const struct pt_place *place, struct frame *below,
        const struct cap *cap)
{
    uint64_t index = place->index;
    struct table t;
    int error;

    if (!pt_is_table(below)) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    error = place_open(&t, place, 1);
    if (error < 0) {
        return error;
    }
    if (below == t.lock || !frame_lock_bindable(below)) { /* a shadow by now */
        table_close(&t);
        return -EINVAL;
    }
    if (!pt_is_table(below) || pt_level(below) + 1 != t.level) {
        error = -EINVAL;
    } else if (!cap_allows(cap, &below->guard, CAP_WRITE)) {
        error = -EPERM;
    } else if (entry_load(&t.entry[index]) != 0 ||
               (below->flags & FRAME_BREAKING)) {
        error = -EBUSY;
    } else {
        chain_add(below, &t, index);
        t.frame->used++;
        entry_store(&t.entry[index],
                    pte_make(frame_number(below) << FRAME_SHIFT, PTE_V));
    }
    frame_unlock(below);
    table_close(&t);
    return error;
}

int
pt_remove(const struct pt_place *place, uint64_t count)
{
    unsigned budget = PT_WALK_CALL;
    struct removed removed;
    uint64_t harts = 0;
    struct table open; /* the same in registers, for the loop */
    struct table t;
    int error;

    if (count > PT_BATCH_MAX) {
        return -EINVAL;
    }
    error = place_open(&t, place, count);
    if (error < 0) {
        return error;
    }
    removed.count = 0;
    open = t;
    for (uint64_t i = place->index, end = i + count; i < end; i++) {
        if (entry_load(&open.entry[i]) != 0) {
            entry_clear(&open, i, &removed);
            if (removed.count == t.frame->used) {
                break; /* the rest is empty */
            }
        }
    }
    if (removed.count > 0) {
        t.frame->used -= removed.count;
        harts = pt_harts(&t, &budget);
    }
    table_close(&t);
    removed_settle(&removed, harts);
    return (int)removed.count;
}
