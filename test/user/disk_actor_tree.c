/* SPDX-License-Identifier: MIT */
/*
 * What an actor does with its tree: changes of one node or two, right ones and
 * wrong ones; blocks of data, which it marks as its own; writing it all.
 *
 * A node owns only nodes of higher numbers, so that no node gets below itself.
 */
#include "test/user/disk_actor_part.h"

#define SETTLE_TRIES 400

/* Puts an extent where it belongs in the order. */
static void
extent_add(struct extents *set, const struct disk_extent *x)
{
    uint32_t at = set->count++;

    for (; at > 0 && set->extent[at - 1].first > x->first; at--) {
        set->extent[at] = set->extent[at - 1];
    }
    set->extent[at] = *x;
}

static void
extent_remove(struct extents *set, uint32_t at)
{
    set->count--;
    for (; at < set->count; at++) {
        set->extent[at] = set->extent[at + 1];
    }
}

static unsigned
state_of(uint64_t block)
{
    return BLOCK[block] & BLOCK_STATE;
}

/* A node that has no block; or 0. */
static unsigned
node_spare(const struct actor *a)
{
    for (unsigned i = 1; i < ACTOR_NODES; i++) {
        if (a->node[i].block == 0) {
            return i;
        }
    }
    return 0;
}

/* The number of the node at a block; or 0. */
static unsigned
node_at(const struct actor *a, uint64_t block)
{
    for (unsigned i = 1; i < ACTOR_NODES; i++) {
        if (a->node[i].block == block) {
            return i;
        }
    }
    return 0;
}

/* Changes a bit of a proposal, but not so that an extent becomes a node, of
   which this actor would not know. */
static void
image_damage(struct actor *a, unsigned type)
{
    uint64_t *word = PLACE(PLACE_IMAGE);
    uint64_t at = actor_below(a, 2 * NODE_EXTENTS);
    uint64_t bit = (uint64_t)1 << actor_below(a, 64);

    if (type == TYPE_WIDE) {
        bit &= at % 2 == 0 ? ~(uint64_t)0 : ~((uint64_t)3 << 32);
        word[WIDE_EXTENTS / 8 + at] ^= bit;
    } else {
        word[PACKED_EXTENTS / 8 + at] ^= bit & ~(uint64_t)3;
    }
}

static int64_t
node_change(struct actor *a, unsigned i, const struct extents *set,
            uint64_t claimed, uint64_t given)
{
    const struct actor_node *n = &a->node[i];

    actor_encode(a, 0, n->type, set);
    if (claimed != 1 && actor_below(a, 12) == 0) {
        image_damage(a, n->type);
    }
    return actor_change(a, 1, &n->entry, claimed, given);
}

/* Blocks to claim: mostly free ones. */
static void
extent_pick(struct actor *a, struct disk_extent *x)
{
    unsigned tries = actor_below(a, 4) == 0 ? 1 : 100;

    x->count = 1 + (uint32_t)actor_below(a, 4);
    do {
        x->first = actor_below(a, 20) == 0
                       ? actor_below(a, DISK_FIRST_BLOCK)
                       : DISK_FIRST_BLOCK +
                             actor_below(a, AREA - 8 - DISK_FIRST_BLOCK);
    } while (tries-- > 1 && state_of(x->first) != BLOCK_FREE);
}

void
tree_claim(struct actor *a)
{
    unsigned i = (unsigned)actor_below(a, ACTOR_NODES);
    unsigned child = node_spare(a);
    struct disk_extent x;
    struct extents set;
    uint64_t claimed;

    if (!actor_load(a, i, &set) || set.count >= NODE_EXTENTS) {
        return;
    }
    extent_pick(a, &x);
    x.type = DISK_TYPE_DATA;
    if (child > i && actor_below(a, 3) == 0) {
        x.type = TYPE_WIDE + (uint32_t)actor_below(a, 2);
        x.count = 1;
    }
    extent_add(&set, &x);
    claimed = x.count + (actor_below(a, 10) == 0);
    if (node_change(a, i, &set, claimed, 0) == 0 && x.type != DISK_TYPE_DATA) {
        a->node[child] = (struct actor_node){x.first, REGISTRY_NONE, x.type};
        a->row->claims++;
    }
}

