/* SPDX-License-Identifier: MIT */
/*
 * A disk with trees on it: it is formatted as a raw one, recovered, gets a
 * type, a tree of that type in its catalogue, and an extent of data in the
 * tree. What the kernel refuses, in between: writes in the wrong order, reading
 * what was never written, stale versions, wrong sums, and all that another env
 * tries. Data in the registry that two envs write by their maps.
 */
#include <string.h>

#include "lib/exo/map.h"
#include "test/user/disk_format.h"
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define R 0x02
#define AD 0xc0

#define PLACE 60 /* of the window */

static uint64_t frame;
static uint64_t leaf;
static uint64_t catalogue;
static uint64_t node;
static uint64_t binding;

/* Copies an image of the registry to `format_bytes`. */
static void
image_read(uint64_t entry)
{
    const void *at = (const void *)(SHARED + PLACE * 4096);

    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    memcpy(format_bytes, at, sizeof(format_bytes));
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1);
}

static unsigned
state_of(uint64_t block)
{
    return BLOCK[block];
}

/* Calls that run programs, until they have had the time for it. */
static int64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page, uint64_t flags)
{
    int64_t result;

    do {
        result = sys_registry_read(0, parent, block, page, flags, 6);
    } while (result == -EAGAIN);
    return result;
}

static int64_t
bind(uint64_t parent, uint64_t first, uint64_t count, uint64_t rights)
{
    int64_t result;

    do {
        result = sys_disk_bind(0, parent, first, count, rights);
    } while (result == -EAGAIN);
    return result;
}

static int64_t
puppet_bind(uint64_t cap, uint64_t rights)
{
    int64_t result;

    do {
        result = puppet_call(CALL_disk_bind, cap, node, DATA, 1, rights);
    } while (result == -EAGAIN);
    return result;
}

static void
format(void)
{
    uint64_t raw = disk_bind_whole(0, DISK_BOTH);

    format_label(0, raw, frame);
    EXPECT(sys_disk_recover(0, 0), -EBUSY); /* it is bound */
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
}

static void
recover(void)
{
    uint64_t reading = frame_clean(0);
    int64_t wanted;
    unsigned reads = 0;

    EXPECT(sys_registry_read(0, DISK_WHOLE, 64, reading, 0, 1), -EPERM);
    while ((wanted = sys_disk_recover(0, 0)) != 0) {
        if (wanted == -EAGAIN) {
            continue;
        }
        EXPECT(wanted > 0, 1);
        EXPECT(DISK_ROW[0].state, DISK_RECOVERING);
        EXPECT(sys_disk_bind(0, DISK_WHOLE, 0, 1, CAP_READ), -EBUSY);
        EXPECT(sys_registry_read(0, DISK_WHOLE, (uint64_t)wanted, 0, 0, 2),
               -EINVAL);
        EXPECT(sys_registry_read(0, DISK_WHOLE, (uint64_t)wanted - 1,
                                 reads == 0 ? reading : 0, 0, 2),
               0);
        EXPECT(disk_wait(2), 0);
        reads++;
    }
    EXPECT(reads, 64); /* label, 62 types, catalogue */
    EXPECT(DISK_ROW[0].state, DISK_READY);
    EXPECT(sys_disk_recover(0, 0), 0);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 0, 1, CAP_READ), -EBUSY);
    EXPECT(state_of(64), BLOCK_USED | 1 << BLOCK_TYPE_SHIFT);
    EXPECT(state_of(65), BLOCK_FREE);
}

static void
types(void)
{
    format_type(frame);
    EXPECT(sys_disk_type(CAP_CHILD, 0, frame, 3), -EPERM);
    EXPECT(sys_disk_type(0, 1, frame, 3), -ENODEV);
    EXPECT(sys_disk_type(0, 0, 0, 3), -EINVAL);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2); /* the same */
    format_bytes[2000]++;
    format_fill(frame);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), -EINVAL);
}

