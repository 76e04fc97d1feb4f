/* SPDX-License-Identifier: MIT */
/*
 * The views are the one place where a handler can fault: a frame that is looked
 * at goes. Then the double-fault handler puts a page there that is guaranteed,
 * the sink, and whoever looks is told at the end.
 */
#include "lib/exo/pager_book.h"

#define PPN_SHIFT 10
#define WORD (UAREA_BATCH_WORDS - 1) /* of the batch, for one entry */

static uint64_t views; /* the page table of the views */
static uint64_t sink_frame;
static bool broken; /* a frame went */
static _Alignas(FRAME_SIZE) unsigned char sink[FRAME_SIZE];

/* The batch words may be in use by what was interrupted. */
int64_t
pager_entry_set(uint64_t table, uint64_t address, uint64_t frame, uint64_t bits)
{
    volatile uint64_t *word = &pager.uarea->batch[WORD];
    uint64_t before = *word;
    int64_t error;

    *word = frame << PPN_SHIFT | bits | EXO_R | EXO_AD;
    error = sys_pt_map(pager.cap | pager.cap << 8, table, address / PAGE % 512,
                       1 | WORD << 16);
    *word = before;
    return error;
}

void *
pager_view_open(unsigned view, uint64_t frame)
{
    uint64_t address = EXO_PAGER_VIEW + view * PAGE;

    return pager_entry_set(views, address, frame, EXO_W) == 1 ? (void *)address
                                                              : NULL;
}

bool
pager_views_close(void)
{
    bool good = !broken;

    broken = false;
    (void)sys_pt_unmap(pager.cap, views, EXO_PAGER_VIEW / PAGE % 512, 2);
    return good;
}

int64_t
pager_views_begin(const struct exo_map *map)
{
    unsigned level;
    int64_t entry = exo_map_find(map, (uint64_t)sink, &level);

    if (entry < 0) {
        return entry;
    }
    sink_frame = (uint64_t)entry << 10 >> 20;
    views = pager_table_find(EXO_PAGER_VIEW, 0)->frame;
    return 0;
}

void
pager_double_fault(struct uarea *u)
{
    uint64_t address = u->level[LEVEL_DOUBLE].value & ~(PAGE - 1);

    if (address - EXO_PAGER_VIEW >= 2 * PAGE) {
        __builtin_trap(); /* the end of the env */
    }
    if (pager_entry_set(views, address, sink_frame, EXO_W) == 1) {
        broken = true;
    }
}

struct table *
pager_table_find(uint64_t address, unsigned level)
{
    for (unsigned i = 0; i < TABLES; i++) {
        if (pager.table[i].frame != 0 && pager.table[i].level == level &&
            address - pager.table[i].address < SPAN(level + 1)) {
            return &pager.table[i];
        }
    }
    return NULL;
}

struct table *
pager_table_add(uint64_t address, unsigned level, uint64_t frame)
{
    for (unsigned i = 0; i < TABLES; i++) {
        if (pager.table[i].frame == 0) {
            pager.table[i] =
                (struct table){address & ~(SPAN(level + 1) - 1),
                               (uint32_t)frame, (uint16_t)level, false};
            return &pager.table[i];
        }
    }
    return NULL;
}

static struct table *
table_make(uint64_t address, unsigned level)
{
    uint64_t frame = pager_spare_take();
    uint64_t shadow = pager_spare_take();
    struct table *made = NULL;
    int64_t error;

    (void)sys_frame_mark(frame, 1, MARK_NONE, 0);
    (void)sys_frame_mark(shadow, 1, MARK_NONE, 0);
    do {
        error = sys_pt_make(frame, shadow, level);
    } while (error == -EAGAIN);
    if (error == 0) {
        made = pager_table_add(address, level, frame);
    }
    if (made == NULL) {
        if (error == 0) {
            (void)sys_pt_unmake(frame);
        }
        (void)pager_frame_drop(frame);
        (void)pager_frame_drop(shadow);
    }
    return made;
}

struct table *
pager_table_get(uint64_t address, unsigned level)
{
    struct table *t = pager_table_find(address, level);
    uint64_t above = pager.root;

    if (level == 0) {
        const struct table *middle = pager_table_get(address, 1);

        if (middle == NULL) {
            return NULL;
        }
        above = middle->frame;
    }
    if (t == NULL || t->frame == 0) {
        t = table_make(address, level);
    }
    if (t != NULL && !t->linked) {
        t->linked = sys_pt_link(pager.cap | pager.cap << 8, above,
                                address / SPAN(level + 1) % 512, t->frame) == 0;
    }
    return t != NULL && t->linked ? t : NULL;
}
