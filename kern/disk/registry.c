/* SPDX-License-Identifier: MIT */
/*
 * The registry of a disk. Invariants: an entry that is not free is in the chain
 * of its block's hash, in which no other has the block, and in the order of
 * use; versions are given out once, and `image_version` of an entry is above
 * that of any other that had its place before.
 */
#include "kern/disk/registry.h"
#include "kern/abi/error.h"
#include "kern/panic.h"
#include "kern/string.h"

static uint32_t *
hash_head(const struct registry *r, uint64_t block)
{
    /* 2^64 divided by the golden ratio. */
    return &r->hash[block * 0x9e3779b97f4a7c15 >> 40 & r->hash_mask];
}

void
registry_init(struct registry *r)
{
    ASSERT(r->count > 0 && (r->hash_mask & (r->hash_mask + 1)) == 0);
    r->free = 0;
    r->oldest = REGISTRY_NONE;
    r->newest = REGISTRY_NONE;
    r->keep = false;
    r->next_version = 1;
    for (uint32_t i = 0; i <= r->hash_mask; i++) {
        r->hash[i] = REGISTRY_NONE;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        r->entry[i] = (struct registry_entry){.disk = r->disk};
        r->twin[i].hash_next = i + 1 < r->count ? i + 1 : REGISTRY_NONE;
    }
}

uint32_t
registry_find(const struct registry *r, uint64_t block)
{
    uint32_t e = *hash_head(r, block);

    while (e != REGISTRY_NONE && r->entry[e].block != block) {
        e = r->twin[e].hash_next;
    }
    return e;
}

uint64_t
registry_places(const struct registry *r, uint64_t count)
{
    return count < r->count ? count : r->count;
}

uint32_t
registry_place(const struct registry *r, uint64_t first, uint64_t count,
               uint64_t place)
{
    const struct registry_entry *entry = &r->entry[place];

    if (count < r->count) {
        return registry_find(r, first + place);
    }
    return entry->state != REGISTRY_FREE && entry->block - first < count
               ? (uint32_t)place
               : REGISTRY_NONE;
}

void
registry_open(struct registry_entry *e)
{
    ASSERT((e->sequence & 1) == 0);
    __atomic_store_n(&e->sequence, e->sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

void
registry_close(struct registry_entry *e)
{
    ASSERT((e->sequence & 1) == 1);
    __atomic_store_n(&e->sequence, e->sequence + 1, __ATOMIC_RELEASE);
}

void
registry_set(struct registry *r, uint32_t e, unsigned state, unsigned flags)
{
    registry_open(&r->entry[e]);
    r->entry[e].state = (uint8_t)state;
    r->entry[e].flags = (uint8_t)flags;
    registry_close(&r->entry[e]);
}

static void
order_remove(struct registry *r, uint32_t e)
{
    const struct registry_twin *twin = &r->twin[e];

    *(twin->older == REGISTRY_NONE ? &r->oldest : &r->twin[twin->older].newer) =
        twin->newer;
    *(twin->newer == REGISTRY_NONE ? &r->newest : &r->twin[twin->newer].older) =
        twin->older;
}

static void
order_append(struct registry *r, uint32_t e)
{
    r->twin[e].older = r->newest;
    r->twin[e].newer = REGISTRY_NONE;
    *(r->newest == REGISTRY_NONE ? &r->oldest : &r->twin[r->newest].newer) = e;
    r->newest = e;
}

void
registry_touch(struct registry *r, uint32_t e)
{
    ASSERT(r->entry[e].state != REGISTRY_FREE);
    order_remove(r, e);
    order_append(r, e);
}

void
registry_hang(struct registry *r, uint32_t e, uint64_t parent)
{
    registry_open(&r->entry[e]);
    r->entry[e].parent = parent;
    registry_close(&r->entry[e]);
}

int64_t
registry_insert(struct registry *r, uint64_t block, unsigned type,
                unsigned flags, uint32_t frame, uint64_t parent)
{
    uint32_t e = r->free;
    uint32_t *head = hash_head(r, block);
    struct registry_entry *entry;
    struct registry_twin *twin;

    ASSERT(registry_find(r, block) == REGISTRY_NONE);
    ASSERT((frame == 0) == ((flags & REGISTRY_EMPTY) != 0));
    if (e == REGISTRY_NONE) {
        return -ENOSPC;
    }
    entry = &r->entry[e];
    twin = &r->twin[e];
    r->free = twin->hash_next;
    *twin = (struct registry_twin){.hash_next = *head};
    for (unsigned i = 0; i < REGISTRY_DEPENDS; i++) {
        twin->depends[i] = REGISTRY_NONE;
    }
    twin->image_version = r->next_version++;
    *head = e;
    order_append(r, e);
    registry_open(entry);
    entry->block = block;
    entry->type = (uint8_t)type;
    entry->flags = (uint8_t)flags;
    entry->frame = frame;
    entry->parent = parent;
    entry->version = twin->image_version;
    entry->state = frame == 0 ? REGISTRY_CLEAN : REGISTRY_READING;
    registry_close(entry);
    return e;
}

void
registry_filled(struct registry *r, uint32_t e)
{
    ASSERT(r->entry[e].state == REGISTRY_READING);
    r->twin[e].image = r->entry[e].frame;
    registry_set(r, e, REGISTRY_CLEAN, r->entry[e].flags);
}

void
registry_remove(struct registry *r, uint32_t e)
{
    struct registry_entry *entry = &r->entry[e];
    uint32_t *link = hash_head(r, entry->block);

    ASSERT(entry->state != REGISTRY_FREE && entry->pins == 0);
    ASSERT(r->twin[e].queued == 0 && r->twin[e].writing == 0);
    while (*link != e) {
        link = &r->twin[*link].hash_next;
    }
    *link = r->twin[e].hash_next;
    order_remove(r, e);
    registry_open(entry);
    *entry =
        (struct registry_entry){.sequence = entry->sequence, .disk = r->disk};
    registry_close(entry);
    r->twin[e].hash_next = r->free;
    r->free = e;
}

void
registry_release_all(struct registry *r, uint32_t e)
{
    struct registry_twin *twin = &r->twin[e];
    uint32_t frame = r->entry[e].frame;

    ASSERT(twin->writing == 0);
    if (twin->image != 0 && twin->image != frame) {
        registry_release(r, e, twin->image);
    }
    if (twin->spare != 0) {
        registry_release(r, e, twin->spare);
    }
    if (frame != 0) {
        registry_release(r, e, frame);
    }
    twin->image = 0;
    twin->spare = 0;
    registry_open(&r->entry[e]);
    r->entry[e].frame = 0;
    registry_close(&r->entry[e]);
}

bool
registry_evictable(const struct registry *r, uint32_t e)
{
    const struct registry_entry *entry = &r->entry[e];
    unsigned flags = entry->flags;

    return entry->state == REGISTRY_CLEAN && entry->pins == 0 &&
           r->twin[e].queued == 0 &&
           ((flags & REGISTRY_META) == 0 || !r->keep) &&
           ((flags & REGISTRY_DETACHED) == 0 || (flags & REGISTRY_EMPTY) != 0);
}

uint32_t
registry_oldest(struct registry *r, unsigned *looks)
{
    for (; *looks > 0 && r->oldest != REGISTRY_NONE; --*looks) {
        const struct registry_entry *entry = &r->entry[r->oldest];

        if ((entry->holder == 0 || (entry->flags & REGISTRY_EMPTY) != 0) &&
            registry_evictable(r, r->oldest)) {
            return r->oldest;
        }
        registry_touch(r, r->oldest);
    }
    return REGISTRY_NONE;
}
