/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the drive's lock:
 *
 *  - a row is free, and in the list of those that are; or an env's; or nobody's
 *    any more, with requests on their way: then the last of these makes it
 *    free, and what it counted as comes back then;
 *  - no two bindings ever have the same handle: a row whose generations are
 *    used up is never used again;
 *  - a row with `placed` is charged, and not free, and counts in extents_of[]
 * of that env, also when the binding has ended;
 *  - drive.whole counts the rows of a raw disk that are not free, but for ones
 *    that are only kept so.
 */
#include "kern/disk/store.h"

#include "kern/env.h"
#include "kern/panic.h"

/* Bindings that one step of an env's end releases; it may look at all rows. */
#define STEP_RELEASED 64

void
extent_init(struct drive *v)
{
    for (uint32_t i = 0; i < EXTENTS_MAX; i++) {
        v->extent[i].next = i + 1 < EXTENTS_MAX ? i + 1 : EXTENT_NONE;
        v->extent[i].parent = EXTENT_NONE;
    }
    v->extent_free = 0;
}

int64_t
extent_bind(struct drive *v, const struct env *e, uint32_t parent,
            uint64_t first, uint64_t count, uint32_t rights)
{
    uint32_t index = v->extent_free;
    struct extent *x = &v->extent[index];
    uint32_t generation;

    ASSERT(lock_held(&v->lock) && first + count <= v->disk->blocks);
    if (index == EXTENT_NONE) {
        return -ENOSPC;
    }
    if (account_charge(env_account(e), ACCOUNT_BINDINGS, 1) < 0) {
        return -EDQUOT;
    }
    v->extent_free = x->next;
    v->extents_of[env_index(e->id)]++;
    v->whole += parent == EXTENT_NONE;
    generation = x->generation + 1;
    *x = (struct extent){.first = first,
                         .count = count,
                         .env = e->id,
                         .account = env_account(e),
                         .generation = generation,
                         .rights = rights,
                         .parent = parent};
    return (int64_t)((uint64_t)generation << EXTENT_GENERATION_SHIFT |
                     (uint64_t)v->disk->index << EXTENT_DISK_SHIFT | index);
}

static void
row_free(struct drive *v, struct extent *x)
{
    account_release(x->account, ACCOUNT_BINDINGS, 1);
    if (x->generation < EXTENT_GENERATION_MAX) {
        x->next = v->extent_free;
        v->extent_free = (uint32_t)(x - v->extent);
    }
}

void
extent_free(struct drive *v, struct extent *x)
{
    if (x->parent == EXTENT_NONE) {
        v->whole--;
    } else {
        store_unhang(v, x);
    }
    if (x->placed == 0) {
        row_free(v, x);
    }
}

/* The env of a binding that has ended, and that its pages say they are saved
   to, ends too. */
static void
extent_forget(struct drive *v, struct extent *x)
{
    v->extents_of[env_index(x->placed)]--;
    x->placed = 0;
    if (x->waiting == 0) { /* else extent_free is still to come */
        row_free(v, x);
    }
}

void
extent_release(struct drive *v, struct extent *x)
{
    ASSERT(lock_held(&v->lock) && x->env != 0);
    if (x->placed == 0) {
        v->extents_of[env_index(x->env)]--;
    }
    x->env = 0;
    if (x->waiting == 0) {
        extent_free(v, x);
    }
}

bool
extent_is_of(uint32_t id, uint64_t handle)
{
    struct drive *v = extent_drive(handle);
    bool found;

    if (v == NULL) {
        return false;
    }
    lock_acquire(&v->lock);
    found = extent_find(v, handle, id) != NULL;
    lock_release(&v->lock);
    return found;
}

unsigned
extent_take(uint32_t id, uint64_t handle, unsigned most, uint32_t *name)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < disk_count && taken < most; i++) {
        struct drive *v = &drive_table[i];
        const uint16_t *left = &v->extents_of[env_index(id)];

        if (handle != EXTENT_ANY && extent_drive(handle) != v) {
            continue; /* to look at all rows of one disk is enough */
        }
        lock_acquire(&v->lock);
        for (uint32_t row = 0; *left != 0 && row < EXTENTS_MAX && taken < most;
             row++) {
            struct extent *x = &v->extent[row];
            uint32_t low = i << EXTENT_DISK_SHIFT | row;

            if (x->env == id &&
                (handle == EXTENT_ANY ||
                 handle == ((uint64_t)x->generation << EXTENT_GENERATION_SHIFT |
                            low))) {
                extent_release(v, x);
                name[taken++] = low;
            }
        }
        lock_release(&v->lock);
        if (taken > 0) { /* one table is enough for a step */
            break;
        }
    }
    return taken;
}

bool
extent_release_env(uint32_t id)
{
    unsigned released = 0;

    for (unsigned i = 0; i < disk_count; i++) {
        struct drive *v = &drive_table[i];
        uint16_t *left = &v->extents_of[env_index(id)];

        if (__atomic_load_n(left, __ATOMIC_RELAXED) == 0) {
            continue;
        }
        lock_acquire(&v->lock);
        for (unsigned row = 0; *left != 0 && released < STEP_RELEASED; row++) {
            struct extent *x = &v->extent[row];

            if (x->env == id) {
                x->placed = 0;
                extent_release(v, x);
                released++;
            } else if (x->placed == id) {
                extent_forget(v, x);
                released++;
            }
        }
        lock_release(&v->lock);
        return true;
    }
    return false;
}
