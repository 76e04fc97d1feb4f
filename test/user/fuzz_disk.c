/* SPDX-License-Identifier: MIT */
/*
 * Random calls on disks: one with a tree of a node and one that is raw, if
 * there are any. What the registry takes is not the pool's, for it is to be had
 * again only when memory is short.
 */
#include <string.h>

#include "test/user/disk_format.h"
#include "test/user/fuzz.h"

#define WORDS 40 /* of the batch, in front of its entries: pieces, edits */
#define HANDLES 64
#define IMAGES 6  /* frames with bytes that may be proposed */
#define GIVEN 512 /* pages that the registry may take */
#define ENTRIES 4 /* of the registry that most calls name */
#define SETTLE_SLOTS 16
#define SETTLE_TICKS 2000

static uint64_t images[IMAGES];
static uint64_t given; /* the first */
static uint64_t handles[HANDLES];
static bool there;

static uint64_t
image_make(void)
{
    uint64_t frame = frame_clean(0);

    format_fill(frame);
    return frame;
}

/* Empty and full: of the catalogue, and of the node. */
static void
images_make(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;

    for (unsigned i = 0; i < IMAGES - 2; i++) {
        format_node(i);
        images[i] = image_make();
    }
    memset(format_bytes, 0, sizeof(format_bytes));
    images[IMAGES - 2] = image_make();
    *t = (struct disk_tree){.first = NODE, .count = 1, .type = 2};
    images[IMAGES - 1] = image_make();
}

static void
change_first(uint64_t entry, uint64_t image)
{
    const uint64_t words[] = {1, 0, entry | image << 32, frame_clean(0),
                              ENTRY[entry].version};

    if (entry != 0) {
        EXPECT(ENTRY[entry].block, NODE);
    }
    memcpy(exo_uarea->batch, words, sizeof(words));
    exo_uarea->batch[0] = entry == 0;
    EXPECT(sys_disk_change(0, 0, 1, 4), 0);
    EXPECT(disk_wait(4), 0);
}

void
disks_begin(void)
{
    uint64_t frame;
    uint64_t raw;
    int64_t node;

    there = DISK_ROW[0].blocks != 0;
    if (!there) {
        return;
    }
    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    format_label(0, raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    format_recover(0, frame_clean(0));
    format_type(frame);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2);
    EXPECT(sys_frame_free(frame, 0), 0);
    given = (uint64_t)sys_frame_alloc(0, FRAME_ORDER_2M, 0);
    EXPECT(sys_frame_split(given), 0);
    images_make();
    EXPECT(sys_registry_read(0, DISK_WHOLE, 64, frame_clean(0), 0, 6), 0);
    EXPECT(disk_wait(6), 0);
    change_first(0, images[IMAGES - 1]);
    do {
        node = sys_registry_read(0, 0, NODE, 0, REGISTRY_READ_CREATE, 6);
    } while (node == -EAGAIN);
    EXPECT(disk_wait(6), 0);
    change_first((uint64_t)node, images[0]);
}

/* A page that the registry may take: this program's, if it is free. */
static uint64_t
give_pick(void)
{
    uint64_t number = given + below(GIVEN);

    if (there && record(number)->type == FRAME_FREE) {
        (void)sys_frame_alloc(0, 0, number);
        (void)sys_frame_scrub(number);
    }
    return number;
}

uint64_t
disk_frames(void)
{
    uint64_t frames = 0;

    for (unsigned i = 0; there && i < GIVEN; i++) {
        frames += record(given + i)->owner == exo_id;
    }
    return frames;
}

/* Mostly the catalogue and the node, which were the first. */
static uint64_t
entry_pick(void)
{
    return below(20) == 0 ? anything() : below(4) ? below(2) : below(ENTRIES);
}

/* A block of data, if possible one that somebody owns. */
static uint64_t
data_pick(void)
{
    uint64_t block = DATA;

    for (unsigned i = 0; there && i < 16; i++) {
        block = DATA + below(4 * DATA_BLOCKS);
        if ((BLOCK[block] & BLOCK_STATE) != BLOCK_FREE) {
            break;
        }
    }
    return block;
}

static uint64_t
block_pick(void)
{
    switch (below(8)) {
    case 0:
        return anything();
    case 1:
        return DISK_CATALOGUE_BLOCK;
    case 2:
    case 3:
        return NODE + below(2);
    default:
        return data_pick();
    }
}

/* Pieces of the pool's frames, in the batch: the argument that names them. */
static uint64_t
pieces_make(void)
{
    uint64_t count = 1 + below(4);

    for (uint64_t i = 0; i < count; i++) {
        me->uarea->batch[WORDS + i] =
            DISK_PIECE(frame_pick(IS(FRAME_DATA)), below(8) == 0, 1);
    }
    return WORDS << 16 | count;
}

