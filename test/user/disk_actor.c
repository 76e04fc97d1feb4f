/* SPDX-License-Identifier: MIT */
/*
 * What the actors have in common: calls that wait, frames, nodes as bytes, and
 * the changes of a tree of one's own.
 */
#include "test/user/disk_actor_part.h"

#include <string.h>

#include "test/user/child.h"

#define TRIES 4000
#define AT_ONCE 8 /* before it lets others run: a call may take some tries */

uint64_t
actor_below(struct actor *a, uint64_t limit)
{
    a->random ^= a->random << 13;
    a->random ^= a->random >> 7;
    a->random ^= a->random << 17;
    return (a->random >> 16) % limit;
}

bool
node_decode(const void *page, unsigned type, struct extents *set)
{
    const uint8_t *byte = page;

    set->count = 0;
    if (type == TYPE_WIDE) {
        uint64_t count = *(const uint64_t *)page;

        if (count > EXTENTS_READ) {
            return false;
        }
        set->count = (uint32_t)count;
        memcpy(set->extent, byte + WIDE_EXTENTS, count * sizeof(*set->extent));
        return true;
    }
    for (const uint64_t *word = (const uint64_t *)(byte + PACKED_EXTENTS);
         *word != 0; word++) {
        struct disk_extent *x = &set->extent[set->count];

        if (set->count == EXTENTS_READ) {
            return false;
        }
        x->first = *word >> 16;
        x->count = (uint32_t)(*word >> 8 & 0xff);
        x->type = (uint32_t)(*word & 0xff);
        set->count++;
    }
    return true;
}

void
node_encode(void *page, unsigned type, const struct extents *set,
            const struct cap_name *guard)
{
    uint8_t *byte = page;
    uint64_t *word = page;

    memset(page, 0, DISK_BLOCK_BYTES);
    if (type == TYPE_WIDE) {
        *word = set->count;
        memcpy(byte + WIDE_GUARD, guard, sizeof(*guard));
        memcpy(byte + WIDE_EXTENTS, set->extent,
               set->count * sizeof(*set->extent));
        return;
    }
    memcpy(byte + PACKED_GUARD, guard, sizeof(*guard));
    for (uint32_t i = 0; i < set->count; i++) {
        const struct disk_extent *x = &set->extent[i];

        word[PACKED_EXTENTS / 8 + i] =
            x->first << 16 | (uint64_t)x->count << 8 | x->type;
    }
}

/* Lets others run, and the kernel take steps of what it has to do. */
static void
actor_pause(struct actor *a)
{
    a->row->waits = 1;
    (void)exo_yield(ARENA->parent, a->uarea);
    a->row->waits = 0;
}

int64_t
actor_call(struct actor *a, uint64_t number, uint64_t a0, uint64_t a1,
           uint64_t a2, uint64_t a3, uint64_t a4)
{
    int64_t result = -EAGAIN;

    for (unsigned i = 0; i < TRIES && result == -EAGAIN; i++) {
        if (i % AT_ONCE == AT_ONCE - 1) {
            actor_pause(a);
        }
        result = call_raw(number, OWN, a0, a1, a2, a3, a4);
    }
    return result;
}

int64_t
actor_answer(struct actor *a, int64_t result)
{
    struct uarea *uarea = a->uarea;

    if (result < 0) {
        return result;
    }
    while (__atomic_load_n(&uarea->ring_posted, __ATOMIC_ACQUIRE) ==
           uarea->ring_taken) {
        actor_pause(a);
    }
    result = (int64_t)uarea->ring[uarea->ring_taken % UAREA_RING_ENTRIES].value;
    uarea->ring_taken++;
    return result;
}

bool
actor_map(struct actor *a, unsigned place, uint64_t frame, uint64_t bits)
{
    a->uarea->batch[0] = frame << 10 | bits | AD;
    return call_raw(CALL_pt_map, OWN | OWN << 8, a->row->leaf, place, 1, 0,
                    0) == 1;
}

void
actor_unmap(struct actor *a, unsigned place)
{
    (void)call_raw(CALL_pt_unmap, OWN, a->row->leaf, place, 1, 0, 0);
}

uint64_t
actor_frame(struct actor *a, unsigned i)
{
    uint64_t *frame = &a->give[i];

    if (*frame == 0 || FRAME_ROW[*frame].owner != a->row->id ||
        FRAME_ROW[*frame].type != FRAME_DATA) {
        *frame = (uint64_t)actor_call(a, CALL_frame_alloc, 0, 0, 0, 0, 0);
        (void)call_raw(CALL_frame_scrub, *frame, 0, 0, 0, 0, 0);
    }
    return *frame;
}

/* The entry of the block that owns this one. */
static uint32_t
parent_of(const struct actor *a, uint32_t entry)
{
    uint64_t parent = ENTRY[entry].parent;

    for (unsigned i = 0; i < ACTOR_NODES; i++) {
        if (a->node[i].block == parent) {
            return a->node[i].entry;
        }
    }
    return (uint32_t)ARENA->catalogue;
}

