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

#define RUNS_A_STEP 8
#define PLACES_A_STEP 32

enum { SETTLE_OLD, SETTLE_NEW, SETTLE_SWEEP, SETTLE_DOUBLES, SETTLE_END };

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
    type_table_init(&v->types);
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

/* Up to some portions of the sweep. */
static void
settle_sweep(struct volume *v)
{
    struct settle *s = &v->settle;

    for (unsigned i = 0; i < RUNS_A_STEP; i++) {
        if (!change_sweep_run(&s->sweep)) {
            s->phase++;
            return;
        }
        if (s->sweep.run.sets == 3 ||
            (s->sweep.run.sets == 1 && s->queue == QUEUE_WANTED)) {
            change_sweep_done(&s->sweep, s->sweep.run.count,
                              s->sweep.run.count);
        } else if (s->queue == QUEUE_WANTED) {
            if (!prepare_new(v)) {
                write_fails(v, -EBUSY);
                return;
            }
        } else if (s->sweep.run.sets == 1) {
            settle_old(v);
            return;
        } else {
            settle_new(v);
            return;
        }
    }
}

/* What the older or the newer of the two images owns. */
static void
settle_owns(struct volume *v, unsigned set, uint32_t frame)
{
    struct settle *s = &v->settle;
    const struct registry_entry *entry = &v->registry.entry[s->entry];
    int error = 0;

    s->sweep.sweep.set[set] = NULL;
    if (frame != 0) {
        error = type_owns(&v->types, entry->type, registry_page(frame),
                          v->blocks.blocks, &s->set[set]);
        s->sweep.sweep.set[set] = &s->set[set];
    }
    ASSERT(error == 0); /* it was accepted, and the type is the same */
    s->phase++;
}

/* Begins with an entry. */
static void
settle_begin(struct volume *v)
{
    struct settle *s = &v->settle;
    const struct registry_twin *twin = &v->registry.twin[s->entry];

    s->phase = SETTLE_OLD;
    s->at = 0;
    change_sweep_begin(&s->sweep);
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
    case SETTLE_OLD:
        settle_owns(v, 0, s->queue == QUEUE_ATTACHED ? 0 : twin->image);
        break;
    case SETTLE_NEW:
        settle_owns(v, 1,
                    written                      ? twin->writing
                    : s->queue == QUEUE_ATTACHED ? twin->image
                                                 : entry->frame);
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
        settle_step(v);
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
