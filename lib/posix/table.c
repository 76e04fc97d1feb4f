/* SPDX-License-Identifier: MIT */
#include "lib/posix/table.h"

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/image.h"
#include "lib/posix/layout.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define CAPS (POSIX_CAP_OWN | POSIX_CAP_OWN << 8)
#define GIB_SHIFT 30
/* Entries of the root: one that is the same in all processes; one of lib/exo's;
   and one with what the kernel gave the first process, the archive for one,
   which is not for others. */
#define GIB_SHARED (LIBOS_TEXT >> GIB_SHIFT)
#define GIB_WINDOW (EXO_WINDOW >> GIB_SHIFT)
#define GIB_FIRST (FIRST_ARCHIVE >> GIB_SHIFT)

struct table_book table_book POSIX_RESIDENT = {0};
bool table_faulting POSIX_RESIDENT = false;

struct page_reserve page_reserve POSIX_RESIDENT = {0};

void
page_reserve_fill(void)
{
    while (page_reserve.count < PAGE_RESERVE) {
        int64_t frame = sys_frame_alloc(POSIX_CAP_OWN, 0, 0);

        if (frame < 0) {
            break;
        }
        page_reserve.frame[page_reserve.count++] = (uint32_t)frame;
    }
}

int64_t
page_new(uint64_t cap, bool *clean)
{
    int64_t frame = sys_frame_alloc(cap, 0, 0);

    if (frame < 0 && cap == POSIX_CAP_OWN && page_reserve.count > 0) {
        frame = page_reserve.frame[--page_reserve.count];
    }
    *clean = frame > 0 &&
             (RECORDS[frame].flags & (FRAME_UNSCRUBBED | FRAME_CLEAN)) != 0;
    if (*clean && (RECORDS[frame].flags & FRAME_UNSCRUBBED)) {
        while (sys_frame_scrub((uint64_t)frame) == -EAGAIN) {
        }
    }
    return frame;
}

int64_t
table_new(uint64_t cap, unsigned level)
{
    int64_t table = sys_frame_alloc(cap, 0, 0);
    int64_t shadow = table < 0 ? table : sys_frame_alloc(cap, 0, 0);
    int64_t error = shadow < 0 ? shadow : -EAGAIN;

    while (error == -EAGAIN) {
        error = sys_pt_make((uint64_t)table, (uint64_t)shadow, level);
    }
    if (error < 0 && table > 0) {
        (void)sys_frame_free((uint64_t)table, 0);
    }
    if (error < 0 && shadow > 0) {
        (void)sys_frame_free((uint64_t)shadow, 0);
    }
    return error < 0 ? error : table;
}

void
table_drop(uint64_t table)
{
    uint64_t shadow = RECORDS[table].shadow;

    if (sys_pt_unmake(table) == 0) {
        (void)sys_frame_free(table, 0);
        (void)sys_frame_free(shadow, 0);
    }
}

int
table_find(uint64_t address)
{
    struct table_book *b = &table_book;
    uint32_t region = (uint32_t)(address >> REGION_SHIFT);

    if (b->region[b->last] == region && b->last < b->tables) {
        return b->last;
    }
    for (unsigned i = 0; i < b->tables; i++) {
        if (b->region[i] == region) {
            b->last = (uint16_t)i;
            return (int)i;
        }
    }
    return TABLE_NONE;
}

static int
table_enter(uint64_t address, uint64_t number)
{
    struct table_book *b = &table_book;
    unsigned i = b->tables;

    if (i == TABLES_MAX) {
        return -ENOSPC;
    }
    b->region[i] = (uint32_t)(address >> REGION_SHIFT);
    b->number[i] = (uint32_t)number;
    b->groups[i] = 0;
    b->shared[i] = 0;
    b->tables = i + 1;
    return (int)i;
}

