/* SPDX-License-Identifier: MIT */
/*
 * What is done when a change has been checked (change.c): nothing fails from
 * here on. First what was bound to extents that go is broken, while the table
 * still says whose they are, so that nobody reads or writes through an old
 * binding what somebody else has claimed; then the table is marked, run by run;
 * at last the images take the place of the old ones. The blocks of the change
 * refuse new bindings all the while.
 */
#include "kern/disk/change.h"
#include "kern/panic.h"

#define PLACES_A_STEP 16

#define ENTRIES_A_STEP 64

enum { COMMIT_UNBIND, COMMIT_LEAVE, COMMIT_GUARDS, COMMIT_MARK, COMMIT_IMAGES };

void
commit_begin(struct volume *v)
{
    v->change.commit = COMMIT_UNBIND;
}

static void
commit_next(struct change *c)
{
    c->commit++;
    if (c->commit == COMMIT_LEAVE && c->gone == 0) {
        c->commit++;
    }
    c->at = 0;
    c->walked = 0;
    change_sweep_begin(&c->sweep);
}

/* What block i is to own. */
static const struct owned_set *
set_after(const struct change *c, unsigned i)
{
    return c->sweep.sweep.set[CHANGE_SET(CHANGE_AFTER, i)];
}

static bool
step_unbind(struct volume *v)
{
    struct change *c = &v->change;
    const struct change_block *b = &c->block[c->at];

    if ((v->registry.entry[b->entry].flags & REGISTRY_EMPTY) == 0 &&
        volume_unbind(v, b->entry, registry_page(b->frame),
                      set_after(c, c->at)) != 0) {
        return false;
    }
    if (++c->at == c->blocks) {
        commit_next(c);
    }
    return true;
}

/* An entry hangs below another block, or that of a block that is given back (to
   REGISTRY_NONE) goes. Of one that two owned, and one does no more, too: its
   parent, and its type, may be what that one said. */
static bool
entry_leave(struct volume *v, uint32_t e, uint32_t to)
{
    struct registry *r = &v->registry;

    if (volume_leave(v, e, to) != 0) {
        return false;
    }
    if (to == REGISTRY_NONE) {
        registry_release_all(r, e);
        registry_remove(r, e);
    } else {
        registry_hang(r, e, r->entry[to].block);
    }
    return true;
}

/* Some entries of what is given back or moved. */
static bool
step_leave(struct volume *v)
{
    struct change *c = &v->change;
    struct change_sweep *s = &c->sweep;
    struct change_fate fate;
    uint64_t places;

    if (!change_sweep_run(s)) {
        commit_next(c);
        return true;
    }
    (void)change_fate(c, &fate); /* as it was when it was looked at */
    places = registry_places(&v->registry, s->run.count);
    if (fate.kind != RUN_GIVEN && fate.kind != RUN_MOVED) {
        change_sweep_done(s, places, places);
        return true;
    }
    for (unsigned i = 0; i < PLACES_A_STEP && s->done < places; i++) {
        uint32_t e =
            registry_place(&v->registry, s->run.first, s->run.count, s->done);

        if (e != REGISTRY_NONE &&
            !entry_leave(v, e,
                         fate.kind == RUN_GIVEN ? REGISTRY_NONE
                                                : c->block[fate.to].entry)) {
            return false;
        }
        s->done++;
        if (e != REGISTRY_NONE) {
            break; /* it may have been mapped: that is enough */
        }
    }
    change_sweep_done(s, 0, places);
    return true;
}

/* What of a run is in the table of doubles. Room was made sure of. */
static uint64_t
mark_double(struct volume *v, const struct change_fate *fate, uint64_t first,
            uint64_t count)
{
    struct change *c = &v->change;
    struct disk_double moved = {
        .first = first,
        .count = (uint32_t)count,
        .kind = DOUBLE_MOVED,
        .version = c->versions[fate->from],
        .source = v->registry.entry[c->block[fate->from].entry].block};
    const struct disk_double *found;
    bool frozen;

    moved.count = (uint32_t)double_run(&v->doubles, first, count, &found);
    frozen = found != NULL && found->kind == DOUBLE_FROZEN;
    if (found != NULL) {
        bool taken = double_take(&v->doubles, first, moved.count);

        ASSERT(fate->kind == RUN_GIVEN && taken);
        (void)taken;
    }
    if (frozen || found == NULL) {
        bool added = double_add(&v->doubles, &moved);

        ASSERT(fate->on_disk && added);
        (void)added;
    }
    return moved.count;
}

