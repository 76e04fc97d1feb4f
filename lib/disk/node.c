/* SPDX-License-Identifier: MIT */
#include "lib/disk/node.h"

#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "lib/disk/completion.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"

/* Where an image is looked at. */
#define WINDOW 0x3f20000000

#define CHANGE_WORDS (2 + 3 * DISK_CHANGE_BLOCKS)

static const volatile struct registry_entry *
entry_row(uint32_t entry)
{
    return (const volatile struct registry_entry *)INFORMATION_REGISTRY + entry;
}

/* A frame for the registry, which may turn out not to need it. */
static int64_t
frame_offer(const struct disk *disk)
{
    return exo_frame_alloc(disk->frame_cap, 0);
}

/* Takes the frame back, if it is still this env's. */
static void
frame_withdraw(int64_t frame)
{
    const volatile struct frame *f =
        (const volatile struct frame *)INFORMATION_FRAMES + frame;

    if (frame > 0 && f->owner == exo_id && f->type == FRAME_DATA) {
        (void)exo_frame_free((uint64_t)frame);
    }
}

/* The frame of a page of the program's, which is one of its own. */
static int64_t
page_frame(const void *page)
{
    int64_t piece = disk_page_piece(page);

    if (piece >= 0 && (uint64_t)piece != DISK_PIECE((uint32_t)piece, 0, 1)) {
        return -EINVAL; /* in the middle of a large one */
    }
    return piece < 0 ? piece : (int64_t)(uint32_t)piece;
}

/* Has a block in the registry: its entry. */
static int64_t
entry_read(const struct disk *disk, uint64_t parent, uint64_t block,
           uint64_t flags)
{
    struct completion c;
    int64_t frame;
    int64_t entry;
    int64_t error;

    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    frame = (flags & REGISTRY_READ_CREATE) != 0 ? 0 : frame_offer(disk);
    if (frame < 0) {
        completion_cancel(&c);
        return frame;
    }
    while ((entry = sys_registry_read(disk->cap, parent, block, (uint64_t)frame,
                                      flags, c.cookie)) == -EAGAIN) {
        (void)disk_retry(entry);
    }
    if (entry < 0) {
        completion_cancel(&c);
        frame_withdraw(frame);
        return entry;
    }
    error = completion_wait(&c);
    frame_withdraw(frame);
    return error < 0 ? error : entry;
}

/* Somebody else may have asked for the block first, and still wait for it. */
static void
entry_wait(uint32_t entry)
{
    while (entry_row(entry)->state == REGISTRY_READING) {
        (void)exo_yield(0, exo_uarea);
    }
}

/*
 * Recovery.
 */

/* Reads a block for it. The kernel keeps the first frame that it gets until it
   is done. */
static int64_t
recovery_read(const struct disk *disk, uint64_t block)
{
    int64_t error = entry_read(disk, disk_whole(disk), block, 0);

    return error == -EBUSY ? 0 : error; /* somebody else reads it */
}

int64_t
disk_recover(struct disk *disk)
{
    int64_t result;

    do {
        result = sys_disk_recover(disk->cap, disk->number);
        if (result > 0) {
            result = recovery_read(disk, (uint64_t)result - 1);
            result = result == 0 ? -EAGAIN : result;
        } else if (result == -EAGAIN) {
            (void)completion_poll();
        }
    } while (result == -EAGAIN);
    if (result == 0) {
        disk->space.table =
            (const volatile uint8_t *)(INFORMATION_BLOCKS +
                                       disk->number * INFORMATION_BLOCKS_SIZE);
        disk->space.blocks = disk_row(disk)->table_blocks;
    }
    return result;
}

int64_t
disk_type(const struct disk *disk, const void *block)
{
    int64_t frame = page_frame(block);
    struct completion c;
    int64_t error;

    if (frame < 0) {
        return frame;
    }
    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    do {
        error = disk_retry(
            sys_disk_type(disk->cap, disk->number, (uint64_t)frame, c.cookie));
    } while (error == 1);
    if (error < 0) {
        completion_cancel(&c);
        return error;
    }
    return completion_wait(&c);
}

/*
 * Nodes.
 */
/* The node of a block that is there, when it is. */
static int64_t
node_at(const struct disk *disk, uint64_t parent, uint64_t block,
        struct node *node)
{
    int64_t entry = entry_read(disk, parent, block, 0);

    if (entry < 0) {
        return entry;
    }
    *node = (struct node){block, (uint32_t)entry, 0};
    entry_wait(node->entry);
    return 0;
}

int64_t
node_catalogue(const struct disk *disk, struct node *node)
{
    return node_at(disk, disk_whole(disk), DISK_CATALOGUE_BLOCK, node);
}

int64_t
node_open(const struct disk *disk, const struct node *parent, uint64_t block,
          struct node *node)
{
    return node_at(disk, parent->entry, block, node);
}

int64_t
node_create(const struct disk *disk, const struct node *parent, uint64_t block,
            struct node *node)
{
    int64_t entry =
        entry_read(disk, parent->entry, block, REGISTRY_READ_CREATE);

    if (entry < 0) {
        return entry;
    }
    *node = (struct node){block, (uint32_t)entry,
                          entry_row((uint32_t)entry)->version};
    return 0;
}

