/* SPDX-License-Identifier: MIT */
/* The part of frame_model.h that is about page tables. */
#include "check.h"
#include "frame_model.h"
#include "kern/abi/error.h"

uint64_t model_fence;
ppn_t model_unmapped[PT_BATCH_MAX];
unsigned model_unmapped_count;

/* The entries that point from one table to another. */
static struct {
    ppn_t parent;
    unsigned index;
    ppn_t child;
} links[4096];
static unsigned link_count;

static bool
is_table(ppn_t n)
{
    return model_page[n].type >= FRAME_TABLE_0 &&
           model_page[n].type <= FRAME_TABLE_2;
}

int
model_make(ppn_t table, ppn_t shadow, uint64_t level, uint32_t owner)
{
    ppn_t both[2] = {table, shadow};

    if (level > 2 || table == shadow || model_page[table].type != FRAME_DATA ||
        model_page[shadow].type != FRAME_DATA) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct model_page *p = &model_page[both[i]];

        if (p->order != 0 || p->owner != owner) {
            return -EINVAL;
        }
        if (model_busy(both[i])) {
            return -EBUSY;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        model_page[both[i]].unscrubbed = false;
        model_page[both[i]].clean = false;
        model_page[both[i]].scrubbed = 0;
        model_page[both[i]].shadow = (uint32_t)both[1 - i];
    }
    model_page[table].type = (uint8_t)(FRAME_TABLE_0 + level);
    model_page[shadow].type = FRAME_SHADOW;
    model_page[table].entry = calloc(512, sizeof(pte_t));
    return 0;
}

int
model_unmake(ppn_t table)
{
    struct model_page *p = &model_page[table];
    ppn_t shadow = p->shadow;

    if (!is_table(table)) {
        return -EINVAL;
    }
    if (p->used != 0 || model_busy(table) || p->harts != 0 ||
        model_page[shadow].pins != 0) {
        return -EBUSY;
    }
    free(p->entry);
    p->entry = NULL;
    p->type = FRAME_DATA;
    p->shadow = 0;
    p->clean = true;
    model_page[shadow].type = FRAME_DATA;
    model_page[shadow].shadow = 0;
    model_page[shadow].clean = true;
    return 0;
}

static int
place_check(struct model_place place, uint64_t count)
{
    uint64_t end;

    if (!is_table(place.table)) {
        return -EINVAL;
    }
    end = model_page[place.table].type == FRAME_TABLE_2 ? 255 : 512;
    if (place.index >= end || count > end - place.index) {
        return -EINVAL;
    }
    return place.cap == MODEL_CAPS ||
                   (model_dominates(place.cap, model_page[place.table].guard) &&
                    model_right(place.cap, CAP_WRITE))
               ? 0
               : -EPERM;
}

static int
leaf_check(const struct model_page *table, unsigned index, pte_t entry,
           unsigned cap)
{
    ppn_t n = entry >> 10 & (((ppn_t)1 << 44) - 1);
    struct model_page *p = &model_page[n];
    pte_t rights;

    if ((entry >> 54) != 0 || (entry & PTE_G) || !model_right(cap, CAP_READ) ||
        ((entry & PTE_W) && !model_right(cap, CAP_WRITE))) {
        return -EPERM;
    }
    if (n >= FRAME_LIMIT || p->type < FRAME_DATA || n == table->shadow) {
        return -EINVAL;
    }
    if (table->entry[index] != 0) {
        return -EBUSY;
    }
    rights = p->type == FRAME_DATA    ? PTE_LEAF
             : p->type == FRAME_UAREA ? PTE_R | PTE_W
             : p->type == FRAME_ENV || is_table((ppn_t)(p - model_page)) ? PTE_R
                                                                         : 0;
    if (p->order != 9 * (table->type - FRAME_TABLE_0) || rights == 0 ||
        (entry & PTE_LEAF & ~rights) != 0) {
        return -EINVAL;
    }
    if (p->unscrubbed || p->breaking) {
        return -EBUSY;
    }
    p->clean = false; /* also when the guard forbids it after all */
    return model_dominates(cap, p->guard) ? 0 : -EPERM;
}

int
model_insert(struct model_place place, uint64_t count, const pte_t *entry,
             unsigned cap)
{
    struct model_page *table = &model_page[place.table];
    int error = count > PT_BATCH_MAX ? -EINVAL : place_check(place, count);
    unsigned done = 0;

    while (error == 0 && done < count) {
        pte_t leaf = entry[done] | PTE_V | PTE_U | PTE_R;

        error = leaf_check(table, (unsigned)place.index + done, leaf, cap);
        if (error == 0) {
            table->entry[place.index + done++] = leaf;
            table->used++;
            model_page[leaf >> 10].maps++;
        }
    }
    return done > 0 ? (int)done : error;
}

int
model_link(struct model_place place, ppn_t below, unsigned cap)
{
    int error = is_table(below) ? place_check(place, 1) : -EINVAL;
    struct model_page *table = &model_page[place.table];

    if (error < 0) {
        return error;
    }
    if (model_page[below].type + 1 != table->type) {
        return -EINVAL;
    }
    if (!model_dominates(cap, model_page[below].guard) ||
        !model_right(cap, CAP_WRITE)) {
        return -EPERM;
    }
    if (table->entry[place.index] != 0 || model_page[below].breaking) {
        return -EBUSY;
    }
    table->entry[place.index] = below << 10 | PTE_V;
    table->used++;
    model_page[below].maps++;
    CHECK(link_count < sizeof(links) / sizeof(links[0]));
    links[link_count].parent = place.table;
    links[link_count].index = (unsigned)place.index;
    links[link_count++].child = below;
    return 0;
}

