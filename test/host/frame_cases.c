/* SPDX-License-Identifier: MIT */
/*
 * What the random tests do not reach, or seldom: frames of 1 GiB, tables with
 * many parents, fences that are still owed, and another hart that comes in
 * between two steps of a call.
 */
#include "check.h"
#include "kern/abi/error.h"
#include "kern/pt_one.h"
#include "machine.h"

#define OWNER 7

/* One gigabyte in a row, and a little more. */
static const struct machine_bank banks[] = {
    {1 << 18, (1 << 18) + 4096}, {1 << 19, (1 << 19) + (1 << 18) + 64}};

static struct machine_owner owner = {
    .id = OWNER, .list = {.account = &ACCOUNT_TABLE[ACCOUNT_FIRST]}};
static const struct cap_name empty;
static struct cap_list caps;
static const struct cap *root_cap;
static uint64_t fenced;

void
hart_fence(uint64_t harts)
{
    fenced |= harts;
}

static struct frame *
page_take(void)
{
    ppn_t n;

    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, 0, &n), 0);
    frame_lock(frame_record(n));
    if (frame_record(n)->flags & FRAME_UNSCRUBBED) {
        CHECK_EQUAL(frame_scrub(frame_record(n)), 0);
    }
    frame_unlock(frame_record(n));
    return frame_record(n);
}

static struct frame *
table_take(uint64_t level)
{
    struct frame *table = page_take();

    CHECK_EQUAL(pt_make(table, page_take(), level, OWNER), 0);
    return table;
}

static struct pt_place
place(struct frame *table, uint64_t index)
{
    return (struct pt_place){table, index, root_cap};
}

static void
link_tables(struct frame *above, uint64_t index, struct frame *below)
{
    struct pt_place at = place(above, index);

    CHECK_EQUAL(pt_link(&at, below, root_cap), 0);
}

static void
map(struct frame *table, uint64_t index, const struct frame *f)
{
    struct pt_place at = place(table, index);
    pte_t entry = frame_number(f) << PTE_PPN_SHIFT;

    CHECK_EQUAL(pt_insert(&at, 1, &entry, root_cap), 1);
}

/* Fences what taking away the one entry does. */
static uint64_t
unmap(struct frame *table, uint64_t index)
{
    struct pt_place at = place(table, index);

    fenced = 0;
    CHECK_EQUAL(pt_remove(&at, 1), 1);
    return fenced;
}

static void
test_gigabyte(void)
{
    uint64_t before = machine_free();
    ppn_t n;
    ppn_t inside;

    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 18, 0, &n), 0);
    CHECK_EQUAL(n, 1 << 19);
    CHECK_EQUAL(frame_head(n + 70000) - frame_record(n), 0);
    CHECK(frame_head((1 << 19) + (1 << 18) + 64) == NULL);
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 18, 0, &inside),
                -EDQUOT);
    ACCOUNT_TABLE[ACCOUNT_FIRST].limit[ACCOUNT_FRAMES] += 1 << 18;
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 18, 0, &inside),
                -ENOMEM);
    ACCOUNT_TABLE[ACCOUNT_FIRST].limit[ACCOUNT_FRAMES] -= 1 << 18;
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, n + 5, &inside),
                -EBUSY);
    machine_check(&owner, 1, true);

    CHECK_EQUAL(frame_split(&owner.list, OWNER + 1, frame_record(n)), -EINVAL);
    CHECK_EQUAL(frame_split(&owner.list, OWNER, frame_record(n)), 0);
    CHECK_EQUAL(frame_record(n + 512)->order, 9);
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(n + 512)), -EINVAL);
    CHECK_EQUAL(frame_split(&owner.list, OWNER, frame_record(n + 1024)), 0);
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(n)), -EINVAL);
    machine_check(&owner, 1, true);
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(n + 1024)), 0);
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(n)), 0);
    CHECK_EQUAL(frame_record(n)->order, 18);
    frame_lock(frame_record(n));
    CHECK_EQUAL(frame_return(&owner.list, frame_record(n)), 0);
    CHECK_EQUAL(machine_free(), before);

    /* One page from its middle splits twice. */
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, n + 100007, &inside),
                0);
    CHECK_EQUAL(inside, n + 100007);
    CHECK_EQUAL(machine_free(), before - 1);
    machine_check(&owner, 1, true);
}

