/* SPDX-License-Identifier: MIT */
/*
 * The handlers: a page that is touched, frames that are asked for, frames that
 * were taken.
 */
#include "lib/exo/page.h"
#include "lib/exo/pager_book.h"

#define EVENTS (uint64_t)(PENDING_REQUEST | PENDING_LOSS)

enum { FAULT_FETCH = 12, FAULT_LOAD = 13, FAULT_STORE = 15 };

void
exo_pager_zero(void *context, uint64_t address, void *to)
{
    (void)context;
    (void)address;
    exo_page_clear(to);
}

static void
page_make(const struct region *r, struct page *p, uint64_t address)
{
    uint64_t frame;
    void *view;

    while (pager.clean >= exo_pager_clean_max && pager_clean_drop()) {
    }
    frame = pager_spare_take();
    view = frame == 0 ? NULL : pager_view_open(0, frame);
    if (view == NULL) {
        (void)pager_frame_drop(frame);
        return;
    }
    r->fill(r->context, address, view);
    if (!pager_views_close()) {
        return; /* the frame went */
    }
    p->frame = (uint32_t)frame;
    pager.clean++;
    exo_pager_counts.filled++;
}

/* Gives a page a place, if it needs one. */
static void
page_place(struct page *p)
{
    uint64_t place = pager_spare_take();

    if (place == 0) {
        return;
    }
    (void)sys_frame_mark(place, 1, MARK_NONE, 0);
    /* To get the place, the page itself may have been dropped. */
    if (p->frame == 0 || sys_frame_mark(p->frame, 1, MARK_NONE, place) != 1) {
        (void)pager_frame_drop(place);
        return;
    }
    p->place = (uint32_t)place;
    pager.clean -= !p->kept;
    p->kept = true;
}

static void
page_map(const struct region *r, const struct page *p, uint64_t address)
{
    uint64_t bits = p->kept ? r->bits : r->bits & ~EXO_W;
    uint64_t frame = p->frame;
    struct table *t = pager_table_get(address, 0);
    int64_t error = -ENOMEM;

    if (t != NULL && p->frame == frame && frame != 0) {
        error = pager_entry_set(t->frame, address, frame, bits);
    }
    if (error == -EBUSY && (bits & EXO_W)) { /* it was clean */
        (void)sys_pt_protect(pager.cap | pager.cap << 8, t->frame,
                             address / PAGE % 512, 1, 0, EXO_W | EXO_AD);
    }
    if (error < 0) { /* or the table is going, or the frame: so let it go */
        (void)sys_repossess(pager.cap, pager.id);
    } else if (bits & EXO_X) {
        (void)sys_code_fence();
    }
}

/* Makes up for what was lost or used, then says that it was read. */
static void
repair(void)
{
    do {
        pager_spares_fill();
        pager_losses_read();
        if (pager.unplaced) {
            pager.unplaced = false;
            for (struct page *p = pager.page; p < pager.page + pager.pages;
                 p++) {
                if (p->kept && p->place == 0) {
                    page_place(p);
                    pager.unplaced |= p->place == 0;
                }
            }
        }
        /* What cannot be had now is tried again in the next handler. */
    } while (pager.losses != *(volatile uint64_t *)&pager.uarea->losses_posted);
    pager.uarea->losses_taken = pager.losses;
}

void
pager_exception(struct uarea *u)
{
    const struct level *level = &u->level[LEVEL_EXCEPTION];
    uint64_t address = level->value & ~(PAGE - 1);
    bool store = level->cause == FAULT_STORE;
    uint64_t need = store                         ? EXO_W
                    : level->cause == FAULT_FETCH ? EXO_X
                    : level->cause == FAULT_LOAD  ? EXO_R
                                                  : 0;
    struct region *r = pager_region_of(address);
    struct page *p;

    if (r == NULL || (r->bits & need) == 0) {
        pager.exception_before(u);
        return;
    }
    p = r->page + (address - r->address) / PAGE;
    pager_losses_read();
    if (p->frame == 0 && r->fill != NULL) {
        page_make(r, p, address);
    }
    if (p->frame != 0 && store && !p->kept) {
        page_place(p);
    }
    if (p->frame != 0) {
        page_map(r, p, address);
    }
    repair();
}

/* Moves a kept page to another frame, so that `name`, its own, can be given.
   Not to its place: if the frame is taken now, that is where the kernel copies.
 */
static bool
page_move(struct page *p, uint64_t name)
{
    uint64_t address = pager_address_of(p);
    const struct table *t = pager_table_find(address, 0);
    uint64_t frame = pager_spare_take();
    const void *from;
    void *to;
    bool good;

    if (frame == 0) {
        return false;
    }
    (void)sys_frame_mark(frame, 1, MARK_NONE, 0);
    if (t != NULL) {
        (void)sys_pt_unmap(pager.cap, t->frame, address / PAGE % 512, 1);
    }
    from = pager_view_open(0, name);
    to = pager_view_open(1, frame);
    good = p->frame == name && from != NULL && to != NULL;
    if (good) {
        exo_page_copy(to, from);
    }
    /* If the kernel has it by now, its loss will say where the contents are;
       from the mark on nothing goes to the place. */
    good &= pager_views_close();
    if (!good || sys_frame_mark(name, 1, MARK_NONE, 0) != 1) {
        (void)pager_frame_drop(frame);
        return false;
    }
    p->frame = (uint32_t)frame;
    if (sys_frame_mark(frame, 1, MARK_NONE, p->place) != 1) {
        (void)pager_frame_drop(p->place);
        p->place = 0;
    }
    pager.unplaced |= p->place == 0;
    return true;
}

/* Gives the frame that is named, whatever it is but a page table. */
static bool
frame_give(uint64_t name)
{
    for (unsigned i = 0; i < pager.spares; i++) {
        if (pager.spare[i] == name) {
            pager.spare[i] = pager.spare[--pager.spares];
            return pager_frame_drop(name);
        }
    }
    for (struct page *p = pager.page; p < pager.page + pager.pages; p++) {
        if (p->place == name) {
            page_place(p);
            return p->place != name && pager_frame_drop(name);
        }
        if (p->frame == name && !p->kept) {
            if (!pager_frame_drop(name)) {
                return false;
            }
            p->frame = 0;
            pager.clean--;
            return true;
        }
        if (p->frame == name) {
            return page_move(p, name) && pager_frame_drop(name);
        }
    }
    return false;
}

/* Clean pages first. */
static bool
frame_give_any(void)
{
    return pager_clean_drop() ||
           (pager.spares > 0 && pager_frame_drop(pager.spare[--pager.spares]));
}

static void
requests_answer(void)
{
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        volatile struct request *request = &pager.uarea->request[i];
        uint64_t given = 0;

        if (request->kind != RESOURCE_FRAME) {
            continue;
        }
        while (request->left > 0 &&
               (request->name == REVOKE_ANY ? frame_give_any()
                                            : frame_give(request->name))) {
            given++;
        }
        exo_pager_counts.given += given;
        exo_pager_counts.answered += given > 0 && request->left == 0;
    }
}

void
pager_event(struct uarea *u)
{
    if (__atomic_load_n(&u->pending, __ATOMIC_RELAXED) & ~EVENTS) {
        pager.event_before(
            u); /* it may take ours too: so they are looked for */
    }
    (void)__atomic_fetch_and(&u->pending, ~EVENTS, __ATOMIC_ACQUIRE);
    pager_losses_read();
    requests_answer();
    repair();
}
