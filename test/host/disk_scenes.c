/* SPDX-License-Identifier: MIT */
/* Scenes on a disk, for what the game of disk_play.c comes across too seldom:
   each refusal, and recovery of disks that are not as the kernel left them. */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

#define GUARD ((struct cap_name){{1, 0}})

static uint32_t
entry_of(uint64_t parent, uint64_t block)
{
    int64_t e = machine_entry(parent, block);

    CHECK(e >= 0);
    return (uint32_t)e;
}

struct scene {
    struct change_block block[DISK_CHANGE_BLOCKS];
    uint32_t blocks;
};

/* Adds a tree block that is to own these, ending with a count of 0. */
static void
scene_tree(struct scene *s, uint64_t parent, uint64_t at,
           const struct disk_extent *extents)
{
    struct change_block *b = &s->block[s->blocks++];
    struct tree_image *t;

    b->entry = entry_of(parent, at);
    b->version = machine->entry[b->entry].version;
    b->frame = machine_frame();
    t = (struct tree_image *)machine->frame[b->frame];
    memset(t, 0, DISK_BLOCK_BYTES);
    t->magic = TREE_MAGIC;
    t->read = GUARD;
    t->write = GUARD;
    for (; extents->count != 0; extents++) {
        t->extent[t->count++] = *extents;
    }
}

/* The catalogue likewise. */
static void
scene_catalogue(struct scene *s, const struct disk_extent *extents)
{
    struct change_block *b = &s->block[s->blocks++];
    struct disk_tree *t;

    b->entry = entry_of(0, DISK_CATALOGUE_BLOCK);
    b->version = machine->entry[b->entry].version;
    b->frame = machine_frame();
    t = (struct disk_tree *)machine->frame[b->frame];
    memset(t, 0, DISK_BLOCK_BYTES);
    for (; extents->count != 0; extents++, t++) {
        t->first = extents->first;
        t->count = extents->count;
        t->type = extents->type;
        t->guard = GUARD;
    }
}

/* Proposes it: what comes of it. */
static int
scene_end(struct scene *s, uint64_t claimed, uint64_t given, unsigned player)
{
    int error = change_begin(&machine->v, s->block, s->blocks, claimed, given,
                             play_cap(player));

    if (error != 0) {
        for (uint32_t i = 0; i < s->blocks; i++) {
            machine_frame_free(s->block[i].frame);
        }
    } else {
        machine_idle();
        CHECK(machine->changed);
        machine->changed = false;
        error = machine->result;
        model_check();
    }
    s->blocks = 0;
    return error;
}

static int
write_out(uint64_t block)
{
    uint32_t e = registry_find(&machine->v.registry, block);

    CHECK(e != REGISTRY_NONE);
    while (machine->entry[e].state != REGISTRY_CLEAN) {
        bool waiting;

        CHECK_EQUAL(write_begin(&machine->v, e), 0);
        machine_idle();
        waiting = machine->outstanding > 0;
        while (machine_device()) {
            machine_idle();
        }
        if (!waiting) {
            return -EBUSY;
        }
    }
    model_check();
    return 0;
}

#define LIST(...) ((const struct disk_extent[]){__VA_ARGS__, {0, 0, 0}})
#define NONE ((const struct disk_extent[]){{0, 0, 0}})
#define TREE(at)                                                               \
    {                                                                          \
        at, 1, TREE_TYPE                                                       \
    }

/* The catalogue owns R, C and more, R owns Q, Q owns A; all written. */
enum { C = 100, R = 110, Q = 120, A = 130, DATA = 140 };

static void
scene_begin(struct scene *s)
{
    machine_begin(7);
    s->blocks = 0;
    scene_catalogue(s, LIST(TREE(C), TREE(R)));
    CHECK_EQUAL(scene_end(s, 2, 0, 0), 0);
    scene_tree(s, DISK_CATALOGUE_BLOCK, C, NONE);
    CHECK_EQUAL(scene_end(s, 0, 0, 0), 0);
    scene_tree(s, DISK_CATALOGUE_BLOCK, R, LIST(TREE(Q)));
    CHECK_EQUAL(scene_end(s, 1, 0, 0), 0);
    scene_tree(s, R, Q, LIST(TREE(A)));
    CHECK_EQUAL(scene_end(s, 1, 0, 0), 0);
    /* Parents wait for children that were never written. */
    CHECK_EQUAL(write_out(DISK_CATALOGUE_BLOCK), -EBUSY);
    CHECK_EQUAL(write_out(R), -EBUSY);
    scene_tree(s, Q, A, LIST({DATA, 4, 0}));
    CHECK_EQUAL(scene_end(s, 4, 0, 0), 0);
    CHECK_EQUAL(write_out(A), -EBUSY);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(machine_data_write(entry_of(Q, A), DATA + i), 0);
    }
    while (machine_device()) {
    }
    CHECK_EQUAL(write_out(A), 0);
    CHECK_EQUAL(write_out(Q), 0);
    CHECK_EQUAL(write_out(R), 0);
    CHECK_EQUAL(write_out(C), 0);
    /* Nothing is attached yet. */
    CHECK(machine->entry[entry_of(Q, A)].flags & REGISTRY_DETACHED);
    CHECK_EQUAL(write_out(DISK_CATALOGUE_BLOCK), 0);
    CHECK(!(machine->entry[entry_of(Q, A)].flags & REGISTRY_DETACHED));
}

