/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's part of metadata costs: a disk gets the type of lib/fs, and
 * a tree of one node. Counted are calls, from the call to the return behind it,
 * on a node of which a block of each extent is in the registry.
 */
#include <string.h>

#include "kern/abi/frame.h"
#include "lib/disk/format.h"
#include "lib/disk/node.h"
#include "lib/exo/exo.h"
#include "lib/fs/format.h"
#include "test/bench/mark.h"
#include "test/user/expect.h"

#define NODE 100
#define DATA 200 /* the first extent; the others lie behind it */
#define MANY 64
#define FEW 16
#define EXTENT_BLOCKS 4
#define GAP 8 /* from one to the next */
#define ROUNDS 8

static struct disk disk;
static struct node node;
static _Alignas(4096) uint8_t image[DISK_BLOCK_BYTES];
static struct fs_node *const bytes = (struct fs_node *)image;

/* The node owns so many extents, one after the other at the end of its image;
   the last has `more` blocks more. */
static void
image_make(unsigned extents, unsigned more)
{
    struct fs_record *record = (struct fs_record *)(image + sizeof(image));

    memset(image, 0, sizeof(image));
    record -= extents;
    bytes->head.magic = FS_MAGIC;
    bytes->head.records = (uint16_t)extents;
    for (uint64_t i = 0; i < extents; i++) {
        uint64_t count = EXTENT_BLOCKS + (i + 1 == extents ? more : 0);

        record[i].place = (DATA + i * GAP) | count << FS_PLACE_SHIFT;
    }
}

static void
format(void)
{
    static _Alignas(4096) uint8_t block[DISK_BLOCK_BYTES];
    struct disk_tree tree = {.name = "bench", .first = NODE, .count = 1};
    struct code_error error;
    struct node catalogue;
    struct node_edit edit = {&catalogue, block};
    int64_t type;

    EXPECT(disk_open(&disk, 0, 0, 0), 0);
    EXPECT(disk_make(&disk), 0);
    EXPECT(disk_recover(&disk), 0);
    EXPECT(disk_format_type(block, FS_TYPE_NAME, fs_owns, fs_access, &error),
           0);
    type = disk_type(&disk, block);
    EXPECT(type >= DISK_TYPE_FIRST, 1);
    tree.type = (uint32_t)type;
    EXPECT(node_catalogue(&disk, &catalogue), 0);
    EXPECT(node_image(&disk, &catalogue, block), 0);
    EXPECT(disk_format_tree_add(block, &tree), 0);
    EXPECT(node_change(&disk, &edit, 1, 1, 0), 0);
    EXPECT(node_create(&disk, &catalogue, NODE, &node), 0);
}

/* All of the first blocks of its extents are in the registry. */
static void
blocks_insert(void)
{
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t frame = (uint64_t)sys_frame_alloc(0, 0, 0);

        (void)sys_frame_scrub(frame);
        while (sys_registry_read(0, node.entry, DATA + i * GAP, frame,
                                 REGISTRY_READ_INSERT, 1) == -EAGAIN) {
        }
        exo_uarea->ring_taken = exo_uarea->ring_posted;
    }
}

struct row {
    uint64_t least;
    uint64_t most;
};

static void
row_add(struct row *row, uint64_t count)
{
    row->least = row->least == 0 || count < row->least ? count : row->least;
    row->most = count > row->most ? count : row->most;
}

static void
row_print(const char *name, const struct row *row)
{
    printf("bench: %s %lu %lu 1\n", name, row->least, row->most);
}

/* The image becomes the node's: till the answer is there. */
static uint64_t
change_count(uint64_t claimed, uint64_t given)
{
    struct uarea *u = exo_uarea;
    uint64_t posted = u->ring_taken;
    uint64_t from = (uint64_t)(uint32_t)disk_page_piece(image);
    uint64_t begin;

    u->masked = MASKED_INTERRUPT;
    u->batch[0] = claimed;
    u->batch[1] = given;
    u->batch[2] = node.entry | from << 32;
    u->batch[3] = 0;
    u->batch[4] = node.version;
    begin = COUNT_BEGIN();
    EXPECT(sys_disk_change(0, 0, 1, 2), 0);
    while (__atomic_load_n(&u->ring_posted, __ATOMIC_ACQUIRE) == posted) {
        (void)exo_sleep(u);
        u->pending = 0;
    }
    begin = COUNT_END() - begin;
    EXPECT(u->ring[posted % UAREA_RING_ENTRIES].value, 0);
    u->ring_taken = posted + 1;
    u->pending = 0;
    u->masked = 0;
    node.version = ((
        const volatile struct registry_entry *)INFORMATION_REGISTRY)[node.entry]
                       .version;
    return begin;
}

/* A binding of one block; or none, if the node does not own it. */
static uint64_t
bind_count(uint64_t block, int64_t *binding)
{
    uint64_t sum = 0;

    do {
        uint64_t begin = COUNT_BEGIN();

        *binding = sys_disk_bind(0, node.entry, block, 1, CAP_READ | CAP_WRITE);
        sum += COUNT_END() - begin;
    } while (*binding == -EAGAIN);
    return sum;
}

/* What `owns` takes, and a binding, through a node whose image is new. */
static void
many_rows(void)
{
    struct row owns = {0};
    struct row bind = {0};
    int64_t binding;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t first;
        uint64_t again;

        image_make(MANY, i % 2);
        (void)change_count(i % 2, 1 - i % 2);
        /* The first call asks `owns`, the next knows what it said. */
        first = bind_count(DATA - 1, &binding);
        EXPECT(binding, -ENOENT);
        again = bind_count(DATA - 1, &binding);
        row_add(&owns, first - again);
        row_add(&bind, bind_count(DATA, &binding));
        EXPECT(binding > 0, 1);
        EXPECT(sys_release(RELEASE_BINDING, (uint64_t)binding), 0);
    }
    row_print("owns_check", &owns);
    row_print("extent_bind_type", &bind);
}

/* Changes of a node as most are: an extent longer or shorter, or none. */
static void
few_rows(void)
{
    struct row longer = {0};
    struct row shorter = {0};
    struct row same = {0};

    for (unsigned i = 0; i < ROUNDS; i++) {
        image_make(FEW, 1);
        row_add(&longer, change_count(1, 0));
        image_make(FEW, 0);
        row_add(&shorter, change_count(0, 1));
        bytes->head.entries = (uint16_t)(1 + i);
        row_add(&same, change_count(0, 0));
    }
    row_print("change_longer", &longer);
    row_print("change_shorter", &shorter);
    row_print("change_same", &same);
}

int
main(void)
{
    struct node_edit edit = {&node, image};

    format();
    image_make(MANY, 1);
    EXPECT(node_change(&disk, &edit, 1, MANY * EXTENT_BLOCKS + 1, 0), 0);
    blocks_insert();
    EXPECT(node_change(&disk, &edit, 1, 0, 0), 0); /* leaves a spare frame */
    many_rows();
    image_make(FEW, 0);
    (void)change_count(0, (MANY - FEW) * EXTENT_BLOCKS + 1);
    few_rows();
    printf("bench: done\n");
    return 0;
}