/* A portion of what is given back. */
static uint64_t
mark_given(struct volume *v, const struct change_fate *fate, uint64_t first,
           uint64_t count)
{
    const struct disk_double *found;
    uint64_t n = double_run(&v->doubles, first, count, &found);

    if (found != NULL) {
        return mark_double(v, fate, first, n);
    }
    ASSERT(!fate->other);
    return block_set(&v->blocks, first, n,
                     fate->on_disk ? BLOCK_WILL_FREE : BLOCK_FREE,
                     DISK_TYPE_DATA);
}

static bool
step_mark(struct volume *v)
{
    struct change *c = &v->change;
    struct change_sweep *s = &c->sweep;
    struct change_fate fate;
    uint64_t first;
    uint64_t count;
    uint64_t n;

    if (!change_sweep_run(s)) {
        commit_next(c);
        return true;
    }
    (void)change_fate(c, &fate); /* as it was when it was looked at */
    first = s->run.first + s->done;
    count = s->run.count - s->done;
    n = count;
    if (fate.kind == RUN_CLAIMED) {
        n = block_set(
            &v->blocks, first, count, BLOCK_UNINITIALISED,
            owned_sweep_type(&s->sweep, CHANGE_SET(CHANGE_AFTER, fate.to)));
    } else if (fate.kind == RUN_GIVEN) {
        n = mark_given(v, &fate, first, count);
    } else if (fate.kind == RUN_MOVED && fate.on_disk) {
        n = mark_double(v, &fate, first, count);
    }
    change_sweep_done(s, n, s->run.count);
    return true;
}

static void
guards_next(struct change *c)
{
    c->walked = 0;
    if (++c->at == c->blocks) {
        commit_next(c);
    }
}

/* Some entries of what stays with its owner: who may see it may have changed,
   unless the images say the same of all that they own. Those that moved have
   been withdrawn from all. What two own may hang below the other. */
static bool
step_guards(struct volume *v)
{
    struct change *c = &v->change;
    const struct registry *r = &v->registry;
    const struct change_block *b = &c->block[c->at];
    const struct registry_entry *entry = &r->entry[b->entry];

    if (c->walked == 0) {
        int alike = entry->frame == 0 /* nothing hangs below it */
                        ? 1
                        : type_alike(&v->types, entry->type,
                                     registry_page(entry->frame),
                                     registry_page(b->frame));

        if (alike == 1) {
            guards_next(c);
        }
        c->walked = alike == 0;
        return true;
    }
    for (unsigned i = 0; i < ENTRIES_A_STEP; i++) {
        uint32_t e = c->walked - 1;
        const struct registry_entry *child = &r->entry[e];

        if (e == r->count) {
            guards_next(c);
            break;
        }
        if (child->state != REGISTRY_FREE &&
            (child->parent == entry->block ||
             (child->flags & REGISTRY_FROZEN) != 0) &&
            e != b->entry && /* the catalogue is its own parent */
            volume_reguard(v, e, b->entry, registry_page(b->frame),
                           set_after(c, c->at)) != 0) {
            return false;
        }
        c->walked++;
    }
    return true;
}

/* Block i gets its new image. */
static void
image_change(struct volume *v, unsigned i)
{
    struct change *c = &v->change;
    struct registry *r = &v->registry;
    uint32_t e = c->block[i].entry;
    struct registry_entry *entry = &r->entry[e];
    const struct registry_twin *twin = &r->twin[e];
    uint32_t old = entry->frame;
    bool writing = entry->state == REGISTRY_WRITING;

    registry_succeed(old, c->block[i].frame);
    registry_open(entry);
    entry->frame = c->block[i].frame;
    entry->version = c->versions[i];
    entry->flags &= (uint8_t)~REGISTRY_EMPTY;
    if (writing) {
        entry->flags |= REGISTRY_REDIRTIED;
    } else {
        entry->state = REGISTRY_DIRTY;
    }
    registry_close(entry);
    if (old != 0 && old != twin->image && old != twin->writing) {
        change_frame_drop(r, e, old);
    }
    for (unsigned to = 0; to < c->blocks; to++) {
        if ((c->edges[i] >> to & 1) != 0) {
            depend_add(r, e, c->block[to].entry, c->versions[to]);
        }
    }
}

bool
commit_begun(const struct change *c)
{
    return c->commit > COMMIT_LEAVE;
}

bool
commit_step(struct volume *v, bool *waits)
{
    struct change *c = &v->change;

    switch (c->commit) {
    case COMMIT_UNBIND:
        *waits = !step_unbind(v);
        return false;
    case COMMIT_LEAVE:
        *waits = !step_leave(v);
        return false;
    case COMMIT_GUARDS:
        *waits = !step_guards(v);
        return false;
    case COMMIT_MARK:
        *waits = !step_mark(v);
        return false;
    default:
        for (unsigned i = 0; i < c->blocks; i++) {
            image_change(v, i);
        }
        return true;
    }
}
