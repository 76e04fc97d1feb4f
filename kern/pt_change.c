/* SPDX-License-Identifier: MIT */
/*
 * Changes of entries that keep their frame: rights, and copies. Neither asks
 * the chain who else holds it. An entry changes by atomic operations on bits,
 * since the hardware may set A and D between any two instructions.
 */
#include "kern/pt_chain.h"

/* Whether the entry, of an open table, may get these bits in addition: what is
   asked of the capability is what pt_insert would ask. */
static inline int
gain_check(pte_t entry, pte_t gain, const struct cap *cap)
{
    const struct frame *f = entry_frame(entry);

    /* Type and guard cannot change while the entry is there. */
    if ((gain & ~frame_rights(f)) != 0) {
        return -EINVAL;
    }
    return cap_allows_pte(cap, gain) &&
                   cap_matches(cap, cap->name.word[0], &f->guard)
               ? 0
               : -EPERM;
}

int
pt_protect(const struct pt_place *place, uint64_t count, pte_t clear, pte_t set,
           const struct cap *cap)
{
    unsigned budget = PT_WALK_CALL;
    uint64_t harts = 0;
    pte_t lost = 0;
    struct table t;
    uint64_t done;
    int error;

    if (count > PT_BATCH_MAX || ((clear | set) & ~PTE_CHANGEABLE) != 0) {
        return -EINVAL;
    }
    error = place_open(&t, place, count);
    if (error < 0) {
        return error;
    }
    for (done = 0; done < count; done++) {
        pte_t *entry = &t.entry[place->index + done];
        pte_t old = entry_load(entry);
        pte_t gain = set & ~old & (PTE_W | PTE_X);

        if (!(old & PTE_R)) { /* zero, or a link: every leaf has R */
            error = -EINVAL;
            break;
        }
        if (gain != 0) {
            error = gain_check(old, gain, cap);
            if (error < 0) {
                break;
            }
        }
        if (clear != 0) {
            lost |= __atomic_fetch_and(entry, ~clear, __ATOMIC_RELAXED) & clear;
        }
        if (set != 0) {
            __atomic_fetch_or(entry, set, __ATOMIC_RELAXED);
        }
    }
    if ((lost & (PTE_W | PTE_X | PTE_A | PTE_D)) != 0) {
        harts = pt_harts(&t, &budget);
    }
    table_close(&t);
    if (harts != 0) {
        hart_fence(harts);
    }
    return done > 0 ? (int)done : error;
}

/* Puts the link of the copy into the chain of the locked frame, after that of
   the original: where nobody else holds the frame no third table is touched. */
static inline void
chain_add_after(struct frame *f, const struct table *from, uint64_t from_index,
                const struct table *to, uint64_t to_index)
{
    shadow_t original = from->shadow[from_index];
    uint32_t next = SHADOW_NEXT(original);
    uint32_t link = link_make(to, to_index);

    ASSERT(frame_locked(f) && frame_locked(to->lock));
    from->shadow[from_index] = SHADOW_MAKE(link, SHADOW_PREVIOUS(original));
    to->shadow[to_index] = SHADOW_MAKE(next, link_make(from, from_index));
    if (next != 0) {
        shadow_t *after = link_shadow(next);

        *after = SHADOW_MAKE(SHADOW_NEXT(*after), link);
    }
    maps_add(f);
}

/* Copies one leaf. `lost` collects what the original had of `drop`. */
/* NOLINTBEGIN(readability-function-size): two places take two each. */
static inline int
leaf_copy(const struct table *from, uint64_t from_index, const struct table *to,
          uint64_t to_index, pte_t keep, pte_t drop, pte_t *lost)
{
    pte_t *original = &from->entry[from_index];
    pte_t entry = entry_load(original);
    struct frame *f = entry_frame(entry);

    if (!(entry & PTE_R)) {
        return -EINVAL;
    }
    if (entry_load(&to->entry[to_index]) != 0) {
        return -EBUSY;
    }
    frame_lock(f);
    if (f->flags & FRAME_BREAKING) {
        frame_unlock(f);
        return -EBUSY;
    }
    if (drop != 0) {
        entry = __atomic_fetch_and(original, ~drop, __ATOMIC_RELAXED);
        *lost |= entry & drop;
    }
    chain_add_after(f, from, from_index, to, to_index);
    entry_store(&to->entry[to_index], (entry & (keep | ~PTE_CHANGEABLE)) |
                                          (keep & (PTE_HEIR | PTE_SOFTWARE)));
    frame_unlock(f);
    return 0;
}
/* NOLINTEND(readability-function-size) */

/* Opens both tables. Of two locks the one with the lower number is taken first,
   whatever may happen to the tables meanwhile: so the numbers are read once. */
static int
pair_open(struct table *from, struct frame *from_table, struct table *to,
          struct frame *to_table)
{
    uint32_t first = table_shadow(from_table);
    uint32_t second = table_shadow(to_table);
    bool upwards = first < second;
    int error;

    if (first == second) {
        return -EINVAL;
    }
    error = upwards ? table_open(from, from_table, first)
                    : table_open(to, to_table, second);
    if (error < 0) {
        return error;
    }
    error = upwards ? table_open(to, to_table, second)
                    : table_open(from, from_table, first);
    if (error < 0) {
        table_close(upwards ? from : to);
    }
    return error;
}

static void
pair_close(const struct table *from, const struct table *to)
{
    if (from->lock != to->lock) {
        table_close(to);
    }
    table_close(from);
}

/* Opens the tables of both places; the same one once. */
static int
places_open(struct table *from, const struct pt_place *from_place,
            struct table *to, const struct pt_place *to_place, uint64_t count)
{
    int error;

    if (from_place->table == to_place->table) {
        error = table_open(from, from_place->table,
                           table_shadow(from_place->table));
        *to = *from;
    } else {
        error = pair_open(from, from_place->table, to, to_place->table);
    }
    if (error < 0) {
        return error;
    }
    error = from->level != to->level ? -EINVAL
                                     : place_check(from, from_place, count);
    error = error < 0 ? error : place_check(to, to_place, count);
    if (error < 0) {
        pair_close(from, to);
    }
    return error;
}

int
pt_copy(const struct pt_place *from_place, const struct pt_place *to_place,
        uint64_t count, pte_t keep, bool drop)
{
    unsigned budget = PT_WALK_CALL;
    unsigned copied = 0;
    uint64_t harts = 0;
    pte_t lost = 0;
    struct table from;
    struct table to;
    struct table source; /* both in registers, for the loop */
    struct table target;
    uint64_t done;
    int error;

    if (count > PT_BATCH_MAX || (keep & ~PTE_CHANGEABLE) != 0) {
        return -EINVAL;
    }
    error = places_open(&from, from_place, &to, to_place, count);
    if (error < 0) {
        return error;
    }
    source = from;
    target = to;
    for (done = 0; done < count; done++) {
        uint64_t index = from_place->index + done;

        if (entry_load(&source.entry[index]) == 0) {
            continue;
        }
        error = leaf_copy(&source, index, &target, to_place->index + done, keep,
                          drop ? PTE_W : 0, &lost);
        if (error < 0) {
            break;
        }
        copied++;
    }
    to.frame->used += copied;
    if (lost != 0) {
        harts = pt_harts(&from, &budget);
    }
    pair_close(&from, &to);
    if (harts != 0) {
        hart_fence(harts);
    }
    return done > 0 ? (int)done : error;
}