/* Proposes `format_bytes` for an entry: the answer. */
static int64_t
change(uint64_t cap, uint64_t entry, uint64_t to, uint64_t version,
       uint64_t claimed, uint64_t given)
{
    int64_t result;

    format_fill(frame);
    exo_uarea->batch[0] = claimed;
    exo_uarea->batch[1] = given;
    exo_uarea->batch[2] = entry | frame << 32;
    exo_uarea->batch[3] = to;
    exo_uarea->batch[4] = version;
    result = sys_disk_change(cap, 0, 1, 4);
    return result < 0 ? result : disk_wait(4);
}

/* A change that was refused took nothing: not the frame, and not the entry. */
static void
refused(int64_t result, int64_t error, uint64_t to)
{
    EXPECT(result, error);
    EXPECT(FRAME_ROW[to].type, FRAME_DATA);
    EXPECT(FRAME_ROW[to].owner, exo_id);
    EXPECT(FRAME_ROW[to].guard.word[0], FRAME_ROW[frame].guard.word[0]);
    EXPECT(FRAME_ROW[to].maps + FRAME_ROW[to].pins, 0);
    EXPECT(ENTRY[catalogue].pages, 1);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REGISTRY], 1);
}

static int64_t
write_back(uint64_t entry)
{
    int64_t result = sys_registry_write(0, entry, 5);

    return result < 0 ? result : disk_wait(5);
}

/* The catalogue names a tree. */
static void
tree(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;
    uint64_t page = frame_clean(0);
    uint64_t to = frame_clean(0);
    uint64_t version;

    catalogue = (uint64_t)sys_registry_read(0, DISK_WHOLE, 64, page, 0, 6);
    EXPECT((int64_t)catalogue >= 0, 1);
    EXPECT(disk_wait(6), 0);
    EXPECT(ENTRY[catalogue].state, REGISTRY_CLEAN);
    EXPECT(ENTRY[catalogue].holder, exo_id);
    EXPECT(FRAME_ROW[page].type, FRAME_REGISTRY);
    EXPECT(sys_frame_free(page, FRAME_FREE_BREAK), -EPERM);
    EXPECT(sys_disk_write(0, 0, 0, disk_piece(page, 0, 1), 1), -ESTALE);
    exo_uarea->batch[0] = page << 10 | R | 4 | AD; /* not to write */
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), -EINVAL);
    image_read(catalogue);
    EXPECT(t->count, 0);

    memset(format_bytes, 0, sizeof(format_bytes));
    *t = (struct disk_tree){
        .name = "tree", .first = NODE, .count = 1, .type = 2};
    version = ENTRY[catalogue].version;
    EXPECT(change(0, catalogue, 0, version, 1, 0), -EINVAL); /* no spare */
    EXPECT(change(0, catalogue, to, version + 1, 1, 0), -ESTALE);
    EXPECT(FRAME_ROW[to].type, FRAME_DATA);
    EXPECT(FRAME_ROW[to].owner, exo_id);
    refused(change(0, catalogue, to, version, 2, 0), -EINVAL, to);
    refused(change(CAP_CHILD, catalogue, to, version, 1, 0), -EPERM, to);
    t->type = 3;
    refused(change(0, catalogue, to, version, 1, 0), -EINVAL, to);
    t->type = 2;
    EXPECT(change(0, catalogue, to, version, 1, 0), 0);
    EXPECT(FRAME_ROW[to].type, FRAME_REGISTRY);
    EXPECT(state_of(NODE), BLOCK_UNINITIALISED | 2 << BLOCK_TYPE_SHIFT);
    EXPECT(ENTRY[catalogue].state, REGISTRY_DIRTY);
    EXPECT(change(0, catalogue, frame_clean(0), version, 1, 0), -ESTALE);
    EXPECT(write_back(catalogue), -EBUSY); /* its child first */
}

