/* SPDX-License-Identifier: MIT */
/*
 * Players that propose whatever they can think of: mostly what could be meant,
 * sometimes nonsense, often about what is not theirs.
 */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

#define EDITS_MAX 3

static struct cap_list caps;

/* What a block of a change is to own. */
struct plan {
    uint32_t entry;
    struct owned_few few;
};

static struct {
    struct plan plan[DISK_CHANGE_BLOCKS];
    uint32_t blocks;
    unsigned player;
    int expected; /* of the change being made: 1 or 0; -1: not known */
} play;

static uint64_t
below(uint64_t limit)
{
    return machine_below(limit);
}

static bool
percent(uint64_t chance)
{
    return below(100) < chance;
}

const struct cap *
play_cap(unsigned player)
{
    if (!caps.entry[0].held) {
        cap_list_init(&caps);
        cap_init_root(&caps);
        for (unsigned i = 0; i < PLAYERS; i++) {
            CHECK_EQUAL(
                cap_derive(&caps, 0, 1 + i, 1 + i, CAP_READ | CAP_WRITE), 0);
        }
    }
    return &caps.entry[(player + 1) % (PLAYERS + 1)];
}

static struct cap_name
guard_of(unsigned player)
{
    return (struct cap_name){{1 + player % PLAYERS, 0}};
}

/* A random entry that is in use, from a random place on; or ENTRIES. */
static uint32_t
entry_any(unsigned flags, unsigned state)
{
    uint32_t start = (uint32_t)below(ENTRIES);

    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t e = (start + i) % ENTRIES;
        const struct registry_entry *entry = &machine->entry[e];

        if (entry->state != REGISTRY_FREE && (entry->flags & flags) == flags &&
            (state == REGISTRY_FREE || entry->state == state)) {
            return e;
        }
    }
    return ENTRIES;
}

/* Puts in an extent, in order, whether or not it overlaps. */
static void
few_insert(struct owned_few *few, struct disk_extent x)
{
    uint32_t i = few->count;

    if (few->count == EXTENTS_MAX || x.count == 0) {
        return;
    }
    for (; i > 0 && few->extent[i - 1].first > x.first; i--) {
        few->extent[i] = few->extent[i - 1];
    }
    few->extent[i] = x;
    few->count++;
}

static struct disk_extent
few_remove(struct owned_few *few, uint32_t i)
{
    struct disk_extent x = few->extent[i];

    few->count--;
    memmove(&few->extent[i], &few->extent[i + 1],
            (few->count - i) * sizeof(few->extent[0]));
    return x;
}

/* Cuts a part out of an extent: *x becomes the part, the rest goes back. */
static void
few_cut(struct owned_few *few, struct disk_extent *x)
{
    uint32_t from = (uint32_t)below(x->count);
    uint32_t count = 1 + (uint32_t)below(x->count - from);
    struct disk_extent before = {x->first, from, x->type};
    struct disk_extent after = {x->first + from + count,
                                x->count - from - count, x->type};

    few_insert(few, before);
    few_insert(few, after);
    x->first += from;
    x->count = count;
}

static void
edit_claim(struct owned_few *few)
{
    uint64_t first = DISK_FIRST_BLOCK + below(BLOCKS - DISK_FIRST_BLOCK);
    uint64_t most = 1 + below(6);
    struct disk_extent x = {first, 0, 0};

    while (x.first < BLOCKS &&
           block_state(&machine->v.blocks, x.first) != BLOCK_FREE) {
        x.first++;
    }
    while (x.count < most && x.first + x.count < BLOCKS &&
           block_state(&machine->v.blocks, x.first + x.count) == BLOCK_FREE) {
        x.count++;
    }
    if (percent(40)) {
        x.type = percent(50) ? TREE_TYPE : LOG_TYPE;
        x.count = x.count > 2 ? 2 : x.count;
    }
    few_insert(few, x);
}

