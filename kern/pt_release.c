/* SPDX-License-Identifier: MIT */
/*
 * The end of an ownership. A frame whose owner lets go of it passes to an env
 * that said by PTE_HEIR that it would have it; else its bindings are broken,
 * and it is free.
 *
 * The search for an heir comes from the frame, along its chain, and what it
 * needs in the end is the table of the entry, open: then the entry stays, and
 * so does the table's owner, whose record cannot go while a page table of its
 * own is not empty. That is the wrong order of locks, as in pt_break; so the
 * frame is let go of, the table opened, and the entry looked at again.
 *
 * A chain can be longer than one call may look at. Then `harts` of the frame,
 * which only roots need, is the link to look at next, and FRAME_BREAKING keeps
 * the chain from growing: if that link is gone by then the search begins anew,
 * and every time the chain is shorter. A break that somebody else has begun is
 * not forgotten for it.
 */
#include "kern/pt_chain.h"

/* What one call looks at: links, and possible heirs. */
#define HEIR_LINKS 128
#define HEIR_LINKS_SEEN 16 /* by pt_has_heir: of several frames in a call */
#define HEIR_TRIES 4

/* What is known of a frame that is to be released, from one look to the next.
 */
struct search {
    struct frame_list *list;
    struct frame *frame;
    uint32_t owner;
    uint32_t link; /* to look at next; 0: the first */
    unsigned budget;
};

static int
release_check(const struct frame *f, uint32_t owner)
{
    if (f->owner != owner) {
        return -EPERM;
    }
    return frame_type(f) != FRAME_DATA ? -EINVAL
           : frame_pins(f) != 0        ? -EBUSY
                                       : 0;
}

/* The entry that `link` names, if it is one of the open table and holds the
   locked frame; else 0. */
static pte_t
link_entry(const struct table *t, uint32_t link, const struct frame *f)
{
    unsigned index = link % PAGE_TABLE_ENTRIES;
    pte_t entry = entry_load(&t->entry[index]);

    return index < (t->level == SV39_LEVELS - 1 ? PT_ROOT_ENTRIES
                                                : PAGE_TABLE_ENTRIES) &&
                   entry != 0 && entry_frame(entry) == f
               ? entry
               : 0;
}

/* The first link, from s->link of the locked frame's chain on, that may lead to
   an heir; or where the budget ended; 0 at the end of the chain. */
static uint32_t
link_next(struct search *s)
{
    uint32_t link = s->link;

    for (; link != 0 && s->budget > 0; s->budget--) {
        const struct frame *table = link_table(link);
        const pte_t *entry = frame_contents(frame_number(table));

        if ((entry_load(&entry[link % PAGE_TABLE_ENTRIES]) & PTE_HEIR) &&
            __atomic_load_n(&table->owner, __ATOMIC_RELAXED) != s->owner) {
            break;
        }
        link = SHADOW_NEXT(*link_shadow(link));
    }
    return link;
}

/* Apart, so that the usual case saves no registers. */
__attribute__((noinline)) static bool
heir_in_chain(struct frame *f)
{
    struct search s = {NULL, f, f->owner, 0, HEIR_LINKS_SEEN};
    uint32_t link;

    frame_lock(f);
    s.link = f->chain;
    link = link_next(&s);
    frame_unlock(f);
    return link != 0 && s.budget > 0;
}

bool
pt_has_heir(struct frame *f)
{
    uint32_t first = __atomic_load_n(&f->chain, __ATOMIC_RELAXED);
    const pte_t *entry = frame_contents(first / PAGE_TABLE_ENTRIES);

    /* Mostly one entry holds it: whatever its table is by now, it is RAM. */
    if (first == 0 ||
        (__atomic_load_n(&f->maps, __ATOMIC_RELAXED) == 1 &&
         !(entry_load(&entry[first % PAGE_TABLE_ENTRIES]) & PTE_HEIR))) {
        return false;
    }
    return heir_in_chain(f);
}

