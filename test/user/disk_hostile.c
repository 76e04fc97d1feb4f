/* SPDX-License-Identifier: MIT */
/*
 * Two envs with a tree each on one disk, of types that know nothing of each
 * other, and each the other's enemy (disk_actor.h). After each round of random
 * changes and attacks this env, which may see everything, judges by the bytes
 * alone: no block has two owners, the block table says of each what the newest
 * images say, and what lies in a block of data was put there by who owns it. In
 * some rounds both write all that they have: then nothing is left to be free
 * later. On several harts the two run at the same time. seed= and rounds=
 * choose other games.
 */
#include <string.h>

#include "kern/abi/information.h"
#include "lib/exo/map.h"
#include "test/user/disk_actor.h"
#include "test/user/download.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define R 0x02
#define AD 0xc0
#define PLACE_JUDGE 50 /* of the window */
#define ROUNDS 60
#define STEPS 150
#define SETTLE_EVERY 3
#define BLOCKS 1024
#define ENV_ROW ((const volatile struct env_row *)INFORMATION_ENVS)
#define NAP (MILLISECOND / 20)

#define EMIT INSTRUCTION(CODE_JMP | CODE_CALL, 0, 0, 0, CODE_EMIT)
#define MOVE(r, s) INSTRUCTION(CODE_ALU64 | CODE_MOV | CODE_X, r, s, 0, 0)
#define ADD(r, number) INSTRUCTION(CODE_ALU64 | CODE_ADD, r, 0, 0, number)
#define SHIFT(r, number) INSTRUCTION(CODE_ALU64 | CODE_RSH, r, 0, 0, number)
#define AND(r, number) INSTRUCTION(CODE_ALU64 | CODE_AND, r, 0, 0, number)

static const struct code_instruction packed_owns[] = {
    MOVE(6, 1),
    ADD(6, PACKED_EXTENTS),
    LOAD(7, 6, 0, CODE_DW),
    JUMP_IF(CODE_JEQ, 7, 0, 10),
    MOVE(1, 7),
    SHIFT(1, 16),
    MOVE(2, 7),
    SHIFT(2, 8),
    AND(2, 0xff),
    MOVE(3, 7),
    AND(3, 0xff),
    EMIT,
    ADD(6, 8),
    JUMP(-12),
    SET(0, 0),
    EXIT_PROGRAM,
};
static const struct code_instruction packed_access[] = {SET(0, PACKED_GUARD),
                                                        EXIT_PROGRAM};

static uint64_t frame;
static uint64_t leaf;
static struct child actor[ACTORS];

/* What the newest images say of a block. */
static struct owned {
    uint8_t owners;
    uint8_t type;
    uint32_t entry; /* of its owner */
} owned[BLOCKS];

static int64_t
again(int64_t result)
{
    return result == -EAGAIN;
}

static uint64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page, uint64_t flags)
{
    int64_t result;

    do {
        result = sys_registry_read(0, parent, block, page, flags, 6);
    } while (again(result));
    EXPECT(result >= 0, 1);
    EXPECT(disk_wait(6), 0);
    return (uint64_t)result;
}

/* Proposes `format_bytes`, which is right. */
static void
change(uint64_t entry, uint64_t claimed)
{
    format_fill(frame);
    exo_uarea->batch[0] = claimed;
    exo_uarea->batch[1] = 0;
    exo_uarea->batch[2] = entry | frame << 32;
    exo_uarea->batch[3] = frame_clean(0);
    exo_uarea->batch[4] = ENTRY[entry].version;
    EXPECT(sys_disk_change(0, 0, 1, 4), 0);
    EXPECT(disk_wait(4), 0);
}

static void
write_back(uint64_t entry)
{
    EXPECT(sys_registry_write(0, entry, 5), 0);
    EXPECT(disk_wait(5), 0);
}

static void
types_make(void)
{
    static const struct format_programs packed = {
        "packed", packed_owns, sizeof(packed_owns) / sizeof(packed_owns[0]),
        packed_access, 2};

    format_type(frame);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), TYPE_WIDE);
    format_type_of(frame, &packed);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), TYPE_PACKED);
}

static void
guard_of(unsigned i, struct cap_name *guard)
{
    for (unsigned k = 0; k < 2; k++) {
        guard->word[k] = ARENA->row[i].guard.word[k];
    }
}

/* A tree for each, whose root owns nothing. */
static void
trees_make(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;
    struct extents none;

    ARENA->catalogue = entry_read(DISK_WHOLE, 64, frame_clean(0), 0);
    memset(format_bytes, 0, sizeof(format_bytes));
    for (unsigned i = 0; i < ACTORS; i++) {
        t[i].first = NODE + i;
        t[i].count = 1;
        t[i].type = TYPE_WIDE + i;
        guard_of(i, &t[i].guard);
    }
    change(ARENA->catalogue, ACTORS);
    none.count = 0;
    for (unsigned i = 0; i < ACTORS; i++) {
        uint64_t root =
            entry_read(ARENA->catalogue, NODE + i, 0, REGISTRY_READ_CREATE);
        struct cap_name guard;

        guard_of(i, &guard);
        node_encode(format_bytes, TYPE_WIDE + i, &none, &guard);
        change(root, 0);
        write_back(root);
        ARENA->row[i].entry[0] = (uint32_t)root;
    }
    write_back(ARENA->catalogue);
}