static void
edit(void)
{
    struct plan *p = &play.plan[below(play.blocks)];
    struct owned_few *few = &p->few;
    struct owned_few *to = &play.plan[below(play.blocks)].few;
    uint64_t what = below(100);
    struct disk_extent x;

    if (what < 35) {
        /* Few trees, so that they are deep. */
        if (machine->entry[p->entry].type != DISK_TYPE_CATALOGUE ||
            few->count < 6) {
            edit_claim(few);
        }
    } else if (what < 98 && few->count > 0) {
        x = few_remove(few, (uint32_t)below(few->count));
        if (percent(40)) {
            few_cut(few, &x);
        }
        if (what < 72) {
            few_insert(to, x);
        }
    } else {
        x.first = below(BLOCKS + 8);
        x.count = (uint32_t)below(12);
        x.type = (uint32_t)below(5);
        few_insert(few, x);
    }
}

static bool
tree_encode(const struct plan *p, struct tree_image *t, bool fresh)
{
    if (fresh) {
        t->magic = TREE_MAGIC;
        t->read = guard_of(play.player);
        t->write = guard_of(play.player);
    } else if (percent(2)) {
        t->write = guard_of((unsigned)below(PLAYERS));
    }
    t->count = p->few.count;
    memcpy(t->extent, p->few.extent, t->count * sizeof(t->extent[0]));
    return true;
}

static bool
log_encode(const struct plan *p, struct log_image *l, bool fresh)
{
    if (fresh) {
        l->magic = LOG_MAGIC;
        l->guard = guard_of(play.player);
    }
    l->count = 0;
    l->next = 0;
    for (uint32_t i = 0; i < p->few.count; i++) {
        const struct disk_extent *x = &p->few.extent[i];

        if (x->type != DISK_TYPE_DATA) {
            if (l->next != 0 || x->count != 1) {
                return false;
            }
            l->next = x->first;
            l->next_type = x->type;
        } else {
            l->extent[l->count].first = x->first;
            l->extent[l->count++].count = x->count;
        }
    }
    return true;
}

static bool
catalogue_encode(const struct plan *p, struct disk_tree *tree)
{
    struct disk_tree old[DISK_TREES];

    memcpy(old, tree, sizeof(old));
    memset(tree, 0, sizeof(old));
    for (uint32_t i = 0; i < p->few.count; i++) {
        const struct disk_extent *x = &p->few.extent[i];

        tree[i].guard =
            guard_of(percent(2) ? (unsigned)below(PLAYERS) : play.player);
        for (unsigned j = 0; j < DISK_TREES; j++) {
            if (old[j].count != 0 && old[j].first == x->first) {
                tree[i] = old[j];
            }
        }
        tree[i].first = x->first;
        tree[i].count = x->count;
        tree[i].type = x->type;
    }
    return true;
}

/* Makes the image in a frame. */
static bool
plan_encode(const struct plan *p, uint8_t *image)
{
    const struct registry_entry *entry = &machine->entry[p->entry];
    bool fresh = (entry->flags & REGISTRY_EMPTY) != 0;
    bool made;

    if (fresh) {
        memset(image, 0, DISK_BLOCK_BYTES);
    } else {
        memcpy(image, registry_page(entry->frame), DISK_BLOCK_BYTES);
    }
    if (entry->type == DISK_TYPE_CATALOGUE) {
        made = catalogue_encode(p, (struct disk_tree *)image);
    } else if (entry->type == TREE_TYPE) {
        made = tree_encode(p, (struct tree_image *)image, fresh);
    } else {
        made = log_encode(p, (struct log_image *)image, fresh);
    }
    if (percent(1)) {
        image[below(percent(50) ? 128 : DISK_BLOCK_BYTES)] ^=
            (uint8_t)(1U << below(8));
    }
    if (machine->interpret && below(2000) == 0) {
        *(uint32_t *)image = SPIN_MAGIC;
    }
    return made;
}

