/* SPDX-License-Identifier: MIT */
/*
 * Who owns frames, and how many: every refusal, and that a refusal changes
 * nothing; what becomes of a frame that others hold when its owner lets go; and
 * that at the end accounts have the room that they had. The other env is a
 * puppet that makes the calls it is told to make, on an account of its own.
 */
#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define HEIR 0x100
#define AD 0xc0
#define HELD 20 /* a place of the window */
#define ACCOUNT_PAGES 40

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };

struct shared {
    uint64_t parent;
    uint64_t number;
    uint64_t argument[4];
    uint64_t consent;
    int64_t result;
};

static volatile struct shared *const shared = (volatile struct shared *)SHARED;
static uint64_t window;
static struct child puppet;

static const volatile struct frame *
record(uint64_t number)
{
    return (const volatile struct frame *)INFORMATION_FRAMES + number;
}

static void
puppet_main(struct uarea *uarea)
{
    volatile struct shared *s = (volatile struct shared *)SHARED;

    for (;;) {
        uarea->consent = s->consent;
        s->result = call_raw(s->number, s->argument[0], s->argument[1],
                             s->argument[2], s->argument[3], 0, 0);
        (void)exo_yield(s->parent, uarea);
    }
}

static int64_t
puppet_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    shared->number = number;
    shared->argument[0] = a0;
    shared->argument[1] = a1;
    shared->argument[2] = a2;
    EXPECT(exo_yield(puppet.id, exo_uarea), 0);
    return shared->result;
}

static int64_t
map(uint64_t caps, uint64_t table, uint64_t index, uint64_t frame,
    uint64_t bits)
{
    exo_uarea->batch[0] = frame << 10 | bits | AD;
    return sys_pt_map(caps, table, index, 1);
}

static volatile uint64_t *
held(uint64_t index)
{
    return (volatile uint64_t *)(SHARED + index * 4096);
}

/* The most that can be carved off this env's account at the moment. */
static uint64_t
room(void)
{
    uint64_t least = 0;
    uint64_t most = 1UL << 40;

    while (least < most) {
        uint64_t middle = least + (most - least + 1) / 2;
        int64_t account = sys_account_carve(middle, 0);

        if (account < 0) {
            EXPECT(account, -EDQUOT);
            most = middle - 1;
        } else {
            EXPECT(sys_account_close((uint64_t)account), 0);
            least = middle;
        }
    }
    return least;
}

static uint64_t
table_make(uint64_t level)
{
    uint64_t table = frame_clean(0);

    EXPECT(sys_pt_make(table, frame_clean(0), level), 0);
    return table;
}

static void
table_end(uint64_t table)
{
    uint64_t shadow = record(table)->shadow;

    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(sys_frame_free(table, 0), 0);
    EXPECT(sys_frame_free(shadow, 0), 0);
}

static void
frees(void)
{
    uint64_t frame = frame_clean(0);
    uint64_t table = table_make(0);

    EXPECT(sys_frame_free(frame, 2), -EINVAL);
    EXPECT(sys_frame_free(frame, ~0UL), -EINVAL);
    EXPECT(sys_frame_free(0x80000, FRAME_FREE_BREAK), -EPERM);
    EXPECT(sys_frame_free(~0UL, FRAME_FREE_BREAK), -EPERM);
    EXPECT(sys_frame_free(table, FRAME_FREE_BREAK), -EINVAL);
    EXPECT(sys_frame_free(record(table)->shadow, FRAME_FREE_BREAK), -EINVAL);
    EXPECT(sys_frame_free(exo_root, FRAME_FREE_BREAK), -EINVAL);
    EXPECT(map(0, window, HELD, frame, R | W), 1);
    EXPECT(sys_frame_free(frame, 0), -EBUSY);
    EXPECT(record(frame)->flags, 0);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), 0);
    EXPECT(record(frame)->type, FRAME_FREE);
    EXPECT(sys_frame_free(frame, 0), -EPERM);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), -EPERM);
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 0);

    /* So many bindings that one call does not do it. */
    frame = frame_clean(0);
    for (unsigned i = 0; i < 200; i++) {
        EXPECT(map(0, table, i, frame, R), 1);
    }
    EXPECT(sys_frame_free(frame, 0), -EAGAIN); /* looks for an heir */
    EXPECT(sys_frame_free(frame, 0), -EBUSY);
    EXPECT(record(frame)->flags, 0);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), -EAGAIN);
    EXPECT(map(0, table, 200, frame, R), -EBUSY);
    while (sys_frame_free(frame, FRAME_FREE_BREAK) == -EAGAIN) {
    }
    EXPECT(record(frame)->type, FRAME_FREE);
    EXPECT(record(table)->used, 0);
    table_end(table);
}

