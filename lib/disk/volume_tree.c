/* SPDX-License-Identifier: MIT */
/*
 * A tree of one's own in the catalogue. The catalogue is everybody's to change,
 * but each entry only for who may write its guard; so a tree is found by name
 * and guard.
 */
#include <string.h>

#include "lib/disk/format.h"
#include "lib/disk/volume.h"
#include "lib/exo/exo.h"
#include "lib/fs/fs.h"

#define TRIES 100

/* Where the tree is in an image of the catalogue, or NULL. */
static const struct disk_tree *
tree_find(const struct disk_tree *trees, const char *name,
          const struct cap_name *guard)
{
    for (unsigned i = 0; i < DISK_TREES && trees[i].count != 0; i++) {
        if (strncmp(trees[i].name, name, sizeof(trees[i].name)) == 0 &&
            memcmp(&trees[i].guard, guard, sizeof(*guard)) == 0) {
            return &trees[i];
        }
    }
    return NULL;
}

/* One look, and a proposal: 0 if it is there, 1 if it is now. -ESTALE: the
   catalogue has changed meanwhile, or somebody has claimed that block. */
static int64_t
tree_try(struct disk_volume *v, struct disk_tree *image,
         const struct disk_tree *wanted)
{
    struct fs_edit edit = {DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK, 0,
                           image};
    struct disk_tree tree = *wanted;
    const struct disk_tree *found;
    int64_t error = v->fs.f->read(&v->fs, DISK_CATALOGUE_BLOCK,
                                  DISK_CATALOGUE_BLOCK, image, &edit.version);

    if (error < 0) {
        return error;
    }
    found = tree_find(image, tree.name, &tree.guard);
    if (found != NULL) {
        v->fs.root = found->first;
        return found->type == tree.type ? 0 : -EINVAL;
    }
    error = space_find(&v->disk.space, 1);
    if (error < 0) {
        return error;
    }
    tree.first = (uint64_t)error;
    v->fs.root = tree.first;
    error = disk_format_tree_add(image, &tree);
    if (error == 0) {
        error = v->fs.f->change(&v->fs, &edit, 1, 1, 0);
        error = error == -ENOSPC ? -ESTALE : error;
    }
    return error == 0 ? 1 : error;
}

int64_t
volume_tree_own(struct disk_volume *v, struct fs *fs, const char *name,
                const struct cap_name *guard, uint32_t type)
{
    struct disk_tree wanted = {.count = 1, .type = type, .guard = *guard};
    int64_t result = -ESTALE;

    if (strlen(name) >= sizeof(wanted.name)) {
        return -ENAMETOOLONG;
    }
    memcpy(wanted.name, name, strlen(name));
    v->fs.type = type;
    for (unsigned i = 0; i < TRIES && result == -ESTALE; i++) {
        result = tree_try(v, (struct disk_tree *)(void *)fs->page, &wanted);
    }
    return result;
}
