/* SPDX-License-Identifier: MIT */
/*
 * A file that was made and has no entry yet. Most files are made to be written
 * at once: then name, first blocks and size come in one change. It is noted,
 * with its handle, and whatever else is asked of the file system has it entered
 * first; so nobody sees that it was not there. There is at most one at a time.
 */
#include <string.h>

#include "lib/fs/part.h"

struct made_what {
    uint64_t size;   /* of which the blocks are claimed, too */
    uint64_t parent; /* out: who has them, */
    uint64_t first;
    uint64_t count; /* and how many could be had in one run */
};

/* The entry, and blocks, in the edit of a leaf. */
static bool
entry_make(struct fs *fs, struct fs_node *leaf, const struct made_what *w)
{
    const struct fs_made *m = &fs->made;
    const struct fs_entry like = {.hash = m->file->hash,
                                  .kind = FS_FILE,
                                  .name_bytes = (uint8_t)m->bytes,
                                  .number = m->file->number,
                                  .size = w->size,
                                  .mtime = m->status.mtime,
                                  .mode = m->status.mode,
                                  .links = 1,
                                  .uid = m->status.uid,
                                  .gid = m->status.gid};
    struct fs_record r = {.place = record_place(w->first, w->count)};
    const struct fs_entry *e = node_entry_add(leaf, &like, m->name, "");

    if (e == NULL) {
        return false;
    }
    r.id = e->id;
    return w->count == 0 || node_record_add(leaf, &r, FS_RESERVE);
}

static int64_t
made_try(struct fs *fs, void *what)
{
    struct made_what *w = what;
    const struct fs_made *m = &fs->made;
    uint64_t blocks = (w->size + FS_BLOCK - 1) / FS_BLOCK;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_place(fs, m->file->directory, m->file->hash, &place);

    w->count = 0;
    if (error != 0) {
        return error;
    }
    e = node_entry_find(place.way.node->node, m->file->hash, m->name, m->bytes);
    if (e != NULL) { /* somebody died when he had done it */
        return e->number == m->file->number ? 0 : -EEXIST;
    }
    if (blocks > 0) {
        error = store_find(fs, fs_near(place.way.node),
                           blocks < FS_COUNT_MAX ? blocks : FS_COUNT_MAX,
                           &w->count);
        if (error < 0) {
            return error;
        }
        w->parent = place.way.node->block;
        w->first = (uint64_t)error;
        w->size = w->count < blocks ? w->count * FS_BLOCK : w->size;
    }
    if (!entry_make(fs, store_edit(fs, place.way.node), w)) {
        store_forget(fs);
        return tree_grow(fs, &place.way, m->file->hash);
    }
    fs_touch(fs, &place);
    fs->fresh = (struct fs_fresh){w->parent, w->first, w->count};
    error = store_commit(fs, w->count, 0);
    if (error != 0) {
        fs->fresh.count = 0;
    }
    return error;
}

/* Once it is tried again by somebody else it is without blocks: its size is
   not known there. */
static int64_t
made_enter(struct fs *fs, struct made_what *w)
{
    int64_t error;

    fs->making = true;
    error = fs_try(fs, made_try, w);
    fs->making = false;
    if (error == -EEXIST || error == -ENOENT || error == -ENOTDIR) {
        /* Another user of the volume was first, or took the directory. */
        fs->made.file->dying = true;
        fs->made.file = NULL;
    } else if (error == 0) {
        fs->made.file = NULL;
    }
    return error;
}

int64_t
fs_made_settle(struct fs *fs)
{
    struct made_what w = {0};

    return fs->made.file == NULL || fs->making ? 0 : made_enter(fs, &w);
}

int64_t
fs_made_write(struct fs *fs, const void *bytes, uint64_t count)
{
    struct fs_file *file = fs->made.file;
    struct made_what w = {.size = count};
    int64_t error = made_enter(fs, &w);
    uint64_t n = w.size < count ? w.size : count;

    if (error != 0 || w.count == 0) {
        return error;
    }
    error =
        fs->volume->f->data_write(fs->volume, w.parent, w.first, 0, n, bytes);
    fs->fresh.count = 0;
    if (error == 0) {
        file->run = (struct fs_run){fs->stamp,
                                    w.parent,
                                    w.first,
                                    0,
                                    w.count,
                                    w.size,
                                    fs->made.status.mtime};
    } else { /* they must not stay, or the node is never written */
        (void)fs_truncate(fs, file, 0);
    }
    return error != 0 ? error : (int64_t)n;
}

struct room_what {
    struct fs_file *directory;
    const char *name;
    size_t bytes;
    uint32_t hash;
};

/* Whether the name is missing; and room for it, and for a record. */
static int64_t
room_try(struct fs *fs, void *what)
{
    const struct room_what *w = what;
    const int bytes =
        (int)(entry_bytes(w->bytes, 0) + sizeof(struct fs_record));
    struct fs_place place;
    const struct fs_node *n;
    int64_t error = fs_place(fs, w->directory, w->hash, &place);

    if (error != 0) {
        return error;
    }
    n = place.way.node->node;
    if (node_entry_find(n, w->hash, w->name, w->bytes) != NULL) {
        return -EEXIST;
    }
    return node_room(n) < bytes + FS_RESERVE ||
                   n->head.records +
                           FS_RESERVE / (int)sizeof(struct fs_record) >=
                       FS_RECORDS_MAX
               ? tree_grow(fs, &place.way, w->hash)
               : 0;
}

int64_t
fs_create_later(struct fs *fs, struct fs_file *directory, const char *name,
                size_t bytes, const struct fs_status *status,
                struct fs_file **file)
{
    struct room_what w = {directory, name, bytes,
                          fs_hash(fs->seed, name, bytes)};
    struct fs_made *m = &fs->made;
    int64_t error = fs_name_check(name, bytes);

    if (error == 0) {
        error = fs_use(fs);
    }
    if (error == 0) {
        error = fs_do(fs, room_try, &w);
    }
    if (error == 0 && m->file != NULL) {
        error = fs_made_settle(fs); /* another one cannot be entered */
    }
    if (error == 0) {
        error = fs_handle(fs, directory, w.hash, fs->next++, file);
    }
    if (error != 0) {
        return error;
    }
    m->status = *status;
    m->status.kind = FS_FILE;
    m->status.number = (*file)->number;
    m->status.size = 0;
    m->status.links = 1;
    m->status.mtime = fs_now(fs);
    m->bytes = bytes;
    memcpy(m->name, name, bytes);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* who finds it finds it whole */
    m->file = *file;
    return 0;
}