static void
guards(void)
{
    uint64_t frame = frame_clean(CAP_CHILD);
    uint64_t table = table_make(0);
    uint64_t middle = table_make(1);

    EXPECT(map(0, window, HELD, frame, R | W), 1);
    held(HELD)[3] = 33;
    EXPECT(sys_frame_set_guard(63, 0, frame), -EBADF);
    EXPECT(sys_frame_set_guard(0, 0, 0), -EINVAL);
    EXPECT(sys_frame_set_guard(0, 0, 0x80000), -EINVAL);
    EXPECT(sys_frame_set_guard(0, 0, exo_root), -EBUSY);
    EXPECT(sys_frame_set_guard(0, 0, record(table)->shadow), -EINVAL);
    EXPECT(sys_cap_derive(0, 2, 0, CAP_RIGHTS_ALL & ~CAP_CONTROL), 0);
    EXPECT(sys_frame_set_guard(2, 0, frame), -EPERM);
    EXPECT(record(frame)->maps, 1);
    EXPECT(held(HELD)[3], 33);

    EXPECT(sys_frame_set_guard(0, 0, frame), 0);
    EXPECT(record(frame)->guard.word[0], 0);
    EXPECT(record(frame)->maps, 0);
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 0);
    EXPECT(map(CAP_CHILD << 8, window, HELD, frame, R), -EPERM);
    EXPECT(map(0, window, HELD, frame, R), 1);
    EXPECT(held(HELD)[3], 33);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), 0);

    /* A page table: its parents are broken, its entries stay. */
    EXPECT(sys_pt_link(0, middle, 0, table), 0);
    EXPECT(sys_frame_set_guard(CAP_CHILD, 2, table), 0);
    EXPECT(record(table)->maps, 0);
    EXPECT(sys_pt_unmap(0, middle, 0, 1), 0);
    table_end(table);
    table_end(middle);
    EXPECT(sys_cap_drop(2), 0);
}

/* An env needs an account of its creator's, with room for its four parts. */
static void
creates(void)
{
    uint64_t part = frame_clean(CAP_CHILD);
    uint64_t list = frame_clean(CAP_CHILD);
    uint64_t root = table_make(2);
    int64_t small = sys_account_carve(3, 0);

    EXPECT(sys_env_create(CAP_CHILD, part, list, root, 255), -EPERM);
    EXPECT(sys_env_create(CAP_CHILD, part, list, root, ACCOUNTS_MAX), -EPERM);
    EXPECT(sys_env_create(CAP_CHILD, part, list, root, (uint64_t)small),
           -EDQUOT);
    EXPECT(record(part)->type, FRAME_DATA);
    EXPECT(record(part)->owner, exo_id);
    EXPECT(sys_account_close((uint64_t)small), 0);
    EXPECT(sys_account_close((uint64_t)small), -EPERM);
    table_end(root);
    EXPECT(sys_frame_free(part, 0), 0);
    EXPECT(sys_frame_free(list, 0), 0);
}

/* The puppet's account has room for so many pages; what the puppet is made of
   is among them. */
