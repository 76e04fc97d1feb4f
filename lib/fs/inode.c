/* SPDX-License-Identifier: MIT */
/*
 * What is known of open files, so that who reads and writes what is in memory
 * need not look for it: the run of blocks that was used last, and size and
 * time, which reach the entry when the file is synced or closed. A run is right
 * until blocks are taken from the file; who does so forgets it.
 */
#include "lib/fs/part.h"

uint64_t
inode_size(const struct fs_file *file, const struct fs_entry *e)
{
    return file->changed ? file->size : e->size;
}

void
inode_learn(struct fs_file *file, const struct fs_map *map, uint64_t block,
            uint64_t size)
{
    file->run_count = 0;
    file->size = size;
    if (map->first != 0) {
        file->run_block = block;
        file->run_first = map->first;
        file->run_parent = map->way.node->block;
        file->run_count = map->count;
    }
}

void
inode_forget(struct fs_file *file)
{
    file->run_count = 0;
}

/* The part of a request that lies in the run: its bytes, or 0. */
static uint64_t
run_part(const struct fs_file *file, uint64_t offset, uint64_t count,
         uint64_t *block)
{
    uint64_t from = offset / FS_BLOCK - file->run_block;
    uint64_t left;

    if (from >= file->run_count) {
        return 0;
    }
    *block = file->run_first + from;
    left = (file->run_count - from) * FS_BLOCK - offset % FS_BLOCK;
    return left < count ? left : count;
}

uint64_t
inode_read(struct fs *fs, struct fs_file *file, uint64_t offset, void *bytes,
           uint64_t count)
{
    struct fs_volume *v = fs->volume;
    uint64_t block;

    if (file->run_count == 0 || offset >= file->size) {
        return 0;
    }
    count = count < file->size - offset ? count : file->size - offset;
    count = run_part(file, offset, count, &block);
    return count > 0 && v->f->data_read(v, file->run_parent, block,
                                        offset % FS_BLOCK, count, bytes) == 0
               ? count
               : 0;
}

void
inode_change(struct fs *fs, struct fs_file *file, uint64_t size, uint64_t end)
{
    file->size = end > size ? end : size;
    file->mtime = fs->volume->f->now(fs->volume);
    file->changed = true;
}

uint64_t
inode_write(struct fs *fs, struct fs_file *file, uint64_t offset,
            const void *bytes, uint64_t count)
{
    struct fs_volume *v = fs->volume;
    uint64_t block;

    if (file->run_count == 0 || offset > file->size) {
        return 0;
    }
    count = run_part(file, offset, count, &block);
    if (count == 0 || v->f->data_write(v, file->run_parent, block,
                                       offset % FS_BLOCK, count, bytes) != 0) {
        return 0;
    }
    inode_change(fs, file, file->size, offset + count);
    return count;
}

static int64_t
settle_try(struct fs *fs, void *what)
{
    struct fs_file *file = what;
    struct fs_place place;
    const struct fs_entry *e;
    struct fs_entry *edit;
    int64_t error = fs_locate(fs, file, &place, &e);

    if (error != 0) {
        return error;
    }
    edit = store_entry(fs, place.way.node, e);
    edit->size = file->size;
    edit->mtime = file->mtime;
    return store_commit(fs, 0, 0);
}

int64_t
inode_settle(struct fs *fs, struct fs_file *file)
{
    int64_t error = 0;

    if (file->changed) {
        error = file->dying ? 0 : fs_do(fs, settle_try, file);
        file->changed = error != 0 && error != -ENOENT;
    }
    return error == -ENOENT ? 0 : error;
}

int64_t
inode_settle_all(struct fs *fs)
{
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < FS_OPEN_MAX && error == 0; i++) {
        if (fs->open[i].users > 0) {
            error = inode_settle(fs, &fs->open[i]);
        }
    }
    return error;
}
