/* SPDX-License-Identifier: MIT */
/*
 * What must hold whenever all harts of the fuzzer stand still: its own frames
 * and tables in detail, then all frames, envs, slots and accounts of the
 * machine; and the end of everything that the random calls have made.
 */
#include "test/user/fuzz.h"

#include <string.h>

#define ENV_ROW ((const volatile struct env_row *)INFORMATION_ENVS)
#define ACCOUNT ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define VECTOR ((const volatile uint32_t(*)[SLOTS])INFORMATION_SLOTS)
#define BOOT ((const volatile struct information *)INFORMATION_BOOT)
#define RAM_FIRST 0x80000UL /* of the board that this runs on */
#define ORDERS 3
#define LOCKED_MAX 100000000UL /* ticks: ten seconds, for a busy host */

uint64_t window;

static void
env_end(uint64_t id)
{
    int64_t error;

    do {
        error = sys_env_destroy(0, id);
    } while (error == -EAGAIN);
    EXPECT(error == 0 || error == -ESRCH, 1);
}

/* Envs bound to a hart that is not the fuzzer's may run there still, and end by
   a fault in the middle of a check. */
void
dying_end(void)
{
    uint32_t ours = (1u << hart_count) - 1;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        const volatile struct env_row *row = &ENV_ROW[i];

        if (row->state == ENV_DYING ||
            (row->state == ENV_LIVE && (row->harts & ~ours) != 0)) {
            env_end(row->id);
        }
    }
}

/* What is asked for is due in a while; then all of it is taken, so that nothing
   changes while one looks. */
void
takes_end(void)
{
    uint64_t end = time_now() + TAKE_TICKS;

    while (time_now() <= end) {
    }
    for (unsigned i = 1; i < ENVS_MAX; i++) {
        while (ENV_ROW[i].state == ENV_LIVE &&
               sys_repossess(0, ENV_ROW[i].id) == -EAGAIN) {
        }
    }
}

/* Frames that are looked at through the window, as many as one call maps: each
   unmapping is a fence of all harts. */
#define LOOKS 64

static uint64_t look[LOOKS];
static unsigned looks;

static void
looks_begin(uint64_t bits)
{
    for (unsigned i = 0; i < looks; i++) {
        me->uarea->batch[i] = look[i] << 10 | bits | AD;
    }
    EXPECT(sys_pt_map(0, window, LOOK_INDEX, looks), looks);
}

static void
looks_end(void)
{
    EXPECT(sys_pt_unmap(0, window, LOOK_INDEX, looks), looks);
    looks = 0;
}

static void *
look_at(unsigned i)
{
    return (void *)(SHARED + (LOOK_INDEX + i) * 4096UL);
}

static uint32_t held[PAGES];
static uint32_t held_root;

/* Counts what a table holds. */
static void
table_count(uint64_t number, const volatile uint64_t *entries)
{
    bool root = record(number)->type == FRAME_TABLE_2;
    const volatile struct frame *shadow = record(record(number)->shadow);
    unsigned used = 0;

    for (unsigned j = 0; j < (root ? 255 : 512); j++) {
        uint64_t entry = entries[j];
        uint64_t target = entry >> 10 & 0xfffffffffff;

        used += entry != 0;
        if (target == exo_root && entry != 0) {
            held_root++;
        }
        for (unsigned k = 0; entry != 0 && k <= LARGE; k++) {
            if (target - base[k] < 512) {
                held[k * 512 + (target - base[k])]++;
            }
        }
    }
    EXPECT(record(number)->used, used);
    EXPECT(shadow->type, FRAME_SHADOW);
    EXPECT(shadow->shadow, number);
    EXPECT(shadow->owner, record(number)->owner);
}

static void
tables_count(void)
{
    looks_begin(R);
    for (unsigned i = 0; i < looks; i++) {
        table_count(look[i], look_at(i));
    }
    looks_end();
}

/* How many predicates look at a frame. */
static uint32_t
watchers(const volatile struct frame *f)
{
    return ANY_TABLE >> f->type & 1 ? 0 : FRAME_PREDICATES(f->harts);
}