/* What the kernel says of an entry, all of one moment. */
static struct registry_entry
entry_look(uint32_t entry)
{
    const volatile struct registry_entry *row = entry_row(entry);
    struct registry_entry seen = {0};
    uint32_t before;

    do {
        before = __atomic_load_n(&row->sequence, __ATOMIC_ACQUIRE);
        seen.block = row->block;
        seen.version = row->version;
        seen.frame = row->frame;
        seen.state = row->state;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((before & 1) != 0 || before != row->sequence);
    return seen;
}

/* The frame of an image is not written while it is the newest; so what was
   copied is right if it is so afterwards. */
int64_t
node_image(const struct disk *disk, struct node *node, void *image)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {WINDOW, 1, 0};
    struct registry_entry seen;
    uint64_t frame;
    int64_t error;

    do {
        seen = entry_look(node->entry);
        frame = seen.frame;
        if (seen.state == REGISTRY_FREE || seen.block != node->block) {
            return -ESTALE;
        }
        if (frame == 0) {
            return -ENODATA;
        }
        error = exo_map_insert(&map, &range, disk->cap, &frame, EXO_R);
        if (error == 0) {
            memcpy(image, (const void *)WINDOW, DISK_BLOCK_BYTES);
            (void)exo_map_remove(&map, WINDOW, FRAME_SIZE);
        }
    } while (entry_look(node->entry).version != seen.version);
    node->version = seen.version;
    return error;
}

/* The bytes of a proposal go by frames under the name of the capability that
   the change is made with, which need not be that of the program's pages. They
   stay for the next. */
static int64_t
staging_fill(const struct disk *disk, unsigned i, const void *image)
{
    static struct {
        uint64_t cap;
        uint64_t frame; /* 0: none */
    } staging[DISK_CHANGE_BLOCKS];
    void *page;

    if (staging[i].frame != 0 && staging[i].cap != disk->cap) {
        (void)exo_frame_free(staging[i].frame);
        staging[i].frame = 0;
    }
    if (staging[i].frame == 0) {
        int64_t frame = exo_frame_alloc(disk->cap, 0);

        if (frame < 0) {
            return frame;
        }
        staging[i].cap = disk->cap;
        staging[i].frame = (uint64_t)frame;
    }
    page = exo_map_borrow(disk->cap, staging[i].frame);
    if (page == NULL) {
        return -EPERM;
    }
    memcpy(page, image, DISK_BLOCK_BYTES);
    exo_map_return();
    return (int64_t)staging[i].frame;
}

static int64_t
change_words(const struct disk *disk, const struct node_edit *edit,
             unsigned edits, const int64_t *offered, uint64_t *word)
{
    unsigned i;

    for (i = 0; i < edits; i++) {
        int64_t from = staging_fill(disk, i, edit[i].image);

        if (from < 0) {
            return from;
        }
        *word++ = edit[i].node->entry | (uint64_t)from << 32;
        *word++ = (uint64_t)offered[i];
        *word++ = edit[i].node->version;
    }
    return 0;
}

/* One proposal, whose words are in `word`. */
static int64_t
change_propose(const struct disk *disk, const uint64_t *word, unsigned edits)
{
    struct completion c;
    int64_t result;

    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    do {
        memcpy(exo_uarea->batch, word, CHANGE_WORDS * sizeof(*word));
        result = sys_disk_change(disk->cap, disk->number, edits, c.cookie);
        if (result == -EAGAIN) {
            (void)disk_retry(result);
        }
    } while (result == -EAGAIN);
    if (result < 0) {
        completion_cancel(&c);
        return result;
    }
    return completion_wait(&c);
}

int64_t
node_change(const struct disk *disk, const struct node_edit *edit,
            unsigned edits, uint64_t claimed, uint64_t given)
{
    uint64_t word[CHANGE_WORDS] = {claimed, given};
    int64_t offered[DISK_CHANGE_BLOCKS] = {0};
    int64_t error = edits > 0 && edits <= DISK_CHANGE_BLOCKS ? 0 : -EINVAL;
    unsigned i;

    for (i = 0; i < edits && error == 0; i++) {
        offered[i] = frame_offer(disk);
        error = offered[i] < 0 ? offered[i] : 0;
    }
    if (error == 0) {
        error = change_words(disk, edit, edits, offered, word + 2);
    }
    if (error == 0) {
        error = change_propose(disk, word, edits);
    }
    for (i = 0; i < DISK_CHANGE_BLOCKS; i++) {
        frame_withdraw(offered[i]);
    }
    for (i = 0; i < edits && error == 0; i++) {
        edit[i].node->version = entry_look(edit[i].node->entry).version;
    }
    return error;
}

int64_t
node_write(const struct disk *disk, const struct node *node)
{
    struct completion c;
    int64_t error;

    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    while ((error = sys_registry_write(disk->cap, node->entry, c.cookie)) ==
           -EAGAIN) {
        (void)disk_retry(error);
    }
    if (error < 0) {
        completion_cancel(&c);
        return error;
    }
    return completion_wait(&c);
}

bool
node_is_clean(const struct disk *disk, const struct node *node)
{
    (void)disk;
    return entry_look(node->entry).state == REGISTRY_CLEAN;
}