static void
extents(void)
{
    uint64_t version;
    uint64_t to = frame_clean(0);

    EXPECT(entry_read(catalogue, NODE, frame_clean(0), 0), -ENODATA);
    EXPECT(entry_read(catalogue, NODE + 1, 0, REGISTRY_READ_CREATE), -ENOENT);
    node = (uint64_t)entry_read(catalogue, NODE, 0, REGISTRY_READ_CREATE);
    EXPECT((int64_t)node >= 0, 1);
    EXPECT(disk_wait(6), 0);
    version = ENTRY[node].version;
    format_node(1);
    ((struct node *)format_bytes)->extent[0].first = 70;
    ((struct node *)format_bytes)->count = 400; /* malformed */
    EXPECT(change(0, node, to, version, 16, 0), -EINVAL);
    format_node(1);
    ((struct node *)format_bytes)->extent[0].first = 64; /* the catalogue's */
    EXPECT(change(0, node, to, version, 16, 0) < 0, 1);
    format_node(2);
    EXPECT(change(0, node, to, version, 2 * DATA_BLOCKS, 0), 0);
    EXPECT(state_of(DATA), BLOCK_UNINITIALISED);
    EXPECT(state_of(DATA + 2 * DATA_BLOCKS), BLOCK_FREE);

    EXPECT(bind(node, DATA, DATA_BLOCKS + 1, DISK_BOTH), -EINVAL);
    EXPECT(bind(node, DATA - 1, 1, DISK_BOTH), -ENOENT);
    EXPECT(bind(catalogue, NODE, 1, DISK_BOTH), -EINVAL);
    EXPECT(bind(5000000, DATA, 1, DISK_BOTH), -EINVAL);
    binding = (uint64_t)bind(node, DATA, DATA_BLOCKS, DISK_BOTH);
    EXPECT((int64_t)binding > 0, 1);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 0, 1), 7), -ENODATA);
    EXPECT(write_back(node), -EBUSY);
    for (uint64_t i = 0; i < DATA_BLOCKS; i++) {
        disk_word_set(0, frame, 0, 1000 + i);
        EXPECT(sys_disk_write(0, binding, i, disk_piece(frame, 0, 1), 7), 0);
        EXPECT(disk_wait(7), 0);
        EXPECT(state_of(DATA + i), BLOCK_USED);
    }
    EXPECT(write_back(node), -EBUSY); /* the other extent */
    {
        uint64_t other =
            (uint64_t)bind(node, DATA + DATA_BLOCKS, DATA_BLOCKS, DISK_BOTH);

        for (uint64_t i = 0; i < DATA_BLOCKS; i++) {
            EXPECT(sys_disk_write(0, other, i, disk_piece(frame, 0, 1), 7), 0);
            EXPECT(disk_wait(7), 0);
        }
        EXPECT(sys_release(RELEASE_BINDING, other), 0);
    }
    EXPECT(sys_disk_read(0, binding, 3, disk_piece(frame, 0, 1), 7), 0);
    EXPECT(disk_wait(7), 0);
    EXPECT(disk_word(0, frame, 0), 1003);
    EXPECT(write_back(catalogue), -EBUSY);
    EXPECT(write_back(node), 0);
    EXPECT(ENTRY[node].state, REGISTRY_CLEAN);
    EXPECT(write_back(catalogue), 0);
    EXPECT(state_of(NODE), BLOCK_USED | 2 << BLOCK_TYPE_SHIFT);
    EXPECT(write_back(catalogue), 0); /* nothing to do */
}