/* Compares what the tables of the pool hold with what the frame table says. */
void
check(void)
{
    memset(held, 0, sizeof(held));
    held_root = 0;
    dying_end();
    /* A table that is being broken, of an env whose end has begun, cannot be
       mapped. */
    for (unsigned i = 0; i < PAGES; i++) {
        const volatile struct frame *f = record(pool_page(i));

        if ((ANY_TABLE >> f->type & 1) && (f->flags & FRAME_BREAKING)) {
            return;
        }
    }
    for (unsigned i = 0; i <= PAGES; i++) {
        uint64_t number = i < PAGES ? pool_page(i) : exo_root;

        if (ANY_TABLE >> record(number)->type & 1) {
            look[looks++] = number;
        }
        if (looks == LOOKS || (i == PAGES && looks > 0)) {
            tables_count();
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        const volatile struct frame *f = record(pool_page(i));

        if (f->type != FRAME_PART) {
            EXPECT(f->maps - watchers(f), held[i]);
            EXPECT(f->chain != 0, held[i] != 0);
        }
    }
    EXPECT(record(exo_root)->maps, held_root);
}

/* What frames and slots there are of an env, or free of an order. */
struct sum {
    uint64_t frames;
    uint64_t pages;
    uint64_t slots;
    uint64_t first; /* frame of its list */
};

static struct sum of_env[ENVS_MAX];
static struct sum of_order[ORDERS];

/* An env, by its id, that lives. */
static bool
lives(uint64_t id)
{
    uint64_t index = id >> 20;

    return index > 0 && index < ENVS_MAX && ENV_ROW[index].id == id &&
           ENV_ROW[index].state == ENV_LIVE;
}

/* What is said of a frame is said of one that can have it. */
static void
marks_check(const volatile struct frame *f)
{
    unsigned flags = f->flags;

    EXPECT(flags & FRAME_CONDEMNED, 0);
    if (f->type != FRAME_DATA) {
        EXPECT(flags & (FRAME_MARKS & ~FRAME_GUARANTEED), 0);
        EXPECT(!(flags & FRAME_GUARANTEED) || (ANY_TABLE >> f->type & 1), 1);
    }
    if (flags & FRAME_PLACED) {
        EXPECT(f->order == 0 && f->used != 0, 1);
        EXPECT(flags & FRAME_UNSCRUBBED, 0);
    }
}

/* A frame is in the list that it should be in, and linked on both sides. */
static void
frame_count(uint64_t number)
{
    const volatile struct frame *f = record(number);
    struct sum *sum = &of_order[f->order / 9];

    marks_check(f);

    if (f->type == FRAME_FREE) {
        EXPECT(f->owner | f->maps | f->chain | f->pins | f->shadow, 0);
    } else {
        EXPECT(lives(f->owner) || f->type == FRAME_REGISTRY, 1);
        sum = &of_env[f->owner >> 20]; /* of the registry's: 0 */
    }
    if (f->next != 0) {
        EXPECT(record(f->next)->previous, number);
        EXPECT(record(f->next)->owner, f->owner);
    }
    if (f->previous != 0) {
        EXPECT(record(f->previous)->next, number);
    } else {
        EXPECT(sum->first, 0);
        sum->first = number;
    }
    sum->frames++;
    sum->pages += 1UL << f->order;
}

/* A hart that is idle scrubs free frames, each under its lock: one that stays
   locked was left so. */
static void
unlocked_await(const volatile struct frame *f)
{
    uint64_t end = time_now() + LOCKED_MAX;

    while (f->lock != 0) {
        EXPECT(f->type == FRAME_FREE && time_now() < end, 1);
    }
}

/* Each page of RAM is in one frame, and each frame in one list. */
static void
frames_check(void)
{
    uint64_t end = RAM_FIRST + BOOT->frames;

    memset(of_env, 0, sizeof(of_env));
    memset(of_order, 0, sizeof(of_order));
    for (uint64_t i = RAM_FIRST; i < end; i++) {
        const volatile struct frame *f = record(i);

        unlocked_await(f);
        EXPECT(f->type != FRAME_PART, 1);
        if (f->type < FRAME_FREE) {
            continue;
        }
        frame_count(i);
        for (uint64_t part = (1UL << f->order) - 1; part > 0; part--) {
            i++;
            EXPECT(record(i)->type, FRAME_PART);
        }
    }
    for (unsigned i = 0; i < ENVS_MAX + ORDERS; i++) {
        const struct sum *s =
            i < ENVS_MAX ? &of_env[i] : &of_order[i - ENVS_MAX];
        uint64_t count = 0;

        for (uint64_t at = s->first; at != 0; at = record(at)->next) {
            count++;
        }
        EXPECT(count, s->frames);
    }
}

/* Accounts have what their envs own, and what was carved off them. */
static void
accounts_check(void)
{
    static struct account sum[ACCOUNTS_MAX];
    static uint64_t registry[ENVS_MAX];

    memset(sum, 0, sizeof(sum));
    memset(registry, 0, sizeof(registry));
    disk_pages_count(registry);
    for (unsigned i = 1; i < ENVS_MAX; i++) {
        if (ENV_ROW[i].state == ENV_LIVE) {
            struct account *a = &sum[ENV_ROW[i].account];

            a->envs++;
            a->used[ACCOUNT_FRAMES] += of_env[i].pages;
            a->used[ACCOUNT_SLOTS] += of_env[i].slots;
            a->used[ACCOUNT_REGISTRY] += registry[i];
        } else {
            EXPECT(of_env[i].pages | of_env[i].slots | registry[i], 0);
        }
    }
    for (unsigned i = ACCOUNT_FIRST + 1; i < ACCOUNTS_MAX; i++) {
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            sum[ACCOUNT[i].parent].used[kind] += ACCOUNT[i].limit[kind];
        }
    }
    for (unsigned i = ACCOUNT_FIRST; i < ACCOUNTS_MAX; i++) {
        EXPECT(ACCOUNT[i].envs, sum[i].envs);
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            /* Whose it is nobody says. */
            if (kind == ACCOUNT_CODE || kind == ACCOUNT_BINDINGS) {
                EXPECT(ACCOUNT[i].used[kind] >= sum[i].used[kind], 1);
            } else {
                EXPECT(ACCOUNT[i].used[kind], sum[i].used[kind]);
            }
            EXPECT(ACCOUNT[i].used[kind] <= ACCOUNT[i].limit[kind], 1);
        }
    }
}

