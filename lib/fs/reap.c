/* SPDX-License-Identifier: MIT */
/*
 * What has no name any more gives back what it has, from the leaves up: the
 * kernel takes a metadata block back only when it owns nothing, also by what
 * the disk has of it. So a node is emptied, written, and given back; then the
 * next. After a crash the entry is still there, and whoever repairs goes on.
 */
#include "lib/fs/part.h"

struct reap_what {
    struct fs_file *directory;
    uint64_t number;
    uint32_t hash;
};

/* Takes all data of an id out of a node, or all there is: the blocks. */
static uint64_t
data_take(struct fs_node *n, uint16_t id)
{
    uint64_t given = 0;
    unsigned i = 0;

    while (i < n->head.records) {
        const struct fs_record *r = &node_records(n)[i];

        if (r->type == DISK_TYPE_DATA && (id == 0 || r->id == id)) {
            given += record_count(r);
            node_record_remove(n, i);
        } else {
            i++;
        }
    }
    return given;
}

static bool
data_has(const struct fs_node *n, uint16_t id)
{
    const struct fs_record *r = node_records(n);
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        if (r[i].type == DISK_TYPE_DATA && (id == 0 || r[i].id == id)) {
            return true;
        }
    }
    return false;
}

/* Gives back a node that owns nothing. */
static int64_t
node_give(struct fs *fs, struct fs_cached *holder, uint64_t block, bool written)
{
    int64_t error = written ? store_write(fs, block) : 0;
    struct fs_node *n;

    if (error != 0) {
        return error;
    }
    n = store_edit(fs, holder);
    node_record_remove(n, (unsigned)(tree_record(n, block) - node_records(n)));
    error = store_commit(fs, 0, 1);
    if (error == 0) {
        store_drop(fs, block);
    }
    return error == 0 ? 1 : error;
}

int64_t
reap_node(struct fs *fs, struct fs_cached *holder, uint64_t block)
{
    unsigned depth;

    for (depth = 0; depth < 2 * FS_DEPTH_MAX; depth++) {
        struct fs_cached *child;
        int64_t error;

        store_pin(fs, holder);
        error = store_get(fs, holder->block, block, &child);
        if (error != 0) {
            return error == -ENODATA ? node_give(fs, holder, block, false)
                                     : error;
        }
        if (data_has(child->node, 0)) {
            error = store_commit(fs, 0, data_take(store_edit(fs, child), 0));
            return error == 0 ? 1 : error;
        }
        if (child->node->head.records == 0) {
            return node_give(fs, holder, block, true);
        }
        block = record_first(node_records(child->node));
        holder->pins--;
        holder = child;
    }
    return -EINVAL;
}

/* One step: 1, or 0 at the end. */
static int64_t
reap_try(struct fs *fs, void *what)
{
    struct reap_what *w = what;
    struct fs_place place;
    struct fs_cached *leaf;
    const struct fs_entry *e;
    const struct fs_record *r;
    unsigned i;
    int64_t error = fs_place(fs, w->directory, w->hash, &place);

    if (error != 0) {
        return error;
    }
    leaf = place.way.node;
    for (e = node_entry_first(leaf->node);
         e != NULL && (e->kind != FS_DYING || e->number != w->number);
         e = node_entry_next(leaf->node, e)) {
    }
    if (e == NULL) {
        return 0;
    }
    if (data_has(leaf->node, e->id)) {
        error = store_commit(fs, 0, data_take(store_edit(fs, leaf), e->id));
        return error == 0 ? 1 : error;
    }
    r = node_records(leaf->node);
    for (i = 0; i < leaf->node->head.records; i++) {
        if (r[i].id == e->id) {
            return reap_node(fs, leaf, record_first(&r[i]));
        }
    }
    node_entry_remove(store_edit(fs, leaf), store_entry(fs, leaf, e));
    return store_commit(fs, 0, 0);
}

int64_t
fs_reap(struct fs *fs, struct fs_file *directory, uint32_t hash,
        uint64_t number)
{
    struct reap_what w = {directory, number, hash};
    int64_t result;

    do {
        result = fs_do(fs, reap_try, &w);
    } while (result == 1);
    return result;
}