/* How many blocks the second list has that the first has not. */
static uint64_t
plan_count(bool claimed)
{
    uint8_t has[BLOCKS + 32] = {0};
    uint64_t count = 0;

    for (uint32_t i = 0; i < play.blocks; i++) {
        const struct owned_few *after = &play.plan[i].few;
        const struct owned_few *before =
            &machine->model[machine->entry[play.plan[i].entry].block].newest;

        for (unsigned k = 0; k < 2; k++) {
            const struct owned_few *few = k == 0 ? before : after;

            for (uint32_t x = 0; x < few->count; x++) {
                for (uint32_t b = 0; b < few->extent[x].count; b++) {
                    has[few->extent[x].first + b] |= (uint8_t)(1U << k);
                }
            }
        }
    }
    for (unsigned b = 0; b < sizeof(has); b++) {
        count += has[b] == (claimed ? 2 : 1);
    }
    return count + (percent(1) ? 1 : 0);
}

static void
plan_choose(void)
{
    uint32_t most = 1 + (uint32_t)below(percent(30) ? 4 : 2);

    play.blocks = 0;
    while (play.blocks < most) {
        uint32_t e = entry_any(REGISTRY_META, REGISTRY_FREE);
        struct plan *p = &play.plan[play.blocks];

        for (uint32_t i = 0; i < play.blocks; i++) {
            most = play.plan[i].entry == e ? play.blocks : most;
        }
        if (e == ENTRIES || play.blocks >= most) {
            break;
        }
        p->entry = e;
        p->few = machine->model[machine->entry[e].block].newest;
        play.blocks++;
    }
}

static void
change_ended(void)
{
    const int *result = &machine->result;

    if (!machine->changed) {
        return;
    }
    machine->changed = false;
    CHECK(*result == 0 || *result == -EPERM || *result == -EINVAL ||
          *result == -ENOSPC || *result == -ENOENT || *result == -EBUSY);
    if (play.expected >= 0) {
        check_subject = machine->why;
        CHECK_EQUAL(*result == 0, play.expected);
        check_subject = "";
    }
}

/* Proposes what was planned. */
static void
plan_propose(void)
{
    struct volume *v = &machine->v;
    struct change_block block[DISK_CHANGE_BLOCKS] = {{0}};
    uint64_t claimed = plan_count(true);
    uint64_t given = plan_count(false);
    bool good = true;
    int error = -EINVAL;

    for (uint32_t i = 0; i < play.blocks; i++) {
        block[i].entry = play.plan[i].entry;
        block[i].version =
            machine->entry[block[i].entry].version - (percent(1) ? 1 : 0);
        block[i].frame = machine_frame();
        CHECK(block[i].frame != 0);
        good &= plan_encode(&play.plan[i], machine->frame[block[i].frame]);
    }
    if (good) {
        error = change_begin(v, block, play.blocks, claimed, given,
                             play_cap(play.player));
    }
    if (error != 0) {
        for (uint32_t i = 0; i < play.blocks; i++) {
            machine_frame_free(block[i].frame);
        }
        return;
    }
    play.expected = -1;
    if (v->settle.entry == REGISTRY_NONE &&
        v->queue[QUEUE_WRITTEN].first == REGISTRY_NONE &&
        v->queue[QUEUE_ATTACHED].first == REGISTRY_NONE &&
        v->queue[QUEUE_WANTED].first == REGISTRY_NONE) {
        play.expected = model_allows(block, play.blocks, claimed, given,
                                     play_cap(play.player));
        (void)volume_step(v); /* now nothing comes before it */
    }
}

static void
play_change(void)
{
    if (machine->v.change.active) {
        return;
    }
    play.player = (unsigned)below(percent(5) ? PLAYERS + 1 : PLAYERS);
    plan_choose();
    if (play.blocks == 0) {
        return;
    }
    for (uint64_t i = 1 + below(EDITS_MAX); i > 0; i--) {
        edit();
    }
    plan_propose();
}

