/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PT_ONE_H
#define CHITIN_KERN_PT_ONE_H
/*
 * Changes of one entry, as fast as they can be: in a table of level 0, where
 * nothing is in the way. Each does what the function without _one does with a
 * count of 1, and returns true; or finds something unusual, a lock that is
 * taken or an error among it, changes nothing, and returns false: then the
 * other one finds out what it is. So each check is made here, but no error has
 * a name here.
 *
 * They are inline, and call nothing on their way: who calls them saves no
 * registers. Table and index are whatever an env presents; capabilities may be
 * empty entries, which allow nothing.
 */
#include "kern/pt_chain.h"

struct one_place {
    uint64_t table; /* a page number */
    uint64_t index;
    const struct cap *cap;
};

/* Opens a table of level 0 for one entry that the place's `cap` lets change. */
static inline bool
one_open(struct table *t, const struct one_place *place)
{
    uint64_t table = place->table;
    int64_t shadow; /* signed: that widens it without an instruction */
    struct frame *f;

    if (table >= FRAME_LIMIT) {
        return false;
    }
    f = frame_record(table);
    shadow = (int32_t)table_shadow(f);
    t->frame = f;
    t->level = 0;
    t->lock = frame_record((ppn_t)shadow);
    t->entry = frame_contents(table);
    t->shadow = frame_contents((ppn_t)shadow);
    t->link = (uint32_t)(table << 9);
    if (shadow == 0 || !word_try_lock(&t->lock->lock)) {
        return false;
    }
    if (frame_type(f) == FRAME_TABLE_0 && (int32_t)table_shadow(f) == shadow &&
        place->index < PAGE_TABLE_ENTRIES &&
        cap_allows(place->cap, &f->guard, CAP_WRITE)) {
        return true;
    }
    table_close(t);
    return false;
}

/* Closes `table`, whose entries `lock` guards, fences, and lets the maps of
   `removed` fall, if there is any: for when the harts must be looked for. */
void one_settle_harts(struct frame *table, struct frame *lock,
                      struct frame *removed);

static inline void
one_settle(struct hart *self, const struct table *t, struct frame *removed)
{
    if (!hart_alone) {
        one_settle_harts(t->frame, t->lock, removed);
        return;
    }
    table_close(t);
    hart_fence_self(self);
    if (removed != NULL) {
        __atomic_fetch_sub(&removed->maps, 1, __ATOMIC_RELEASE);
    }
}

static inline bool
pt_insert_one(const struct one_place *place, pte_t entry, const struct cap *cap)
{
    ppn_t target = entry >> PTE_PPN_SHIFT;
    bool done = false;
    struct frame *f;
    struct table t;

    if (target >= FRAME_LIMIT || !cap_allows_pte(cap, entry)) {
        return false;
    }
    f = frame_record(target);
    if (frame_type(f) != FRAME_DATA || /* perhaps no RAM: not to be locked */
        !one_open(&t, place)) {
        return false;
    }
    if (entry_load(&t.entry[place->index]) == 0 && word_try_lock(&f->lock)) {
        if ((frame_state(f) & ~FRAME_STATE_FLAG(FRAME_CLEAN)) ==
                FRAME_STATE(FRAME_DATA, 0) &&
            cap_matches(cap, cap->name.word[0], &f->guard)) {
            frame_clear_flag(f, FRAME_CLEAN);
            chain_add(f, &t, place->index);
            entry_store(&t.entry[place->index], entry | CAP_PTE_FORCED);
            t.frame->used++;
            done = true;
        }
        frame_unlock(f);
    }
    table_close(&t);
    return done;
}

static inline bool
pt_remove_one(struct hart *self, const struct one_place *place)
{
    struct table t;
    struct frame *f;
    pte_t entry;

    if (!one_open(&t, place)) {
        return false;
    }
    entry = entry_load(&t.entry[place->index]);
    f = entry_frame(entry);
    if (entry == 0 || !word_try_lock(&f->lock)) {
        table_close(&t);
        return false;
    }
    chain_remove(f, &t, place->index);
    entry_store(&t.entry[place->index], 0);
    frame_unlock(f);
    t.frame->used--;
    one_settle(self, &t, f);
    return true;
}

/* Whether the leaf may get the rights `gain` in addition, of W and X. */
static inline bool
one_may_gain(pte_t entry, pte_t gain, const struct cap *cap)
{
    const struct frame *f = entry_frame(entry);

    return frame_type(f) == FRAME_DATA && cap_allows_pte(cap, gain) &&
           cap_matches(cap, cap->name.word[0], &f->guard);
}

static inline bool
pt_protect_one(struct hart *self, const struct one_place *place, pte_t clear,
               pte_t set, const struct cap *cap)
{
    struct table t;
    pte_t lost = 0;
    pte_t gain;
    pte_t old;

    if (((clear | set) & ~PTE_CHANGEABLE) != 0 || !one_open(&t, place)) {
        return false;
    }
    old = entry_load(&t.entry[place->index]);
    gain = set & ~old & (PTE_W | PTE_X);
    if (!(old & PTE_R) || (gain != 0 && !one_may_gain(old, gain, cap))) {
        table_close(&t);
        return false;
    }
    if (clear != 0) {
        lost = __atomic_fetch_and(&t.entry[place->index], ~clear,
                                  __ATOMIC_RELAXED);
    }
    if (set != 0) {
        __atomic_fetch_or(&t.entry[place->index], set, __ATOMIC_RELAXED);
    }
    if ((lost & clear & (PTE_W | PTE_X | PTE_A | PTE_D)) != 0) {
        one_settle(self, &t, NULL);
    } else {
        table_close(&t);
    }
    return true;
}

#endif
