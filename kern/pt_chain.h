/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PT_CHAIN_H
#define CHITIN_KERN_PT_CHAIN_H
/*
 * What the files of the page-table module share: entries, shadows and chains.
 * All of it is inline: these are the inner loops of batches.
 */
#include "kern/panic.h"
#include "kern/pt.h"

/* Two links of 32 bits for each entry of a table: next, and in the upper half
   previous. */
typedef uint64_t shadow_t;

#define SHADOW_NEXT(s) ((uint32_t)(s))
#define SHADOW_PREVIOUS(s) ((uint32_t)((s) >> 32))
#define SHADOW_MAKE(next, previous)                                            \
    ((shadow_t)(next) | (shadow_t)(previous) << 32)

/* A mask that covers every hart, whatever their number. */
#define HARTS_ALL (~(uint64_t)0)

/* `harts` of a data frame while its next owner is looked for (pt_release.c):
   the link to look at next; that the search alone has set FRAME_BREAKING; that
   it found nobody. */
#define SEARCH_LINK(word) ((uint32_t)(word))
#define SEARCH_ALONE ((uint64_t)1 << 32)
#define SEARCH_DONE ((uint64_t)1 << 33)

/* The rest of it: how many predicates look at the frame (14 bits), and the
   first of them (kern/code/predicate.c). */
#define PREDICATE_ONE ((uint64_t)1 << 34)
#define PREDICATE_SHIFT 48
#define PREDICATE_BITS (~(PREDICATE_ONE - 1))

/* Breaks some predicates of the locked frame; FRAME_BREAKING keeps new ones
   away. Waits for one that is being asked. Of predicate.c, but in host tests.
 */
void predicates_break(struct frame *f);

static inline void
predicate_break(struct frame *f)
{
    /* In one step: of a root other harts write it without the lock. */
    uint64_t harts = __atomic_load_n(&f->harts, __ATOMIC_RELAXED);

    if (!pt_is_table(f) && harts >> PREDICATE_SHIFT != 0) {
        predicates_break(f);
    }
}

/* A table whose entries are locked. */
struct table {
    struct frame *frame;
    struct frame *lock; /* its shadow's record */
    pte_t *entry;
    shadow_t *shadow;
    unsigned level;
    uint32_t link; /* of entry 0 */
};

static inline uint32_t
link_make(const struct table *t, uint64_t index)
{
    return t->link + (uint32_t)index;
}

static inline struct frame *
link_table(uint32_t link)
{
    return frame_record(link >> 9);
}

/* The page number of a table's shadow; 0 if it has none. */
static inline uint32_t
table_shadow(const struct frame *table)
{
    return __atomic_load_n(&table->shadow, __ATOMIC_RELAXED);
}

/* The links beside the entry that `link` names. Its table exists as long as the
   frame whose chain it is in is locked. */
static inline shadow_t *
link_shadow(uint32_t link)
{
    shadow_t *shadow = frame_contents(table_shadow(link_table(link)));

    return &shadow[link % PAGE_TABLE_ENTRIES];
}