uint64_t
model_harts(ppn_t table)
{
    uint64_t harts = model_page[table].harts;

    for (unsigned i = 0; i < link_count; i++) {
        if (links[i].child == table) {
            harts |= model_harts(links[i].parent);
        }
    }
    return harts;
}

static void
entry_clear(ppn_t table, unsigned index)
{
    pte_t entry = model_page[table].entry[index];

    if (!(entry & PTE_R)) {
        for (unsigned i = 0; i < link_count; i++) {
            if (links[i].parent == table && links[i].index == index) {
                links[i] = links[--link_count];
                break;
            }
        }
    }
    model_page[table].entry[index] = 0;
    model_page[table].used--;
    model_page[entry >> 10].maps--;
    model_unmapped[model_unmapped_count++] = entry >> 10;
}

int
model_remove(struct model_place place, uint64_t count)
{
    int error = count > PT_BATCH_MAX ? -EINVAL : place_check(place, count);
    int removed = 0;

    model_unmapped_count = 0;
    for (unsigned i = 0; error == 0 && i < count; i++) {
        if (model_page[place.table].entry[place.index + i] != 0) {
            model_fence = model_harts(place.table);
            entry_clear(place.table, (unsigned)place.index + i);
            removed++;
        }
    }
    return error < 0 ? error : removed;
}

int
model_protect(struct model_place place, uint64_t count, pte_t clear, pte_t set,
              unsigned cap)
{
    int error = count > PT_BATCH_MAX || ((clear | set) & ~PTE_CHANGEABLE) != 0
                    ? -EINVAL
                    : place_check(place, count);
    unsigned done = 0;

    for (; error == 0 && done < count; done++) {
        pte_t *entry = &model_page[place.table].entry[place.index + done];
        const struct model_page *p = &model_page[*entry >> 10];
        pte_t gain = set & ~*entry & (PTE_W | PTE_X);

        if (!(*entry & PTE_R)) {
            error = -EINVAL;
            break;
        }
        if (gain != 0) {
            if (p->type != FRAME_DATA &&
                !(p->type == FRAME_UAREA && gain == PTE_W)) {
                error = -EINVAL;
                break;
            }
            if (!model_dominates(cap, p->guard) ||
                !model_right(cap, CAP_READ) ||
                ((gain & PTE_W) && !model_right(cap, CAP_WRITE))) {
                error = -EPERM;
                break;
            }
        }
        if (*entry & clear & (PTE_W | PTE_X | PTE_A | PTE_D)) {
            model_fence = model_harts(place.table);
        }
        *entry = (*entry & ~clear) | set;
    }
    return done > 0 ? (int)done : error;
}

int
model_copy(struct model_place from, struct model_place to, uint64_t count,
           pte_t keep, bool drop)
{
    unsigned done = 0;
    int error = -EINVAL;

    if (count <= PT_BATCH_MAX && (keep & ~PTE_CHANGEABLE) == 0 &&
        is_table(from.table) && is_table(to.table) &&
        model_page[from.table].type == model_page[to.table].type) {
        error = place_check(from, count);
        error = error < 0 ? error : place_check(to, count);
    }
    for (; error == 0 && done < count; done++) {
        pte_t *source = &model_page[from.table].entry[from.index + done];
        pte_t *target = &model_page[to.table].entry[to.index + done];

        if (*source == 0) {
            continue;
        }
        if (!(*source & PTE_R)) {
            error = -EINVAL;
            break;
        }
        if (*target != 0 || model_page[*source >> 10].breaking) {
            error = -EBUSY;
            break;
        }
        *target = (*source & ~(PTE_CHANGEABLE & ~keep)) |
                  (keep & (PTE_HEIR | PTE_SOFTWARE));
        if (drop && (*source & PTE_W)) {
            model_fence = model_harts(from.table);
            *source &= ~PTE_W;
        }
        model_page[to.table].used++;
        model_page[*source >> 10].maps++;
    }
    return done > 0 ? (int)done : error;
}

unsigned
model_sync(ppn_t n)
{
    struct model_page *p = &model_page[n];
    unsigned removed = 0;

    model_unmapped_count = 0;
    for (unsigned i = 0; i < machine_page_count && p->maps > 0; i++) {
        ppn_t table = machine_pages[i];
        const pte_t *real = frame_contents(table);

        for (unsigned j = 0; is_table(table) && j < 512; j++) {
            pte_t entry = model_page[table].entry[j];

            /* Which entries go first is not said. */
            if (entry != 0 && entry >> 10 == n && real[j] == 0) {
                CHECK(removed++ < PT_BATCH_MAX);
                model_fence |= model_harts(table);
                entry_clear(table, j);
            }
        }
    }
    return removed;
}

int
model_break(ppn_t n, unsigned limit)
{
    struct model_page *p = &model_page[n];
    unsigned removed;

    if (p->type < FRAME_DATA) {
        return -EINVAL;
    }
    removed = model_sync(n);
    CHECK(removed <= limit && (p->maps == 0 || removed == limit));
    p->breaking = p->maps != 0;
    return p->breaking ? -EAGAIN : 0;
}
