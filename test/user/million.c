/* SPDX-License-Identifier: MIT */
/*
 * The end of what is mapped very often stays within the bound of one entry into
 * the kernel: an env with a million mappings of one frame; a frame that another
 * env has mapped, whose owner ends; one that is taken by name from an env that
 * lives. Each call is counted from here, in instructions. Nobody has slices, so
 * no other env's are among them; but the timer's interrupt at the edge of a
 * slot is, and the step that it makes: both together must be below the bound.
 */
#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/map.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#define BOTH (CAP_CHILD | CAP_CHILD << 8)
#define LEAF(frame) ((frame) << 10 | 0xc6) /* D, A, W, R */
#define KEPT 0xc4                          /* D, A, W of a copy */
#define ENTRIES 512UL
#define BATCH 64UL
#define BROKEN 8UL  /* bindings that a step breaks, at least */
#define LIMIT 20000 /* of instructions in one call */

#define TABLES_MOST 2048 /* a million entries */
#define TABLES_SOME 128  /* 65,536 */
#define ACCOUNTS ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

/* An env made of page tables, and all frames that it is made of. */
struct space {
    uint64_t id;
    uint64_t record;
    uint64_t list;
    uint64_t root;
    unsigned middles;
    unsigned leaves;
    unsigned count;
    uint64_t middle[TABLES_MOST / ENTRIES];
    uint64_t leaf[TABLES_MOST];
    uint64_t made[2 * TABLES_MOST + 32];
};

static struct space spaces[2];

static struct {
    uint64_t calls;
    uint64_t all;
    uint64_t longest;
} steps;

static uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static void
step_note(uint64_t count)
{
    steps.calls++;
    steps.all += count;
    steps.longest = count > steps.longest ? count : steps.longest;
}

/* `most`: how many steps there may be. */
static void
steps_report(const char *what, uint64_t most)
{
    printf("million: %s: %lu steps, %lu instructions, longest %lu\n", what,
           steps.calls, steps.all, steps.longest);
    EXPECT(steps.longest > 0 && steps.longest <= LIMIT, 1);
    EXPECT(steps.calls <= most, 1);
    steps.calls = 0;
    steps.all = 0;
    steps.longest = 0;
}