/* Slots belong to envs that live, or are dying: these may be gone while one
   looks, and the slot before them. */
void
slots_check(void)
{
    for (unsigned i = 0; i < BOOT->hart_count; i++) {
        for (unsigned j = 0; j < SLOTS; j++) {
            uint32_t id = VECTOR[i][j];
            const volatile struct env_row *row = &ENV_ROW[id >> 20];

            if (id != 0 && (row->id != id || row->state == ENV_NONE)) {
                EXPECT(VECTOR[i][j] != id, 1);
            }
        }
    }
}

void
slots_take_back(void)
{
    for (unsigned i = 0; i < BOOT->hart_count; i++) {
        for (unsigned j = 0; j < SLOTS; j++) {
            uint32_t id = VECTOR[i][j];

            if (id != 0 && id != witness.id && (id != exo_id || j % 8 != 0)) {
                (void)sys_slot_free(0, id, i, j);
            }
        }
    }
}

/* The witness has what it had. */
static void
witness_check(void)
{
    static struct sum before;
    const struct sum *now = &of_env[witness.id >> 20];
    const volatile uint64_t *word =
        (const volatile uint64_t *)(SHARED + WITNESS_INDEX * 4096UL);

    EXPECT(lives(witness.id), 1);
    if (before.frames == 0) {
        before = *now;
    }
    EXPECT(now->frames, before.frames);
    EXPECT(now->pages, before.pages);
    if (hart_count > 1) {
        EXPECT(now->slots, 1);
        EXPECT(VECTOR[0][WITNESS_SLOT], witness.id);
    }
    EXPECT(record(witness_page)->owner, witness.id);
    for (unsigned i = 0; i < 512; i++) {
        EXPECT(word[i], WITNESS_WORD(i));
    }
}

void
check_machine(void)
{
    frames_check();
    for (unsigned i = 0; i < BOOT->hart_count; i++) {
        for (unsigned j = 0; j < SLOTS; j++) {
            EXPECT(VECTOR[i][j] == 0 || lives(VECTOR[i][j]), 1);
            of_env[VECTOR[i][j] >> 20].slots += VECTOR[i][j] != 0;
        }
    }
    accounts_check();
    witness_check();
}

