/* SPDX-License-Identifier: MIT */
/*
 * A disk on which two nodes own the same extent, as a power cut in a move
 * leaves it: it can be read by what each says, and not written; and who is
 * allowed to by one of them sees nothing more when that one says otherwise,
 * whichever the block was read by first.
 */
#include <string.h>

#include "lib/exo/map.h"
#include "test/user/disk_format.h"
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define R 0x02
#define AD 0xc0
#define PLACE 60 /* of the window */
#define WORD 4711

static uint64_t frame;
static uint64_t leaf;
static uint64_t raw;
static uint64_t nodes[2];
static struct cap_name own; /* the puppet's name */

static void
block_write(uint64_t block)
{
    format_fill(frame);
    EXPECT(sys_disk_write(0, raw, block, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
}

/* The second node is the puppet's. */
static void
nodes_write(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;

    format_label(0, raw, frame);
    format_type(frame);
    block_write(2);
    memset(format_bytes, 0, sizeof(format_bytes));
    for (unsigned i = 0; i < 2; i++) {
        t[i] = (struct disk_tree){.first = NODE + i, .count = 1, .type = 2};
    }
    block_write(DISK_CATALOGUE_BLOCK);
    format_node(1);
    block_write(NODE);
    ((struct node *)format_bytes)->guard = own;
    block_write(NODE + 1);
    *(uint64_t *)format_bytes = WORD;
    for (uint64_t i = 0; i < DATA_BLOCKS; i++) {
        block_write(DATA + i);
    }
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
}

static uint64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page)
{
    int64_t result;

    do {
        result = sys_registry_read(0, parent, block, page, 0, 6);
    } while (result == -EAGAIN);
    EXPECT(result >= 0, 1);
    EXPECT(disk_wait(6), 0);
    return (uint64_t)result;
}

/* Calls of the puppet, until they have had the time for it. */
static int64_t
their_call(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    int64_t result;

    do {
        result = puppet_call(number, CHILD_CAP_OWN, a1, a2, a3, a4);
    } while (result == -EAGAIN);
    return result;
}

static int64_t
their_map(uint64_t page)
{
    PUPPET->batch = page << 10 | R | AD;
    return puppet_call(CALL_pt_map, CHILD_CAP_OWN | CHILD_CAP_OWN << 8,
                       puppet.leaf, PLACE, 1, 0);
}

/* The puppet's node is given this guard. */
static void
guard_change(struct cap_name guard)
{
    format_node(1);
    ((struct node *)format_bytes)->guard = guard;
    format_fill(frame);
    exo_uarea->batch[0] = 0;
    exo_uarea->batch[1] = 0;
    exo_uarea->batch[2] = nodes[1] | frame << 32;
    exo_uarea->batch[3] = frame_clean(0);
    exo_uarea->batch[4] = ENTRY[nodes[1]].version;
    EXPECT(sys_disk_change(0, 0, 1, 4), 0);
    EXPECT(disk_wait(4), 0);
}

/* The block at this place of the extent, read by way of `first` before the
   puppet reads it by its own node. */
static void
withdrawn(uint64_t block, unsigned first)
{
    static const struct cap_name nobody;
    uint64_t entry = entry_read(nodes[first], block, frame_clean(0));
    uint64_t page = ENTRY[entry].frame;
    int64_t binding;

    EXPECT(ENTRY[entry].flags & REGISTRY_FROZEN, REGISTRY_FROZEN);
    EXPECT(their_call(CALL_registry_read, nodes[0], block, 0, 0), -EPERM);
    EXPECT(their_call(CALL_registry_read, nodes[1], block, 0, 0),
           (int64_t)entry);
    EXPECT(their_map(page), 1);
    EXPECT(FRAME_ROW[page].maps, 1);
    binding = their_call(CALL_disk_bind, nodes[1], block, 1, DISK_BOTH);
    EXPECT(binding > 0, 1);
    PUPPET->batch = DISK_PIECE(frame, 0, 1);
    EXPECT(puppet_call(CALL_disk_write, 3, (uint64_t)binding, 0, 1, 1), -EBUSY);

    guard_change(own); /* the same */
    EXPECT(FRAME_ROW[page].maps, 1);

    guard_change(nobody);
    EXPECT(FRAME_ROW[page].maps, 0);
    EXPECT(their_map(page), -EPERM);
    EXPECT(puppet_call(CALL_disk_flush, (uint64_t)binding, 1, 0, 0, 0),
           -ESTALE);
    EXPECT(entry_read(nodes[0], block, 0), entry);
    exo_uarea->batch[0] = page << 10 | R | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    EXPECT(*(const volatile uint64_t *)(SHARED + PLACE * 4096), WORD);
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1);
    guard_change(own);
}

int
main(void)
{
    struct exo_map map = exo_map_own();
    uint64_t theirs;
    uint64_t catalogue;

    (void)puppet_open();
    leaf = (uint64_t)exo_map_table(&map, SHARED);
    exo_map_forget();
    puppet_make(0, false);
    theirs = (uint64_t)puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0, 0, 0);
    own = (struct cap_name){
        {FRAME_ROW[theirs].guard.word[0], FRAME_ROW[theirs].guard.word[1]}};
    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    nodes_write();
    format_recover(0, frame_clean(0));
    EXPECT(DISK_ROW[0].state, DISK_READY);
    EXPECT(DISK_ROW[0].doubles, 1);
    catalogue =
        (uint64_t)sys_registry_read(0, DISK_WHOLE, 64, frame_clean(0), 0, 6);
    EXPECT(disk_wait(6), 0);
    for (unsigned i = 0; i < 2; i++) {
        nodes[i] = entry_read(catalogue, NODE + i, frame_clean(0));
    }
    withdrawn(DATA, 0);
    withdrawn(DATA + 1, 1);
    child_end(&puppet);
    printf("disk_frozen: done\n");
    return 0;
}
