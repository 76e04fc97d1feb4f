/* SPDX-License-Identifier: MIT */
/*
 * Changes of metadata: what is checked. What is then done is in commit.c.
 *
 * Words. An image of a metadata block is 4 KiB that the kernel accepted; a
 * block has the newest one; the one on the disk; and while it is written, or
 * was without success, one that is perhaps on the disk. What a block owns, by
 * one of these, is what `owns` says of the bytes, and never changes. "On the
 * disk S owns x" means that one of the latter two does. A block is attached if
 * on the disk a chain of owners leads to it from the catalogue.
 *
 * What is assumed of a device: a block of 4 KiB is written whole or not at all;
 * after a flush that was answered, every write that was answered before the
 * flush was sent is there to stay; of all other writes any may be there after
 * the power was cut. A metadata block is written so: flush, write, flush.
 *
 * Invariants, for every block x that is not for ever the kernel's:
 *
 *  I1 At most one newest image owns x, unless x is in the table of doubles as
 *     FROZEN.
 *  I2 On the disk x is owned by nobody but the block whose newest image owns
 *     it; or by its old owner, too, and then x is in the table as MOVED from
 *     there; or x is WILL_FREE, and owned by one block, which is dirty.
 *  I3 If x is FREE or UNINITIALISED, nobody owns it on the disk.
 *  I4 If a block owns x on the disk, x has been written since it was claimed,
 *     before a flush that came before the write of its owner.
 *  I5 What was attached once, and is in a tree by the newest images, is
 *     attached.
 *
 * Who keeps them:
 *
 *  - A claimed block was FREE, so nobody owns it anywhere: I1, I2. It becomes
 *    UNINITIALISED: I3.
 *  - A block with an UNINITIALISED child is not handed to the device: I3, I4.
 *    Data is not UNINITIALISED any more when a write of the whole block was
 *    answered, which the flush before its owner's write makes stay; metadata,
 *    when its own write was, flush included.
 *  - What is given back is not in the table of doubles, so on the disk it is
 *    owned by the giver alone, or by nobody. In the first case it is WILL_FREE
 *    until a write of the giver, flush included, was answered; the giver is
 *    dirty until then, so its entry stays, and with it who frees x: I2, I3. In
 *    the second case it is free at once.
 *  - What moves, and is on the disk owned by the block S that it leaves, is put
 *    in the table as MOVED, and stays there until S has been written without
 *    it. So long it can neither move on nor be given back, and nobody else
 *    comes to own it: I2. The block D that gets it must be attached, and S is
 *    not written before D is on the disk with it: I5 for x itself.
 *  - I5 for what hangs below x: metadata is moved to D only if nothing on the
 *    way from D up to the catalogue, by the newest images, is in the table of
 *    doubles, or moves in the same change. Let the way on the disk lead from a
 *    block to its owner, and to the old one as long as the table has the block.
 *    A way changes only where some x has moved, and S has been written: it then
 *    leads through D. Can D's way lead through x, so that neither is attached?
 *    When x moved it did not: D's way was that of the newest images; had x been
 *    on it, no tree would have x now. Since then it has changed only where some
 *    y on it moved, while x was in the table; so x was not on the way that y
 *    got, and so on. Without this rule: A moves out of Q, then Q from R to A; A
 *    and R are written, A's new owner is not: A and Q own each other.
 *  - Dependencies have no cycles, so there is always a block that can be
 *    written: a change that would close one is refused. A block that was never
 *    written has none; it waits for its children only, and they for theirs.
 *  - A metadata block that is given back owns nothing, neither on the disk nor
 *    by its newest image: what it owned before was given back, or moved, and
 *    settled by these rules. Its block may then be used for anything.
 *  - A malformed image is not accepted. So what is on the disk was accepted,
 *    and says what it said then.
 *
 * So after any crash every block has one owner on the disk at most, or two if
 * it is in the table of doubles (I2): recovery finds these, freezes them, and
 * has room for them. What was in a tree on the disk is still in one (I5), but
 * for what its owner gave back. What a tree owns was written by who may write
 * there, after it was claimed (I4): nobody reads what others left.
 *
 * Moves in both directions between two blocks in one change are a cycle, if the
 * disk has them: write between. A block that moves twice must be written
 * between. A new child is claimed in one change and gets its image in the next;
 * what is on the disk elsewhere it takes only when it and its parent are
 * written. A block may be moved into its own subtree: it is then in no tree,
 * which harms only who did it, and recovery frees it.
 */