/* The owner's list in no order: join gets further with each call. */
static void
test_join_scattered(void)
{
    ppn_t n;
    unsigned calls = 1;
    int result;

    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 9, 0, &n), 0);
    CHECK_EQUAL(frame_split(&owner.list, OWNER, frame_record(n)), 0);
    for (unsigned i = 0; i < 512; i++) {
        struct frame *f = frame_record(n + i * 77 % 512);

        frame_lock(f);
        CHECK_EQUAL(frame_give(&owner.list, &owner.list, OWNER, &f, 1), 0);
        frame_unlock(f);
    }
    while ((result = frame_join(&owner.list, OWNER, frame_record(n))) ==
           -EAGAIN) {
        machine_check(&owner, 1, true);
        calls++;
    }
    CHECK_EQUAL(result, 0);
    CHECK(calls > 1 && calls <= 17);
    machine_check(&owner, 1, true);

    /* One that is mapped keeps all of them apart. */
    CHECK_EQUAL(frame_split(&owner.list, OWNER, frame_record(n)), 0);
    frame_lock(frame_record(n + 511));
    (void)frame_scrub(frame_record(n + 511));
    frame_unlock(frame_record(n + 511));
    map(table_take(0), 3, frame_record(n + 511));
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(n)), -EBUSY);
    machine_check(&owner, 1, true);
}

static void
test_clean(void)
{
    const struct cap_name other = {{5, 0}};
    struct frame *f = page_take();
    ppn_t n = frame_number(f);

    frame_lock(f);
    CHECK_EQUAL(frame_return(&owner.list, f), 0);
    f->flags |= FRAME_CLEAN; /* by a hart that had nothing to do */
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &other, 0, n, &n), 0);
    CHECK_EQUAL(f->flags, FRAME_CLEAN);
    map(table_take(0), 3, f);
    CHECK_EQUAL(f->flags, 0);
    CHECK_EQUAL(pt_break(f, OWNER, 1), 0);
    CHECK_EQUAL(frame_return(&owner.list, f), 0);
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, n, &n), 0);
    CHECK_EQUAL(f->flags, FRAME_UNSCRUBBED);
}

static void
test_breaking(void)
{
    struct frame *table = table_take(0);
    struct frame *f = page_take();
    struct pt_place from = place(table, 0);
    struct pt_place to = place(table, 9);
    pte_t entry = frame_number(f) << PTE_PPN_SHIFT;
    struct cap_name guard = {{3, 0}};

    map(table, 0, f);
    map(table, 1, f);
    CHECK_EQUAL(pt_break(f, f->owner, 1), -EAGAIN);
    CHECK_EQUAL(pt_insert(&to, 1, &entry, root_cap), -EBUSY);
    CHECK_EQUAL(pt_copy(&from, &to, 1, 0, false), -EBUSY);
    frame_lock(f);
    CHECK_EQUAL(frame_set_guard(f, &guard), -EBUSY);
    CHECK_EQUAL(frame_return(&owner.list, f), -EBUSY);
    CHECK_EQUAL(pt_make(f, page_take(), 0, OWNER), -EBUSY);
    CHECK_EQUAL(pt_break(f, f->owner, 1), 0);
    CHECK_EQUAL(frame_set_guard(f, &guard), 0);
    frame_unlock(f);
    CHECK_EQUAL(table->used, 0);
}

/* Up to 8 parents are walked; with more, every hart is fenced. */
static void
test_parents(void)
{
    struct frame *table = table_take(0);
    struct frame *f = page_take();
    uint64_t expected = 0;

    CHECK_EQUAL(unmap((map(table, 0, f), table), 0), 0);
    for (unsigned i = 0; i < 9; i++) {
        struct frame *root = table_take(2);
        struct frame *middle = table_take(1);

        link_tables(root, 2UL * i, middle);
        link_tables(middle, 511 - i, table);
        root->harts = (uint64_t)1 << i;
        expected |= root->harts;
        map(table, 5, f);
        CHECK_EQUAL(unmap(table, 5), i < 8 ? expected : ~(uint64_t)0);
    }
    machine_check(&owner, 1, true);
}

/* A parent that is gone, but whose fence is still to come, could be anyone's.
 */
static void
test_owed(void)
{
    struct frame *root = table_take(2);
    struct frame *middle = table_take(1);
    struct frame *table = table_take(0);
    struct frame *f = page_take();

    link_tables(root, 0, middle);
    link_tables(middle, 0, table);
    root->harts = 4;
    map(table, 5, f);
    CHECK_EQUAL(unmap(table, 5), 4);
    table->maps++;
    map(table, 5, f);
    CHECK_EQUAL(unmap(table, 5), ~(uint64_t)0);
    table->maps--;
    middle->maps++;
    map(table, 5, f);
    CHECK_EQUAL(unmap(table, 5), ~(uint64_t)0);
    middle->maps--;
    /* The table mapped as a page is no parent. */
    map(table, 7, table);
    map(table, 5, f);
    CHECK_EQUAL(unmap(table, 5), 4);
    CHECK_EQUAL(unmap(middle, 0), 4);
    map(table, 5, f);
    CHECK_EQUAL(unmap(table, 5), 0);
}