bool
actor_has_image(const struct actor *a, unsigned i)
{
    const struct actor_node *n = &a->node[i];

    return n->block != 0 && n->entry != REGISTRY_NONE &&
           (ENTRY[n->entry].flags & REGISTRY_EMPTY) == 0;
}

bool
actor_load(struct actor *a, unsigned i, struct extents *set)
{
    const struct actor_node *n = &a->node[i];
    bool good;

    set->count = 0;
    if (!actor_has_image(a, i)) {
        return false;
    }
    if (actor_answer(a, actor_read(a, parent_of(a, n->entry), n->block, 0, 0)) <
            0 ||
        !actor_map(a, PLACE_VIEW, ENTRY[n->entry].frame, R)) {
        STUCK(a); /* it is its own */
        return false;
    }
    good = node_decode(PLACE(PLACE_VIEW), n->type, set);
    actor_unmap(a, PLACE_VIEW);
    return good;
}

int64_t
actor_read(struct actor *a, uint64_t parent, uint64_t block, uint64_t frame,
           uint64_t flags)
{
    return actor_call(a, CALL_registry_read, parent, block, frame, flags, 1);
}

void
actor_encode(struct actor *a, unsigned place, unsigned type,
             const struct extents *set)
{
    struct cap_name guard = {{a->row->guard.word[0], a->row->guard.word[1]}};

    node_encode(PLACE(PLACE_IMAGE + place), type, set, &guard);
}

int64_t
actor_change(struct actor *a, unsigned count, const uint32_t *entry,
             uint64_t claimed, uint64_t given)
{
    struct uarea *uarea = a->uarea;
    int64_t result;

    uarea->batch[0] = claimed;
    uarea->batch[1] = given;
    for (unsigned i = 0; i < count; i++) {
        uint64_t to = actor_frame(a, i);

        uarea->batch[2 + 3 * i] = entry[i] | a->image[i] << 32;
        uarea->batch[3 + 3 * i] = to;
        uarea->batch[4 + 3 * i] = ENTRY[entry[i]].version;
    }
    result =
        actor_answer(a, actor_call(a, CALL_disk_change, 0, count, 1, 0, 0));
    if (result == 0) {
        a->row->accepted++;
    } else {
        a->row->refused++;
    }
    return result;
}

/* A frame with a place where it can be written. */
static uint64_t
frame_mapped(struct actor *a, unsigned place)
{
    uint64_t frame;

    a->give[0] = 0;
    frame = actor_frame(a, 0);
    a->give[0] = 0;
    if (!actor_map(a, place, frame, R | W)) {
        STUCK(a);
    }
    return frame;
}

static void
actor_begin(struct actor *a, struct uarea *uarea)
{
    memset(a, 0, sizeof(*a));
    a->uarea = uarea;
    a->who = (unsigned)uarea->own[25];
    a->row = &ARENA->row[a->who];
    a->random = (ARENA->seed * ACTORS + a->who + 1) * 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < 2; i++) {
        a->image[i] = frame_mapped(a, PLACE_IMAGE + i);
    }
    a->data = frame_mapped(a, PLACE_DATA);
    for (unsigned i = 0; i < ACTOR_NODES; i++) {
        a->node[i].entry = REGISTRY_NONE;
    }
    a->node[0].entry = a->row->entry[0];
    a->node[0].block = ENTRY[a->node[0].entry].block;
    a->node[0].type = ENTRY[a->node[0].entry].type;
}

static void
step(struct actor *a)
{
    uint64_t what = actor_below(a, 100);

    if (what < 25) {
        tree_claim(a);
    } else if (what < 40) {
        tree_give(a);
    } else if (what < 55) {
        tree_move(a);
    } else if (what < 62) {
        tree_create(a);
    } else if (what < 72) {
        data_write(a);
    } else if (what < 78) {
        data_cache(a);
    } else if (what < 82) {
        data_stale(a);
    } else if (what < 88) {
        tree_write(a);
    } else {
        attack(a);
    }
}

void
actor_main(struct uarea *uarea)
{
    struct actor a;

    uarea->consent = CONSENT_CAPS | CONSENT_FRAMES;
    /* The kernel saves it at the end of a slice: to do so itself in time, for
       as long as this takes, is too much where many share the machine of QEMU.
     */
    uarea->entry_epilogue = 0;
    while (ARENA->round == 0) {
        (void)exo_yield(ARENA->parent, uarea);
    }
    actor_begin(&a, uarea);
    for (;;) {
        uint64_t round = ARENA->round;

        if (a.row->done == round) {
            a.row->waits = 1;
            (void)exo_yield(ARENA->parent, uarea);
            continue;
        }
        if (ARENA->settle != 0) {
            tree_settle(&a);
        } else {
            for (uint64_t i = 0; i < ARENA->steps; i++) {
                step(&a);
            }
        }
        a.row->done = round;
    }
}