static void
version_cases(void)
{
    struct scene s;

    scene_begin(&s);
    scene_tree(&s, Q, A, LIST({DATA, 4, 0}));
    s.block[0].version--;
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -ESTALE);
    scene_tree(&s, Q, A, LIST({DATA, 4, 0}));
    s.block[1] = s.block[0];
    s.block[1].frame = machine_frame();
    s.blocks = 2;
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EINVAL);
    scene_tree(&s, Q, A, LIST({DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 1), -EPERM);
    scene_tree(&s, Q, A, LIST({DATA, 4, LOG_TYPE}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EINVAL);
    scene_tree(&s, Q, A, LIST({DATA, 5, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EINVAL);
    scene_tree(&s, Q, A, LIST({R, 1, 0}, {DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 1, 0, 0), -ENOSPC);
    scene_tree(&s, Q, A, LIST({DATA, 3, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 1, 0), 0);
    CHECK_EQUAL(block_state(&machine->v.blocks, DATA + 3), BLOCK_WILL_FREE);
    scene_tree(&s, Q, A, LIST({DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 1, 0, 0), -ENOSPC);
    CHECK_EQUAL(write_out(A), 0);
    CHECK_EQUAL(block_state(&machine->v.blocks, DATA + 3), BLOCK_FREE);
    machine_end();
}

/* A metadata block is given back when it owns nothing and is written. */
static void
child_cases(void)
{
    struct scene s;

    scene_begin(&s);
    scene_tree(&s, R, Q, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 1, 0), -EBUSY);
    scene_tree(&s, Q, A, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 4, 0), 0);
    scene_tree(&s, R, Q, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 1, 0), -EBUSY);
    CHECK_EQUAL(write_out(A), 0);
    scene_tree(&s, R, Q, NONE);
    scene_tree(&s, Q, A, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 1, 0), -EINVAL);
    scene_tree(&s, R, Q, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 1, 0), 0);
    CHECK_EQUAL(registry_find(&machine->v.registry, A), REGISTRY_NONE);
    CHECK_EQUAL(block_state(&machine->v.blocks, A), BLOCK_WILL_FREE);
    CHECK_EQUAL(write_out(Q), 0);
    CHECK_EQUAL(block_state(&machine->v.blocks, A), BLOCK_FREE);
    machine_end();
}

/* What was never written is given back, and nobody gets it written while that
   is being done. */
static void
never_cases(void)
{
    struct scene s;
    uint32_t e;

    scene_begin(&s);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST(TREE(DATA + 10)));
    CHECK_EQUAL(scene_end(&s, 1, 0, 0), 0);
    scene_tree(&s, C, DATA + 10, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), 0);
    e = entry_of(C, DATA + 10);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, NONE);
    CHECK_EQUAL(change_begin(&machine->v, s.block, 1, 0, 1, play_cap(0)), 0);
    while (machine->v.change.active) {
        CHECK(machine->v.change.phase == 0 ||
              machine->entry[e].state == REGISTRY_FREE ||
              write_begin(&machine->v, e) == -EAGAIN);
        (void)volume_step(&machine->v);
    }
    CHECK_EQUAL(machine->result, 0);
    model_check();
    CHECK_EQUAL(block_state(&machine->v.blocks, DATA + 10), BLOCK_FREE);
    machine_end();
}

/* A change is given up after so many steps; whether it was over before. */
static bool
give_up_after(unsigned steps, unsigned *finished)
{
    struct scene s;
    bool over;

    scene_begin(&s);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST({DATA + 10, 4, 0}));
    CHECK(!change_give_up(&machine->v, -EIO));
    CHECK_EQUAL(change_begin(&machine->v, s.block, 1, 4, 0, play_cap(0)), 0);
    for (unsigned i = 0; i < steps && machine->v.change.active; i++) {
        (void)volume_step(&machine->v);
    }
    over = !machine->v.change.active;
    if (change_give_up(&machine->v, -EIO)) {
        CHECK(!over && !machine->v.change.active);
        CHECK_EQUAL(machine->result, -EIO);
        CHECK_EQUAL(block_state(&machine->v.blocks, DATA + 10), BLOCK_FREE);
    } else {
        *finished += !over;
        machine_idle();
        CHECK_EQUAL(machine->result, 0);
        CHECK_EQUAL(block_state(&machine->v.blocks, DATA + 10),
                    BLOCK_UNINITIALISED);
    }
    CHECK(machine->changed);
    machine->changed = false;
    model_check();
    machine_end();
    return over;
}

