/* SPDX-License-Identifier: MIT */
/* Attacks on what others have on the disk: blocks, by way of the registry and
   by bindings; nodes and the catalogue, by proposals. */
#include <stdio.h>
#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/disk.h"
#include "lib/disk/completion.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/inode.h"
#include "lib/posix/shared.h"
#include "test/user/users_attack.h"

#define DEPTH_MAX 64
#define TRIES 100000 /* others may have many changes to make */

static const volatile struct registry_entry *
row_of(uint32_t entry)
{
    return (const volatile struct registry_entry *)INFORMATION_REGISTRY + entry;
}

/* The entry of a block; REGISTRY_NONE. */
static uint32_t
entry_of(uint64_t block)
{
    const struct disk_volume *v = &SHARED_OF->volume;

    for (uint32_t e = v->first; e < v->first + v->entries; e++) {
        if (row_of(e)->state > REGISTRY_READING && row_of(e)->block == block) {
            return e;
        }
    }
    return REGISTRY_NONE;
}

/* Whether an entry's block is of another tree than the caller's. */
static bool
is_others(uint32_t entry)
{
    uint64_t block = row_of(entry)->block;

    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        uint32_t e = entry_of(block);

        if (block == DISK_CATALOGUE_BLOCK ||
            block == SHARED_OF->volume.fs.root || e == REGISTRY_NONE) {
            break;
        }
        block = row_of(e)->parent;
    }
    return block == DISK_CATALOGUE_BLOCK &&
           row_of(entry)->block != DISK_CATALOGUE_BLOCK;
}

static void
settle(struct users_count *count, struct completion *c, int64_t result,
       const char *what)
{
    if (result < 0) {
        completion_cancel(c);
    } else {
        int64_t posted = completion_wait(c);

        result = posted < 0 ? posted : result;
    }
    users_result(count, result, what);
}

/* Asks until there is an answer. */
#define ANSWER(result, call)                                                   \
    for (unsigned tries = 0; ((result) = (call)) == -EAGAIN && tries < TRIES;  \
         tries++) {                                                            \
        (void)completion_poll();                                               \
        (void)exo_yield(0, exo_uarea);                                         \
    }

static void
block_attack(struct users_count *count, uint64_t cap, uint32_t entry)
{
    const volatile struct registry_entry *row = row_of(entry);
    uint32_t parent = entry_of(row->parent);
    struct completion c;
    int64_t result;

    users_attack_frame(count, cap, row->frame);
    if (parent == REGISTRY_NONE) {
        return;
    }
    for (uint64_t flags = 0; flags <= REGISTRY_READ_WRITE; flags++) {
        if (completion_begin(&c)) {
            ANSWER(result, sys_registry_read(cap, parent, row->block, 0, flags,
                                             c.cookie));
            settle(count, &c, result, "registry_read");
        }
    }
    if (row->state != REGISTRY_CLEAN && completion_begin(&c)) {
        ANSWER(result, sys_registry_write(cap, entry, c.cookie));
        settle(count, &c, result, "registry_write");
    }
    for (uint64_t rights = CAP_READ; rights <= CAP_WRITE; rights++) {
        ANSWER(result, sys_disk_bind(cap, parent, row->block, 1, rights));
        users_result(count, result, "disk_bind");
    }
}

static int64_t
change_ask(uint64_t cap, const uint64_t words[5], uint64_t cookie)
{
    for (unsigned i = 0; i < 5; i++) {
        exo_uarea->batch[i] = words[i];
    }
    return sys_disk_change(cap, 0, 1, cookie);
}

/* Proposes the bytes of a page for an entry. */
static int64_t
propose(uint64_t cap, uint32_t entry, uint64_t frame, uint64_t version)
{
    struct completion c;
    int64_t result;
    int64_t offered = exo_frame_alloc(POSIX_CAP_SHARED, 0);

    if (offered < 0 || !completion_begin(&c)) {
        return -ENOMEM;
    }
    ANSWER(result, change_ask(cap,
                              (uint64_t[]){0, 0, entry | frame << 32,
                                           (uint64_t)offered, version},
                              c.cookie));
    if (result < 0) {
        completion_cancel(&c);
    } else {
        result = completion_wait(&c);
    }
    if (result < 0) {
        (void)exo_frame_free((uint64_t)offered);
    }
    return result;
}

/* Another's node becomes a copy of the caller's own; trees of others go, or get
   the caller's guard. */
static void
change_attack(struct users_count *count, const uint32_t *others,
              unsigned others_count)
{
    struct fs_volume *fs = &SHARED_OF->volume.fs;
    struct disk_tree *page;
    struct disk_tree own = {.count = 0};
    int64_t frame = exo_frame_alloc(POSIX_CAP_SHARED, 0);
    uint64_t version = 0;
    unsigned trees = 0;

    if (frame < 0) {
        return;
    }
    page = exo_map_borrow(POSIX_CAP_SHARED, (uint64_t)frame);
    memcpy(page, &inode_system()->fs.page[0], FS_BLOCK);
    exo_map_return();
    for (uint64_t cap = 0; cap < POSIX_CAP_CHILDREN; cap++) {
        for (unsigned i = 0; i < others_count; i++) {
            if (row_of(others[i])->flags & REGISTRY_META) {
                users_result(count,
                             propose(cap, others[i], (uint64_t)frame,
                                     row_of(others[i])->version),
                             "disk_change of a node");
            }
        }
    }
    do {
        static _Alignas(8) struct disk_tree image[DISK_TREES];

        version = 0;
        inode_take();
        (void)fs->f->read(fs, DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK, image,
                          &version);
        inode_drop();
        for (unsigned i = 0; i < DISK_TREES && image[i].count != 0; i++) {
            own = image[i].first == fs->root ? image[i] : own;
        }
        if (image[trees].count != 0 && image[trees].first != fs->root) {
            image[trees].guard = own.guard;
            page = exo_map_borrow(POSIX_CAP_SHARED, (uint64_t)frame);
            memcpy(page, image, sizeof(image));
            exo_map_return();
            users_result(count,
                         propose(POSIX_CAP_SHARED,
                                 entry_of(DISK_CATALOGUE_BLOCK),
                                 (uint64_t)frame, version),
                         "disk_change of the catalogue");
        }
        trees = image[trees].count != 0 ? trees + 1 : 0;
    } while (trees != 0);
    (void)exo_frame_free((uint64_t)frame);
}

void
users_attack_disk(struct users_count *count)
{
    static uint32_t others[VOLUME_ENTRIES];
    const struct disk_volume *v = &SHARED_OF->volume;
    unsigned found = 0;

    for (uint32_t e = v->first; e < v->first + v->entries; e++) {
        if (row_of(e)->state > REGISTRY_READING && is_others(e)) {
            others[found++] = e;
        }
    }
    for (uint64_t cap = 0; cap < POSIX_CAP_CHILDREN; cap++) {
        for (unsigned i = 0; i < found; i++) {
            block_attack(count, cap, others[i]);
        }
    }
    change_attack(count, others, found);
}
