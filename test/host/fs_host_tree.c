/* SPDX-License-Identifier: MIT */
/* The tree of a file system on a volume of this machine, and its type. */
#include "kern/abi/error.h"
#include "kern/disk/recover.h"
#include "lib/disk/format.h"
#include "test/host/check.h"
#include "test/host/fs_host_part.h"

static int64_t
type_install(struct volume *kernel)
{
    static _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    const struct disk_type *type = (const void *)block;
    struct code_error error;
    uint32_t owns;
    uint32_t access;
    int number;

    CHECK(disk_format_type(block, FS_TYPE_NAME, fs_owns, fs_access, &error) ==
          0);
    number = type_find(&kernel->types, type->hash);
    if (number >= 0) {
        return number;
    }
    number = type_slot(&kernel->types);
    if (number < 0 || kernel->state != DISK_READY) {
        return -ENOSPC;
    }
    CHECK(program_load(kernel, (unsigned)number, block, &owns, &access) == 0);
    fs_host_type_write((unsigned)number, block);
    type_add(&kernel->types, (unsigned)number, block, owns, access);
    return number;
}

int64_t
fs_host_tree(const char *name, bool make, struct fs_volume **volume)
{
    struct volume *kernel = fs_host_kernel();
    struct fs_volume *fs = fs_host_volume();
    static _Alignas(8) uint8_t image[DISK_BLOCK_BYTES];
    struct disk_tree tree = {.count = 1, .guard = FS_HOST_GUARD};
    const struct disk_tree *found;
    struct fs_edit edit = {DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK, 0,
                           image};
    int64_t type = type_install(kernel);
    uint64_t block = DISK_FIRST_BLOCK;

    if (type < 0) {
        return type;
    }
    fs->type = (uint32_t)type;
    *volume = fs;
    CHECK(fs->f->read(fs, DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK, image,
                      &edit.version) == 1);
    found = disk_format_tree_find(image, name);
    if (found != NULL) {
        fs->root = found->first;
        return found->type == (uint32_t)type ? 0 : -EINVAL;
    }
    if (!make || strlen(name) >= sizeof(tree.name)) {
        return make ? -ENAMETOOLONG : -ENOENT;
    }
    while (block < fs->blocks &&
           block_state(&kernel->blocks, block) != BLOCK_FREE) {
        block++;
    }
    fs->root = block;
    tree.first = block;
    tree.type = (uint32_t)type;
    memcpy(tree.name, name, strlen(name));
    return block == fs->blocks || disk_format_tree_add(image, &tree) != 0
               ? -ENOSPC
               : fs->f->change(fs, &edit, 1, 1, 0);
}
