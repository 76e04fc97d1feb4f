/* SPDX-License-Identifier: MIT */
/*
 * What an open file's entry does not say yet. To write to the end of a file, or
 * into it, changes no node each time: that it is longer, and when it was
 * written, is kept with the handle, and blocks are claimed for what will be
 * written next. All that is put right by one change when the file is asked to
 * be on the disk or is closed, and for all files before nodes are written: the
 * kernel writes no node that owns what was never written. Such blocks are one
 * run, from the first block behind the end on.
 */
#include "lib/fs/part.h"

#define TRIES 10

struct late_what {
    struct fs_file *file;
    bool time;
};

static uint32_t
blocks_of(uint64_t size)
{
    return (uint32_t)((size + FS_BLOCK - 1) / FS_BLOCK);
}

static int64_t
late_try(struct fs *fs, void *what)
{
    const struct late_what *w = what;
    struct fs_file *file = w->file;
    struct fs_map map;
    struct fs_entry *e;
    uint64_t given = 0;
    int64_t error = fs_file_way(fs, file, 0, &map);
    uint32_t end = error == 0 ? blocks_of(fs_size(file, map.entry)) : 0;

    if (error == 0 && file->ahead && map.id == 0) {
        error = fs_file_way(fs, file, end, &map);
    }
    if (error != 0) {
        return error;
    }
    e = store_entry(fs, map.place.way.node, map.entry);
    e->size = fs_size(file, map.entry);
    if (w->time && file->mtime != 0) {
        e->mtime = file->mtime;
    }
    if (file->ahead) {
        given = records_cut(store_edit(fs, map.way.node), map.id, end);
    }
    error = store_commit(fs, 0, given);
    if (error == 0) {
        file->end = 0;
        file->mtime = w->time ? 0 : file->mtime;
        file->ahead = false;
        file->window = 0;
    }
    return error;
}

int64_t
fs_late_settle(struct fs *fs, struct fs_file *file, bool time)
{
    struct late_what w = {file, time};
    bool said = file->end == 0 && (file->mtime == 0 || !time);

    /* What has no name is not asked for size and time after a crash. */
    return !file->ahead && (said || file->dying) ? 0 : fs_do(fs, late_try, &w);
}

int64_t
fs_late_settle_all(struct fs *fs)
{
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < FS_OPEN_MAX && error == 0; i++) {
        if (fs->open[i].users > 0) {
            error = fs_late_settle(fs, &fs->open[i], true);
        }
    }
    return error;
}

int64_t
fs_late_give(struct fs *fs)
{
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < fs->open_end && error == 0; i++) {
        struct late_what w = {&fs->open[i], true};

        if (w.file->users == 0 || !w.file->ahead) {
            continue;
        }
        /* Not by fs_do, which is what asks for it. */
        error = -ESTALE;
        for (fs->tries = 0; fs->tries < TRIES && error == -ESTALE;
             fs->tries++) {
            store_unpin(fs);
            store_forget(fs);
            error = late_try(fs, &w);
        }
        if (error == -ENOENT) { /* somebody else has given it back */
            w.file->ahead = false;
            error = 0;
        }
    }
    store_unpin(fs);
    store_forget(fs);
    return error;
}

void
fs_rest(struct fs *fs, struct fs_file *file)
{
    if (file->ahead) {
        (void)fs_late_settle(fs, file, true);
    }
}