static void
limits(uint64_t account, uint64_t foreign)
{
    uint64_t first = 0;
    uint64_t last = 0;
    int64_t next;

    for (;;) {
        next = puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0);
        if (next < 0) {
            break;
        }
        last = (uint64_t)next;
        first = first == 0 ? last : first;
    }
    EXPECT(next, -EDQUOT);
    EXPECT(puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 9, 0), -EDQUOT);
    EXPECT(puppet_call(CALL_account_carve, 1, 0, 0), -EDQUOT);
    EXPECT(puppet_call(CALL_account_carve, 0, 1, 0), -EDQUOT);
    EXPECT(sys_account_close(account), -EBUSY);

    EXPECT(puppet_call(CALL_frame_free, foreign, FRAME_FREE_BREAK, 0), -EPERM);
    EXPECT(puppet_call(CALL_frame_set_guard, CHILD_CAP_OWN, 3, window), -EPERM);
    EXPECT(puppet_call(CALL_frame_set_guard, 3, CHILD_CAP_OWN, foreign),
           -EPERM);
    EXPECT(sys_frame_free(first, FRAME_FREE_BREAK), -EPERM);
    EXPECT(puppet_call(CALL_account_close, account, 0, 0), -EPERM);
    EXPECT(puppet_call(CALL_account_close, ACCOUNT_FIRST, 0, 0), -EPERM);

    /* Given it is nothing but with its consent, and with room. */
    EXPECT(sys_frame_give(CAP_CHILD, foreign, puppet.id), -EBUSY);
    EXPECT(sys_frame_give(63, foreign, puppet.id), -EBADF);
    shared->consent = CONSENT_FRAMES;
    EXPECT(puppet_call(CALL_null, 0, 0, 0), 0);
    EXPECT(sys_frame_give(63, foreign, puppet.id), -EDQUOT);
    EXPECT(record(foreign)->owner, exo_id);
    EXPECT(puppet_call(CALL_frame_free, last, 0, 0), 0);
    EXPECT(sys_frame_give(63, foreign, puppet.id), 0);
    EXPECT(record(foreign)->owner, puppet.id);
    EXPECT(sys_frame_give(63, foreign, puppet.id), -EPERM);
    EXPECT(puppet_call(CALL_frame_free, foreign, 0, 0), 0);
    shared->consent = 0;
}

/* The puppet has room for one page. */
static void
heirs(uint64_t first, uint64_t second)
{
    int64_t its;

    EXPECT(map(CAP_CHILD, puppet.leaf, HELD, first, R | HEIR), 1);
    EXPECT(map(CAP_CHILD, puppet.leaf, HELD + 1, second, R | HEIR), 1);
    EXPECT(map(0, window, HELD, second, R | W), 1);
    held(HELD)[0] = 44;
    EXPECT(sys_frame_free(first, 0), 1);
    EXPECT(record(first)->owner, puppet.id);
    EXPECT(record(first)->maps, 1);
    EXPECT(sys_frame_free(first, 0), -EPERM);
    /* No room for another: it is still the owner's, and held. */
    EXPECT(sys_frame_free(second, 0), -EBUSY);
    EXPECT(record(second)->owner, exo_id);
    EXPECT(record(second)->flags, 0);
    EXPECT(puppet_call(CALL_frame_free, first, FRAME_FREE_BREAK, 0), 0);
    EXPECT(sys_frame_free(second, FRAME_FREE_BREAK), 1);
    EXPECT(record(second)->owner, puppet.id);
    EXPECT(held(HELD)[0], 44);
    EXPECT(puppet_call(CALL_frame_free, second, FRAME_FREE_BREAK, 0), 0);
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 0);

    /* What the puppet leaves when it ends. */
    its = puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0);
    EXPECT(its > 0, 1);
    (void)puppet_call(CALL_frame_scrub, (uint64_t)its, 0, 0);
    EXPECT(map(0, window, HELD, (uint64_t)its, R | W | HEIR), 1);
    held(HELD)[0] = 55;
    child_end(&puppet);
    EXPECT(record((uint64_t)its)->owner, exo_id);
    EXPECT(held(HELD)[0], 55);
    EXPECT(sys_frame_free((uint64_t)its, FRAME_FREE_BREAK), 0);
}