#include "kern/disk/change.h"
#include "kern/abi/error.h"
#include "kern/panic.h"

enum {
    CHANGE_BEGIN,
    CHANGE_OWNS,   /* what the images own: where they differ */
    CHANGE_ACCESS, /* may the caller */
    CHANGE_CHECK,  /* run by run: does it add up */
    CHANGE_EDGES,  /* who waits for whom */
    CHANGE_COMMIT
};

void
change_frame_drop(struct registry *r, uint32_t e, uint32_t frame)
{
    if (r->twin[e].spare == 0) {
        r->twin[e].spare = frame;
    } else {
        registry_release(r, e, frame);
    }
}

/* Whether the block can be in a change. */
static int
block_begin(const struct volume *v, const struct change_block *b)
{
    const struct registry *r = &v->registry;
    const struct registry_entry *entry;

    if (b->entry >= r->count) {
        return -EINVAL;
    }
    entry = &r->entry[b->entry];
    if (entry->state == REGISTRY_FREE || entry->state == REGISTRY_READING ||
        (entry->flags & REGISTRY_META) == 0) {
        return -EINVAL;
    }
    if (entry->version != b->version) {
        return -ESTALE;
    }
    return (entry->flags & REGISTRY_FROZEN) != 0 ? -EBUSY : 0;
}