/* Another hart changes the entry that a break is about to take. */
static struct frame *race_table;
static struct frame *race_frame;
static struct frame *race_other;
static unsigned race_at;
static unsigned race_calls;
static bool race_done;

static void
race(void)
{
    const struct frame *shadow = frame_record(race_table->shadow);

    if (++race_calls != race_at || race_frame->lock != 0 || shadow->lock != 0) {
        return;
    }
    machine_pause = NULL;
    machine_hart.index = 1;
    if (((pte_t *)frame_contents(frame_number(race_table)))[6] != 0) {
        (void)unmap(race_table, 6);
        map(race_table, 6, race_other);
        race_done = true;
    }
    machine_hart.index = 0;
}

static void
test_race(void)
{
    unsigned raced = 0;

    race_table = table_take(0);
    race_frame = page_take();
    race_other = page_take();
    for (race_at = 1; race_at < 40; race_at++) {
        map(race_table, 6, race_frame);
        race_calls = 0;
        race_done = false;
        machine_pause = race;
        CHECK_EQUAL(pt_break(race_frame, race_frame->owner, 8), 0);
        machine_pause = NULL;
        frame_unlock(race_frame);
        raced += race_done;
        CHECK_EQUAL(race_other->maps, race_done);
        machine_check(&owner, 1, true);
        if (race_done) {
            (void)unmap(race_table, 6);
        }
    }
    CHECK(raced > 0);
}

/* Records of what is not RAM cannot be written: each of these would. */
static void
test_absent(void)
{
    struct frame *table = table_take(0);
    struct pt_place at = place(table, 0);
    struct pt_place nowhere = place(frame_record(3), 0);
    pte_t entry = (pte_t)3 << PTE_PPN_SHIFT;
    struct one_place one = {frame_number(table), 0, root_cap};
    ppn_t n;

    CHECK_EQUAL(pt_insert(&at, 1, &entry, root_cap), -EINVAL);
    CHECK(!pt_insert_one(&one, entry, root_cap));
    entry = frame_number(frame_record(table->shadow)) << PTE_PPN_SHIFT;
    CHECK(!pt_insert_one(&one, entry, root_cap));
    entry = frame_number(page_take()) << PTE_PPN_SHIFT;
    one.index = PAGE_TABLE_ENTRIES;
    CHECK(!pt_insert_one(&one, entry, root_cap));
    one.index = 0;
    one.table = FRAME_LIMIT;
    CHECK(!pt_insert_one(&one, entry, root_cap));
    one.table = 3;
    CHECK(!pt_insert_one(&one, entry, root_cap));
    CHECK(!pt_remove_one(hart_self(), &one));
    CHECK(!pt_protect_one(hart_self(), &one, PTE_W, 0, root_cap));
    CHECK_EQUAL(pt_insert(&nowhere, 1, &entry, root_cap), -EINVAL);
    CHECK_EQUAL(pt_link(&at, frame_record(3), root_cap), -EINVAL);
    CHECK_EQUAL(pt_copy(&nowhere, &at, 1, 0, false), -EINVAL);
    CHECK_EQUAL(pt_copy(&at, &nowhere, 1, 0, false), -EINVAL);
    CHECK_EQUAL(pt_break(frame_record(3), 0, 1), -EINVAL);
    CHECK_EQUAL(pt_unmake(frame_record(3), OWNER), -EINVAL);
    CHECK_EQUAL(pt_make(frame_record(3), page_take(), 0, OWNER), -EINVAL);
    CHECK_EQUAL(frame_join(&owner.list, OWNER, frame_record(1024)), -EINVAL);
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, 3, &n), -EINVAL);
    CHECK_EQUAL(frame_take(&owner.list, OWNER, &empty, 0, FRAME_LIMIT, &n),
                -EINVAL);
    CHECK(frame_head(3) == NULL && frame_head(FRAME_LIMIT) == NULL);
}

int
main(void)
{
    machine_init(banks, 2);
    cap_init_root(&caps);
    root_cap = &caps.entry[0];
    test_gigabyte();
    test_join_scattered();
    test_clean();
    test_breaking();
    test_parents();
    test_owed();
    test_race();
    test_absent();
    machine_check(&owner, 1, true);
    return 0;
}