static int
middle_enter(uint64_t address, uint64_t number)
{
    struct table_book *b = &table_book;

    if (b->middles == MIDDLES_MAX) {
        return -ENOSPC;
    }
    b->middle_gib[b->middles] = (uint16_t)(address >> GIB_SHIFT);
    b->middle[b->middles++] = (uint32_t)number;
    return 0;
}

/* The table above, made if it is not there. */
static int64_t
middle_make(uint64_t address)
{
    struct table_book *b = &table_book;
    uint64_t gib = address >> GIB_SHIFT;
    int64_t table;
    int64_t error;

    for (unsigned i = 0; i < b->middles; i++) {
        if (b->middle_gib[i] == gib) {
            return b->middle[i];
        }
    }
    if (b->middles == MIDDLES_MAX || gib == GIB_SHARED || gib == GIB_WINDOW ||
        gib == GIB_FIRST) {
        return -ENOSPC;
    }
    table = table_new(POSIX_CAP_OWN, 1);
    if (table < 0) {
        return table;
    }
    error = sys_pt_link(CAPS, b->root, gib, (uint64_t)table);
    if (error < 0) {
        table_drop((uint64_t)table);
        return error;
    }
    (void)middle_enter(address, (uint64_t)table);
    return table;
}

int
table_make(uint64_t address)
{
    int found = table_find(address);
    int64_t middle;
    int64_t table;
    int64_t error;

    if (found != TABLE_NONE) {
        return found;
    }
    if (table_book.tables == TABLES_MAX) {
        return -ENOSPC;
    }
    middle = middle_make(address);
    if (middle < 0) {
        return (int)middle;
    }
    table = table_new(POSIX_CAP_OWN, 0);
    if (table < 0) {
        return (int)table;
    }
    error = sys_pt_link(CAPS, (uint64_t)middle, address >> REGION_SHIFT & 511,
                        (uint64_t)table);
    if (error < 0) {
        table_drop((uint64_t)table);
        return (int)error;
    }
    return table_enter(address, (uint64_t)table);
}

/* sys_pt_map of one leaf, for whoever was interrupted may be using the batch
   words. */
static int64_t
leaf_map(uint64_t caps, uint64_t table, uint64_t index, uint64_t leaf)
{
    uint64_t word = exo_uarea->batch[0];
    int64_t result;

    exo_uarea->batch[0] = leaf;
    result = sys_pt_map(caps, table, index, 1);
    exo_uarea->batch[0] = word;
    return result < 0 ? result : 0;
}

/* The table in which the views are. */
static uint32_t
views_table(void)
{
    return table_book.number[table_find(POSIX_VIEWS)];
}

uint64_t
table_entry(int table, uint64_t address)
{
    struct table_book *b = &table_book;
    unsigned view = (unsigned)table % (TABLE_VIEWS / 2) +
                    (table_faulting ? TABLE_VIEWS / 2 : 0);
    uint64_t at = POSIX_VIEWS + view * PAGE;

    if (b->viewed[view] != table + 1) {
        uint32_t views = views_table();

        if (b->viewed[view] != 0) {
            (void)sys_pt_unmap(POSIX_CAP_OWN, views, table_index(at), 1);
        }
        b->viewed[view] = 0;
        if (leaf_map(CAPS, views, table_index(at),
                     (uint64_t)b->number[table] << 10 | EXO_R | PTE_A) < 0) {
            return 0;
        }
        b->viewed[view] = (uint16_t)(table + 1);
    }
    return ((const volatile uint64_t *)at)[table_index(address)];
}

static int64_t
set(int table, uint64_t address, uint64_t caps, uint64_t leaf)
{
    unsigned index = table_index(address);
    int64_t error =
        leaf_map(caps, table_book.number[table], index, leaf | EXO_R | PTE_A);

    if (error == 0) {
        table_book.groups[table] |= (uint8_t)(1u << index / TABLE_GROUP);
    }
    return error;
}

int64_t
table_set(int table, uint64_t address, uint64_t frame, uint64_t bits)
{
    return set(table, address, CAPS, frame << 10 | bits | PTE_HEIR);
}

