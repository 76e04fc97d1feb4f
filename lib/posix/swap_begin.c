/* SPDX-License-Identifier: MIT */
/*
 * The place of what is swapped out: a tree of its own on the disk, of a type of
 * its own, that is one run of blocks of data. On the disk its root owns
 * nothing. The blocks are claimed when the machine starts, and the root is
 * never written with them: so they need not be written before, and when the
 * power goes they are nobody's again.
 */
#include <string.h>

#include "lib/disk/format.h"
#include "lib/exo/exo.h"
#include "lib/posix/disk.h"
#include "lib/posix/domain.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#define NAME "swap"
#define MAGIC 0x706177732d746968 /* "hit-swap" */
#define SHARE 8                  /* of the disk one part of so many, at most */
#define COUNT_MIN 256            /* fewer are not worth it */

struct root {
    uint64_t magic;
    uint32_t count; /* of blocks; 0: none */
    uint32_t zero;
    struct cap_name guard; /* who may read and write */
    uint64_t first;
    uint64_t rest[DISK_BLOCK_BYTES / 8 - 5];
};

_Static_assert(sizeof(struct root) == DISK_BLOCK_BYTES &&
                   offsetof(struct root, guard) == 16 &&
                   offsetof(struct root, first) == 32,
               "as the programs have it");

static const char owns[] = "      r2 = *(u32 *)(r1 + 8)\n"
                           "      if r2 == 0 goto none\n"
                           "      r1 = *(u64 *)(r1 + 32)\n"
                           "      r3 = 0\n"
                           "      call 1\n"
                           "none: r0 = 0\n"
                           "      exit\n";
static const char access[] = "r0 = 16\n"
                             "exit\n";

static _Alignas(DISK_BLOCK_BYTES) union {
    uint8_t bytes[DISK_BLOCK_BYTES];
    struct root root;
} page;

/* A tree with a root that owns nothing. The root is on the disk before the
   catalogue leads there. */
static int64_t
tree_make(struct disk *disk, struct node *catalogue, uint64_t type,
          struct node *root)
{
    struct disk_tree tree = {.name = NAME,
                             .count = 1,
                             .type = (uint32_t)type,
                             .guard = disk_guard()};
    struct node_edit edit = {catalogue, &page};
    int64_t error = space_find(&disk->space, 1);

    tree.first = (uint64_t)error;
    if (error >= 0) {
        error = disk_format_tree_add(&page, &tree);
    }
    if (error == 0) {
        error = node_change(disk, &edit, 1, 1, 0);
    }
    if (error == 0) {
        error = node_create(disk, catalogue, tree.first, root);
    }
    if (error == 0) {
        memset(&page, 0, sizeof(page));
        page.root.magic = MAGIC;
        page.root.guard = tree.guard;
        edit.node = root;
        error = node_change(disk, &edit, 1, 0, 0);
    }
    if (error == 0) {
        error = node_write(disk, root);
    }
    return error == 0 ? node_write(disk, catalogue) : error;
}

/* The root, with its image in `page`. */
static int64_t
root_open(struct disk *disk, struct node *root)
{
    struct disk control = *disk;
    struct node catalogue;
    struct code_error wrong;
    const struct disk_tree *tree;
    int64_t error = disk_format_type(&page, NAME, owns, access, &wrong);
    uint64_t type;

    control.cap = POSIX_CAP_OWN;
    error = error == 0 ? disk_type(&control, &page) : error;
    type = (uint64_t)error;
    if (error >= 0) {
        error = node_catalogue(disk, &catalogue);
    }
    if (error == 0) {
        error = node_image(disk, &catalogue, &page);
    }
    if (error != 0) {
        return error;
    }
    tree = disk_format_tree_find(&page, NAME);
    if (tree == NULL) {
        return tree_make(disk, &catalogue, type, root);
    }
    if (tree->type != type) {
        return -EINVAL;
    }
    error = node_open(disk, &catalogue, tree->first, root);
    error = error == 0 ? node_image(disk, root, &page) : error;
    return error == 0 && page.root.magic != MAGIC ? -EINVAL : error;
}

/* The run of blocks, at the end of the disk if there is room. */
static int64_t
blocks_claim(struct disk *disk, struct node *root)
{
    struct node_edit edit = {root, &page};
    uint64_t count = disk->space.blocks / SHARE;
    int64_t error = -ENOSPC;

    count = count < SWAP_PLACES ? count : SWAP_PLACES;
    for (; count >= COUNT_MIN && error == -ENOSPC; count /= 2) {
        disk->space.next = disk->space.blocks - count;
        error = space_find(&disk->space, count);
        if (error >= 0) {
            page.root.first = (uint64_t)error;
            page.root.count = (uint32_t)count;
            error = node_change(disk, &edit, 1, count, 0);
        }
    }
    return error;
}

void
swap_begin(void)
{
    struct disk disk = SHARED_OF->volume.disk;
    struct swap *swap = &SHARED_OF->swap;
    struct node root;
    int64_t error = domain_user != NULL ? -EPERM : root_open(&disk, &root);

    if (error == 0 && page.root.count == 0) {
        error = blocks_claim(&disk, &root);
    }
    if (error == 0) {
        swap->first = page.root.first;
        swap->entry = root.entry;
        swap->count =
            page.root.count < SWAP_PLACES ? page.root.count : SWAP_PLACES;
    }
}
