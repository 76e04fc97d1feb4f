/* SPDX-License-Identifier: MIT */
/*
 * Whether what the images of a change own adds up: run by run of blocks, what
 * one of them has afterwards it had before, or another has given it, or it was
 * free. Why each check is here is argued in change.c.
 */
#include "kern/abi/error.h"
#include "kern/disk/change.h"
#include "kern/panic.h"

#define WALK_STEP 8
#define WALK_MAX 64

void
change_sweep_begin(struct change_sweep *s)
{
    s->begun = false;
    s->in_run = false;
}

bool
change_sweep_run(struct change_sweep *s)
{
    if (!s->begun) {
        owned_sweep_begin(&s->sweep, &s->range);
        s->begun = true;
    }
    if (!s->in_run) {
        s->in_run = owned_sweep_next(&s->sweep, &s->run);
        s->done = 0;
    }
    return s->in_run;
}

void
change_sweep_done(struct change_sweep *s, uint64_t more, uint64_t count)
{
    s->done += more;
    ASSERT(s->done <= count);
    s->in_run = s->done < count;
}

void
balance_begin(struct change *c)
{
    for (unsigned i = 0; i < DISK_CHANGE_BLOCKS; i++) {
        c->edges[i] = 0;
    }
    c->claimed_found = 0;
    c->given_found = 0;
    c->gone = 0;
    c->doubles = 0;
    c->walk = REGISTRY_NONE;
}

static bool
one_bit(unsigned bits)
{
    return (bits & (bits - 1)) == 0;
}

static unsigned
run_type(const struct change *c, enum change_role role, unsigned i)
{
    return owned_sweep_type(&c->sweep.sweep, CHANGE_SET(role, i));
}

int
change_fate(const struct change *c, struct change_fate *fate)
{
    unsigned sets = c->sweep.run.sets;
    unsigned before = sets & CHANGE_BITS;
    unsigned after = sets >> CHANGE_SET(CHANGE_AFTER, 0) & CHANGE_BITS;
    unsigned disk = (sets >> CHANGE_SET(CHANGE_IMAGE, 0) |
                     sets >> CHANGE_SET(CHANGE_WRITING, 0)) &
                    CHANGE_BITS;
    unsigned gone = before & ~after;
    unsigned came = after & ~before;

    *fate = (struct change_fate){.kind = RUN_STAYS};
    if (!one_bit(after) && (gone | came) != 0) {
        return -EINVAL;
    }
    if (!one_bit(gone)) {
        return -EBUSY; /* has two owners: one after the other */
    }
    if (after != 0) {
        fate->to = (unsigned)__builtin_ctz(after);
    }
    if (gone != 0) {
        fate->from = (unsigned)__builtin_ctz(gone);
        fate->kind = came != 0 ? RUN_MOVED : RUN_GIVEN;
        fate->on_disk = (disk & gone) != 0;
        fate->other = after != 0;
    } else if (came != 0) {
        fate->kind = RUN_CLAIMED;
    }
    for (unsigned stay = before & after; stay != 0; stay &= stay - 1) {
        unsigned i = (unsigned)__builtin_ctz(stay);

        if (run_type(c, CHANGE_BEFORE, i) != run_type(c, CHANGE_AFTER, i)) {
            return -EINVAL;
        }
    }
    if (fate->kind == RUN_MOVED && run_type(c, CHANGE_BEFORE, fate->from) !=
                                       run_type(c, CHANGE_AFTER, fate->to)) {
        return -EINVAL;
    }
    return 0;
}

/* Whether a metadata block can be given back. Runs a program at most once. */
static int
check_child(struct volume *v, uint64_t block)
{
    struct registry *r = &v->registry;
    uint32_t e = registry_find(r, block);
    const struct registry_entry *entry;
    int error;
    bool never = block_state(&v->blocks, block) == BLOCK_UNINITIALISED;

    if (e == REGISTRY_NONE) {
        return never ? 0 : -ENOENT;
    }
    entry = &r->entry[e];
    if ((entry->flags & REGISTRY_CHANGING) != 0) {
        return -EINVAL;
    }
    if ((entry->flags & REGISTRY_EMPTY) != 0) {
        return 0;
    }
    if (entry->state != REGISTRY_CLEAN &&
        (entry->state != REGISTRY_DIRTY || !never || r->twin[e].writing != 0)) {
        return -EBUSY;
    }
    error = type_owns(&v->types, entry->type, registry_page(entry->frame),
                      v->blocks.blocks, &v->sets.other);
    return error == -EAGAIN || (error == 0 && v->sets.other.count == 0)
               ? error
               : -EBUSY;
}

