/* SPDX-License-Identifier: MIT */
/* How a program comes under the pager. */
#include "lib/exo/own.h"
#include "lib/exo/pager_book.h"
#include "lib/exo/program.h"

/* In program.ld. */
extern const char exo_resident_text[];
extern const char exo_resident_text_end[];
extern const char exo_resident_data[];
extern const char exo_resident_data_end[];
extern const char __heap_start[];

int64_t
exo_pager_region(uint64_t address, uint64_t count, uint64_t bits,
                 exo_pager_fill *fill, void *context)
{
    if (pager.regions == EXO_PAGER_REGIONS ||
        count > EXO_PAGER_PAGES - pager.pages) {
        return -ENOSPC;
    }
    pager.region[pager.regions++] =
        (struct region){address, address + count * PAGE,  bits | EXO_R, fill,
                        context, pager.page + pager.pages};
    pager.pages += (unsigned)count;
    return 0;
}

/* Enters what is mapped already. */
static int64_t
entry_enter(void *context, const struct exo_entry *e)
{
    const struct region *r = pager_region_of(e->address);
    uint64_t frame = e->entry << 10 >> 20;
    struct page *p;

    (void)context;
    if (!(e->entry & (EXO_R | EXO_W | EXO_X))) {
        struct table *t = pager_table_add(e->address, e->level - 1, frame);

        if (t == NULL) {
            return -ENOSPC;
        }
        t->linked = true;
        return 0;
    }
    if (r == NULL) {
        return 0;
    }
    if (!pager_mine(frame) || e->level != 0) {
        return -EPERM;
    }
    p = r->page + (e->address - r->address) / PAGE;
    p->frame = (uint32_t)frame;
    p->kept = true;
    pager.unplaced = true;
    return 0;
}

static int64_t
guarantee(const void *from, const void *to)
{
    int64_t error = 0;

    for (uint64_t at = (uint64_t)from; at < (uint64_t)to && error == 0;
         at += PAGE) {
        error = sys_guarantee(at);
    }
    return error;
}

static int64_t
stack_make(void)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {EXO_PAGER_STACK, 1, 0};
    int64_t frame = exo_frame_alloc(pager.cap, 0);

    return frame < 0 ? frame
                     : exo_map_insert(&map, &range, pager.cap,
                                      (uint64_t *)&frame, EXO_R | EXO_W);
}

/* Frees the page with which a loaded program began (program.h): nobody needs it
   any more. The first env has none. */
static void
start_free(const struct exo_map *map)
{
    unsigned level;
    int64_t entry = exo_map_find(map, EXO_START, &level);

    if (entry > 0 && exo_map_remove(map, EXO_START, PAGE) == 1) {
        (void)exo_frame_free((uint64_t)entry << 10 >> 20);
    }
}

static int64_t
pages_check(void)
{
    for (unsigned i = 0; i < pager.regions; i++) {
        uint64_t count = (pager.region[i].end - pager.region[i].address) / PAGE;

        for (struct page *p = pager.region[i].page;
             p < pager.region[i].page + count; p++) {
            if (p->frame == 0 && pager.region[i].fill == NULL) {
                return -ENOENT;
            }
            if (p->kept && p->place == 0) {
                return -ENOMEM;
            }
        }
    }
    return 0;
}

/* A region of the program's own. */
static int64_t
part_add(const void *from, const void *to, uint64_t bits)
{
    return exo_pager_region((uint64_t)from,
                            ((uint64_t)to - (uint64_t)from + PAGE - 1) / PAGE,
                            bits, NULL, NULL);
}

int64_t
exo_pager_begin(void)
{
    struct exo_map map = exo_map_own();
    const char *stack = (const char *)FIRST_STACK_TOP;
    int64_t error;

    pager.uarea = exo_uarea;
    pager.cap = exo_cap;
    pager.id = exo_id;
    pager.root = exo_root;
    error = part_add(exo_resident_text_end, exo_resident_data, EXO_X);
    error = error < 0 ? error
                      : part_add(exo_resident_data_end, __heap_start, EXO_W);
    error = error < 0
                ? error
                : part_add(stack - FIRST_STACK_PAGES * PAGE, stack, EXO_W);
    start_free(&map);
    error = error < 0 ? error : stack_make();
    error = error < 0 ? error : exo_map_visit(&map, entry_enter, NULL);
    error =
        error < 0 ? error : guarantee(exo_resident_text, exo_resident_text_end);
    error =
        error < 0 ? error : guarantee(exo_resident_data, exo_resident_data_end);
    error = error < 0 ? error : sys_guarantee(EXO_PAGER_STACK);
    error = error < 0 ? error : pager_views_begin(&map);
    if (error < 0) {
        return error;
    }
    pager.uarea->masked = MASKED_INTERRUPT;
    pager.exception_before = exo_exception_handler;
    pager.event_before = exo_event_handler;
    exo_exception_handler = pager_exception;
    exo_event_handler = pager_event;
    exo_double_handler = pager_double_fault;
    pager.uarea->entry_double = (uint64_t)exo_double_entry;
    pager.uarea->own[(OWN_EXCEPTION_STACK - UAREA_OWN) / 8] =
        EXO_PAGER_STACK + PAGE;
    pager.uarea->own[(OWN_EVENT_STACK - UAREA_OWN) / 8] =
        EXO_PAGER_STACK + PAGE;
    pager_event(pager.uarea);
    error = pages_check();
    *(volatile uint32_t *)&pager.uarea->masked = 0;
    return error;
}