/* Data in the registry: to be read by all that may, and inserted. */
static void
cache(void)
{
    uint64_t page = frame_clean(0);
    uint64_t entry = (uint64_t)entry_read(node, DATA + 5, page, 0);

    EXPECT((int64_t)entry >= 0, 1);
    EXPECT(disk_wait(6), 0);
    EXPECT(ENTRY[entry].block, DATA + 5);
    image_read(entry);
    EXPECT(*(uint64_t *)format_bytes, 1005);
    EXPECT(entry_read(node, DATA + 5, 0, REGISTRY_READ_HOLD), entry);
    EXPECT(disk_wait(6), 0);
    EXPECT(sys_release(RELEASE_ENTRY, entry), 0);
    EXPECT(ENTRY[entry].holder, 0);
    EXPECT(sys_release(RELEASE_ENTRY, entry), -ESTALE);

    page = frame_clean(0);
    disk_word_set(0, page, 0, 77);
    exo_map_forget();
    EXPECT(entry_read(node, DATA + 5, page, REGISTRY_READ_INSERT), -EBUSY);
    entry = (uint64_t)entry_read(node, DATA + 6, page, REGISTRY_READ_INSERT);
    EXPECT((int64_t)entry >= 0, 1);
    EXPECT(disk_wait(6), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    EXPECT(write_back(entry), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_CLEAN);
    EXPECT(sys_disk_read(0, binding, 6, disk_piece(frame, 0, 1), 7), 0);
    EXPECT(disk_wait(7), 0);
    EXPECT(disk_word(0, frame, 0), 77);
}

/* The puppet has a right to read the empty name, and none to write. */
static void
others(void)
{
    uint64_t page = frame_clean(CAP_CHILD);
    int64_t own;

    puppet_make(0, false);
    EXPECT(puppet_bind(CHILD_CAP_OWN, CAP_READ), -EPERM);
    EXPECT(puppet_bind(3, CAP_WRITE), -EPERM);
    EXPECT(puppet_call(CALL_disk_recover, 3, 0, 0, 0, 0), -EPERM);
    EXPECT(puppet_call(CALL_disk_type, 3, 0, frame, 0, 0), -EPERM);
    EXPECT(puppet_call(CALL_registry_write, CHILD_CAP_OWN, node, 1, 0, 0),
           -EPERM);
    EXPECT(puppet_call(CALL_registry_write, 3, node, 1, 0, 0), -EPERM);
    EXPECT(puppet_call(CALL_release, RELEASE_ENTRY, node, 0, 0, 0), -ESTALE);
    EXPECT(puppet_call(CALL_release, RELEASE_BINDING, binding, 0, 0, 0),
           -ESTALE);
    own = puppet_bind(3, CAP_READ);
    EXPECT(own > 0, 1);
    PUPPET->batch = DISK_PIECE(page, 0, 1);
    EXPECT(puppet_call(CALL_disk_write, CHILD_CAP_OWN, (uint64_t)own, 0, 1, 1),
           -EPERM);
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, (uint64_t)own, 0, 1, 1),
           0);
    child_end(&puppet);
    while (DISK_ROW[0].waiting > 0) {
        disk_sleep(2);
    }
    EXPECT(sys_frame_free(page, 0), 0);
}

/* Memory is used up, and given back: whoever is clean, unheld and unmapped goes
   for it. */
static void
memory_fill(void)
{
    static uint64_t taken[4096];
    unsigned count = 0;
    int64_t result;

    for (uint64_t order = FRAME_ORDER_2M;; order = FRAME_ORDER_4K) {
        do {
            result = sys_frame_alloc(0, order, 0);
            if (result > 0) {
                EXPECT(count < 4096, 1);
                taken[count++] = (uint64_t)result;
            }
        } while (result > 0 || result == -EAGAIN);
        if (order == FRAME_ORDER_4K) {
            EXPECT(result == -ENOMEM || result == -EDQUOT, 1);
            break;
        }
    }
    while (count > 0) {
        EXPECT(sys_frame_free(taken[--count], 0), 0);
    }
}

/* In another env: what it reads in word 0 of the page at PLACE, and a word that
   it writes there. */
static void
sharer(struct uarea *uarea)
{
    volatile struct puppet *p = PUPPET;
    volatile uint64_t *word = (volatile uint64_t *)(SHARED + PLACE * 4096);

    for (;;) {
        if (p->asked != p->done) {
            p->result = (int64_t)word[0];
            word[1] = p->number;
            p->done = p->asked;
        }
        (void)exo_yield(p->parent, uarea);
    }
}

static void
on_disk(uint64_t block, uint64_t first, uint64_t second)
{
    EXPECT(sys_disk_read(0, binding, block - DATA, disk_piece(frame, 0, 1), 7),
           0);
    EXPECT(disk_wait(7), 0);
    EXPECT(disk_word(0, frame, 0), first);
    EXPECT(disk_word(0, frame, 1), second);
    exo_map_forget();
}

