/* SPDX-License-Identifier: MIT */
/*
 * The order in which metadata reaches a disk: one thing is done at a time, from
 * its begin to its end. What has been written is settled first, so that a
 * change finds nothing half done; changes and preparations take turns, so that
 * nobody holds up the others by asking for writes that are refused.
 *
 * Why the disk is right whenever the power goes is argued in change.c.
 */
#include "kern/abi/error.h"
#include "kern/disk/change.h"
#include "kern/panic.h"
#include "kern/string.h"

#define PLACES_A_STEP 32

enum { SETTLE_OWNS, SETTLE_SWEEP, SETTLE_DOUBLES, SETTLE_END };

static void
queue_append(struct volume *v, enum volume_queue_name name, uint32_t e)
{
    struct volume_queue *q = &v->queue[name];
    struct registry_twin *twin = &v->registry.twin[e];

    ASSERT((twin->queued >> name & 1) == 0);
    twin->queued |= (uint8_t)(1U << name);
    twin->next[name] = REGISTRY_NONE;
    if (q->first == REGISTRY_NONE) {
        q->first = e;
    } else {
        v->registry.twin[q->last].next[name] = e;
    }
    q->last = e;
}

void
volume_init(struct volume *v)
{
    v->state = DISK_RAW;
    v->doubles.count = 0;
    v->settle.entry = REGISTRY_NONE;
    v->change.active = false;
    v->change_next = false;
    for (unsigned i = 0; i < REGISTRY_QUEUES; i++) {
        v->queue[i].first = REGISTRY_NONE;
    }
    for (unsigned i = 0; i < OWNED_SWEEP_SETS; i++) {
        v->settle.sweep.sweep.set[i] = NULL;
    }
    memset(&v->sets.version, 0, sizeof(v->sets.version));
    type_table_init(&v->types);
}

const struct owned_set *
volume_owns(struct volume *v, uint32_t e, uint32_t frame, uint64_t version,
            int *error)
{
    struct volume_sets *s = &v->sets;
    unsigned at = 0;

    for (unsigned i = 0; i < OWNED_SWEEP_SETS && s->version[at] != version;
         i++) {
        at = s->version[i] == version || s->used[i] < s->used[at] ? i : at;
    }
    if (s->version[at] != version) {
        s->version[at] = 0;
        s->used[at] = 0; /* it is the next to be taken, if that fails */
        *error = type_owns(&v->types, v->registry.entry[e].type,
                           registry_page(frame), v->blocks.blocks, &s->set[at]);
        if (*error != 0) {
            return NULL;
        }
    }
    s->version[at] = version;
    s->used[at] = ++s->uses;
    return &s->set[at];
}

unsigned
volume_entry_flags(const struct volume *v, uint64_t block)
{
    unsigned flags = REGISTRY_META;

    if (block_state(&v->blocks, block) == BLOCK_UNINITIALISED) {
        flags |= REGISTRY_EMPTY | REGISTRY_DETACHED;
    }
    if (double_frozen(&v->doubles, block, 1)) {
        flags |= REGISTRY_FROZEN;
    }
    return flags;
}

int
write_begin(struct volume *v, uint32_t e)
{
    struct registry *r = &v->registry;
    const struct registry_entry *entry = &r->entry[e];

    if ((entry->flags & REGISTRY_META) == 0) {
        return -EINVAL;
    }
    switch (entry->state) {
    case REGISTRY_DIRTY:
        /* It may be among what the change gives back. */
        if (v->change.active && v->change.phase != 0 &&
            block_state(&v->blocks, entry->block) == BLOCK_UNINITIALISED) {
            return -EAGAIN;
        }
        registry_set(r, e, REGISTRY_WRITING, entry->flags);
        queue_append(v, QUEUE_WANTED, e);
        return 0;
    case REGISTRY_WRITING:
        return -EBUSY;
    case REGISTRY_CLEAN:
        return (entry->flags & REGISTRY_EMPTY) != 0 ? -EINVAL : 1;
    default:
        return -EINVAL;
    }
}

void
write_done(struct volume *v, uint32_t e, int error)
{
    ASSERT(v->registry.entry[e].state == REGISTRY_WRITING &&
           v->registry.twin[e].writing != 0);
    v->registry.twin[e].error = error;
    queue_append(v, QUEUE_WRITTEN, e);
}

/* Ends what was done with the entry. */
static void
settle_end(struct volume *v)
{
    v->registry.twin[v->settle.entry].queued &=
        (uint8_t)((1U << REGISTRY_QUEUES) - 1);
    v->settle.entry = REGISTRY_NONE;
}

/* The request for a write ends without the image being on the disk. */
static void
write_fails(struct volume *v, int error)
{
    uint32_t e = v->settle.entry;

    registry_set(&v->registry, e, REGISTRY_DIRTY, v->registry.entry[e].flags);
    settle_end(v);
    volume_settled(v, e, error);
}