/* Each has a name of its own. */
static void
actors_make(uint64_t page, uint64_t harts)
{
    for (unsigned i = 0; i < ACTORS; i++) {
        volatile struct actor_row *row = &ARENA->row[i];
        uint64_t hart = i < harts ? i : 0;
        const volatile struct frame *f;

        if (i > 0) {
            EXPECT(sys_cap_drop(CAP_CHILD), 0);
            EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
        }
        actor[i] = harts_child(page, actor_main, hart, i);
        f = &FRAME_ROW[actor[i].uarea];
        row->id = actor[i].id;
        row->leaf = actor[i].leaf;
        row->guard.word[0] = f->guard.word[0];
        row->guard.word[1] = f->guard.word[1];
        for (unsigned n = 0; n < ACTOR_NODES; n++) {
            row->entry[n] = REGISTRY_NONE;
        }
        if (hart != 0) {
            harts_slots(actor[i].id, hart, 1);
        }
    }
}

/* Whether an actor has met with an accident. */
static void
lives_judge(unsigned i)
{
    const volatile struct env_row *row = &ENV_ROW[actor[i].id >> 20];

    if (row->id != actor[i].id || row->state != ENV_LIVE) {
        printf("disk_hostile: actor %u has ended: cause %u\n", i, row->cause);
        exit(EXIT_FAILURE);
    }
}

/* Nobody runs, so that the kernel has time for what it does step by step. */
static void
nap(void)
{
    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_alarm(time_now() + NAP, 1), 0);
    (void)exo_sleep(exo_uarea);
    (void)__atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    exo_uarea->masked = 0;
}

static void
round_play(bool settle)
{
    uint64_t round = ARENA->round + 1;

    ARENA->settle = settle;
    ARENA->round = round;
    while (ARENA->row[0].done != round || ARENA->row[1].done != round) {
        for (unsigned i = 0; i < ACTORS; i++) {
            (void)exo_yield(actor[i].id, exo_uarea);
            lives_judge(i);
        }
        if (ARENA->row[0].waits && ARENA->row[1].waits) {
            nap();
        }
    }
}

/* Counts an extent among what is owned. */
static void
extent_count(uint32_t entry, const struct disk_extent *x)
{
    for (uint64_t b = x->first; b < x->first + x->count; b++) {
        EXPECT(b >= DISK_FIRST_BLOCK && b < BLOCKS, 1);
        EXPECT(owned[b].owners, 0);
        owned[b] = (struct owned){1, (uint8_t)x->type, entry};
    }
}

/* The entry of the block that owns that of an entry. */
static uint64_t
owner_find(uint32_t entry)
{
    for (uint32_t e = 0; e < DISK_ROW[0].registry_count; e++) {
        if (ENTRY[e].state != REGISTRY_FREE &&
            ENTRY[e].block == ENTRY[entry].parent) {
            return e;
        }
    }
    EXPECT(entry, REGISTRY_NONE); /* it is nobody's */
    return 0;
}

/* What the newest image of an entry owns. */
static void
image_count(uint32_t entry)
{
    const void *at = (const void *)(SHARED + PLACE_JUDGE * 4096);
    unsigned type = ENTRY[entry].type;
    struct extents set;

    EXPECT(entry_read(owner_find(entry), ENTRY[entry].block, 0, 0), entry);
    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE_JUDGE, 1), 1);
    EXPECT(type == TYPE_WIDE || type == TYPE_PACKED, 1);
    EXPECT(node_decode(at, type, &set), 1);
    for (uint32_t i = 0; i < set.count; i++) {
        extent_count(entry, &set.extent[i]);
    }
    EXPECT(sys_pt_unmap(0, leaf, PLACE_JUDGE, 1), 1);
}

/* The catalogue is as it was. */
static void
catalogue_count(void)
{
    EXPECT(ENTRY[ARENA->catalogue].state, REGISTRY_CLEAN);
    for (unsigned i = 0; i < ACTORS; i++) {
        const struct disk_extent root = {NODE + i, 1, TYPE_WIDE + i};

        extent_count((uint32_t)ARENA->catalogue, &root);
    }
}

