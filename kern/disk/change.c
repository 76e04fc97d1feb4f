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
 *  I1 At most one newest image owns x, unless x is in the table of doubles as
 *     FROZEN.
 *  I2 On the disk x is owned by no block but the one whose newest image owns
 *     it; or by its old owner, too, if x is in the table as MOVED from there;
 * or if nobody's newest image does, x is WILL_FREE, and by one block only. I3
 * FREE and UNINITIALISED: on the disk nobody owns x. I4 A block on the disk
 * that a block on the disk owns has been written since it was claimed, before a
 * flush that came before its owner's write. I5 If on the disk an attached S
 * owns x, and S's newest image does not as x has moved, then it is to D, which
 * is attached, and S is not written before D is on the disk with it.
 *
 * Who keeps them:
 *  - A claimed block was FREE, so nobody owns it anywhere: I1, I2. It becomes
 *    UNINITIALISED: I3.
 *  - A block with an UNINITIALISED child is not handed to the device: I3, I4.
 *    Data is not UNINITIALISED any more when a write of the whole block was
 *    answered, which the flush before its owner's write makes stay; metadata,
 *    when its own write was, flush included.
 *  - What is given back was owned on the disk by the giver alone, or by nobody:
 *    it is not in the table of doubles. In the first case it is WILL_FREE until
 *    the giver has been written, and that write was answered, flush included;
 * as the giver is dirty until then, its entry stays, and so does who frees x:
 *    I2, I3. In the second it is free at once.
 *  - What moves, and on the disk is owned by the block that it leaves, is put
 * in the table as MOVED, and stays there until that block has been written: it
 *    can neither move on nor be given back, so nobody else comes to own it: I2.
 *    D is attached, or the move is refused; it stays attached, since what owns
 *    it can give it away under the same rule only, and cannot drop it while it
 *    owns x. S depends on D's new image: I5.
 *  - Dependencies have no cycles, so there is always a block that can be
 *    written: a change that would close one is refused. A block that was never
 *    written has no dependencies; it waits for its children only, and they for
 *    theirs.
 *  - A metadata block that is given back owns nothing, neither on the disk nor
 *    by its newest image: what it owned before has been given back, moved, and
 *    settled under these rules. So no block is owned by what is not a tree any
 *    more. Its block may then be used for anything.
 *  - An image that is malformed is not accepted, so what is on the disk has
 * been accepted, and says what it said then.
 *
 * So after any crash: every block has at most one owner on the disk, or two if
 * it is in the table as MOVED or FROZEN (I2), which recovery finds and freezes,
 * and has room for. What was on the disk in a tree is still in one (I5, and
 * only its owner gives it back). What a tree owns has been written by who may
 * write there (I4), after it was claimed: nobody reads what others left.
 *
 * Moves in both directions between two blocks in one change are a cycle, if the
 * disk has them: write between them. A block that moves twice must be written
 * between. A new child is claimed in one change, gets its image in the next,
 * and takes what is on the disk elsewhere only after it and its parent are
 * written. A block may be moved into its own subtree: it is then in no tree,
 * harms only who did it, and recovery frees it.
 */
#include "kern/disk/change.h"
#include "kern/abi/error.h"
#include "kern/panic.h"

#define RUNS_A_STEP 6

enum {
    CHANGE_BEGIN,
    CHANGE_OWNS,   /* what the images own */
    CHANGE_ACCESS, /* may the caller */
    CHANGE_CHECK,  /* run by run: does it add up */
    CHANGE_EDGES,  /* who waits for whom */
    CHANGE_COMMIT
};

void
change_sweep_begin(struct change_sweep *s)
{
    owned_sweep_begin(&s->sweep);
    s->in_run = false;
}

