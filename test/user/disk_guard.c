/* SPDX-License-Identifier: MIT */
/*
 * Who may see what of a tree, and who not: an env without a right on it, before
 * it gets one, and after the guard in the tree has become another again.
 */
#include <string.h>

#include "lib/exo/map.h"
#include "test/user/disk_format.h"
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define R 0x02
#define AD 0xc0
#define PLACE 60 /* of the window */
#define BLOCKS_READ 12

static uint64_t frame;
static uint64_t leaf;
static uint64_t catalogue;
static uint64_t node;
static uint64_t theirs; /* a frame of the puppet's */

/* Proposes `format_bytes` for an entry: the answer. */
static int64_t
change(uint64_t entry, uint64_t claimed)
{
    int64_t result;

    format_fill(frame);
    exo_uarea->batch[0] = claimed;
    exo_uarea->batch[1] = 0;
    exo_uarea->batch[2] = entry | frame << 32;
    exo_uarea->batch[3] = frame_clean(0);
    exo_uarea->batch[4] = ENTRY[entry].version;
    result = sys_disk_change(0, 0, 1, 4);
    return result < 0 ? result : disk_wait(4);
}

static uint64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page, uint64_t flags)
{
    int64_t result;

    do {
        result = sys_registry_read(0, parent, block, page, flags, 6);
    } while (result == -EAGAIN);
    EXPECT(result >= 0, 1);
    return (uint64_t)result;
}

/* A tree of one node, which owns an extent, for who has the empty name. */
static void
tree(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;

    catalogue =
        (uint64_t)sys_registry_read(0, DISK_WHOLE, 64, frame_clean(0), 0, 6);
    EXPECT(disk_wait(6), 0);
    memset(format_bytes, 0, sizeof(format_bytes));
    *t = (struct disk_tree){.first = NODE, .count = 1, .type = 2};
    EXPECT(change(catalogue, 1), 0);
    node = entry_read(catalogue, NODE, 0, REGISTRY_READ_CREATE);
    EXPECT(disk_wait(6), 0);
    format_node(1);
    EXPECT(change(node, DATA_BLOCKS), 0);
}

/* The tree gets another guard. */
static void
guard_change(const struct cap_name *guard)
{
    format_node(1);
    ((struct node *)format_bytes)->guard = *guard;
    EXPECT(change(node, 0), 0);
}

/* Calls of the puppet, until they have had the time for it. */
static int64_t
their_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
           uint64_t a4)
{
    int64_t result;

    do {
        result = puppet_call(number, a0, a1, a2, a3, a4);
    } while (result == -EAGAIN);
    return result;
}

static int64_t
their_read(uint64_t block, uint64_t flags)
{
    return their_call(CALL_registry_read, CHILD_CAP_OWN, node, block, theirs,
                      flags);
}

static uint64_t
their_frame(void)
{
    int64_t page = puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0, 0, 0);

    EXPECT(page > 0, 1);
    (void)puppet_call(CALL_frame_scrub, (uint64_t)page, 0, 0, 0, 0);
    return (uint64_t)page;
}

static int64_t
their_map(uint64_t page)
{
    PUPPET->batch = page << 10 | R | AD;
    return puppet_call(CALL_pt_map, CHILD_CAP_OWN | CHILD_CAP_OWN << 8,
                       puppet.leaf, PLACE, 1, 0);
}

/* What the puppet is told next. */
static int64_t
their_answer(void)
{
    static uint64_t answers;
    const struct uarea *uarea;
    int64_t value;

    while (PUPPET->posted == answers) {
        disk_sleep(2);
        EXPECT(puppet_call(CALL_null, 0, 0, 0, 0, 0), 0);
    }
    uarea = exo_map_borrow(CAP_CHILD, puppet.uarea);
    value = (int64_t)uarea->ring[answers++ % UAREA_RING_ENTRIES].value;
    exo_map_return();
    return value;
}

/* No call lets it see a block, or changes who holds what. */
static void
strangers(uint64_t entry)
{
    uint64_t version = ENTRY[node].version;
    uint64_t posted = PUPPET->posted;

    for (uint64_t flags = 0; flags < 8; flags++) {
        int64_t result = their_read(DATA, flags);

        EXPECT(result == -EPERM || result == -EINVAL, 1);
        result = their_read(DATA + 1, flags);
        EXPECT(result == -EPERM || result == -EINVAL, 1);
        EXPECT(their_call(CALL_registry_read, CHILD_CAP_OWN, catalogue, NODE,
                          theirs, flags),
               -EPERM);
    }
    for (uint64_t rights = 1; rights < 8; rights++) {
        EXPECT(their_call(CALL_disk_bind, CHILD_CAP_OWN, node, DATA, 1, rights),
               rights & ~(uint64_t)DISK_BOTH ? -EINVAL : -EPERM);
    }
    EXPECT(their_map(ENTRY[node].frame), -EPERM);
    EXPECT(their_map(ENTRY[entry].frame), -EPERM);
    EXPECT(their_map(ENTRY[catalogue].frame), 1); /* that is for all */
    EXPECT(puppet_call(CALL_pt_unmap, CHILD_CAP_OWN, puppet.leaf, PLACE, 1, 0),
           1);
    EXPECT(PUPPET->posted, posted);
    /* A change is looked at, and refused; the frame is the puppet's again. */
    PUPPET->batch = 0;
    PUPPET->more[0] = 0;
    PUPPET->more[1] = node | theirs << 32;
    PUPPET->more[2] = their_frame();
    PUPPET->more[3] = version;
    EXPECT(their_call(CALL_disk_change, CHILD_CAP_OWN, 0, 1, 1, 0), 0);
    EXPECT(their_answer(), -EPERM);
    EXPECT(FRAME_ROW[PUPPET->more[2]].owner, puppet.id);
    EXPECT(FRAME_ROW[PUPPET->more[2]].type, FRAME_DATA);
    EXPECT(ENTRY[node].holder, exo_id);
    EXPECT(ENTRY[node].version, version);
    EXPECT(puppet_call(CALL_release, RELEASE_ENTRY, node, 0, 0, 0), -ESTALE);
}

