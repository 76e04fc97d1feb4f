/* SPDX-License-Identifier: MIT */
/*
 * Onto the disk: all, or what one file needs. That is the leaf with its entry,
 * its own nodes, and its data. If more may have to be written for it to be
 * found, such as an index that leads to a new leaf, or a name that refers to
 * the directory of links, all is.
 */
#include "lib/fs/part.h"

#define NODES_MAX 16

int64_t
fs_sync(struct fs *fs)
{
    int64_t error = fs_made_settle(fs);

    if (error == 0) {
        error = fs_late_settle_all(fs);
    }
    if (error == 0) {
        error = store_settle(fs);
    }
    if (error == 0 && fs->volume->f->data_settle != NULL) {
        error = fs->volume->f->data_settle(fs->volume, 0, 0, UINT64_MAX);
    }
    return error != 0 ? error : fs->volume->f->flush(fs->volume);
}

/* The nodes that are to be written for a file, those below others first. */
struct sync_what {
    struct fs_file *file;
    uint64_t node[NODES_MAX];
    unsigned nodes;
    bool all; /* more than that may have to be */
};

static void
node_add(const struct fs *fs, struct sync_what *w, uint64_t block)
{
    if (!store_is_dirty(fs, block)) {
        return;
    }
    if (w->nodes < NODES_MAX) {
        w->node[w->nodes++] = block;
    } else {
        w->all = true;
    }
}

/* Data of a node, which is written with it if that is. */
static int64_t
data_write(struct fs *fs, uint64_t parent, uint64_t block, uint64_t count)
{
    const struct fs_volume_functions *f = fs->volume->f;

    return f->data_settle == NULL
               ? 0
               : f->data_settle(fs->volume, parent, block, count);
}

/* Of a file that has its records in the leaf. */
static int64_t
inline_write(struct fs *fs, const struct fs_node *leaf, uint64_t block,
             uint16_t id)
{
    const struct fs_record *r = node_records(leaf);
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < leaf->head.records && error == 0; i++) {
        if (r[i].id == id && r[i].type == DISK_TYPE_DATA) {
            error =
                data_write(fs, block, record_first(&r[i]), record_count(&r[i]));
        }
    }
    return error;
}

/* Of one that has nodes of its own, at most one index above another. */
static int64_t
outside_write(struct fs *fs, struct sync_what *w, uint64_t top)
{
    struct fs_map map;
    uint64_t key = 0;
    int64_t error = 0;

    while (key <= UINT32_MAX && error == 0) {
        store_unpin(fs);
        error = fs_file_way(fs, w->file, (uint32_t)key, &map);
        if (error == 0) {
            const struct fs_cached *above = map.way.parent;

            w->all |= (above != NULL ? above : map.way.node)->block != top;
            node_add(fs, w, map.way.node->block);
            key = (uint64_t)map.way.node->node->head.high + 1;
            error = data_write(fs, map.way.node->block, 0, UINT64_MAX);
        }
    }
    if (error == 0 && map.way.node->block != top) {
        node_add(fs, w, top);
    }
    return error;
}

static int64_t
sync_try(struct fs *fs, void *what)
{
    struct sync_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_locate(fs, w->file, &place, &e);
    uint64_t leaf;
    uint64_t top;

    if (error != 0) {
        return error;
    }
    leaf = place.way.node->block;
    w->nodes = 0;
    /* The index that leads to the leaf may not know it yet. */
    w->all = e->kind != FS_FILE || w->file->directory == fs->links ||
             (place.way.parent != NULL &&
              store_is_dirty(fs, place.way.parent->block)) ||
             fs->volume->f->attached(fs->volume, leaf) != 1;
    if (w->all) {
        return 0;
    }
    top = tree_top_of(place.way.node->node, e);
    error = top != 0 ? outside_write(fs, w, top)
                     : inline_write(fs, place.way.node->node, leaf, e->id);
    if (error == 0) {
        node_add(fs, w, leaf);
    }
    return error;
}

static int64_t
file_sync(struct fs *fs, struct fs_file *file, bool time)
{
    struct sync_what w = {.file = file};
    int64_t error = fs_late_settle(fs, file, time);
    unsigned i;

    /* What is synced often is not claimed ahead for. */
    file->window = 0;
    if (error == 0) {
        error = fs_do(fs, sync_try, &w);
    }
    for (i = 0; i < w.nodes && error == 0 && !w.all; i++) {
        error = store_write(fs, w.node[i]);
    }
    if (error == -EBUSY || (error == 0 && w.all)) {
        return fs_sync(fs);
    }
    return error != 0 ? error : fs->volume->f->flush(fs->volume);
}

int64_t
fs_fsync(struct fs *fs, struct fs_file *file)
{
    return file_sync(fs, file, true);
}

int64_t
fs_fdatasync(struct fs *fs, struct fs_file *file)
{
    return file_sync(fs, file, false);
}