/* Hands an image to the device. From here on it may be on the disk. */
static void
write_submit(struct volume *v)
{
    struct registry *r = &v->registry;
    uint32_t e = v->settle.entry;
    struct registry_entry *entry = &r->entry[e];
    struct registry_twin *twin = &r->twin[e];
    unsigned flags = entry->flags & ~(unsigned)REGISTRY_REDIRTIED;

    if (twin->writing == 0) {
        twin->writing = entry->frame;
        twin->writing_version = entry->version;
    }
    if (twin->writing != entry->frame) {
        flags |= REGISTRY_REDIRTIED;
    }
    registry_set(r, e, REGISTRY_WRITING, flags);
    settle_end(v);
    volume_write(v, e, twin->writing);
}

/* The image that was written is the one on the disk. */
static void
write_settle(struct volume *v)
{
    struct registry *r = &v->registry;
    uint32_t e = v->settle.entry;
    struct registry_entry *entry = &r->entry[e];
    struct registry_twin *twin = &r->twin[e];
    uint32_t old = twin->image;
    bool newest = twin->writing == entry->frame;

    twin->image = twin->writing;
    twin->image_version = twin->writing_version;
    twin->writing = 0;
    for (unsigned i = 0; i < REGISTRY_DEPENDS; i++) {
        if (!write_waits(r, e, i)) {
            twin->depends[i] = REGISTRY_NONE;
        }
    }
    (void)block_replace(&v->blocks, entry->block, 1, BLOCK_UNINITIALISED,
                        BLOCK_USED);
    registry_set(r, e, newest ? REGISTRY_CLEAN : REGISTRY_DIRTY,
                 entry->flags & ~(unsigned)REGISTRY_REDIRTIED);
    if (old != 0) {
        ASSERT(old != entry->frame && old != twin->image);
        change_frame_drop(r, e, old);
    }
    settle_end(v);
    volume_settled(v, e, 0);
}

static void
attach(struct volume *v, uint32_t e)
{
    struct registry *r = &v->registry;
    unsigned flags = r->entry[e].flags;

    if ((flags & REGISTRY_DETACHED) != 0) {
        registry_set(r, e, r->entry[e].state,
                     flags & ~(unsigned)REGISTRY_DETACHED);
        if (r->twin[e].image != 0) {
            queue_append(v, QUEUE_ATTACHED, e);
        }
    }
}

/* A portion of a run that only the newer image has, now on the disk: metadata
   in it is attached if its parent is. */
static void
settle_new(struct volume *v)
{
    struct settle *s = &v->settle;
    const struct owned_run *run = &s->sweep.run;
    uint64_t places = registry_places(&v->registry, run->count);
    uint64_t more = places - s->sweep.done;

    if (owned_sweep_type(&s->sweep.sweep, 1) == DISK_TYPE_DATA ||
        (v->registry.entry[s->entry].flags & REGISTRY_DETACHED) != 0) {
        change_sweep_done(&s->sweep, places, places);
        return;
    }
    more = more < PLACES_A_STEP ? more : PLACES_A_STEP;
    for (uint64_t i = 0; i < more; i++) {
        uint32_t e = registry_place(&v->registry, run->first, run->count,
                                    s->sweep.done + i);

        if (e != REGISTRY_NONE) {
            attach(v, e);
        }
    }
    change_sweep_done(&s->sweep, more, places);
}

/* Whether every block of a portion of such a run has been written. */
static bool
prepare_new(struct volume *v)
{
    struct change_sweep *s = &v->settle.sweep;
    uint64_t first = s->run.first + s->done;
    uint32_t n = block_run(&v->blocks, first, s->run.count - s->done);

    change_sweep_done(s, n, s->run.count);
    return block_state(&v->blocks, first) != BLOCK_UNINITIALISED;
}

/* A portion of a run that only the older image has. */
static void
settle_old(struct volume *v)
{
    struct change_sweep *s = &v->settle.sweep;

    change_sweep_done(s,
                      block_replace(&v->blocks, s->run.first + s->done,
                                    s->run.count - s->done, BLOCK_WILL_FREE,
                                    BLOCK_FREE),
                      s->run.count);
}

/* A portion of the sweep. */
static void
settle_sweep(struct volume *v)
{
    struct settle *s = &v->settle;
    unsigned sets;

    if (!change_sweep_run(&s->sweep)) {
        s->phase++;
        return;
    }
    sets = s->sweep.run.sets;
    if (sets == 3 || (sets == 1 && s->queue == QUEUE_WANTED)) {
        change_sweep_done(&s->sweep, s->sweep.run.count, s->sweep.run.count);
    } else if (s->queue == QUEUE_WANTED) {
        if (!prepare_new(v)) {
            write_fails(v, -EBUSY);
        }
    } else if (sets == 1) {
        settle_old(v);
    } else {
        settle_new(v);
    }
}

