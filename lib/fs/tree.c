/* SPDX-License-Identifier: MIT */
/*
 * Directories and big files are trees of nodes, by the hash of names and by the
 * block of the file. The top of a tree stays where it is, since its owner has
 * its name; a tree grows downward:
 *
 *     a full node whose parent has room: half goes into a new one beside it
 *     a full node whose parent has none, or a top: becomes an index of two new
 *     nodes, which get what it had
 *
 * So nodes never move from index to index. A new node is claimed first, as a
 * spare record, and gets empty bytes; then one change moves what is to
 * move, and puts it to use. The kernel wants it on the disk by then, if what
 * moves is: -EBUSY, all is written, and the next try finds the spare one and
 * goes on.
 */
#include <string.h>

#include "lib/fs/part.h"

struct fs_record *
tree_record(struct fs_node *n, uint64_t block)
{
    struct fs_record *r = node_records_of(n);
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        if (record_first(&r[i]) == block) {
            return &r[i];
        }
    }
    return NULL;
}

uint64_t
tree_top_of(const struct fs_node *leaf, const struct fs_entry *e)
{
    const struct fs_record *r = node_records(leaf);
    unsigned i;

    for (i = 0; i < leaf->head.records; i++) {
        if (r[i].id == e->id && r[i].type != DISK_TYPE_DATA &&
            (r[i].flags & FS_RECORD_SPARE) == 0) {
            return record_first(&r[i]);
        }
    }
    return 0;
}

int64_t
tree_descend(struct fs *fs, struct fs_cached *top, uint32_t key,
             struct fs_way *way)
{
    unsigned depth = 0;

    *way = (struct fs_way){.node = top};
    store_pin(fs, top);
    while (way->node->node->head.kind == FS_INDEX) {
        struct fs_cached *parent = way->node;
        const struct fs_head *above = &parent->node->head;
        uint64_t next;
        const struct fs_record *r =
            node_record_find(parent->node, 0, key, &next);
        const struct fs_head *head;
        uint32_t low;
        int64_t error;

        if (r == NULL || ++depth > FS_DEPTH_MAX) {
            return -EINVAL;
        }
        low = r->key;
        error = store_get(fs, parent->block, record_first(r), &way->node);
        if (error != 0) {
            return error == -ENODATA ? -EINVAL : error;
        }
        store_pin(fs, way->node);
        if (way->parent != NULL) {
            way->parent->pins--;
        }
        way->parent = parent;
        head = &way->node->node->head;
        if (head->number != above->number || head->low != low || key < low ||
            head->high > above->high || key > head->high ||
            head->kind == FS_ROOT) {
            return -EINVAL;
        }
    }
    return 0;
}

int64_t
tree_spare(struct fs *fs, struct fs_cached *holder, uint16_t id, unsigned which,
           int reserve, struct fs_cached **child)
{
    const struct fs_record *r = node_records(holder->node);
    struct fs_record made = {
        .id = id, .flags = FS_RECORD_SPARE, .type = (uint8_t)fs->volume->type};
    uint64_t got;
    int64_t found;
    unsigned i;

    for (i = 0; i < holder->node->head.records; i++, r++) {
        if (r->id != id || (r->flags & FS_RECORD_SPARE) == 0 || which-- > 0) {
            continue;
        }
        found = store_get(fs, holder->block, record_first(r), child);
        if (found == 0) {
            store_pin(fs, *child);
            return ((*child)->node->head.records |
                    (*child)->node->head.entries) == 0
                       ? 0
                       : -EINVAL; /* left by a crash: to be repaired */
        }
        return found == -ENODATA ? -EBUSY : found;
    }
    found = store_find(fs, holder->block, 1, &got);
    if (found < 0) {
        return found;
    }
    made.place = record_place((uint64_t)found, 1);
    if (!node_record_add(store_edit(fs, holder), &made, reserve)) {
        store_forget(fs);
        return -ENOSPC;
    }
    found = store_commit_node(fs, holder, (uint64_t)found, FS_EXTENTS,
                              holder->node->head.number);
    return found == 0 ? -ESTALE : found;
}

/*
 * Splitting.
 */
static unsigned
keys_of(const struct fs_node *n, uint32_t *keys)
{
    const struct fs_entry *e = node_entry_first(n);
    const struct fs_record *r = node_records(n);
    unsigned count = 0;
    unsigned i;

    for (; e != NULL; e = node_entry_next(n, e)) {
        keys[count++] = e->hash;
    }
    for (i = 0; i < n->head.records && n->head.kind == FS_EXTENTS; i++) {
        if (r[i].type == DISK_TYPE_DATA) {
            keys[count++] = r[i].key;
        }
    }
    return count;
}

