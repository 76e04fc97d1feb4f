/* SPDX-License-Identifier: MIT */
/*
 * The table of doubles: in ascending order, no two overlap. Joining neighbours
 * makes the table of what recovery finds no longer than that of the moves which
 * led there: recovery may find one move in pieces, as the block that it left
 * had it, but they touch.
 */
#include "kern/disk/double.h"
#include "kern/panic.h"

#define SETTLE_LOOKS 256

static uint64_t
double_end(const struct disk_double *x)
{
    return x->first + x->count;
}

/* The index of the first entry that ends after `block`. */
static uint32_t
double_index(const struct double_table *t, uint64_t block)
{
    uint32_t low = 0;
    uint32_t high = t->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (double_end(&t->entry[middle]) <= block) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t
double_run(const struct double_table *t, uint64_t first, uint64_t count,
           const struct disk_double **found)
{
    uint32_t i = double_index(t, first);
    const struct disk_double *x;
    uint64_t end = first + count;
    uint64_t edge;

    *found = NULL;
    if (i == t->count) {
        return count;
    }
    x = &t->entry[i];
    if (x->first <= first) {
        *found = x;
        edge = double_end(x);
    } else {
        edge = x->first;
    }
    return (edge < end ? edge : end) - first;
}

bool
double_frozen(const struct double_table *t, uint64_t first, uint64_t count)
{
    uint64_t end = first + count;

    for (uint32_t i = double_index(t, first);
         i < t->count && t->entry[i].first < end; i++) {
        if (t->entry[i].kind != DOUBLE_MOVED) {
            return true;
        }
    }
    return false;
}

static bool
joins(const struct disk_double *a, const struct disk_double *b)
{
    return double_end(a) == b->first && a->kind == b->kind &&
           a->version == b->version && a->source == b->source &&
           a->count <= UINT32_MAX - b->count;
}

/* Entry by entry, here and below: all of the table is as much as a step of a
   job may take, and memmove goes by bytes. */
static void
double_close(struct double_table *t, uint32_t i)
{
    t->count--;
    for (; i < t->count; i++) {
        t->entry[i] = t->entry[i + 1];
    }
}

static void
double_open(struct double_table *t, uint32_t i)
{
    ASSERT(t->count < DISK_DOUBLES_MAX);
    for (uint32_t j = t->count++; j > i; j--) {
        t->entry[j] = t->entry[j - 1];
    }
}

bool
double_add(struct double_table *t, const struct disk_double *extent)
{
    uint32_t i = double_index(t, extent->first);
    bool before = i > 0 && joins(&t->entry[i - 1], extent);
    bool after = i < t->count && joins(extent, &t->entry[i]);

    ASSERT(extent->count > 0 &&
           (i == t->count || t->entry[i].first >= double_end(extent)));
    if (before) {
        t->entry[i - 1].count += extent->count;
        if (after && joins(&t->entry[i - 1], &t->entry[i])) {
            t->entry[i - 1].count += t->entry[i].count;
            double_close(t, i);
        }
    } else if (after) {
        t->entry[i].first = extent->first;
        t->entry[i].count += extent->count;
    } else if (t->count == DISK_DOUBLES_MAX) {
        return false;
    } else {
        double_open(t, i);
        t->entry[i] = *extent;
    }
    return true;
}

bool
double_take(struct double_table *t, uint64_t first, uint32_t count)
{
    uint32_t i = double_index(t, first);
    struct disk_double *x = &t->entry[i];
    uint64_t end = double_end(x);

    ASSERT(i < t->count && x->first <= first && first + count <= end);
    if (x->first == first && first + count == end) {
        double_close(t, i);
    } else if (x->first == first) {
        x->first += count;
        x->count -= count;
    } else if (first + count == end) {
        x->count -= count;
    } else if (t->count == DISK_DOUBLES_MAX) {
        return false;
    } else {
        double_open(t, i);
        x[0].count = (uint32_t)(first - x[0].first);
        x[1].first = first + count;
        x[1].count = (uint32_t)(end - x[1].first);
    }
    return true;
}

bool
double_settle(struct double_table *t, uint64_t source, uint64_t version,
              uint32_t *at)
{
    for (unsigned looks = 0; looks < SETTLE_LOOKS && *at < t->count; looks++) {
        const struct disk_double *x = &t->entry[*at];

        if (x->kind == DOUBLE_MOVED && x->source == source &&
            x->version <= version) {
            double_close(t, *at);
            break; /* which may have moved the whole table */
        }
        ++*at;
    }
    return *at >= t->count;
}
