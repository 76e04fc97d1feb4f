/* SPDX-License-Identifier: MIT */
/*
 * Going on after a user of shared memory died in the middle of a function. What
 * the volume has is right after every change, so copies are forgotten. Three
 * things are in memory alone, and were noted before the change that made them
 * so: which nodes may be newer than the disk, with the orders among them; which
 * have no bytes yet; and which blocks were never written. The kernel writes no
 * node that owns one of the latter, so these become zero.
 */
#include <string.h>

#include "lib/fs/part.h"

/* What was claimed for data and not written. */
static int64_t
fresh_clear(struct fs *fs)
{
    static const uint8_t zero;
    const struct fs_fresh f = fs->fresh;
    int64_t error = 0;
    uint64_t i;

    for (i = 0; i < f.count && error == 0; i++) {
        uint64_t block = f.first + i;

        if ((fs->volume->table[block] & BLOCK_STATE) == BLOCK_UNINITIALISED) {
            error = fs->volume->f->data_write(fs->volume, f.parent, block, 0, 1,
                                              &zero);
        }
    }
    /* It was not claimed after all. */
    error = error == -ENOENT ? 0 : error;
    fs->fresh.count = error == 0 ? 0 : f.count;
    return error;
}

int64_t
fs_recover(struct fs *fs)
{
    unsigned i;

    fs->left = true;
    for (i = 0; i < FS_OPEN_MAX; i++) {
        fs->open[i].top = 0;
    }
    fs_handles_order(fs);
    store_begin(fs);
    if (fs->volume->f->recover != NULL) {
        fs->volume->f->recover(fs->volume);
    }
    /* Of the change that was being made, which may have been made. */
    fs->orders_kept = fs->orders;
    return fresh_clear(fs);
}

static void
use(struct fs_file *f)
{
    /* Who is used for the first time uses what it is in. */
    while (f != NULL && f->users++ == 0) {
        f = f->directory;
    }
}

void
fs_recount(struct fs *fs, const uint32_t users[FS_OPEN_MAX])
{
    bool was[FS_OPEN_MAX];
    struct fs_file *f;
    unsigned i;

    for (i = 0; i < FS_OPEN_MAX; i++) {
        was[i] = fs->open[i].users > 0;
        fs->open[i].users = 0;
    }
    fs->open_free = 0;
    use(fs->root);
    use(fs->links);
    for (i = 0; i < FS_OPEN_MAX; i++) {
        uint32_t n;

        for (n = 0; was[i] && n < users[i]; n++) {
            use(&fs->open[i]);
        }
    }
    /* What nobody uses is closed as by its last user. */
    for (i = 0; i < FS_OPEN_MAX; i++) {
        f = &fs->open[i];
        if (was[i] && f->users == 0 &&
            (f->dying || fs_is_late(f) || f == fs->made.file)) {
            use(f);
            fs_close(fs, f);
        }
    }
}
