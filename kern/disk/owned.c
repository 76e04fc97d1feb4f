/* SPDX-License-Identifier: MIT */
/*
 * Sets of extents. Invariant of every set: extents ascend, none is empty, none
 * overlaps another, each lies between DISK_FIRST_BLOCK and the end of the disk;
 * a malformed one takes no further extent, for none can begin where it has
 * `after`, and is empty as soon as its program has ended.
 */
#include "kern/disk/owned.h"
#include "kern/abi/error.h"
#include "kern/panic.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

void
owned_begin(struct owned_set *set, uint64_t blocks, uint64_t types)
{
    set->blocks = blocks;
    set->types = types;
    set->missing = 0;
    set->after = DISK_FIRST_BLOCK;
    set->count = 0;
    set->malformed = false;
}

static uint64_t
extent_end(const struct disk_extent *x)
{
    return x->first + x->count;
}

/* Whether the set can have this extent as its next. */
static bool
extent_good(const struct owned_set *set, uint64_t first, uint64_t count,
            uint64_t type)
{
    return first >= set->after && first < set->blocks &&
           count - 1 < set->blocks - first && type < DISK_TYPES &&
           (set->types >> type & 1) != 0 && type != DISK_TYPE_CATALOGUE &&
           set->count < DISK_EXTENTS_MAX;
}

uint64_t
owned_emit(struct owned_set *set, uint64_t first, uint64_t count, uint64_t type)
{
    if (!extent_good(set, first, count, type)) {
        if (type < DISK_TYPES) {
            set->missing |= (uint64_t)1 << type & ~set->types;
        }
        set->malformed = true;
        set->after = UINT64_MAX;
        return 1;
    }
    set->extent[set->count++] = (struct disk_extent){
        .first = first, .count = (uint32_t)count, .type = (uint32_t)type};
    set->after = first + count;
    return 0;
}

int
owned_end(struct owned_set *set, bool stopped, uint64_t result)
{
    set->malformed |= stopped || result != 0;
    if (set->malformed) {
        set->count = 0;
        return -EINVAL;
    }
    return 0;
}

/* The index of the first extent that ends after `block`. */
static uint32_t
owned_index(const struct owned_set *set, uint64_t block)
{
    uint32_t low = 0;
    uint32_t high = set->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (extent_end(&set->extent[middle]) <= block) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct disk_extent *
owned_find(const struct owned_set *set, uint64_t block)
{
    uint32_t i = owned_index(set, block);

    return i < set->count && set->extent[i].first <= block ? &set->extent[i]
                                                           : NULL;
}

static bool
extent_same(const struct disk_extent *a, const struct disk_extent *b)
{
    return a->first == b->first && a->count == b->count && a->type == b->type;
}

void
owned_differ(const struct owned_set *a, const struct owned_set *b,
             struct owned_range *range)
{
    const struct disk_extent *x = a == NULL ? NULL : a->extent;
    const struct disk_extent *y = b == NULL ? NULL : b->extent;
    const struct disk_extent *x_end = a == NULL ? NULL : x + a->count;
    const struct disk_extent *y_end = b == NULL ? NULL : y + b->count;
    uint64_t first = UINT64_MAX;

    while (x != x_end && y != y_end && extent_same(x, y)) {
        x++;
        y++;
    }
    while (x != x_end && y != y_end && extent_same(x_end - 1, y_end - 1)) {
        x_end--;
        y_end--;
    }
    if (x != x_end) {
        first = x->first;
        range->end = MAX(range->end, extent_end(x_end - 1));
    }
    if (y != y_end) {
        /* One that is longer or shorter differs at its end. */
        first = x != x_end && x->first == y->first && x->type == y->type
                    ? MIN(extent_end(x), extent_end(y))
                    : MIN(first, y->first);
        range->end = MAX(range->end, extent_end(y_end - 1));
    }
    range->first = MIN(range->first, first);
}

/* Which sets there are is asked once: most are not there. */
void
owned_sweep_begin(struct owned_sweep *sweep, const struct owned_range *range)
{
    sweep->at = range->first;
    sweep->end = range->end;
    sweep->count = 0;
    for (unsigned i = 0; i < OWNED_SWEEP_SETS && sweep->at < sweep->end; i++) {
        if (sweep->set[i] != NULL) {
            sweep->index[i] = owned_index(sweep->set[i], sweep->at);
            sweep->there[sweep->count++] = (uint8_t)i;
        }
    }
}

/* The first extent of set i that ends after the place of the sweep. */
static const struct disk_extent *
sweep_extent(struct owned_sweep *sweep, unsigned i)
{
    const struct owned_set *set = sweep->set[i];

    /* The sweep stops at every end, so this is at most one further. */
    while (sweep->index[i] < set->count &&
           extent_end(&set->extent[sweep->index[i]]) <= sweep->at) {
        sweep->index[i]++;
    }
    return sweep->index[i] < set->count ? &set->extent[sweep->index[i]] : NULL;
}

bool
owned_sweep_next(struct owned_sweep *sweep, struct owned_run *run)
{
    uint64_t first = UINT64_MAX;
    uint64_t end = sweep->end;

    for (unsigned n = 0; n < sweep->count; n++) {
        const struct disk_extent *x = sweep_extent(sweep, sweep->there[n]);

        if (x != NULL && x->first < first) {
            first = x->first;
        }
    }
    first = first < sweep->at ? sweep->at : first;
    if (first >= sweep->end) {
        return false;
    }
    run->sets = 0;
    for (unsigned n = 0; n < sweep->count; n++) {
        unsigned i = sweep->there[n];
        const struct disk_extent *x = sweep_extent(sweep, i);

        if (x != NULL) {
            uint64_t edge = x->first <= first ? extent_end(x) : x->first;

            run->sets |= x->first <= first ? 1U << i : 0;
            end = edge < end ? edge : end;
        }
    }
    ASSERT(run->sets != 0 && end > first);
    run->first = first;
    run->count = end - first;
    sweep->at = end;
    return true;
}

unsigned
owned_sweep_type(const struct owned_sweep *sweep, unsigned set)
{
    return sweep->set[set]->extent[sweep->index[set]].type;
}