bool
change_sweep_run(struct change_sweep *s)
{
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
change_begin(struct volume *v, const struct change_block *block,
             uint32_t blocks, uint64_t claimed, uint64_t given,
             const struct cap *cap)
{
    struct change *c = &v->change;

    if (v->state != DISK_READY) {
        return -EPERM;
    }
    if (c->active) {
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
    for (uint32_t i = 0; i < blocks; i++) {
        struct registry_entry *entry = &v->registry.entry[block[i].entry];

        c->block[i] = block[i];
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

/* Ends the change. The frames of one that failed were never images. */
static void
change_end(struct volume *v, int result)
{
    struct change *c = &v->change;
    struct registry *r = &v->registry;

    for (uint32_t i = 0; i < c->blocks; i++) {
        uint32_t e = c->block[i].entry;

        registry_set(r, e, r->entry[e].state,
                     r->entry[e].flags & ~(unsigned)REGISTRY_CHANGING);
        if (result != 0) {
            change_frame_drop(r, e, c->block[i].frame);
        }
    }
    c->active = false;
    r->keep = false;
    volume_changed(v, result);
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
    for (unsigned i = 0; i < DISK_CHANGE_BLOCKS; i++) {
        c->edges[i] = 0;
    }
    c->claimed_found = 0;
    c->given_found = 0;
    c->doubles = 0;
}

/* The frame of block i in a role; 0 if it has none. */
static uint32_t
role_frame(const struct volume *v, unsigned role, unsigned i)
{
    const struct change_block *b = &v->change.block[i];
    const struct registry_twin *twin = &v->registry.twin[b->entry];

    switch (role) {
    case CHANGE_BEFORE:
        return v->registry.entry[b->entry].frame;
    case CHANGE_AFTER:
        return b->frame;
    case CHANGE_IMAGE:
        return twin->image;
    default:
        return twin->writing;
    }
}

/* Runs `owns` once, for the next image, unless it has the set already. */
static int
step_owns(struct volume *v)
{
    struct change *c = &v->change;
    unsigned role = c->at / DISK_CHANGE_BLOCKS;
    unsigned i = c->at % DISK_CHANGE_BLOCKS;
    uint32_t frame;

    if (role == CHANGE_ROLES) {
        phase_begin(c, CHANGE_ACCESS);
        return 0;
    }
    c->at++;
    if (i >= c->blocks) {
        return 0;
    }
    frame = role_frame(v, role, i);
    if (frame == 0) {
        return 0;
    }
    for (unsigned same = 0; same < role; same++) {
        if (role_frame(v, same, i) == frame) {
            c->sweep.sweep.set[CHANGE_SET(role, i)] =
                &c->set[CHANGE_SET(same, i)];
            return 0;
        }
    }
    c->sweep.sweep.set[CHANGE_SET(role, i)] = &c->set[CHANGE_SET(role, i)];
    return type_owns(&v->types, v->registry.entry[c->block[i].entry].type,
                     registry_page(frame), v->blocks.blocks,
                     &c->set[CHANGE_SET(role, i)]);
}

/*
 * A block without an image is written by who may write it according to its
 * parent, which owns it by its newest image. Its set for CHANGE_IMAGE is not
 * in use.
 */
static int
access_by_parent(struct volume *v, const struct registry_entry *entry,
                 struct owned_set *set)
{
    const struct registry *r = &v->registry;
    uint32_t p = registry_find(r, entry->parent);
    const struct disk_extent *x;
    const uint8_t *image;

    if (p == REGISTRY_NONE || r->entry[p].frame == 0 ||
        r->entry[p].state == REGISTRY_READING ||
        (r->entry[p].flags & REGISTRY_META) == 0) {
        return -ENOENT;
    }
    image = registry_page(r->entry[p].frame);
    (void)type_owns(&v->types, r->entry[p].type, image, v->blocks.blocks, set);
    x = owned_find(set, entry->block);
    return x == NULL ? -ENOENT
                     : type_access(&v->types, r->entry[p].type, image, x->first,
                                   CAP_WRITE, &v->change.cap);
}

static int
step_access(struct volume *v)
{
    struct change *c = &v->change;
    const struct registry_entry *entry;
    unsigned i = c->at;

    if (i == c->blocks) {
        phase_begin(c, CHANGE_CHECK);
        return 0;
    }
    c->at++;
    entry = &v->registry.entry[c->block[i].entry];
    if ((entry->flags & REGISTRY_EMPTY) != 0) {
        return access_by_parent(v, entry, &c->set[CHANGE_SET(CHANGE_IMAGE, i)]);
    }
    if (entry->type == DISK_TYPE_CATALOGUE) {
        return catalogue_access(registry_page(entry->frame),
                                registry_page(c->block[i].frame), &c->cap);
    }
    return type_access(&v->types, entry->type, registry_page(entry->frame),
                       CODE_ACCESS_SELF, CAP_WRITE, &c->cap);
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
    if (!one_bit(after)) {
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
    if ((before & after) != 0 && run_type(c, CHANGE_BEFORE, fate->to) !=
                                     run_type(c, CHANGE_AFTER, fate->to)) {
        return -EINVAL;
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
    if (type_owns(&v->types, entry->type, registry_page(entry->frame),
                  v->blocks.blocks, &v->settle.set[0]) != 0 ||
        v->settle.set[0].count != 0) {
        return -EBUSY;
    }
    return 0;
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
        if (fate->on_disk) {
            const struct registry_entry *to =
                &v->registry.entry[c->block[fate->to].entry];

            if ((to->flags & REGISTRY_DETACHED) != 0) {
                return -EBUSY;
            }
            c->doubles++;
            c->edges[fate->from] |= 1U << fate->to;
        }
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
    phase_begin(c, CHANGE_EDGES);
    return 0;
}

static int
step_check(struct volume *v)
{
    struct change *c = &v->change;

    for (unsigned i = 0; i < RUNS_A_STEP; i++) {
        struct change_fate fate;
        uint64_t more = c->sweep.run.count;
        int error;

        if (!change_sweep_run(&c->sweep)) {
            return check_end(v);
        }
        more = c->sweep.run.count - c->sweep.done;
        error = change_fate(c, &fate);
        if (error == 0 && fate.kind == RUN_CLAIMED) {
            error = check_claimed(v, &more);
        } else if (error == 0 && fate.kind != RUN_STAYS) {
            error = check_gone(v, &fate, &more);
        }
        if (error != 0) {
            return error;
        }
        change_sweep_done(&c->sweep, more, c->sweep.run.count);
        if (fate.kind != RUN_STAYS) {
            break;
        }
    }
    return 0;
}

static int
step_edges(struct volume *v)
{
    struct change *c = &v->change;
    unsigned from = c->at / DISK_CHANGE_BLOCKS;
    unsigned to = c->at % DISK_CHANGE_BLOCKS;

    if (from == c->blocks) {
        for (unsigned i = 0; i < c->blocks; i++) {
            c->versions[i] = v->registry.next_version++;
        }
        phase_begin(c, CHANGE_COMMIT);
        commit_begin(v);
        return 0;
    }
    c->at++;
    if ((to == 0 && !depend_fits(v, from)) ||
        ((c->edges[from] >> to & 1) != 0 && depend_cycles(v, from, to))) {
        return -EBUSY;
    }
    return 0;
}

bool
change_step(struct volume *v)
{
    struct change *c = &v->change;
    bool waits = false;
    int error = 0;

    switch (c->phase) {
    case CHANGE_BEGIN:
        change_clear(c);
        phase_begin(c, CHANGE_OWNS);
        break;
    case CHANGE_OWNS:
        error = step_owns(v);
        break;
    case CHANGE_ACCESS:
        error = step_access(v);
        break;
    case CHANGE_CHECK:
        error = step_check(v);
        break;
    case CHANGE_EDGES:
        error = step_edges(v);
        break;
    default:
        if (commit_step(v, &waits)) {
            change_end(v, 0);
        }
    }
    if (error != 0) {
        change_end(v, error);
    }
    return !waits;
}