/* A block in the registry that two envs have mapped for writing. */
static void
shared(uint64_t entry)
{
    volatile struct puppet *p =
        (volatile struct puppet *)(SHARED + (PLACE + 1) * 4096);
    volatile uint64_t *word = (volatile uint64_t *)(SHARED + PLACE * 4096);
    uint64_t leaf_word = (uint64_t)ENTRY[entry].frame << 10 | R | 4 | AD;
    uint64_t page = frame_clean(0);
    struct child child;

    exo_uarea->batch[0] = leaf_word;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    exo_uarea->batch[0] = page << 10 | R | 4 | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE + 1, 1), 1);
    p->parent = exo_id;
    child = child_make(page, sharer);
    exo_uarea->batch[0] = leaf_word;
    EXPECT(sys_pt_map(CAP_CHILD, child.leaf, PLACE, 1), 1);
    word[0] = 4711;
    p->number = 815;
    p->asked = 1;
    while (p->done == 0) {
        EXPECT(exo_yield(child.id, exo_uarea), 0);
    }
    EXPECT(p->result, 4711);
    EXPECT(word[1], 815);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    EXPECT(write_back(entry), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY); /* mapped: again */
    on_disk(ENTRY[entry].block, 4711, 815);
    word[0] = 4712;
    child_end(&child);
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 2), 2);
    EXPECT(sys_frame_free(page, 0), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    EXPECT(write_back(entry), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_CLEAN);
    on_disk(ENTRY[entry].block, 4712, 815);
    exo_uarea->batch[0] = leaf_word; /* to be asked for anew */
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), -EINVAL);
}

/* To map, not to read, is what needs asking; and who may only read does not
   get it. */
static void
writable_refused(uint64_t entry)
{
    uint64_t page = ENTRY[entry].frame;
    uint64_t block = ENTRY[entry].block;
    int64_t result;

    puppet_make(0, true);
    do {
        result = puppet_call(CALL_registry_read, 3, node, block, 0,
                             REGISTRY_READ_WRITE);
    } while (result == -EAGAIN);
    EXPECT(result, -EPERM);
    PUPPET->batch = page << 10 | R | 4 | AD;
    EXPECT(puppet_call(CALL_pt_map, CHILD_CAP_OWN | 3 << 8, puppet.leaf, PLACE,
                       1, 0),
           -EPERM);
    PUPPET->batch = page << 10 | R | AD;
    EXPECT(puppet_call(CALL_pt_map, CHILD_CAP_OWN | 3 << 8, puppet.leaf, PLACE,
                       1, 0),
           1);
    EXPECT(
        sys_pt_protect(CAP_CHILD | CAP_CHILD << 8, puppet.leaf, PLACE, 1, 0, 4),
        -EPERM);
    EXPECT(sys_pt_protect(CAP_CHILD, puppet.leaf, PLACE, 1, 0, 4), 1);
    EXPECT(sys_pt_protect(CAP_CHILD, puppet.leaf, PLACE, 1, 0, 8), -EINVAL);
    child_end(&puppet);
}

