/* SPDX-License-Identifier: MIT */
/*
 * What an actor tries to do to the other's tree: each of it must fail.
 */
#include "test/user/disk_actor_part.h"

#include <string.h>

/* An entry of the other's node; REGISTRY_NONE if it has given it back, perhaps
   just now, so that entry or block are this actor's. */
static uint32_t
entry_pick(struct actor *a)
{
    const volatile struct actor_row *other = &ARENA->row[1 - a->who];
    uint32_t entry = other->entry[actor_below(a, ACTOR_NODES)];

    if (entry == REGISTRY_NONE || ENTRY[entry].holder == a->row->id) {
        return REGISTRY_NONE;
    }
    for (unsigned i = 0; i < ACTOR_NODES; i++) {
        if (a->node[i].block == ENTRY[entry].block) {
            return REGISTRY_NONE;
        }
    }
    return entry;
}

/* An empty node instead of what the other has; with one of this actor's own,
   that gets its blocks, or without. */
static int64_t
attack_change(struct actor *a, uint32_t theirs)
{
    uint32_t entry[2] = {theirs, a->node[0].entry};
    struct extents set;

    set.count = 0;
    actor_encode(a, 0, ENTRY[theirs].type, &set);
    if (actor_below(a, 2) == 0) {
        return actor_change(a, 1, entry, 0, actor_below(a, 3));
    }
    if (!actor_load(a, 0, &set)) {
        return -EPERM;
    }
    actor_encode(a, 1, a->node[0].type, &set);
    return actor_change(a, 2, entry, 0, 0);
}

static int64_t
attack_read(struct actor *a, uint32_t theirs)
{
    uint64_t block =
        actor_below(a, 3) == 0 ? ENTRY[theirs].block : actor_below(a, AREA);

    return actor_answer(
        a, actor_read(a, theirs, block, actor_frame(a, 0), actor_below(a, 16)));
}

static int64_t
attack_bind(struct actor *a, uint32_t theirs)
{
    int64_t binding = -ENOENT;

    for (uint64_t b = DISK_FIRST_BLOCK; b < AREA && binding < 0; b++) {
        if ((BLOCK[b] & BLOCK_STATE) != BLOCK_FREE) {
            binding = actor_call(a, CALL_disk_bind, theirs, b, 1,
                                 1 + actor_below(a, 3), 0);
        }
    }
    return binding;
}

/* Any frame of the registry that lies below what is not this actor's. */
static int64_t
attack_map(struct actor *a, uint32_t theirs)
{
    uint64_t block = ENTRY[theirs].block;

    for (uint32_t e = 0; e < DISK_ROW[0].registry_count; e++) {
        uint32_t frame = ENTRY[e].frame;

        if (ENTRY[e].state != REGISTRY_FREE && frame != 0 &&
            (e == theirs || ENTRY[e].parent == block) &&
            actor_map(a, PLACE_CACHE, frame, R)) {
            actor_unmap(a, PLACE_CACHE);
            return 0;
        }
    }
    return -EPERM;
}

/* A catalogue without the other's tree. */
static int64_t
attack_catalogue(struct actor *a)
{
    uint32_t catalogue = (uint32_t)ARENA->catalogue;
    struct disk_tree *t = PLACE(PLACE_IMAGE);

    if (!actor_map(a, PLACE_VIEW, ENTRY[catalogue].frame, R)) {
        return -EPERM;
    }
    memcpy(t, PLACE(PLACE_VIEW), DISK_BLOCK_BYTES);
    actor_unmap(a, PLACE_VIEW);
    if (a->who == 0) {
        memset(&t[1], 0, sizeof(t[1]));
    } else {
        t[0] = t[1];
        memset(&t[1], 0, sizeof(t[1]));
    }
    return actor_change(a, 1, &catalogue, 0, 1);
}

void
attack(struct actor *a)
{
    uint64_t what = actor_below(a, 9);
    uint32_t theirs = entry_pick(a);
    int64_t result;

    if (theirs == REGISTRY_NONE) {
        return;
    }
    if (what < 2) {
        result = attack_change(a, theirs);
    } else if (what < 4) {
        result = attack_read(a, theirs);
    } else if (what == 4) {
        result = attack_bind(a, theirs);
    } else if (what == 5) {
        result = attack_map(a, theirs);
    } else if (what == 6) {
        result = attack_catalogue(a);
    } else if (what == 7) {
        result = actor_answer(
            a, actor_call(a, CALL_registry_write, theirs, 1, 0, 0, 0));
    } else {
        result = call_raw(CALL_release, RELEASE_ENTRY, theirs, 0, 0, 0, 0);
    }
    a->row->attacks++;
    if (result >= 0) {
        a->row->broken++;
        a->row->attack = what;
    }
}
