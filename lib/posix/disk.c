/* SPDX-License-Identifier: MIT */
#include "lib/posix/disk.h"

#include <stdio.h>

#include "lib/fs/fs.h"
#include "lib/posix/domain.h"
#include "lib/posix/shared.h"

#define DISK 0

/* The system's tree, or the user's own; 1: it has just been made. */
static int64_t
tree_find(struct disk_volume *v, struct fs *fs)
{
    char name[24];
    struct cap_name guard;

    if (domain_user == NULL) {
        return volume_tree(v, POSIX_CAP_OWN, FS_TREE_NAME);
    }
    guard = disk_guard();
    snprintf(name, sizeof(name), "user.%u", (unsigned)domain_user->uid);
    return volume_tree_own(v, fs, name, &guard, domain_user->disk_type);
}

struct cap_name
disk_guard(void)
{
    uint64_t domain = POSIX_NAME_DOMAIN +
                      (domain_user != NULL ? (uint64_t)domain_user->uid : 0);

    return (struct cap_name){{domain | POSIX_NAME_SHARED << 16, 0}};
}

int64_t
disk_begin(struct fs *fs, struct fs_volume **volume)
{
    struct disk_volume *v = &SHARED_OF->volume;
    const struct exo_map map = exo_map_own();
    int64_t error = -ENODEV;

    if (domain_user == NULL) {
        error = volume_open(v, DISK, POSIX_CAP_OWN, POSIX_CAP_SHARED);
    } else if (domain_user->disk_type != 0) {
        error = volume_join(v, DISK, POSIX_CAP_SHARED);
    }
    if (error == 0) {
        error = volume_window(v, &map, POSIX_CACHE);
    }
    if (error == 0) {
        error = volume_pages(v, fs->page, FS_PAGES);
    }
    if (error == 0) {
        error = tree_find(v, fs);
    }
    *volume = &v->fs;
    return error;
}

bool
disk_fault(struct uarea *uarea)
{
    return volume_fault(&SHARED_OF->volume, uarea);
}