/* This env's own, the pool aside, are as many as ever. */
static void
own_check(void)
{
    static uint64_t before;

    frames_check();
    if (before == 0) {
        before = of_env[exo_id >> 20].pages - disk_frames();
    }
    EXPECT(of_env[exo_id >> 20].pages - disk_frames(), before);
}

/* What was carved off the first account. */
static uint64_t
carved(enum account_kind kind)
{
    uint64_t sum = 0;

    for (unsigned i = ACCOUNT_FIRST + 1; i < ACCOUNTS_MAX; i++) {
        sum += ACCOUNT[i].parent == ACCOUNT_FIRST ? ACCOUNT[i].limit[kind] : 0;
    }
    return sum;
}

void
others_end(void)
{
    for (unsigned i = 1; i < ENVS_MAX; i++) {
        uint64_t id = ENV_ROW[i].id;

        if (ENV_ROW[i].state != ENV_NONE && id != exo_id && id != witness.id) {
            env_end(id);
        }
    }
    id_count = 0;
    codes_end();
    EXPECT(ACCOUNT[ACCOUNT_FIRST].used[ACCOUNT_CODE], carved(ACCOUNT_CODE));
    for (unsigned i = 2; i < CAP_LIST_ENTRIES; i++) {
        (void)sys_cap_drop(i);
    }
    /* Those that are carved off others go with the last that is in them. */
    for (unsigned i = ACCOUNT_FIRST + 1; i < ACCOUNTS_MAX; i++) {
        (void)sys_account_close(i);
    }
    /* What belonged to others is free; nobody else shall get it. */
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t number = pool_page(i);

        if (record(number)->type == FRAME_FREE) {
            EXPECT(sys_frame_alloc(0, record(number)->order, number), number);
        }
        if (record(number)->type != FRAME_PART) {
            EXPECT(record(number)->owner, exo_id);
        }
    }
    own_check();
}

static void
table_clear(uint64_t number, unsigned from, unsigned to)
{
    for (; from < to; from += 64) {
        unsigned count = to - from < 64 ? to - from : 64;

        EXPECT(sys_pt_unmap(0, number, from, count) >= 0, 1);
    }
}

/* Takes everything apart, and has every frame again by its name. */
void
end(void)
{
    table_clear(exo_root, FREE_ROOT, FREE_ROOT_END);
    for (unsigned i = 0; i < PAGES; i++) {
        unsigned type = record(pool_page(i))->type;

        if (ANY_TABLE >> type & 1) {
            table_clear(pool_page(i), 0, type == FRAME_TABLE_2 ? 255 : 512);
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        if (ANY_TABLE >> record(pool_page(i))->type & 1) {
            EXPECT(sys_pt_unmake(pool_page(i)), 0);
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t number = pool_page(i);
        const volatile struct frame *f = record(number);

        if (f->type == FRAME_PART) {
            continue;
        }
        EXPECT(f->type, FRAME_DATA);
        EXPECT(f->maps | f->chain | f->pins | f->shadow | f->harts, 0);
        while (f->order != 0) {
            EXPECT(sys_frame_split(number), 0);
        }
        EXPECT(sys_frame_free(number, 0), 0);
        EXPECT(sys_frame_alloc(0, 0, number), number);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        EXPECT(in_pool(pool_page(i)), 1);
        EXPECT(sys_frame_free(pool_page(i), 0), 0);
    }
}

/* Frames of the pool that can be U-areas: they keep the version word while
   they stay under the same guard. */
void
versions_write(void)
{
    for (unsigned i = 0; i < SMALL; i++) {
        const volatile struct frame *f = record(base[0] + i);

        if (f->type == FRAME_DATA && f->order == 0) {
            (void)sys_frame_scrub(base[0] + i);
            look[looks++] = base[0] + i;
        }
        if (looks == LOOKS || (i == SMALL - 1 && looks > 0)) {
            looks_begin(R | W);
            for (unsigned j = 0; j < looks; j++) {
                ((struct uarea *)look_at(j))->version = UAREA_VERSION;
            }
            looks_end();
        }
    }
}