/* With the right it sees the block; when the guard is another it sees nothing
   more, by what it had. */
static void
withdrawn(uint64_t entry)
{
    static const struct cap_name nobody;
    struct cap_name own = {
        {FRAME_ROW[theirs].guard.word[0], FRAME_ROW[theirs].guard.word[1]}};
    uint32_t page = ENTRY[entry].frame;
    int64_t binding;

    guard_change(&own);
    EXPECT(their_map(page), -EPERM); /* it has to be asked for */
    EXPECT(their_read(DATA, 0), (int64_t)entry);
    EXPECT(their_answer(), 0);
    EXPECT(their_map(page), 1);
    EXPECT(FRAME_ROW[page].maps, 1);
    binding =
        their_call(CALL_disk_bind, CHILD_CAP_OWN, node, DATA, 1, DISK_BOTH);
    EXPECT(binding > 0, 1);

    guard_change(&own); /* the same: nothing is broken */
    EXPECT(FRAME_ROW[page].maps, 1);
    EXPECT(puppet_call(CALL_disk_flush, (uint64_t)binding, 1, 0, 0, 0), 0);
    EXPECT(their_answer(), 0);

    guard_change(&nobody);
    EXPECT(ENTRY[entry].frame, page);
    EXPECT(FRAME_ROW[page].maps, 0);
    EXPECT(their_map(page), -EPERM);
    EXPECT(puppet_call(CALL_disk_flush, (uint64_t)binding, 1, 0, 0, 0),
           -ESTALE);
    strangers(entry);
}

static unsigned long_ones; /* batches that ended between the two */

/* Reads a block into a page, and maps that in the same batch: no answer of the
   disk can come in between. What the mapping returned. */
static int64_t
read_and_map(uint64_t block, uint64_t page, uint64_t *entry)
{
    const uint64_t words[] = {
        BATCH_HEADER(NUMBER_registry_read, 6), 0, node, block, page, 0, 6,
        BATCH_HEADER(NUMBER_pt_map, 4),        0, leaf, PLACE, 1};
    uint64_t done;
    int64_t result;

    do {
        exo_uarea->batch[0] = page << 10 | R | AD;
        memcpy(&exo_uarea->batch[1], words, sizeof(words));
        result = sys_batch(1, 2);
        done = exo_uarea->batch_done;
    } while (result == -EAGAIN && done == 0);
    EXPECT(done > 0, 1);
    *entry = exo_uarea->batch[1];
    if (result == -EAGAIN) { /* it was long, as on a busy machine */
        long_ones++;
        result = sys_pt_map(0, leaf, PLACE, 1);
    }
    return result == 2 ? 1 : result;
}

/* While a block is being read, what the frame held before is nobody's to see,
   not even its giver's. */
static void
reading(void)
{
    unsigned seen = 0;

    for (uint64_t i = 0; i < BLOCKS_READ; i++) {
        uint64_t page = frame_clean(0);
        uint64_t entry;
        int64_t mapped = read_and_map(DATA + 2 + i, page, &entry);

        if (mapped == 1) {
            EXPECT(ENTRY[entry].state, REGISTRY_CLEAN);
            EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1);
        } else {
            EXPECT(mapped, -EBUSY);
            seen++;
        }
        EXPECT(disk_wait(6), 0);
        EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
        EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1);
    }
    EXPECT(seen > 0 || long_ones == BLOCKS_READ, 1);
}

static uint64_t
bind(void)
{
    int64_t result;

    do {
        result = sys_disk_bind(0, node, DATA, DATA_BLOCKS, DISK_BOTH);
    } while (result == -EAGAIN);
    EXPECT(result > 0, 1);
    return (uint64_t)result;
}

/* What a handle named is gone for it, also when its row names something new. */
static void
stale(uint64_t binding)
{
    uint64_t other;

    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
    other = bind();
    EXPECT((uint32_t)other, (uint32_t)binding);
    EXPECT(sys_disk_read(0, binding, 1, disk_piece(frame, 0, 1), 7), -ESTALE);
    EXPECT(sys_release(RELEASE_BINDING, binding), -ESTALE);
    EXPECT(sys_release(RELEASE_BINDING, other), 0);
}

int
main(void)
{
    struct exo_map own = exo_map_own();
    uint64_t entry;
    int64_t raw;

    (void)puppet_open();
    leaf = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    frame = frame_clean(0);
    raw = (int64_t)disk_bind_whole(0, DISK_BOTH);
    format_label(0, (uint64_t)raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)raw), 0);
    format_recover(0, frame_clean(0));
    format_type(frame);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2);
    tree();
    raw = (int64_t)bind();
    for (uint64_t i = 1; i < DATA_BLOCKS; i++) {
        EXPECT(sys_disk_write(0, (uint64_t)raw, i, disk_piece(frame, 0, 1), 7),
               0);
        EXPECT(disk_wait(7), 0);
    }
    stale((uint64_t)raw);
    entry = entry_read(node, DATA, frame_clean(0), REGISTRY_READ_INSERT);
    EXPECT(disk_wait(6), 0);
    puppet_make(0, false);
    EXPECT(puppet_call(CALL_cap_drop, 3, 0, 0, 0, 0), 0);
    theirs = their_frame();
    strangers(entry);
    withdrawn(entry);
    reading();
    child_end(&puppet);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    printf("disk_guard: done\n");
    return 0;
}