/* Who has control over an owner does what is for owners; nobody else. */
static void
control(uint64_t mine)
{
    int64_t its = puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0);
    uint64_t frame = (uint64_t)its;
    int64_t large = sys_frame_alloc(0, 9, 0);

    EXPECT(its > 0, 1);
    EXPECT(sys_cap_derive(CAP_CHILD, 9, 0, CAP_READ | CAP_WRITE), 0);
    EXPECT(sys_frame_free(frame, 0), -EPERM);
    EXPECT(sys_frame_free(FRAME_BY(60, frame), 0), -EBADF);
    EXPECT(sys_frame_free(FRAME_BY(~0UL >> 44, frame), 0), -EPERM);
    EXPECT(sys_frame_free(FRAME_BY(9, frame), 0), -EPERM);
    EXPECT(sys_frame_free(FRAME_BY(CAP_CHILD, mine), 0), -EPERM);
    EXPECT(sys_frame_free(FRAME_BY(CAP_CHILD, 0x40), 0), -EPERM);
    EXPECT(puppet_call(CALL_frame_free, FRAME_BY(CHILD_CAP_OWN, mine), 0, 0),
           -EPERM);
    EXPECT(sys_frame_give(0, FRAME_BY(9, frame), exo_id), -EPERM);
    EXPECT(sys_frame_give(0, FRAME_BY(CAP_CHILD, frame), puppet.id), -EBUSY);
    EXPECT(sys_frame_mark(FRAME_BY(9, frame), 1, MARK_EXPENDABLE, 0), -EPERM);
    EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame), 1, MARK_EXPENDABLE, 0),
           1);
    EXPECT(record(frame)->flags & FRAME_MARKS, FRAME_EXPENDABLE);
    EXPECT(sys_frame_split(FRAME_BY(CAP_CHILD, frame)), -EINVAL);
    EXPECT(sys_frame_join(FRAME_BY(CAP_CHILD, frame)), -EINVAL);
    EXPECT(record(frame)->owner, puppet.id);
    EXPECT(sys_frame_free(FRAME_BY(CAP_CHILD, frame), 0), 0);
    EXPECT(record(frame)->type, FRAME_FREE);
    EXPECT(record(frame)->flags & FRAME_MARKS, 0);
    /* Of oneself, if one has that. */
    EXPECT(large > 0, 1);
    EXPECT(sys_frame_split(FRAME_BY(0, large)), 0);
    EXPECT(record((uint64_t)large)->order, 0);
    EXPECT(sys_frame_join(FRAME_BY(0, large)), 0);
    EXPECT(sys_frame_free(FRAME_BY(0, large), 0), 0);
    EXPECT(sys_cap_drop(9), 0);
}

int
main(void)
{
    uint64_t page = frame_clean(0);
    uint64_t foreign;
    uint64_t second;
    uint64_t before;
    int64_t account;

    window = window_open(page);
    shared->parent = exo_id;
    before = room();
    frees();
    guards();
    creates();
    EXPECT(sys_account_carve(0, 0), -EINVAL);
    EXPECT(sys_account_carve(~0UL, 0), -EDQUOT);
    EXPECT(sys_account_carve(1, ~0UL), -EDQUOT);
    EXPECT(sys_account_close(0), -EPERM);
    EXPECT(sys_account_close(ACCOUNT_FIRST), -EPERM);
    EXPECT(sys_account_close(ACCOUNTS_MAX), -EPERM);
    EXPECT(sys_account_close(77), -EPERM);
    account = sys_account_carve(ACCOUNT_PAGES, 0);
    EXPECT(account > ACCOUNT_FIRST, 1);
    child_account = (uint64_t)account;
    puppet = child_make(page, puppet_main);
    foreign = frame_clean(CAP_CHILD);
    control(page);
    limits((uint64_t)account, foreign);
    foreign = frame_clean(0);
    second = frame_clean(0);
    heirs(foreign, second);
    EXPECT(sys_account_close((uint64_t)account), -EPERM); /* it has gone too */
    EXPECT(room(), before);
    printf("test: owners ok\n");
    return 0;
}