/* One block or two that are to have other bytes. */
static uint64_t
change_make(void)
{
    uint64_t blocks = 1 + below(8) / 7;
    uint64_t unit = below(2) ? DATA_BLOCKS : 1;
    uint64_t *word = &me->uarea->batch[WORDS];

    *word++ = below(4) * unit;
    *word++ = below(3) / 2 * unit;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t entry = below(8) ? below(2) : below(ENTRIES);
        uint64_t from =
            below(8) ? images[below(IMAGES)] : frame_pick(IS(FRAME_DATA));

        *word++ = (below(20) ? entry : anything() & UINT32_MAX) | from << 32;
        *word++ = below(2) ? give_pick() : 0;
        *word++ = there ? ENTRY[entry].version + (below(8) == 0) : 0;
    }
    return WORDS << 16 | blocks;
}

void
disk_arguments(uint64_t number, uint64_t a[6])
{
    uint64_t handle = handles[below(HANDLES)];

    switch (number) {
    case NUMBER_disk_type:
        a[1] = below(3);
        a[2] = frame_pick(IS(FRAME_DATA));
        break;
    case NUMBER_disk_bind:
        a[1] = below(3) == 0 ? DISK_WHOLE | below(3) : entry_pick();
        a[2] = block_pick();
        a[3] = 1 + below(16);
        a[4] = 1 + below(4);
        break;
    case NUMBER_disk_read:
    case NUMBER_disk_write:
        a[1] = handle;
        a[2] = below(16);
        break;
    case NUMBER_disk_flush:
        a[0] = handle;
        break;
    case NUMBER_disk_discard:
        a[0] = handle;
        a[1] = below(8);
        a[2] = below(8);
        break;
    case NUMBER_disk_change:
        a[1] = below(20) == 0;
        break;
    case NUMBER_registry_read:
        a[1] = below(8) == 0 ? DISK_WHOLE | below(2) : entry_pick();
        a[2] = block_pick();
        a[3] = give_pick();
        a[4] = below(2) ? 0 : below(16);
        break;
    case NUMBER_registry_write:
        a[1] = entry_pick();
        break;
    case NUMBER_disk_recover:
        a[1] = below(3);
        break;
    default: /* release */
        a[0] = RELEASE_BINDING + below(2);
        a[1] = a[0] == RELEASE_BINDING ? handle : entry_pick();
        break;
    }
}

/* No frame of the pool, nor one that the program lies in, becomes the
   registry's, nor is one of the latter read into. */
void
disk_tame(uint64_t number, uint64_t a[6], bool puppets)
{
    if (number == NUMBER_registry_read) {
        if (a[3] < RECORDS && record(a[3])->type >= FRAME_FREE) {
            a[3] = puppets ? 0 : give_pick();
        }
    } else if (!puppets && number == NUMBER_disk_change) {
        a[2] = change_make();
    } else if (!puppets &&
               (number == NUMBER_disk_read || number == NUMBER_disk_write)) {
        a[3] = pieces_make();
    }
}

void
disk_note(uint64_t number, int64_t result)
{
    if (number == NUMBER_disk_bind && result > 0) {
        uint64_t *at = &handles[below(HANDLES)];

        (void)sys_release(
            RELEASE_BINDING,
            __atomic_exchange_n(at, (uint64_t)result, __ATOMIC_RELAXED));
    }
}

/* Requests of all envs: what accounts have, but for what was carved off them.
 */
static uint64_t
waiting(void)
{
    uint64_t count = ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS];

    for (unsigned i = ACCOUNT_FIRST + 1; i < ACCOUNTS_MAX; i++) {
        count += ACCOUNT_ROW[i].used[ACCOUNT_REQUESTS] -
                 ACCOUNT_ROW[i].limit[ACCOUNT_REQUESTS];
    }
    return count + DISK_ROW[0].waiting + DISK_ROW[1].waiting;
}

/* Until no disk has anything to do. The kernel does part of that while the hart
   idles: on one hart this program has no slots, and would not run again. */
void
disks_settle(void)
{
    while (waiting() > 0) {
        for (unsigned i = 0; hart_count == 1 && i < SETTLE_SLOTS; i++) {
            (void)sys_slot_alloc(0, exo_id, 0, i * (SLOTS / SETTLE_SLOTS));
        }
        nap(SETTLE_TICKS);
        for (unsigned i = 0; hart_count == 1 && i < SETTLE_SLOTS; i++) {
            (void)sys_slot_free(0, exo_id, 0, i * (SLOTS / SETTLE_SLOTS));
        }
    }
}

void
disk_pages_count(uint64_t pages[ENVS_MAX])
{
    uint64_t count = DISK_ROW[0].registry_count + DISK_ROW[1].registry_count;

    for (uint64_t e = 0; e < count; e++) {
        pages[ENTRY[e].holder >> 20] += ENTRY[e].pages;
    }
}