static void
keys_sort(uint32_t *keys, unsigned count)
{
    unsigned i;

    for (i = 1; i < count; i++) {
        uint32_t key = keys[i];
        unsigned j = i;

        for (; j > 0 && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

/* Where to split a node that has no room for a key: in the middle; but what
   grows at its end goes on in a node of its own. False if all have one key. */
static bool
split_key(const struct fs_node *n, uint32_t key, uint32_t *at)
{
    uint32_t keys[FS_RECORDS_MAX];
    unsigned count = keys_of(n, keys);
    unsigned i = count / 2;

    keys_sort(keys, count);
    if (count == 0) {
        return false;
    }
    if (n->head.kind == FS_EXTENTS && key > keys[count - 1]) {
        *at = key;
        return true;
    }
    while (i > 0 && keys[i - 1] == keys[i]) {
        i--;
    }
    while (i < count && keys[i] == keys[0]) {
        i++;
    }
    if (i == count) {
        return false;
    }
    *at = keys[i];
    return true;
}

/* Moves what is within the range of `to` from one node into it. */
static void
split_move(struct fs_node *from, struct fs_node *to)
{
    const struct fs_entry *e = node_entry_first(from);
    unsigned i = 0;

    while (e != NULL) {
        const struct fs_name same = {e->hash, e->name, e->name_bytes};

        if (e->hash >= to->head.low && e->hash <= to->head.high &&
            node_entry_move(from, e, to, &same)) {
            e = node_entry_first(from);
        } else {
            e = node_entry_next(from, e);
        }
    }
    while (from->head.kind == FS_EXTENTS && i < from->head.records) {
        struct fs_record r = node_records(from)[i];

        if (r.type == DISK_TYPE_DATA && r.key >= to->head.low &&
            r.key <= to->head.high) {
            node_record_remove(from, i);
            (void)node_record_add(to, &r, 0);
        } else {
            i++;
        }
    }
}

/* The new bytes of a node that was spare. */
static struct fs_node *
child_edit(struct fs *fs, struct fs_cached *child, const struct fs_node *like,
           uint32_t low, uint32_t high)
{
    struct fs_node *n = store_edit(fs, child);

    node_make(n, (enum fs_kind)like->head.kind, like->head.number, &like->head);
    n->head.low = low;
    n->head.high = high;
    return n;
}

/* The record of a child is in use. */
static void
child_use(struct fs_node *n, uint64_t block, uint32_t key)
{
    struct fs_record *r = tree_record(n, block);

    r->flags = 0;
    r->key = key;
}

static int64_t
split_beside(struct fs *fs, const struct fs_way *way, uint32_t at)
{
    struct fs_cached *child;
    struct fs_node *node;
    struct fs_node *n;
    int64_t error = tree_spare(fs, way->parent, 0, 0, 0, &child);

    if (error == 0) {
        error = store_order(fs, child, way->node);
    }
    if (error == 0) { /* and what leads there */
        error = store_order(fs, way->parent, way->node);
    }
    if (error != 0) {
        return error;
    }
    node = store_edit(fs, way->node);
    n = child_edit(fs, child, node, at, node->head.high);
    split_move(node, n);
    node->head.high = at - 1;
    child_use(store_edit(fs, way->parent), child->block, at);
    error = store_commit(fs, 0, 0);
    return error == 0 ? -ESTALE : error;
}

static int64_t
split_below(struct fs *fs, struct fs_cached *top, uint32_t at)
{
    struct fs_cached *child[2];
    struct fs_node *n;
    struct fs_node *node;
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < 2 && error == 0; i++) {
        error = tree_spare(fs, top, 0, i, 0, &child[i]);
    }
    for (i = 0; i < 2 && error == 0; i++) {
        error = store_order(fs, child[i], top);
    }
    if (error != 0) {
        return error;
    }
    node = store_edit(fs, top);
    for (i = 0; i < 2; i++) {
        uint32_t low = i == 0 ? node->head.low : at;

        n = child_edit(fs, child[i], node, low,
                       i == 0 ? at - 1 : node->head.high);
        split_move(node, n);
        child_use(node, child[i]->block, low);
    }
    node->head.kind = FS_INDEX;
    if (node->head.entries != 0 || node->head.records != 2) {
        store_forget(
            fs); /* something had no place: it is not as it should be */
        return -EINVAL;
    }
    error = store_commit(fs, 0, 0);
    return error == 0 ? -ESTALE : error;
}

/* Whether an index has a record more, or room for one. */
static bool
has_spare(const struct fs_node *n)
{
    const struct fs_record *r = node_records(n);
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        if ((r[i].flags & FS_RECORD_SPARE) != 0) {
            return true;
        }
    }
    return n->head.records < FS_RECORDS_MAX;
}

int64_t
tree_grow(struct fs *fs, const struct fs_way *way, uint32_t key)
{
    const struct fs_node *n = way->node->node;
    uint32_t at;

    if (n->head.kind == FS_ROOT || !split_key(n, key, &at) ||
        at <= n->head.low) {
        return -ENOSPC;
    }
    return way->parent != NULL && has_spare(way->parent->node)
               ? split_beside(fs, way, at)
               : split_below(fs, way->node, at);
}
