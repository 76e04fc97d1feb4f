/* SPDX-License-Identifier: MIT */
/*
 * What an env says beforehand of its frames: which may be taken first, where
 * their contents go before, and which few are taken only with the env itself.
 * That set is checked when a page is put in it: the way to it is in it, too.
 */
#include "kern/disk/save.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/revoke.h"

/* The pages that can be guaranteed, with page tables and shadows. */
#define GUARANTEED 32
#define GUARANTEED_PER_HART 4

/* Whether a frame of the env can be marked so, and have a save place. */
static bool
markable(const struct frame *f, uint64_t mark, bool placed)
{
    const uint32_t mask = ~FRAME_STATE_FLAG(FRAME_MARKS | FRAME_CLEAN);

    if (placed) {
        return (frame_state(f) & mask) == FRAME_STATE(FRAME_DATA, 0);
    }
    return !(f->flags & FRAME_CONDEMNED) &&
           (mark == MARK_NONE || frame_type(f) == FRAME_DATA);
}

/* Whether contents of a frame of the env's can go there. */
static int
place_check(const struct env *e, const struct frame *f, uint64_t place)
{
    const struct frame *to = frame_record(place);

    if (PLACE_IS_EXTENT(place)) {
        return save_check(e, place);
    }
    if (place >= FRAME_LIMIT || frame_type(to) < FRAME_DATA ||
        to->owner != e->id) {
        return -EPERM;
    }
    return to->order == 0 && to != f ? 0 : -EINVAL;
}

int
revoke_mark(const struct env *e, struct frame *f, uint64_t mark, uint64_t place)
{
    int error = 0;

    /* Both again under the frame's lock; but a place that is noted stays so. */
    if (f->owner != e->id) {
        return -EPERM;
    }
    if (!markable(f, mark, place != 0)) {
        return -EINVAL;
    }
    if (place != 0) {
        error = place_check(e, f, place);
    }
    if (error < 0) {
        return error;
    }
    frame_lock(f);
    if (f->owner != e->id) {
        error = -EPERM;
    } else if (!markable(f, mark, place != 0)) {
        error = -EINVAL;
    } else {
        frame_unmark(f);
        if (mark == MARK_EXPENDABLE) {
            frame_set_flag(f, FRAME_EXPENDABLE);
        }
        if (place != 0) {
            f->used = (uint32_t)place;
            frame_set_flag(f, FRAME_PLACED);
        }
    }
    frame_unlock(f);
    return error;
}

/* What a guaranteed frame counts: a table has a shadow. 0 if it is none any
   more. */
static unsigned
guaranteed_weight(const struct env *e, const struct frame *f)
{
    if (!(frame_state(f) & FRAME_STATE_FLAG(FRAME_GUARANTEED)) ||
        f->owner != e->id) {
        return 0;
    }
    return pt_is_table(f) ? 2 : 1;
}

/* Adds a frame to the set: 1, or 0 if it was in it. */
static int
guarantee_one(struct env *e, struct frame *f)
{
    unsigned limit = GUARANTEED;
    unsigned used = pt_is_table(f) ? 2 : 1;
    uint32_t number = (uint32_t)frame_number(f);
    uint32_t *empty = NULL;
    int error = -EPERM;

    if (guaranteed_weight(e, f) > 0) {
        return 0;
    }
    for (unsigned i = 0; i < HARTS_MAX; i++) {
        limit += e->bound >> i & 1 ? GUARANTEED_PER_HART : 0;
    }
    for (unsigned i = 0; i < REVOKE_GUARANTEED; i++) {
        uint32_t *entry = &e->revocation.guaranteed[i];
        unsigned weight = guaranteed_weight(e, frame_record(*entry));

        if (weight == 0) {
            *entry = 0;
            empty = entry;
        }
        used += weight;
    }
    if (used > limit || empty == NULL) {
        return -ENOSPC;
    }
    frame_lock(f);
    if (f->owner == e->id && (frame_type(f) == FRAME_DATA || pt_is_table(f))) {
        frame_set_flag(f, FRAME_GUARANTEED);
        *empty = number;
        error = 1;
    }
    frame_unlock(f);
    return error;
}

/* Takes it out again. */
static void
guarantee_undo(const struct env *e, struct frame *f)
{
    frame_lock(f);
    if (f->owner == e->id) {
        frame_clear_flag(f, FRAME_GUARANTEED);
    }
    frame_unlock(f);
}

int
revoke_guarantee(struct env *e, uint64_t address)
{
    struct frame *path[SV39_LEVELS + 1] = {e->root};
    unsigned added = 0;

    ASSERT(lock_held(e->lock));
    if (e->lean == 0) {
        return -EBUSY;
    }
    if (address >= USER_END || e->root == NULL) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < SV39_LEVELS; i++) {
        unsigned level = SV39_LEVELS - 1 - i;
        const pte_t *entries;
        pte_t entry;

        /* Its contents are an env's business by now, perhaps: what is read
           there leads to a frame of this one, or to an error. */
        if (!pt_is_table(path[i]) || pt_level(path[i]) != level) {
            return -EINVAL;
        }
        if (path[i]->owner != e->id) {
            return -EPERM;
        }
        entries = frame_contents(frame_number(path[i]));
        entry = __atomic_load_n(
            &entries[address >> (FRAME_SHIFT + 9 * level) & 511],
            __ATOMIC_RELAXED);
        if (entry == 0 || entry >> PTE_PPN_SHIFT >= FRAME_LIMIT) {
            return -EINVAL;
        }
        path[i + 1] = frame_record(entry >> PTE_PPN_SHIFT);
        if (frame_type(path[i + 1]) < FRAME_DATA) {
            return -EINVAL;
        }
    }
    if (path[SV39_LEVELS]->owner != e->id) {
        return -EPERM;
    }
    if (path[SV39_LEVELS]->order != 0) {
        return -EINVAL;
    }
    for (unsigned i = 0; i <= SV39_LEVELS; i++) {
        int error = guarantee_one(e, path[i]);

        if (error < 0) { /* nothing has changed then */
            while (i-- > 0) {
                if (added >> i & 1) {
                    guarantee_undo(e, path[i]);
                }
            }
            return error;
        }
        added |= (unsigned)error << i;
    }
    return 0;
}