/* At whatever step: nothing has changed, or all. */
static void
give_up_cases(void)
{
    unsigned finished = 0;
    unsigned steps = 0;

    while (!give_up_after(steps, &finished)) {
        steps++;
    }
    CHECK(steps > 8 && finished > 0 && finished < steps);
}

/* A moves out of Q, then Q from R to A: with A and R on the disk, and not who
   has A now, both would be lost. */
static void
way_cases(void)
{
    struct scene s;

    scene_begin(&s);
    scene_tree(&s, R, Q, NONE);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST(TREE(A)));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), 0);
    /* Moved on before it is on the disk. */
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, NONE);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, R, LIST(TREE(Q), TREE(A)));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EBUSY);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, R, NONE);
    scene_tree(&s, C, A, LIST(TREE(Q), {DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EBUSY);
    /* Who loses it waits for who gets it. */
    CHECK_EQUAL(write_out(Q), -EBUSY);
    CHECK_EQUAL(write_out(C), 0);
    CHECK_EQUAL(write_out(Q), 0);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, R, NONE);
    scene_tree(&s, C, A, LIST(TREE(Q), {DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), 0);
    machine_cut();
    machine_end();
    /* Both in one change; and there and back. */
    scene_begin(&s);
    scene_tree(&s, R, Q, NONE);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST(TREE(A)));
    scene_tree(&s, DISK_CATALOGUE_BLOCK, R, NONE);
    scene_tree(&s, Q, A, LIST(TREE(Q), {DATA, 4, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EBUSY);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST({DATA, 2, 0}));
    scene_tree(&s, Q, A, LIST({DATA + 2, 2, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), 0);
    CHECK_EQUAL(write_out(C), 0);
    CHECK_EQUAL(write_out(A), 0);
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST({DATA + 2, 2, 0}));
    scene_tree(&s, Q, A, LIST({DATA, 2, 0}));
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EBUSY);
    machine_end();
}

/* No move of what is on the disk without room in the table of doubles. */
static void
full_cases(void)
{
    struct scene s;

    scene_begin(&s);
    for (unsigned i = 0; i < DISK_DOUBLES_MAX; i++) {
        machine->doubles[i] = (struct disk_double){
            .first = 2 * BLOCKS + 2 * i, .count = 1, .kind = DOUBLE_FROZEN};
    }
    machine->v.doubles.count = DISK_DOUBLES_MAX;
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST({DATA, 4, 0}));
    scene_tree(&s, Q, A, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), -EBUSY);
    machine->v.doubles.count--;
    scene_tree(&s, DISK_CATALOGUE_BLOCK, C, LIST({DATA, 4, 0}));
    scene_tree(&s, Q, A, NONE);
    CHECK_EQUAL(scene_end(&s, 0, 0, 0), 0);
    machine_end();
}

/*
 * Recovery of disks that are not as the kernel left them.
 */
static struct tree_image *
tree_at(uint64_t block)
{
    struct tree_image *t = (struct tree_image *)machine->durable[block];

    memset(t, 0, DISK_BLOCK_BYTES);
    t->magic = TREE_MAGIC;
    t->read = GUARD;
    t->write = GUARD;
    return t;
}

static void
tree_owns(struct tree_image *t, uint64_t first, uint32_t count, uint32_t type)
{
    t->extent[t->count++] = (struct disk_extent){first, count, type};
}

static void
catalogue_owns_trees(uint64_t first, uint32_t count)
{
    struct disk_tree *t =
        (struct disk_tree *)machine->durable[DISK_CATALOGUE_BLOCK];

    memset(t, 0, DISK_BLOCK_BYTES);
    *t = (struct disk_tree){
        .first = first, .count = count, .type = TREE_TYPE, .guard = GUARD};
}