int
change_check(const struct volume *v, const struct change_block *block,
             uint32_t blocks)
{
    if (v->state != DISK_READY) {
        return -EPERM;
    }
    if (v->change.active) {
        return -EAGAIN;
    }
    if (blocks == 0 || blocks > DISK_CHANGE_BLOCKS) {
        return -EINVAL;
    }
    for (uint32_t i = 0; i < blocks; i++) {
        int error = block_begin(v, &block[i]);

        for (uint32_t j = 0; j < i && error == 0; j++) {
            error = block[i].entry == block[j].entry ? -EINVAL : 0;
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int
change_begin(struct volume *v, const struct change_block *block,
             uint32_t blocks, uint64_t claimed, uint64_t given,
             const struct cap *cap)
{
    struct change *c = &v->change;
    int error = change_check(v, block, blocks);

    if (error != 0) {
        return error;
    }
    for (uint32_t i = 0; i < blocks; i++) {
        struct registry_entry *entry = &v->registry.entry[block[i].entry];

        c->block[i] = block[i];
        c->versions[i] = v->registry.next_version++;
        registry_set(&v->registry, block[i].entry, entry->state,
                     entry->flags | REGISTRY_CHANGING);
    }
    c->blocks = blocks;
    c->claimed = claimed;
    c->given = given;
    c->cap = *cap;
    c->active = true;
    c->phase = CHANGE_BEGIN;
    v->registry.keep = true;
    return 0;
}

/* Ends the change. */
static void
change_end(struct volume *v, int result)
{
    struct change *c = &v->change;
    struct registry *r = &v->registry;

    for (uint32_t i = 0; i < c->blocks; i++) {
        uint32_t e = c->block[i].entry;

        registry_set(r, e, r->entry[e].state,
                     r->entry[e].flags & ~(unsigned)REGISTRY_CHANGING);
    }
    c->active = false;
    r->keep = false;
    volume_changed(v, result);
}

/* What was broken by then is asked for anew. What was marked is finished: that
   waits for nobody. */
bool
change_give_up(struct volume *v, int error)
{
    struct change *c = &v->change;

    if (!c->active || (c->phase == CHANGE_COMMIT && commit_begun(c))) {
        return false;
    }
    change_end(v, error);
    return true;
}

static void
phase_begin(struct change *c, uint32_t phase)
{
    c->phase = phase;
    c->at = 0;
    change_sweep_begin(&c->sweep);
}

static void
change_clear(struct change *c)
{
    for (unsigned i = 0; i < OWNED_SWEEP_SETS; i++) {
        c->sweep.sweep.set[i] = NULL;
    }
    c->sweep.range = (struct owned_range){UINT64_MAX, 0};
    balance_begin(c);
}

/* What block i owns by each of its images. */
static int
step_owns(struct volume *v)
{
    struct change *c = &v->change;
    unsigned i = c->at;
    const struct change_block *b = &c->block[i];
    const struct registry_entry *entry = &v->registry.entry[b->entry];
    const struct registry_twin *twin = &v->registry.twin[b->entry];
    const struct owned_set **set = &c->sweep.sweep.set[i];
    const struct {
        uint32_t frame;
        uint64_t version;
    } image[CHANGE_ROLES] = {{entry->frame, entry->version},
                             {b->frame, c->versions[i]},
                             {twin->image, twin->image_version},
                             {twin->writing, twin->writing_version}};

    for (unsigned role = 0; role < CHANGE_ROLES; role++) {
        int error = 0;

        if (image[role].frame != 0) {
            set[CHANGE_SET(role, 0)] = volume_owns(
                v, b->entry, image[role].frame, image[role].version, &error);
        }
        if (error != 0) {
            return error;
        }
    }
    owned_differ(set[CHANGE_SET(CHANGE_BEFORE, 0)],
                 set[CHANGE_SET(CHANGE_AFTER, 0)], &c->sweep.range);
    if (++c->at == c->blocks) {
        phase_begin(c, CHANGE_ACCESS);
    }
    return 0;
}

/*
 * A block without an image is written by who may write it according to its
 * parent, which owns it by its newest image. What that owns is kept, so that
 * `access` has all its time when it is run again.
 */
static int
access_by_parent(struct volume *v, const struct registry_entry *entry)
{
    const struct registry *r = &v->registry;
    struct change *c = &v->change;
    uint32_t p = registry_find(r, entry->parent);
    const struct owned_set *set;
    const struct disk_extent *x;
    int error = 0;

    if (p == REGISTRY_NONE || r->entry[p].frame == 0 ||
        r->entry[p].state == REGISTRY_READING ||
        (r->entry[p].flags & REGISTRY_META) == 0) {
        return -ENOENT;
    }
    set = volume_owns(v, p, r->entry[p].frame, r->entry[p].version, &error);
    x = set == NULL ? NULL : owned_find(set, entry->block);
    return error == -EAGAIN ? error
           : x == NULL      ? -ENOENT
                            : type_access(&v->types, r->entry[p].type,
                                          registry_page(r->entry[p].frame), x->first,
                                          CAP_WRITE, &c->cap);
}

static int
step_access(struct volume *v)
{
    struct change *c = &v->change;
    const struct change_block *b = &c->block[c->at];
    const struct registry_entry *entry = &v->registry.entry[b->entry];
    int error;

    if ((entry->flags & REGISTRY_EMPTY) != 0) {
        error = access_by_parent(v, entry);
    } else if (entry->type == DISK_TYPE_CATALOGUE) {
        error = catalogue_access(registry_page(entry->frame),
                                 registry_page(b->frame), &c->cap);
    } else {
        error = type_access(&v->types, entry->type, registry_page(entry->frame),
                            CODE_ACCESS_SELF, CAP_WRITE, &c->cap);
    }
    if (error == 0 && ++c->at == c->blocks) {
        phase_begin(c, CHANGE_CHECK);
    }
    return error;
}

static int
step_edges(struct volume *v)
{
    struct change *c = &v->change;

    while (c->at < c->blocks * DISK_CHANGE_BLOCKS) {
        unsigned from = c->at / DISK_CHANGE_BLOCKS;
        unsigned to = c->at++ % DISK_CHANGE_BLOCKS;

        if (to == 0 && !depend_fits(v, from)) {
            return -EBUSY;
        }
        if ((c->edges[from] >> to & 1) != 0) {
            return depend_cycles(v, from, to) ? -EBUSY : 0;
        }
    }
    phase_begin(c, CHANGE_COMMIT);
    commit_begin(v);
    return 0;
}

/* One step. False if it waits. */
static bool
change_step_one(struct volume *v)
{
    struct change *c = &v->change;
    bool waits = false;
    int error = 0;

    switch (c->phase) {
    case CHANGE_BEGIN:
        change_clear(c);
        phase_begin(c, CHANGE_OWNS);
        __attribute__((fallthrough));
    case CHANGE_OWNS:
        error = step_owns(v);
        break;
    case CHANGE_ACCESS:
        error = step_access(v);
        break;
    case CHANGE_CHECK:
        error = balance_step(v);
        if (error == 1) {
            phase_begin(c, CHANGE_EDGES);
            error = step_edges(v);
        }
        break;
    case CHANGE_EDGES:
        error = step_edges(v);
        break;
    default:
        if (commit_step(v, &waits)) {
            change_end(v, 0);
        }
    }
    if (error != 0 && error != -EAGAIN) {
        change_end(v, error);
    }
    return !waits;
}

bool
change_step(struct volume *v)
{
    bool more;

    do {
        more = change_step_one(v);
    } while (more && v->change.active && volume_time(v));
    return more;
}