static uint64_t
used(void)
{
    return ACCOUNTS[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
}

static uint64_t
frame_new(struct space *s)
{
    s->made[s->count] = frame_clean(CAP_CHILD);
    return s->made[s->count++];
}

static uint64_t
table_of(struct space *s, uint64_t level)
{
    uint64_t table = frame_new(s);

    EXPECT(sys_pt_make(table, frame_new(s), level), 0);
    return table;
}

/* Makes so many empty page tables, linked up to a root. */
static void
tables_make(struct space *s, unsigned count)
{
    s->middles = 0;
    s->count = 0;
    s->record = frame_new(s);
    s->list = frame_new(s);
    s->root = table_of(s, 2);
    for (s->leaves = 0; s->leaves < count; s->leaves++) {
        unsigned index = s->leaves % ENTRIES;

        if (index == 0) {
            s->middle[s->middles] = table_of(s, 1);
            EXPECT(
                sys_pt_link(BOTH, s->root, s->middles, s->middle[s->middles]),
                0);
            s->middles++;
        }
        s->leaf[s->leaves] = table_of(s, 0);
        EXPECT(sys_pt_link(BOTH, s->middle[s->middles - 1], index,
                           s->leaf[s->leaves]),
               0);
    }
}

/* Maps a frame at every entry of the tables. Entries that were mapped follow
   each other in the chain; a copy follows its original, so that neighbours in
   the chain are in different tables. */
static void
tables_fill(const struct space *s, uint64_t frame, unsigned mapped)
{
    for (unsigned i = 0; i < BATCH; i++) {
        exo_uarea->batch[i] = LEAF(frame);
    }
    for (unsigned i = 0; i < s->leaves; i++) {
        for (uint64_t at = 0; at < ENTRIES; at += BATCH) {
            EXPECT(i < mapped ? sys_pt_map(BOTH, s->leaf[i], at, BATCH)
                              : sys_pt_copy(BOTH, s->leaf[0], s->leaf[i],
                                            at | at << 16, BATCH, KEPT),
                   BATCH);
        }
        EXPECT(RECORDS[s->leaf[i]].used, ENTRIES);
    }
    EXPECT(RECORDS[frame].maps, s->leaves * ENTRIES);
}

static void
give(uint64_t frame, const struct space *s)
{
    EXPECT(sys_frame_give(CAP_CHILD, frame, s->id), 0);
}

/* Makes it an env, which owns all its tables, and `frame` if that is not 0:
   that is given first, and so the env gives it back last. */
static void
space_make(struct space *s, uint64_t frame)
{
    s->id = (uint64_t)sys_env_create(CAP_CHILD, s->record, s->list, s->root, 0);
    EXPECT((int64_t)s->id > 0, 1);
    if (frame != 0) {
        give(frame, s);
    }
    for (unsigned i = 0; i < s->middles; i++) {
        give(s->middle[i], s);
    }
    for (unsigned i = 0; i < s->leaves; i++) {
        give(s->leaf[i], s);
    }
}

static void
free_check(uint64_t frame)
{
    EXPECT(RECORDS[frame].type, FRAME_FREE);
    EXPECT(RECORDS[frame].owner, 0);
    EXPECT(RECORDS[frame].maps, 0);
}

/* Ends an env. There may be a step for each frame that it is made of, for each
   64 entries, and `more`. */
static void
space_end(const struct space *s, const char *what, uint64_t more)
{
    uint64_t most = s->count + s->leaves * ENTRIES / BATCH + more;
    int64_t result;

    do {
        uint64_t count = instructions();

        result = sys_env_destroy(CAP_CHILD, s->id);
        step_note(instructions() - count);
    } while (result == -EAGAIN);
    EXPECT(result, 0);
    steps_report(what, most);
    EXPECT(sys_env_destroy(CAP_CHILD, s->id), -ESRCH);
    for (unsigned i = 0; i < s->count; i++) {
        free_check(s->made[i]);
    }
}

static void
tables_empty(const struct space *s)
{
    for (unsigned i = 0; i < s->leaves; i++) {
        EXPECT(RECORDS[s->leaf[i]].type, FRAME_TABLE_0);
        EXPECT(RECORDS[s->leaf[i]].used, 0);
    }
}

/* Half of the entries mapped, half copied; the frame is the first or the last
   of what the env gives back. */
static void
own_mappings(bool frame_first)
{
    struct space *s = &spaces[0];
    uint64_t before = used();
    uint64_t frame = frame_clean(CAP_CHILD);

    tables_make(s, TABLES_MOST);
    tables_fill(s, frame, TABLES_MOST / 2);
    space_make(s, frame_first ? 0 : frame);
    if (frame_first) {
        give(frame, s);
    }
    space_end(s, frame_first ? "own, the frame first" : "own, the tables first",
              1);
    free_check(frame);
    EXPECT(used(), before);
}

static void
others_mappings(void)
{
    struct space *owner = &spaces[0];
    struct space *mapper = &spaces[1];
    uint64_t before = used();
    uint64_t frame = frame_clean(CAP_CHILD);

    tables_make(owner, 1);
    space_make(owner, 0);
    tables_make(mapper, TABLES_SOME);
    tables_fill(mapper, frame, 1);
    space_make(mapper, 0);
    give(frame, owner);
    space_end(owner, "another's", TABLES_SOME * ENTRIES / BROKEN);
    free_check(frame);
    tables_empty(mapper);
    space_end(mapper, "another's, its own end", 1);
    EXPECT(used(), before);
}

/* Gives an env that has no U-area one. */
static void
uarea_bind(struct space *s)
{
    uint64_t frame = frame_new(s);
    struct uarea *uarea = exo_map_borrow(CAP_CHILD, frame);

    EXPECT(uarea != NULL, 1);
    *uarea = (struct uarea){.version = UAREA_VERSION}; /* it was a table */
    exo_map_return();
    give(frame, s);
    EXPECT(sys_env_bind(CAP_CHILD, s->id, 0, frame), 0);
}

static void
revoked_mappings(void)
{
    struct space *s = &spaces[0];
    uint64_t before = used();
    uint64_t frame = frame_clean(CAP_CHILD);
    const struct uarea *uarea;
    uint64_t count;
    int64_t result;

    tables_make(s, TABLES_SOME);
    tables_fill(s, frame, 1);
    space_make(s, 0);
    give(frame, s);
    uarea_bind(s);
    count = instructions();
    EXPECT(sys_revoke(CAP_CHILD, s->id, RESOURCE_FRAME, frame, 1, 0), 0);
    step_note(instructions() - count);
    do {
        count = instructions();
        result = sys_repossess(CAP_CHILD, s->id);
        step_note(instructions() - count);
    } while (result == -EAGAIN);
    EXPECT(result, 0);
    steps_report("revoked by name", TABLES_SOME * ENTRIES / BROKEN);
    free_check(frame);
    tables_empty(s);
    uarea = exo_map_borrow(CAP_CHILD, s->made[s->count - 1]);
    EXPECT(uarea != NULL, 1);
    EXPECT(uarea->losses_posted, 1);
    EXPECT(uarea->loss[0], LOSS(RESOURCE_FRAME, frame, 0));
    exo_map_return();
    space_end(s, "revoked by name, the env's end", 1);
    EXPECT(used(), before);
}

int
main(void)
{
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0); /* it runs until it yields */
    exo_uarea->masked = MASKED_INTERRUPT;      /* no upcall is counted */
    EXPECT(exo_map_borrow(CAP_CHILD, frame_clean(CAP_CHILD)) != NULL, 1);
    exo_map_return(); /* what that takes is this env's for good */
    own_mappings(true);
    own_mappings(false);
    others_mappings();
    revoked_mappings();
    printf("test: million ok\n");
    return 0;
}