static inline pte_t
entry_load(const pte_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* One store of the whole entry: the hardware may walk here at any time. What
   the entry leads to was written before the frame's lock was last given back,
   which the caller has taken since. */
static inline void
entry_store(pte_t *entry, pte_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

/* The record of the frame that an entry of an env names. Above the page number
   there are only zeroes in it: CAP_PTE_NEVER. */
static inline struct frame *
entry_frame(pte_t entry)
{
    return frame_record(entry >> PTE_PPN_SHIFT);
}

/* Locks the entries of a table, if it is one and page `number` its shadow. That
   is known only when the lock is ours; after that neither can change. Whatever
   page the number was read from, its record is one that can be locked. */
static inline int
table_open(struct table *t, struct frame *table, uint32_t number)
{
    struct frame *lock = frame_record(number);

    if (number == 0) {
        return -EINVAL;
    }
    frame_lock(lock);
    t->level = pt_level(table);
    if (t->level >= SV39_LEVELS || table_shadow(table) != number) {
        frame_unlock(lock);
        return -EINVAL;
    }
    t->frame = table;
    t->lock = lock;
    t->entry = frame_contents(frame_number(table));
    t->shadow = frame_contents(number);
    t->link = (uint32_t)(frame_number(table) << 9);
    return 0;
}

static inline void
table_close(const struct table *t)
{
    frame_unlock(t->lock);
}

/* Whether the place and the entries after it are the env's, and may be edited:
   0, -EINVAL or -EPERM. */
static inline int
place_check(const struct table *t, const struct pt_place *place, uint64_t count)
{
    uint64_t limit =
        t->level == SV39_LEVELS - 1 ? PT_ROOT_ENTRIES : PAGE_TABLE_ENTRIES;

    if (place->index >= limit || count > limit - place->index) {
        return -EINVAL;
    }
    return place->cap == NULL ||
                   cap_allows(place->cap, &t->frame->guard, CAP_WRITE)
               ? 0
               : -EPERM;
}

static inline int
place_open(struct table *t, const struct pt_place *place, uint64_t count)
{
    int error = table_open(t, place->table, table_shadow(place->table));

    if (error == 0) {
        error = place_check(t, place, count);
        if (error < 0) {
            table_close(t);
        }
    }
    return error;
}

/* Takes the lock of a frame that an env named, while entries are locked; but
   not that of a shadow, whose holder may wait for ours: false. */
static inline bool
frame_lock_bindable(struct frame *f)
{
    while (frame_type(f) != FRAME_SHADOW) {
        if (word_try_lock(&f->lock)) {
            return true;
        }
        lock_pause();
    }
    return false;
}

/* One more map. It may fall without the lock, hence in one step. */
static inline void
maps_add(struct frame *f)
{
    __atomic_fetch_add(&f->maps, 1, __ATOMIC_RELAXED);
}

/* Puts the entry's link at the head of the chain of the locked frame. */
static inline void
chain_add(struct frame *f, const struct table *t, uint64_t index)
{
    uint32_t link = link_make(t, index);
    uint64_t next = f->chain; /* wide as it is stored */

    ASSERT(frame_locked(f) && frame_locked(t->lock));
    t->shadow[index] = SHADOW_MAKE(next, 0);
    if (next != 0) {
        shadow_t *after = link_shadow((uint32_t)next);

        *after = SHADOW_MAKE(SHADOW_NEXT(*after), link);
    }
    f->chain = link;
    maps_add(f);
}

/* Takes it out. The frame's maps fall later, when the fence is done. */
static inline void
chain_remove(struct frame *f, const struct table *t, uint64_t index)
{
    shadow_t links = t->shadow[index];
    uint32_t next = SHADOW_NEXT(links);
    uint32_t previous = SHADOW_PREVIOUS(links);

    ASSERT(frame_locked(f) && frame_locked(t->lock));
    if (previous != 0) {
        shadow_t *before = link_shadow(previous);

        *before = SHADOW_MAKE(next, SHADOW_PREVIOUS(*before));
    } else {
        ASSERT(f->chain == link_make(t, index));
        f->chain = next;
    }
    if (next != 0) {
        shadow_t *after = link_shadow(next);

        *after = SHADOW_MAKE(SHADOW_NEXT(*after), previous);
    }
    t->shadow[index] = 0;
}

/* The bits of an entry to a frame of this type; none may be set that is not
   here. 0: it is not mapped at all. */
static inline pte_t
type_rights(unsigned type)
{
    switch (type) {
    case FRAME_DATA:
        return PTE_R | PTE_W | PTE_X;
    case FRAME_UAREA:
        return PTE_R | PTE_W;
    case FRAME_TABLE_0:
    case FRAME_TABLE_1:
    case FRAME_TABLE_2:
    case FRAME_ENV:
    case FRAME_REGISTRY:
        return PTE_R;
    default:
        return 0;
    }
}

/* The same of a frame that is locked, or has a map: a block of data can be
   mapped for writing when that was asked for, and as long as it is mapped. */
static inline pte_t
frame_rights(const struct frame *f)
{
    unsigned type = frame_type(f);

    return type_rights(type) |
           (type == FRAME_REGISTRY &&
                    (__atomic_load_n(&f->harts, __ATOMIC_RELAXED) &
                     REGISTRY_WRITABLE)
                ? PTE_W
                : 0);
}

/* Whether the locked frame is a block that everybody may map. */
static inline bool
frame_is_anyones(const struct frame *f)
{
    return frame_type(f) == FRAME_REGISTRY && (f->harts & REGISTRY_ANYONE);
}

/* Entries taken out, whose frames' maps have not fallen yet. */
struct removed {
    unsigned count;
    struct frame *frame[PT_BATCH_MAX];
};

/* Clears an entry of the open table that is not zero. */
static inline void
entry_clear(const struct table *t, uint64_t index, struct removed *removed)
{
    struct frame *f = entry_frame(entry_load(&t->entry[index]));

    frame_lock(f);
    chain_remove(f, t, index);
    /* What the hardware sets in A and D meanwhile is lost with the entry. */
    entry_store(&t->entry[index], 0);
    frame_unlock(f);
    removed->frame[removed->count++] = f;
}

/* Fences, and lets maps fall. Release: the fence comes before. */
static inline void
removed_settle(const struct removed *removed, uint64_t harts)
{
    if (harts != 0) {
        hart_fence(harts);
    }
    for (unsigned i = 0; i < removed->count; i++) {
        __atomic_fetch_sub(&removed->frame[i]->maps, 1, __ATOMIC_RELEASE);
    }
}

/* Harts that may hold translations made through the open table, whose entries
   have been changed. `budget` is how many links the walk up may look at, over
   all tables of one call; when it is used up, or a table has more than 8, the
   answer is every hart. */
#define PT_WALK_TABLE 8
#define PT_WALK_CALL 64
uint64_t pt_harts(const struct table *t, unsigned *budget);

#endif