/* What the older and the newer of the two images own, and where they differ;
   later, if a program was late. */
static void
settle_owns(struct volume *v)
{
    struct settle *s = &v->settle;
    const struct registry_entry *entry = &v->registry.entry[s->entry];
    const struct registry_twin *twin = &v->registry.twin[s->entry];
    const struct owned_set **set = s->sweep.sweep.set;
    uint32_t frame = entry->frame;
    uint64_t version = entry->version;
    int error = 0;

    if (s->queue == QUEUE_WRITTEN) {
        frame = twin->writing;
        version = twin->writing_version;
    } else if (s->queue == QUEUE_ATTACHED) {
        frame = twin->image;
        version = twin->image_version;
    }
    set[1] = volume_owns(v, s->entry, frame, version, &error);
    set[0] = error != 0 || s->queue == QUEUE_ATTACHED || twin->image == 0
                 ? NULL
                 : volume_owns(v, s->entry, twin->image, twin->image_version,
                               &error);
    ASSERT(error == 0 || error == -EAGAIN); /* it was accepted as such */
    if (error == 0) {
        s->sweep.range = (struct owned_range){UINT64_MAX, 0};
        owned_differ(set[0], set[1], &s->sweep.range);
        change_sweep_begin(&s->sweep);
        s->phase++;
    }
}

/* Begins with an entry. */
static void
settle_begin(struct volume *v)
{
    struct settle *s = &v->settle;
    const struct registry_twin *twin = &v->registry.twin[s->entry];

    s->phase = SETTLE_OWNS;
    s->at = 0;
    if (s->queue == QUEUE_WRITTEN && twin->error != 0) {
        write_fails(v, twin->error);
    } else if (s->queue == QUEUE_WANTED) {
        if (twin->writing != 0) {
            write_submit(v); /* again, whatever of it is on the disk */
            return;
        }
        for (unsigned i = 0; i < REGISTRY_DEPENDS; i++) {
            if (write_waits(&v->registry, s->entry, i)) {
                write_fails(v, -EBUSY);
                return;
            }
        }
    }
}

static void
settle_finish(struct volume *v)
{
    switch (v->settle.queue) {
    case QUEUE_WRITTEN:
        write_settle(v);
        break;
    case QUEUE_ATTACHED:
        settle_end(v);
        break;
    default:
        write_submit(v);
    }
}

static void
settle_step(struct volume *v)
{
    struct settle *s = &v->settle;
    const struct registry_entry *entry = &v->registry.entry[s->entry];
    const struct registry_twin *twin = &v->registry.twin[s->entry];
    bool written = s->queue == QUEUE_WRITTEN;

    switch (s->phase) {
    case SETTLE_OWNS:
        settle_owns(v);
        break;
    case SETTLE_SWEEP:
        settle_sweep(v);
        break;
    case SETTLE_DOUBLES:
        if (!written || double_settle(&v->doubles, entry->block,
                                      twin->writing_version, &s->at)) {
            s->phase++;
        }
        break;
    default:
        settle_finish(v);
    }
}

/* Takes the first of a queue, if there is one, to do what it waits for. */
static bool
queue_take(struct volume *v, enum volume_queue_name name)
{
    struct volume_queue *q = &v->queue[name];
    uint32_t e = q->first;

    if (e == REGISTRY_NONE) {
        return false;
    }
    q->first = v->registry.twin[e].next[name];
    v->registry.twin[e].queued ^= (uint8_t)(1U << name | 1U << REGISTRY_QUEUES);
    v->settle.entry = e;
    v->settle.queue = name;
    settle_begin(v);
    return true;
}

bool
volume_busy(const struct volume *v)
{
    bool busy = v->change.active || v->settle.entry != REGISTRY_NONE;

    for (unsigned i = 0; i < REGISTRY_QUEUES; i++) {
        busy |= v->queue[i].first != REGISTRY_NONE;
    }
    return busy;
}

bool
volume_step(struct volume *v)
{
    if (v->settle.entry != REGISTRY_NONE) {
        do {
            settle_step(v);
        } while (v->settle.entry != REGISTRY_NONE && volume_time(v));
        return true;
    }
    if (!v->change.active || v->change.phase == 0) {
        if (queue_take(v, QUEUE_WRITTEN) || queue_take(v, QUEUE_ATTACHED)) {
            return true;
        }
        if (!v->change.active || !v->change_next) {
            v->change_next = true;
            if (queue_take(v, QUEUE_WANTED)) {
                return true;
            }
        }
    }
    if (v->change.active) {
        v->change_next = false;
        return change_step(v);
    }
    return false;
}