/* Whether the change moves the block away from where it is. */
static bool
moves_away(const struct change *c, uint64_t block)
{
    for (unsigned i = 0; i < c->blocks; i++) {
        const struct owned_set *before =
            c->sweep.sweep.set[CHANGE_SET(CHANGE_BEFORE, i)];

        if (before != NULL && owned_find(before, block) != NULL) {
            return owned_find(c->sweep.sweep.set[CHANGE_SET(CHANGE_AFTER, i)],
                              block) == NULL;
        }
    }
    return false;
}

/*
 * Some steps up from the block that gets metadata, to the catalogue: 0 if none
 * of those on the way is owned twice, or moves in this change. -EAGAIN: there
 * is more to walk.
 */
static int
check_way(struct volume *v, unsigned to)
{
    struct change *c = &v->change;
    const struct registry *r = &v->registry;

    if (c->walk == REGISTRY_NONE) {
        c->walk = c->block[to].entry;
        c->walked = 0;
    }
    for (unsigned i = 0; i < WALK_STEP; i++) {
        const struct registry_entry *entry = &r->entry[c->walk];
        const struct disk_double *found;

        if (entry->block == DISK_CATALOGUE_BLOCK) {
            c->walk = REGISTRY_NONE;
            return 0;
        }
        (void)double_run(&v->doubles, entry->block, 1, &found);
        if (found != NULL || moves_away(c, entry->block) ||
            ++c->walked == WALK_MAX) {
            return -EBUSY;
        }
        c->walk = registry_find(r, entry->parent);
        if (c->walk == REGISTRY_NONE) {
            return -ENOENT;
        }
    }
    return -EAGAIN;
}

/* A portion of a run that moves away from where the disk has it. */
static int
check_moved(struct volume *v, const struct change_fate *fate, uint64_t *more)
{
    struct change *c = &v->change;
    const struct registry_entry *to =
        &v->registry.entry[c->block[fate->to].entry];
    int error = 0;

    if ((to->flags & REGISTRY_DETACHED) != 0) {
        return -EBUSY;
    }
    if (run_type(c, CHANGE_BEFORE, fate->from) != DISK_TYPE_DATA) {
        error = check_way(v, fate->to);
    }
    if (error == -EAGAIN) {
        *more = 0;
        return 0;
    }
    c->doubles++;
    c->edges[fate->from] |= 1U << fate->to;
    return error;
}

/* A portion of a run that is given back or moved. *more is how much of it was
   looked at. */
static int
check_gone(struct volume *v, const struct change_fate *fate, uint64_t *more)
{
    struct change *c = &v->change;
    const struct disk_double *found;
    uint64_t first = c->sweep.run.first + c->sweep.done;
    bool gone = fate->kind == RUN_GIVEN;

    *more = double_run(&v->doubles, first, c->sweep.run.count - c->sweep.done,
                       &found);
    if (found != NULL) {
        if (!gone || found->kind == DOUBLE_MOVED) {
            return -EBUSY;
        }
        c->doubles += 2; /* what is cut out of an entry, and its rest */
    } else if (fate->other) {
        if (gone) {
            return -EBUSY;
        }
        return fate->on_disk ? check_moved(v, fate, more) : 0;
    } else if (run_type(c, CHANGE_BEFORE, fate->from) != DISK_TYPE_DATA) {
        int error = check_child(v, first);

        *more = 1;
        if (error != 0) {
            return error;
        }
    }
    c->given_found += gone && !fate->other ? *more : 0;
    return 0;
}

/* A portion of a run that is claimed. */
static int
check_claimed(struct volume *v, uint64_t *more)
{
    struct change *c = &v->change;
    uint64_t first = c->sweep.run.first + c->sweep.done;

    *more = block_run(&v->blocks, first, c->sweep.run.count - c->sweep.done);
    c->claimed_found += *more;
    return block_state(&v->blocks, first) == BLOCK_FREE ? 0 : -ENOSPC;
}

static int
check_end(struct volume *v)
{
    struct change *c = &v->change;

    if (c->claimed_found != c->claimed || c->given_found != c->given) {
        return -EINVAL;
    }
    if (c->doubles > DISK_DOUBLES_MAX - v->doubles.count) {
        return -EBUSY;
    }
    return 1;
}

int
balance_step(struct volume *v)
{
    struct change *c = &v->change;
    struct change_fate fate;
    uint64_t more;
    int error;

    if (!change_sweep_run(&c->sweep)) {
        return check_end(v);
    }
    more = c->sweep.run.count - c->sweep.done;
    error = change_fate(c, &fate);
    if (error == 0 && fate.kind == RUN_CLAIMED) {
        error = check_claimed(v, &more);
    } else if (error == 0 && fate.kind != RUN_STAYS) {
        c->gone++;
        error = check_gone(v, &fate, &more);
    }
    if (error == 0) {
        change_sweep_done(&c->sweep, more, c->sweep.run.count);
    }
    return error;
}