/* Everything is owned by one, or by nobody. */
static void
owners_judge(bool settled)
{
    memset(owned, 0, sizeof(owned));
    catalogue_count();
    for (uint32_t e = 0; e < DISK_ROW[0].registry_count; e++) {
        if (ENTRY[e].state == REGISTRY_FREE ||
            !(ENTRY[e].flags & REGISTRY_META) || e == ARENA->catalogue) {
            continue;
        }
        EXPECT(ENTRY[e].state == REGISTRY_CLEAN || !settled, 1);
        if (!(ENTRY[e].flags & REGISTRY_EMPTY)) {
            image_count(e);
        }
    }
    for (uint32_t e = 0; e < DISK_ROW[0].registry_count; e++) {
        if (ENTRY[e].state != REGISTRY_FREE && e != ARENA->catalogue) {
            EXPECT(owned[ENTRY[e].block].owners, 1);
            EXPECT(owned[ENTRY[e].block].type, ENTRY[e].type);
        }
    }
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        unsigned state = BLOCK[b] & BLOCK_STATE;

        if (owned[b].owners == 0) {
            EXPECT(state == BLOCK_FREE ||
                       (state == BLOCK_WILL_FREE && !settled),
                   1);
        } else {
            EXPECT(state == BLOCK_USED ||
                       (state == BLOCK_UNINITIALISED && !settled),
                   1);
            EXPECT(BLOCK[b] >> BLOCK_TYPE_SHIFT, owned[b].type);
        }
    }
    EXPECT(DISK_ROW[0].doubles == 0 || !settled, 1);
}

/* Whose a node is: its guard says. */
static unsigned
actor_of(uint32_t entry)
{
    for (unsigned i = 0; i < ACTORS; i++) {
        for (unsigned n = 0; n < ACTOR_NODES; n++) {
            if (ARENA->row[i].entry[n] == entry) {
                return i;
            }
        }
    }
    EXPECT(entry, REGISTRY_NONE); /* it is nobody's */
    return 0;
}

/* What was written in a block of data is its owner's. */
static uint64_t
data_judge(void)
{
    uint64_t seen = 0;

    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        int64_t binding;

        if (owned[b].owners == 0 || owned[b].type != DISK_TYPE_DATA ||
            (BLOCK[b] & BLOCK_STATE) != BLOCK_USED) {
            continue;
        }
        do {
            binding = sys_disk_bind(0, owned[b].entry, b, 1, CAP_READ);
        } while (again(binding));
        EXPECT(binding > 0, 1);
        EXPECT(
            sys_disk_read(0, (uint64_t)binding, 0, disk_piece(frame, 0, 1), 7),
            0);
        EXPECT(disk_wait(7), 0);
        EXPECT(disk_word(0, frame, 0), STAMP(actor_of(owned[b].entry), b));
        EXPECT(sys_release(RELEASE_BINDING, (uint64_t)binding), 0);
        seen++;
    }
    exo_map_forget();
    return seen;
}

static void
actors_judge(void)
{
    for (unsigned i = 0; i < ACTORS; i++) {
        const volatile struct actor_row *row = &ARENA->row[i];

        if (row->broken > 0) {
            printf("disk_hostile: attack %lu of actor %u\n", row->attack, i);
        }
        if (row->stuck > 0) {
            printf("disk_hostile: actor %u stuck at line %lu\n", i, row->line);
        }
        EXPECT(row->broken, 0);
        EXPECT(row->foreign, 0);
        EXPECT(row->stuck, 0);
    }
}

static uint64_t
argument(const char *name, uint64_t otherwise)
{
    const struct information *info =
        (const struct information *)INFORMATION_BOOT;
    const char *at = strstr(info->arguments, name);

    return at != NULL ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static void
prepare(void)
{
    struct exo_map own = exo_map_own();
    uint64_t page = frame_clean(0);
    uint64_t harts;
    uint64_t raw;

    EXPECT(sizeof(struct arena) <= 4096, 1);
    (void)window_open(page);
    leaf = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    harts = harts_open();
    ARENA->parent = exo_id;
    ARENA->seed = argument("seed=", 1);
    ARENA->steps = argument("steps=", STEPS);
    frame = frame_clean(0);
    actors_make(page, harts);
    raw = disk_bind_whole(0, DISK_BOTH);
    format_label(0, raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    format_recover(0, frame_clean(0));
    types_make();
    trees_make();
}

int
main(void)
{
    uint64_t rounds = argument("rounds=", ROUNDS);
    uint64_t seen = 0;

    prepare();
    for (uint64_t i = 1; i <= rounds; i++) {
        bool settle = i % SETTLE_EVERY == 0;

        round_play(settle);
        actors_judge();
        owners_judge(settle);
        seen += data_judge();
    }
    for (unsigned i = 0; i < ACTORS; i++) {
        const volatile struct actor_row *row = &ARENA->row[i];

        printf("disk_hostile: actor %u: %lu changes, %lu refused, %lu moves, "
               "%lu nodes, %lu blocks, %lu cached, %lu attacks\n",
               i, row->accepted, row->refused, row->moved, row->claims,
               row->written, row->cached, row->attacks);
        /* It is no test if nearly all is refused. */
        EXPECT(row->accepted * 5 > row->refused, 1);
        EXPECT(row->refused * 5 > row->accepted, 1);
        EXPECT(row->moved > 0 && row->claims > 0 && row->cached > 0, 1);
        EXPECT(row->written > 0 && row->attacks > 0, 1);
    }
    child_end(&actor[ACTORS - 1]);
    printf("disk_hostile: done: %lu blocks looked at\n", seen);
    return 0;
}
