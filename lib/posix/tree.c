/* SPDX-License-Identifier: MIT */
#include "lib/posix/tree.h"
#include "lib/posix/inode.h"

#include <errno.h>
#include <string.h>

#include "lib/fs/check.h"
#include "lib/posix/shared.h"

int64_t
tree_mount(struct fs_volume *volume, bool make_first)
{
    struct file_system *s = inode_system();
    struct fs_check report;
    int64_t error;

    inode_take();
    memset(s->node, 0, sizeof(s->node));
    name_clear(false);
    error = make_first ? tree_make(&s->fs, volume) : fs_mount(&s->fs, volume);
    if (error == 1) {
        error = fs_check(&s->fs, true, NULL, NULL, &report);
        error = error == 0 ? 1 : error;
    }
    if (error >= 0) {
        /* The root's handle stays; its node is never made again. */
        (void)inode_of(fs_root(&s->fs));
        s->mounted = 1;
    }
    inode_drop();
    return posix_error(error);
}

int64_t
tree_unmount(void)
{
    struct file_system *s = inode_system();
    int64_t error;

    inode_take();
    name_clear(true);
    error = s->mounted != 0 ? fs_unmount(&s->fs) : 0;
    s->mounted = 0;
    inode_drop();
    return posix_error(error);
}

int64_t
tree_sync(void)
{
    struct file_system *s = inode_system();
    int64_t error;

    inode_take();
    mapping_note_all();
    error = s->mounted != 0 ? fs_sync(&s->fs) : 0;
    inode_drop();
    return posix_error(error);
}
