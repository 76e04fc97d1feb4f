/* SPDX-License-Identifier: MIT */
#include "lib/exo/pager_book.h"

struct pager pager;
struct exo_pager_counts exo_pager_counts;
uint64_t exo_pager_clean_max = EXO_PAGER_PAGES;

static void
lost(uint64_t address)
{
    (void)address;
    __builtin_trap();
}

void (*exo_pager_lost)(uint64_t address) = lost;

bool
pager_mine(uint64_t frame)
{
    return RECORDS[frame].owner == pager.id;
}

struct region *
pager_region_of(uint64_t address)
{
    for (unsigned i = 0; i < pager.regions; i++) {
        if (address >= pager.region[i].address &&
            address < pager.region[i].end) {
            return &pager.region[i];
        }
    }
    return NULL;
}

uint64_t
pager_address_of(const struct page *p)
{
    const struct region *r = pager.region;

    while (r + 1 < pager.region + pager.regions && p >= r[1].page) {
        r++;
    }
    return r->address + (uint64_t)(p - r->page) * PAGE;
}

/* A page lost its frame; the contents are in `place`, if it is not 0. */
static void
page_lost(struct page *p, uint64_t place)
{
    if (!p->kept) {
        p->frame = 0;
        pager.clean--;
        exo_pager_counts.dropped++;
    } else if (place != 0 && place == p->place) {
        p->frame = (uint32_t)place;
        p->place = 0;
        pager.unplaced = true;
        exo_pager_counts.repaired++;
    } else {
        *p = (struct page){.frame = 0};
        exo_pager_lost(pager_address_of(p));
    }
}

static void
table_lost(struct table *t)
{
    t->frame = 0;
    exo_pager_counts.tables++;
    for (unsigned i = 0; i < TABLES; i++) {
        if (pager.table[i].level + 1 == t->level &&
            pager.table[i].address - t->address < SPAN(t->level + 1)) {
            pager.table[i].linked = false;
        }
    }
}

static void
frame_lost(uint64_t frame, uint64_t place)
{
    for (unsigned i = 0; i < pager.spares; i++) {
        if (pager.spare[i] == frame) {
            pager.spare[i] = pager.spare[--pager.spares];
            exo_pager_counts.spent++;
            return;
        }
    }
    for (unsigned i = 0; i < TABLES; i++) {
        if (pager.table[i].frame == frame) {
            table_lost(&pager.table[i]);
            return;
        }
    }
    for (struct page *p = pager.page; p < pager.page + pager.pages; p++) {
        if (p->frame == frame) {
            page_lost(p, place);
        } else if (p->place == frame) {
            p->place = 0;
            pager.unplaced = true;
            exo_pager_counts.spent++;
        }
    }
}

/* Some losses were not told: whoever is not the env's any more was lost, and
   with it what nobody says was saved. */
static void
book_check(void)
{
    for (unsigned i = pager.spares; i-- > 0;) {
        if (!pager_mine(pager.spare[i])) {
            frame_lost(pager.spare[i], 0);
        }
    }
    for (unsigned i = 0; i < TABLES; i++) {
        if (pager.table[i].frame != 0 && !pager_mine(pager.table[i].frame)) {
            table_lost(&pager.table[i]);
        }
    }
    for (struct page *p = pager.page; p < pager.page + pager.pages; p++) {
        if (p->place != 0 && !pager_mine(p->place)) {
            frame_lost(p->place, 0);
        }
        if (p->frame != 0 && !pager_mine(p->frame)) {
            page_lost(p, 0);
        }
    }
}

void
pager_losses_read(void)
{
    while (pager.losses !=
           __atomic_load_n(&pager.uarea->losses_posted, __ATOMIC_ACQUIRE)) {
        uint64_t loss = pager.uarea->loss[pager.losses++ % UAREA_LOSS_ENTRIES];

        if (LOSS_KIND(loss) == RESOURCE_FRAME) {
            frame_lost(LOSS_NAME(loss), LOSS_PLACE(loss));
        }
    }
    if (pager.missed != *(volatile uint64_t *)&pager.uarea->losses_missed) {
        pager.missed = pager.uarea->losses_missed;
        book_check();
    }
}

/* A frame that is not in the book, or 0. One that is being taken already is
   left to that. */
static uint64_t
frame_new(void)
{
    int64_t frame;

    do {
        frame = sys_frame_alloc(pager.cap, 0, 0);
        if (frame < 0) {
            return 0;
        }
        while ((RECORDS[frame].flags & FRAME_UNSCRUBBED) &&
               sys_frame_scrub((uint64_t)frame) == -EAGAIN) {
        }
        pager_losses_read();
    } while (!pager_mine((uint64_t)frame) ||
             (RECORDS[frame].flags & (FRAME_UNSCRUBBED | FRAME_BREAKING)));
    return (uint64_t)frame;
}

bool
pager_frame_drop(uint64_t frame)
{
    int64_t error;

    do {
        error = sys_frame_free(frame, FRAME_FREE_BREAK);
    } while (error == -EAGAIN);
    return error == 0;
}

bool
pager_clean_drop(void)
{
    for (unsigned i = 0; i < pager.pages; i++) {
        struct page *p = &pager.page[pager.hand];

        pager.hand = (pager.hand + 1) % pager.pages;
        if (p->frame != 0 && !p->kept && pager_frame_drop(p->frame)) {
            p->frame = 0;
            pager.clean--;
            return true;
        }
    }
    return false;
}

void
pager_spares_fill(void)
{
    while (pager.spares < EXO_PAGER_SPARES) {
        uint64_t frame = frame_new();

        if (frame == 0) {
            return;
        }
        (void)sys_frame_mark(frame, 1, MARK_EXPENDABLE, 0);
        pager.spare[pager.spares++] = (uint32_t)frame;
    }
}

uint64_t
pager_spare_take(void)
{
    if (pager.spares == 0) {
        pager_spares_fill();
    }
    if (pager.spares == 0 && pager_clean_drop()) {
        pager_spares_fill();
    }
    return pager.spares > 0 ? pager.spare[--pager.spares] : 0;
}