static void
malformed_cases(void)
{
    struct scene s;
    struct change_block b;

    /* A torn block: the head of one image, the rest of another. */
    scene_begin(&s);
    memset(machine->durable[A], 0, 512);
    CHECK_EQUAL(machine_recover(), 0);
    CHECK_EQUAL(machine->v.state, DISK_READY);
    CHECK_EQUAL(machine->v.doubles.count, 1);
    CHECK_EQUAL(machine->doubles[0].first, A);
    CHECK_EQUAL(machine->doubles[0].kind, DOUBLE_MALFORMED);
    CHECK_EQUAL(block_state(&machine->v.blocks, A), BLOCK_USED);
    CHECK_EQUAL(block_state(&machine->v.blocks, DATA), BLOCK_FREE);
    /* It is not changed; its parent can drop it, which frees nothing. */
    b.entry = entry_of(Q, A);
    CHECK(machine->entry[b.entry].flags & REGISTRY_FROZEN);
    b.version = machine->entry[b.entry].version;
    b.frame = 1;
    CHECK_EQUAL(change_begin(&machine->v, &b, 1, 0, 0, play_cap(2)), -EBUSY);
    scene_tree(&s, R, Q, NONE);
    machine->model[Q].type = TREE_TYPE;
    CHECK_EQUAL(change_begin(&machine->v, s.block, 1, 0, 1, play_cap(2)), 0);
    machine_idle();
    CHECK_EQUAL(machine->result, 0);
    CHECK_EQUAL(machine->v.doubles.count, 0);
    CHECK_EQUAL(block_state(&machine->v.blocks, A), BLOCK_USED);
    machine_end();
}

static void
unknown_cases(void)
{
    struct scene s;

    /* Something names a type that is not there: its number stays free. */
    scene_begin(&s);
    tree_owns(tree_at(A), DATA, 4, 4);
    CHECK_EQUAL(machine_recover(), 0);
    CHECK_EQUAL(machine->doubles[0].kind, DOUBLE_MALFORMED);
    CHECK_EQUAL(type_slot(&machine->v.types), 5);
    CHECK_EQUAL(type_find(&machine->v.types, machine->v.types.type[3].hash), 3);
    machine_end();
    /* Neither label nor catalogue may be wrong. */
    scene_begin(&s);
    machine->durable[DISK_CATALOGUE_BLOCK][1000] ^= 1;
    CHECK_EQUAL(machine_recover(), -EINVAL);
    CHECK_EQUAL(machine->v.state, DISK_RAW);
    machine->durable[DISK_CATALOGUE_BLOCK][1000] ^= 1;
    machine->durable[DISK_LABEL_BLOCK][8] ^= 1;
    CHECK_EQUAL(machine_recover(), -EINVAL);
    machine_end();
}

static void
shape_cases(void)
{
    struct tree_image *t;

    /* More to visit than the stack holds: found by going over the table. */
    machine_begin(9);
    catalogue_owns_trees(65, 1);
    t = tree_at(65);
    for (unsigned i = 0; i < 64; i++) {
        tree_owns(t, 66 + 2 * i, 1, TREE_TYPE);
        (void)tree_at(66 + 2 * i);
    }
    t = tree_at(66 + 2 * 63); /* visited first */
    for (unsigned i = 0; i < 40; i++) {
        tree_owns(t, 200 + 2 * i, 1, TREE_TYPE);
        t = i == 39 ? tree_at(200 + 2 * i) : t;
        if (i < 39) {
            (void)tree_at(200 + 2 * i);
        }
    }
    tree_owns(t, 300, 3, DISK_TYPE_DATA);
    CHECK_EQUAL(machine_recover(), 0);
    for (unsigned b = 65; b < BLOCKS; b++) {
        bool there = b == 65 || (b < 194 && b % 2 == 0) ||
                     (b >= 200 && b < 280 && b % 2 == 0) ||
                     (b >= 300 && b < 303);

        CHECK_EQUAL(block_state(&machine->v.blocks, b),
                    there ? BLOCK_USED : BLOCK_FREE);
    }
    machine_end();
    /* A chain through the whole disk; its last owns itself, and so is owned
       twice. */
    machine_begin(9);
    catalogue_owns_trees(65, 1);
    for (unsigned b = 65; b < BLOCKS; b++) {
        tree_owns(tree_at(b), b + (b < BLOCKS - 1), 1, TREE_TYPE);
    }
    CHECK_EQUAL(machine_recover(), 0);
    CHECK_EQUAL(machine->v.state, DISK_READY);
    CHECK_EQUAL(machine->v.doubles.count, 1);
    CHECK_EQUAL(machine->doubles[0].first, BLOCKS - 1);
    machine_end();
    /* Three owners: nothing on the disk is changed any more. */
    machine_begin(9);
    catalogue_owns_trees(65, 3);
    for (unsigned b = 65; b < 68; b++) {
        tree_owns(tree_at(b), 100, 1, DISK_TYPE_DATA);
    }
    CHECK_EQUAL(machine_recover(), 0);
    CHECK_EQUAL(machine->v.state, DISK_READ_ONLY);
    machine_end();
}

int
main(void)
{
    version_cases();
    child_cases();
    never_cases();
    give_up_cases();
    way_cases();
    full_cases();
    malformed_cases();
    unknown_cases();
    shape_cases();
    return 0;
}