void
tree_give(struct actor *a)
{
    unsigned i = (unsigned)actor_below(a, ACTOR_NODES);
    struct disk_extent *x;
    struct extents set;
    uint64_t given;
    unsigned child;
    uint32_t at;

    if (!actor_load(a, i, &set) || set.count == 0) {
        return;
    }
    at = (uint32_t)actor_below(a, set.count);
    x = &set.extent[at];
    given = x->count;
    child = x->type == DISK_TYPE_DATA ? 0 : node_at(a, x->first);
    if (x->count > 1 && actor_below(a, 2) == 0) {
        given = 1;
        x->count--;
    } else {
        extent_remove(&set, at);
    }
    given += actor_below(a, 10) == 0;
    if (node_change(a, i, &set, 0, given) == 0 && child != 0) {
        a->node[child] = (struct actor_node){0, REGISTRY_NONE, 0};
        a->row->entry[child] = REGISTRY_NONE;
    }
}

/* Not within another function: a child has a page of stack. */
__attribute__((noinline)) static bool
move_prepare(struct actor *a, unsigned from, unsigned to)
{
    struct extents set;
    struct disk_extent x;
    uint32_t at;
    unsigned child;

    if (!actor_load(a, from, &set) || set.count == 0) {
        return false;
    }
    at = (uint32_t)actor_below(a, set.count);
    x = set.extent[at];
    child = x.type == DISK_TYPE_DATA ? ACTOR_NODES : node_at(a, x.first);
    if (child <= to) {
        return false;
    }
    extent_remove(&set, at);
    actor_encode(a, 0, a->node[from].type, &set);
    if (!actor_load(a, to, &set) || set.count >= NODE_EXTENTS) {
        return false;
    }
    extent_add(&set, &x);
    actor_encode(a, 1, a->node[to].type, &set);
    return true;
}

void
tree_move(struct actor *a)
{
    unsigned from = (unsigned)actor_below(a, ACTOR_NODES);
    unsigned to = (unsigned)actor_below(a, ACTOR_NODES);
    uint32_t entry[2] = {a->node[from].entry, a->node[to].entry};

    if (from != to && move_prepare(a, from, to) &&
        actor_change(a, 2, entry, actor_below(a, 10) == 0, 0) == 0) {
        a->row->moved++;
    }
}

/* A node that was claimed gets its entry. */
static void
entry_make(struct actor *a, unsigned i)
{
    struct actor_node *n = &a->node[i];

    for (unsigned p = 0; p < i && n->entry == REGISTRY_NONE; p++) {
        int64_t entry = -ENOENT;

        if (actor_has_image(a, p)) {
            entry = actor_read(a, a->node[p].entry, n->block, 0,
                               REGISTRY_READ_CREATE);
        }
        if (entry >= 0) {
            (void)actor_answer(a, entry);
            n->entry = (uint32_t)entry;
            a->row->entry[i] = n->entry;
        }
    }
}

static void
node_create(struct actor *a, unsigned i)
{
    struct extents set;

    if (a->node[i].block == 0) {
        return;
    }
    if (a->node[i].entry == REGISTRY_NONE) {
        entry_make(a, i);
    }
    if (a->node[i].entry != REGISTRY_NONE && !actor_has_image(a, i)) {
        set.count = 0;
        (void)node_change(a, i, &set, 0, 0);
    }
}

void
tree_create(struct actor *a)
{
    node_create(a, 1 + (unsigned)actor_below(a, ACTOR_NODES - 1));
}

static int64_t
node_write(struct actor *a, unsigned i)
{
    return actor_answer(
        a, actor_call(a, CALL_registry_write, a->node[i].entry, 1, 0, 0, 0));
}

void
tree_write(struct actor *a)
{
    unsigned i = (unsigned)actor_below(a, ACTOR_NODES);

    if (actor_has_image(a, i)) {
        (void)node_write(a, i);
    }
}

static int64_t
transfer(struct actor *a, uint64_t number, uint64_t binding, uint64_t block)
{
    a->uarea->batch[0] = DISK_PIECE(a->data, 0, 1);
    return actor_answer(a, actor_call(a, number, binding, block, 1, 1, 0));
}