/* Passes the locked frame to the owner of the open table; whether it could. */
static bool
heir_pass(const struct search *s, const struct table *t)
{
    struct frame *f = s->frame;
    uint32_t id = t->frame->owner;
    struct frame_list *heir = id == s->owner ? NULL : owner_frames(id);

    if (heir == NULL || frame_give(s->list, heir, id, &f, 1) < 0) {
        return false;
    }
    f->harts &= PREDICATE_BITS;
    frame_clear_flag(f, FRAME_BREAKING | FRAME_CONDEMNED);
    return true;
}

/* Notes in the locked frame how far the search got. */
static void
search_note(struct frame *f, uint64_t word)
{
    uint64_t alone = f->harts & SEARCH_ALONE;

    if (!(f->flags & FRAME_BREAKING)) {
        frame_set_flag(f, FRAME_BREAKING);
        alone = SEARCH_ALONE;
    }
    f->harts = (f->harts & PREDICATE_BITS) | word | alone;
}

static void
search_forget(struct frame *f)
{
    if (f->harts & SEARCH_ALONE) {
        frame_clear_flag(f, FRAME_BREAKING);
    }
    f->harts &= PREDICATE_BITS;
}

/* Looks at s->link, then along the chain for the next. 1 when the frame has
   passed; -EAGAIN when s->link is one to look at; -ENOENT, with the frame
   locked, when it has no heir; or why it cannot be released. */
static int
heir_step(struct search *s)
{
    struct frame *f = s->frame;
    struct frame *table = link_table(s->link);
    struct table t = {0}; /* open if it has a lock */
    int result;

    if (s->link != 0) {
        (void)table_open(&t, table, table_shadow(table));
    }
    if (t.lock == f) { /* a shadow by now: nothing to release */
        table_close(&t);
        return -EINVAL;
    }
    frame_lock(f);
    result = release_check(f, s->owner);
    if (result == 0) {
        pte_t entry = t.lock != NULL ? link_entry(&t, s->link, f) : 0;

        result = (entry & PTE_HEIR) && heir_pass(s, &t);
        s->link = entry == 0 ? f->chain : SHADOW_NEXT(*link_shadow(s->link));
    }
    if (t.lock != NULL) {
        table_close(&t);
    }
    if (result == 0) {
        s->link = link_next(s);
        if (s->link == 0) {
            return -ENOENT;
        }
        search_note(f, s->link);
        result = -EAGAIN;
    }
    frame_unlock(f);
    return result;
}

/* Looks for an heir from where the last call got to: as heir_step, which it
   calls. */
static int
heir_search(struct search *s)
{
    struct frame *f = s->frame;
    int result;

    frame_lock(f);
    result = release_check(f, s->owner);
    if (result == 0) {
        s->link = SEARCH_LINK(f->harts);
        result = f->harts & SEARCH_DONE ? -ENOENT : -EAGAIN;
    }
    if (result != -ENOENT) {
        frame_unlock(f);
    }
    for (unsigned i = 0; result == -EAGAIN && i < HEIR_TRIES; i++) {
        result = heir_step(s);
    }
    return result;
}

int
pt_release(struct frame_list *list, uint32_t owner, struct frame *f,
           unsigned limit)
{
    struct search s = {list, f, owner, 0, HEIR_LINKS};
    int result = heir_search(&s);

    if (result != -ENOENT) {
        return result;
    }
    if (limit == 0 || !frame_busy(f)) {
        search_forget(f);
        return frame_return(list, f); /* -EBUSY, as a device uses it */
    }
    search_note(f, SEARCH_DONE);
    frame_unlock(f);
    result = pt_break(f, owner, limit);
    if (result < 0) {
        return result;
    }
    result = release_check(f, owner);
    if (result < 0) {
        frame_unlock(f);
        return result;
    }
    return frame_let_go(list, f);
}
