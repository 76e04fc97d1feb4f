/* SPDX-License-Identifier: MIT */
/*
 * The reverse map at work: from a table up to the roots that reach it, and from
 * a frame to all entries that hold it.
 *
 * A chain belongs to its frame and comes last in the order of locks, so whoever
 * comes from there holds the wrong lock. To break an entry, the chain is let go
 * of, the entry's table opened, and looked at again; nothing of what was read
 * before is trusted. To walk up, the chain is kept, and the parent's record
 * locked for its chain, not its entries: upwards is the order there.
 */
#include "kern/pt_one.h"

/* Harts of all roots above. A table and its parents, and what each reaches,
   stay what they are while its chain is held, for parents with entries cannot
   be unmade.

   Why no translation is missed. One that a hart holds was made through a root
   that the hart ran, down links that were there. A root's bit is set before the
   hart runs it: then its walks see the entries that the caller has changed, or
   pt_harts reads the bit: each writes, fences, and reads. A link that is gone
   has been fenced by whoever took it, or the fence is still owed, and then its
   table's maps are more than its chain. A link that is made after the chain was
   read leads to the changed entries. */
static uint64_t
harts_above(struct frame *table, unsigned *budget)
{
    uint64_t harts = 0;
    unsigned links = 0;

    if (frame_type(table) == FRAME_TABLE_2) {
        return __atomic_load_n(&table->harts, __ATOMIC_RELAXED);
    }
    frame_lock(table);
    for (uint32_t link = table->chain; link != 0;
         link = SHADOW_NEXT(*link_shadow(link))) {
        struct frame *parent = link_table(link);

        if (++links > PT_WALK_TABLE || *budget == 0) {
            harts = HARTS_ALL;
            break;
        }
        --*budget;
        /* One of level 0 maps the table as a page: no way for a walk. */
        if (frame_type(parent) != FRAME_TABLE_0) {
            harts |= harts_above(parent, budget);
        }
    }
    /* Acquire: who let them fall had fenced before. */
    if (links != __atomic_load_n(&table->maps, __ATOMIC_ACQUIRE)) {
        harts = HARTS_ALL;
    }
    frame_unlock(table);
    return harts;
}

uint64_t
pt_harts(const struct table *t, unsigned *budget)
{
    if (hart_alone) {
        return (uint64_t)1 << hart_self()->index; /* no need to look */
    }
    /* What was changed is visible to all before the bits are read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return harts_above(t->frame, budget);
}

void
one_settle_harts(struct frame *table, struct frame *lock, struct frame *removed)
{
    const struct table t = {.frame = table, .lock = lock};
    unsigned budget = PT_WALK_CALL;
    uint64_t harts = pt_harts(&t, &budget);

    table_close(&t);
    if (harts != 0) {
        hart_fence(harts);
    }
    if (removed != NULL) {
        __atomic_fetch_sub(&removed->maps, 1, __ATOMIC_RELEASE);
    }
}

/* What one call breaks: entries taken out, harts that may hold them, and the
   table that is open, if it has a lock: mostly it is that of the next entry,
   too. */
struct breaking {
    struct removed removed;
    uint64_t harts;
    unsigned budget; /* of walks up */
    struct table table;
};

static void
breaking_close(struct breaking *b)
{
    if (b->table.lock != NULL) {
        b->harts |= pt_harts(&b->table, &b->budget);
        table_close(&b->table);
        b->table.lock = NULL;
    }
}

/* Locks a frame and sets flags of it, if it is the owner's; whether it is. A
   shadow is nobody's to break, and not to be waited for. */
static bool
break_lock(struct frame *f, unsigned flags, uint32_t owner)
{
    if (frame_type(f) < FRAME_DATA || !frame_lock_bindable(f)) {
        return false; /* perhaps no RAM: not to be locked */
    }
    if (frame_type(f) < FRAME_DATA || f->owner != owner) {
        frame_unlock(f);
        return false;
    }
    frame_set_flag(f, flags);
    predicate_break(f);
    if (frame_type(f) == FRAME_DATA) {
        f->harts &= ~SEARCH_ALONE;
    }
    return true;
}

/* Clears the entry that `link` names, of the open table and in the chain of the
   locked frame: so it holds that. */
static void
link_break(struct frame *f, uint32_t link, struct breaking *b)
{
    unsigned index = link % PAGE_TABLE_ENTRIES;

    chain_remove(f, &b->table, index);
    entry_store(&b->table.entry[index], 0);
    b->table.frame->used--;
    b->removed.frame[b->removed.count++] = f;
}

/* Breaks bindings of a frame, until `limit` of all are broken, and sets flags
   of it; their maps are yet to fall. */
static void
break_begin(struct frame *f, unsigned flags, uint32_t owner, unsigned limit,
            struct breaking *b)
{
    while (break_lock(f, flags, owner)) {
        uint32_t link = f->chain;
        struct frame *table = link_table(link);

        while (link != 0 && b->removed.count < limit && b->table.lock != NULL &&
               b->table.frame == table) {
            link_break(f, link, b);
            link = f->chain;
            table = link_table(link);
        }
        frame_unlock(f);
        if (link == 0 || b->removed.count == limit) {
            return;
        }
        breaking_close(b);
        if (table_open(&b->table, table, table_shadow(table)) < 0) {
            b->table.lock = NULL; /* gone, and so is the link: look again */
        }
    }
}

static void
break_all(struct frame *const f[], unsigned count, unsigned flags,
          uint32_t owner, unsigned limit)
{
    struct breaking b; /* not all of it: there are many that can be removed */

    b.removed.count = 0;
    b.harts = 0;
    b.budget = PT_WALK_CALL;
    b.table.lock = NULL;
    for (unsigned i = 0; i < count && b.removed.count < limit; i++) {
        break_begin(f[i], flags, owner, limit, &b);
    }
    breaking_close(&b);
    removed_settle(&b.removed, b.harts);
}

void
pt_break_begin(struct frame *const f[], unsigned count, uint32_t owner,
               unsigned limit)
{
    break_all(f, count, FRAME_BREAKING | FRAME_CONDEMNED, owner, limit);
}

int
pt_break(struct frame *f, uint32_t owner, unsigned limit)
{
    break_all(&f, 1, FRAME_BREAKING, owner,
              limit < PT_BATCH_MAX ? limit : PT_BATCH_MAX);
    return pt_break_end(f, owner);
}