/* What a metadata block owns and was never written gets contents. */
static void
children_begin(uint32_t parent)
{
    const struct owned_few *few =
        &machine->model[machine->entry[parent].block].newest;

    for (uint32_t i = 0; i < few->count; i++) {
        const struct disk_extent *x = &few->extent[i];

        for (uint64_t b = x->first; b < x->first + x->count; b++) {
            int64_t e;

            if (block_state(&machine->v.blocks, b) != BLOCK_UNINITIALISED) {
                continue;
            }
            if (x->type == DISK_TYPE_DATA) {
                (void)machine_data_write(parent, b);
                continue;
            }
            e = machine_entry(machine->entry[parent].block, b);
            if (e >= 0 && (machine->entry[e].flags & REGISTRY_EMPTY) != 0 &&
                !machine->v.change.active) {
                play.player = PLAYERS;
                play.blocks = 1;
                play.plan[0].entry = (uint32_t)e;
                play.plan[0].few.count = 0;
                plan_propose();
                play.player = 0;
                machine_idle();
                change_ended();
            }
        }
    }
}

/* Writes as much as can be. */
static void
play_sync(void)
{
    uint64_t rounds = 1 + below(6);
    uint64_t patience = below(101);

    machine_idle();
    change_ended();
    for (; rounds > 0; rounds--) {
        for (uint32_t e = 0; e < ENTRIES; e++) {
            if (machine->entry[e].state == REGISTRY_DIRTY &&
                machine->outstanding < REQUESTS / 3) {
                children_begin(e);
                while (percent(patience) && machine_device()) {
                }
                CHECK_EQUAL(write_begin(&machine->v, e), 0);
                machine_idle();
            }
        }
        while (percent(patience) && machine_device()) {
            machine_idle();
        }
    }
}

static void
play_write(void)
{
    uint32_t e = entry_any(REGISTRY_META, REGISTRY_DIRTY);

    if (e != ENTRIES && machine->outstanding < REQUESTS / 4) {
        int error = write_begin(&machine->v, e);

        CHECK(error == 0 || (error == -EAGAIN && machine->v.change.active));
        (void)volume_step(&machine->v);
    }
}

/* A block that a random metadata block owns; its own in *parent. */
static uint64_t
owned_any(uint32_t *parent)
{
    uint32_t e = entry_any(REGISTRY_META, REGISTRY_FREE);
    const struct owned_few *few;
    const struct disk_extent *x;

    if (e == ENTRIES || (machine->entry[e].flags & REGISTRY_CHANGING) != 0) {
        return 0;
    }
    few = &machine->model[machine->entry[e].block].newest;
    if (few->count == 0) {
        return 0;
    }
    x = &few->extent[below(few->count)];
    *parent = e;
    return x->first + below(x->count);
}

static void
play_data(void)
{
    uint32_t parent;
    uint64_t block = owned_any(&parent);

    if (block != 0 && machine->outstanding < REQUESTS / 2) {
        (void)machine_data_write(parent, block);
    }
}

static void
play_entry(void)
{
    uint32_t parent;
    uint64_t block = owned_any(&parent);

    if (block != 0) {
        (void)machine_entry(machine->entry[parent].block, block);
        /* What a change was refused for may have been that it was missing. */
        if (machine->v.change.active && play.expected == 0) {
            play.expected = -1;
        }
    }
}

void
play_step(unsigned change)
{
    struct volume *v = &machine->v;
    uint64_t what = below(100);

    if (what < change && !v->change.active) {
        play_change();
        if (percent(70)) {
            machine_idle();
        }
    } else {
        what = below(100);
        if (what < 3) {
            play_sync();
        } else if (what < 25) {
            play_write();
        } else if (what < 45) {
            play_data();
        } else if (what < 70) {
            (void)machine_device();
        } else if (what < 90) {
            play_entry();
        } else {
            for (uint64_t i = below(20); i > 0; i--) {
                (void)volume_step(v);
            }
        }
    }
    change_ended();
}