static void
writable(void)
{
    uint64_t entry;
    uint64_t clean;

    EXPECT(entry_read(catalogue, NODE, 0, REGISTRY_READ_WRITE), -EINVAL);
    EXPECT(sys_registry_read(0, DISK_WHOLE, 64, 0, REGISTRY_READ_WRITE, 6),
           -EINVAL);
    clean = (uint64_t)entry_read(node, DATA + 8, frame_clean(0), 0);
    EXPECT(disk_wait(6), 0);
    exo_uarea->batch[0] = (uint64_t)ENTRY[clean].frame << 10 | R | 4 | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), -EINVAL);
    EXPECT(ENTRY[clean].state, REGISTRY_CLEAN);
    entry = (uint64_t)entry_read(node, DATA + 7, frame_clean(0),
                                 REGISTRY_READ_WRITE);
    EXPECT(disk_wait(6), 0);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    writable_refused(entry);
    shared(entry);
    /* One that is there; and what is dirty is not taken for its memory. */
    EXPECT(sys_release(RELEASE_ENTRY, clean), 0);
    EXPECT(sys_release(RELEASE_ENTRY, entry), 0);
    EXPECT(entry_read(node, DATA + 7, 0, REGISTRY_READ_WRITE), entry);
    EXPECT(disk_wait(6), 0);
    EXPECT(ENTRY[entry].holder, exo_id); /* nobody had it */
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    EXPECT(sys_release(RELEASE_ENTRY, entry), 0);
    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | 4 | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    *(volatile uint64_t *)(SHARED + PLACE * 4096) = 4713;
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1);
    memory_fill();
    EXPECT(ENTRY[clean].state, REGISTRY_FREE);
    EXPECT(ENTRY[entry].state, REGISTRY_DIRTY);
    EXPECT(write_back(entry), 0);
    on_disk(DATA + 7, 4713, 815);
    memory_fill();
    EXPECT(ENTRY[entry].state, REGISTRY_FREE);
}

/* What is given back is nobody's any more, and free when that is on the disk.
 */
static void
given(void)
{
    uint64_t spare = frame_clean(0);

    format_node(2);
    ((struct node *)format_bytes)->extent[0] =
        ((struct node *)format_bytes)->extent[1];
    ((struct node *)format_bytes)->count = 1;
    EXPECT(change(0, node, spare, ENTRY[node].version, 0, DATA_BLOCKS + 1),
           -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 0, 1), 7), 0);
    EXPECT(disk_wait(7), 0);
    EXPECT(change(0, node, spare, ENTRY[node].version, 0, DATA_BLOCKS), 0);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 0, 1), 7), -ESTALE);
    EXPECT(sys_release(RELEASE_BINDING, binding), -ESTALE);
    EXPECT(state_of(DATA), BLOCK_WILL_FREE);
    EXPECT(state_of(DATA + DATA_BLOCKS), BLOCK_USED);
    EXPECT(write_back(node), 0);
    EXPECT(state_of(DATA), BLOCK_FREE);
    EXPECT(bind(node, DATA, 1, CAP_READ), -ENOENT);
}

/* A block that gets another guard: who has its page mapped has it no more, nor
   anybody else before the block is asked for again. */
static void
guarded(void)
{
    uint64_t entry =
        (uint64_t)entry_read(node, DATA + DATA_BLOCKS, frame_clean(0), 0);

    EXPECT((int64_t)entry >= 0, 1);
    EXPECT(disk_wait(6), 0);
    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    format_node(1);
    ((struct node *)format_bytes)->extent[0].first = DATA + DATA_BLOCKS;
    EXPECT(change(0, node, 0, ENTRY[node].version, 0, 0), 0);
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 1); /* nothing was said of it */
    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | AD;
    EXPECT(sys_pt_map(0, leaf, PLACE, 1), 1);
    ((struct node *)format_bytes)->guard = (struct cap_name){{0x7001, 0}};
    EXPECT(change(0, node, frame_clean(0), ENTRY[node].version, 0, 0), 0);
    EXPECT(sys_pt_unmap(0, leaf, PLACE, 1), 0);
    exo_uarea->batch[0] = (uint64_t)ENTRY[entry].frame << 10 | R | AD;
    EXPECT(sys_pt_map((uint64_t)CAP_CHILD << 8, leaf, PLACE, 1), -EPERM);
    EXPECT(entry_read(node, DATA + DATA_BLOCKS, 0, 0), entry);
    EXPECT(disk_wait(6), 0);
    EXPECT(FRAME_ROW[ENTRY[entry].frame].guard.word[0], 0x7001);
}

int
main(void)
{
    struct exo_map own = exo_map_own();

    (void)puppet_open();
    leaf = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    frame = frame_clean(0);
    format();
    recover();
    types();
    tree();
    extents();
    cache();
    others();
    writable();
    given();
    guarded();
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 0);
    printf("disk_tree: done\n");
    return 0;
}