/* Marks the blocks of an extent, and reads what is there then. */
static void
extent_write(struct actor *a, unsigned i, const struct disk_extent *x)
{
    volatile uint64_t *word = PLACE(PLACE_DATA);
    int64_t binding = actor_call(a, CALL_disk_bind, a->node[i].entry, x->first,
                                 x->count, DISK_BOTH, 0);

    if (binding < 0) {
        STUCK(a); /* it is its own */
        return;
    }
    for (uint32_t b = 0; b < x->count; b++) {
        *word = STAMP(a->who, x->first + b);
        if (transfer(a, CALL_disk_write, (uint64_t)binding, b) != 0) {
            STUCK(a);
        }
        a->row->written++;
    }
    for (uint32_t b = 0; b < x->count; b++) {
        if (transfer(a, CALL_disk_read, (uint64_t)binding, b) != 0) {
            STUCK(a);
        } else if (*word != STAMP(a->who, x->first + b)) {
            a->row->foreign++;
        }
    }
    if (actor_below(a, 2) == 0) {
        (void)call_raw(CALL_release, RELEASE_BINDING, a->kept, 0, 0, 0, 0);
        a->kept = (uint64_t)binding;
        a->kept_first = x->first;
    } else {
        (void)call_raw(CALL_release, RELEASE_BINDING, (uint64_t)binding, 0, 0,
                       0, 0);
    }
}

/* An extent of data of some node: its number, or ACTOR_NODES. */
static unsigned
data_pick(struct actor *a, struct disk_extent *x)
{
    unsigned i = (unsigned)actor_below(a, ACTOR_NODES);
    struct extents set;

    if (actor_load(a, i, &set) && set.count > 0) {
        *x = set.extent[actor_below(a, set.count)];
        if (x->type == DISK_TYPE_DATA) {
            return i;
        }
    }
    return ACTOR_NODES;
}

void
data_write(struct actor *a)
{
    struct disk_extent x;
    unsigned i = data_pick(a, &x);

    if (i < ACTOR_NODES) {
        extent_write(a, i, &x);
    }
}

/* By a binding of which it does not know whether it has ended. */
void
data_stale(struct actor *a)
{
    volatile uint64_t *word = PLACE(PLACE_DATA);

    if (a->kept != 0) {
        *word = STAMP(a->who, a->kept_first);
        (void)transfer(a, CALL_disk_write, a->kept, 0);
        if (transfer(a, CALL_disk_read, a->kept, 0) == 0 &&
            *word != STAMP(a->who, a->kept_first)) {
            a->row->foreign++;
        }
    }
}

/* A block in the registry. */
void
data_cache(struct actor *a)
{
    const volatile uint64_t *word = PLACE(PLACE_CACHE);
    struct disk_extent x;
    unsigned i = data_pick(a, &x);
    int64_t entry;

    if (i == ACTOR_NODES || state_of(x.first) != BLOCK_USED) {
        return;
    }
    entry = actor_read(a, a->node[i].entry, x.first, actor_frame(a, 0), 0);
    if (actor_answer(a, entry) < 0) {
        STUCK(a);
        return;
    }
    if (actor_map(a, PLACE_CACHE, ENTRY[entry].frame, R)) {
        a->row->foreign += *word != STAMP(a->who, x.first);
        a->row->cached++;
        actor_unmap(a, PLACE_CACHE);
    }
    if (actor_below(a, 2) == 0) {
        (void)call_raw(CALL_release, RELEASE_ENTRY, (uint64_t)entry, 0, 0, 0,
                       0);
    }
}

/* Writes what of a node's data was never written. */
static void
node_fill(struct actor *a, unsigned i)
{
    struct extents set;

    if (!actor_load(a, i, &set)) {
        return;
    }
    for (uint32_t k = 0; k < set.count; k++) {
        const struct disk_extent *x = &set.extent[k];
        bool never = false;

        for (uint32_t b = 0; b < x->count; b++) {
            never |= state_of(x->first + b) == BLOCK_UNINITIALISED;
        }
        if (x->type == DISK_TYPE_DATA && never) {
            extent_write(a, i, x);
        }
    }
}

void
tree_settle(struct actor *a)
{
    unsigned dirty = 1;

    for (unsigned tries = 0; tries < SETTLE_TRIES && dirty > 0; tries++) {
        dirty = 0;
        for (unsigned i = ACTOR_NODES; i-- > 0;) {
            if (a->node[i].block == 0) {
                continue;
            }
            node_create(a, i);
            node_fill(a, i);
            if (actor_has_image(a, i)) {
                (void)node_write(a, i);
            }
            dirty += !actor_has_image(a, i) ||
                     ENTRY[a->node[i].entry].state != REGISTRY_CLEAN;
        }
    }
    if (dirty > 0) {
        STUCK(a);
    }
}