int64_t
table_set_cached(int table, uint64_t address, uint64_t frame, uint64_t bits)
{
    return set(table, address, POSIX_CAP_OWN | POSIX_CAP_SHARED << 8,
               frame << 10 | bits);
}

int64_t
table_clear(int table, uint64_t address, uint64_t count)
{
    return sys_pt_unmap(POSIX_CAP_OWN, table_book.number[table],
                        table_index(address), count);
}

int64_t
table_protect(int table, uint64_t address, uint64_t count, uint64_t clear,
              uint64_t set)
{
    return sys_pt_protect(CAPS, table_book.number[table], table_index(address),
                          count, clear, set);
}

static uint64_t
scratch_at(void)
{
    return TABLE_SCRATCH + (table_faulting ? TABLE_SCRATCHES - 1 : 0) * PAGE;
}

int64_t
table_scratch(uint64_t cap, const uint64_t *frame, unsigned count)
{
    uint64_t saved[TABLE_SCRATCHES];
    uint64_t at = scratch_at();
    int64_t result;

    for (unsigned i = 0; i < count; i++) {
        saved[i] = exo_uarea->batch[i];
        exo_uarea->batch[i] = frame[i] << 10 | EXO_R | PTE_W | EXO_AD;
    }
    result = sys_pt_map(POSIX_CAP_OWN | cap << 8, views_table(),
                        table_index(at), count);
    for (unsigned i = 0; i < count; i++) {
        exo_uarea->batch[i] = saved[i];
    }
    return result < 0 ? result : result < (int64_t)count ? -EBUSY : (int64_t)at;
}

void
table_scratch_end(unsigned count)
{
    (void)sys_pt_unmap(POSIX_CAP_OWN, views_table(), table_index(scratch_at()),
                       count);
}

static int64_t
begin_visit(void *context, const struct exo_entry *e)
{
    uint64_t gib = e->address >> GIB_SHIFT;

    (void)context;
    if (e->level == 2 && gib == GIB_SHARED) {
        table_book.common = (uint32_t)(e->entry >> 10);
    }
    if (e->level == 0 || (e->entry & PTE_LEAF) || gib == GIB_SHARED ||
        gib == GIB_WINDOW || gib == GIB_FIRST) {
        return 0;
    }
    return e->level == 2 ? middle_enter(e->address, e->entry >> 10)
                         : table_enter(e->address, e->entry >> 10);
}

/* The U-area is seen where all processes have it, too. */
static void
uarea_move(const struct exo_map *own)
{
    struct exo_range range = {POSIX_UAREA, 1, 0};
    unsigned level;
    uint64_t frame =
        PTE_FRAME((uint64_t)exo_map_find(own, (uint64_t)exo_uarea, &level));

    (void)exo_map_insert(own, &range, POSIX_CAP_OWN, &frame, EXO_W);
    exo_uarea->self = POSIX_UAREA;
    exo_uarea = (struct uarea *)POSIX_UAREA;
}

void
table_begin(void)
{
    struct exo_map own = {exo_root, POSIX_CAP_OWN};
    struct table_book *b = &table_book;

    uarea_move(&own);
    b->root = (uint32_t)exo_root;
    b->tables = 0;
    b->middles = 0;
    (void)exo_map_visit(&own, begin_visit, NULL);
    for (int i = 0; i < (int)b->tables; i++) {
        uint64_t base = (uint64_t)b->region[i] << REGION_SHIFT;

        for (uint64_t at = base; at < base + TABLE_SPAN; at += PAGE) {
            uint64_t entry = at >= POSIX_VIEWS && at < POSIX_VIEWS_END
                                 ? 0
                                 : table_entry(i, at);

            if (entry != 0) {
                b->groups[i] |= (uint8_t)(1u << table_index(at) / TABLE_GROUP);
                (void)table_protect(i, at, 1, entry & PTE_W ? 0 : PTE_MAY_WRITE,
                                    PTE_HEIR);
            }
        }
    }
}
