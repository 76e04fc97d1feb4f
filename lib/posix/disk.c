/* SPDX-License-Identifier: MIT */
#include "lib/posix/disk.h"

#include "lib/fs/fs.h"
#include "lib/posix/shared.h"

#define DISK 0

int64_t
disk_begin(struct fs *fs, struct fs_volume **volume)
{
    struct disk_volume *v = &SHARED_OF->volume;
    const struct exo_map map = exo_map_own();
    int64_t error = volume_open(v, DISK, POSIX_CAP_OWN, POSIX_CAP_SHARED);

    if (error == 0) {
        error = volume_window(v, &map, POSIX_CACHE);
    }
    if (error == 0) {
        error = volume_pages(v, fs->page, FS_PAGES);
    }
    if (error == 0) {
        error = volume_tree(v, POSIX_CAP_OWN, FS_TREE_NAME);
    }
    *volume = &v->fs;
    return error;
}

bool
disk_fault(struct uarea *uarea)
{
    return volume_fault(&SHARED_OF->volume, uarea);
}
