/* SPDX-License-Identifier: MIT */
/*
 * Where the blocks of a file are. Up to FS_INLINE_RECORDS runs stand in the
 * leaf beside the inode; with more, a file has a tree of nodes of its own, by
 * block. What no record names is a hole.
 */
#include "lib/fs/part.h"

int64_t
fs_file_way(struct fs *fs, struct fs_file *file, uint32_t block,
            struct fs_map *map)
{
    const struct fs_head *head;
    struct fs_cached *top;
    unsigned kind;
    uint64_t tree;
    int64_t error = fs_locate(fs, file, &map->place, &map->entry);

    if (error != 0) {
        return error;
    }
    kind = map->entry->kind == FS_DYING ? map->entry->was : map->entry->kind;
    if (kind != FS_FILE) {
        return kind == FS_DIRECTORY ? -EISDIR : -EINVAL;
    }
    map->way = (struct fs_way){.node = map->place.way.node};
    map->id = map->entry->id;
    tree = tree_top_of(map->way.node->node, map->entry);
    if (tree == 0) {
        return 0;
    }
    error = store_get(fs, map->way.node->block, tree, &top);
    if (error != 0) {
        return error == -ENODATA ? -EINVAL : error;
    }
    head = &top->node->head;
    if (head->number != file->number || head->low != 0 ||
        head->high != UINT32_MAX) {
        return -EINVAL;
    }
    map->id = 0;
    error = tree_descend(fs, top, block, &map->way);
    return error != 0                                     ? error
           : map->way.node->node->head.kind == FS_EXTENTS ? 0
                                                          : -EINVAL;
}

/* Behind what other small files of the directory have, so that they lie
   together. */
uint64_t
fs_near(const struct fs_cached *leaf)
{
    const struct fs_record *first = node_records(leaf->node);
    const struct fs_record *r = first + leaf->node->head.records;

    while (r-- > first) {
        if (r->type == DISK_TYPE_DATA) {
            return record_first(r) + record_count(r);
        }
    }
    return leaf->block + 1;
}

int64_t
fs_map(struct fs *fs, struct fs_file *file, uint32_t block, struct fs_map *map)
{
    int64_t error = fs_file_way(fs, file, block, map);
    const struct fs_record *r;
    uint64_t next;
    uint64_t end;

    if (error != 0) {
        return error;
    }
    r = node_record_find(map->way.node->node, map->id, block, &next);
    end = map->id != 0 ? UINT32_MAX : map->way.node->node->head.high;
    end = next <= end ? next : end + 1;
    if (r != NULL && block - r->key < record_count(r)) {
        map->first = record_first(r) + (block - r->key);
        map->count = record_count(r) - (block - r->key);
    } else {
        map->first = 0;
        map->count = end - block;
        map->near = r != NULL ? record_first(r) + record_count(r)
                              : fs_near(map->place.way.node);
    }
    return 0;
}

/* Moves the records of a file out of the leaf into a node of its own. */
static int64_t
file_outside(struct fs *fs, struct fs_map *map)
{
    struct fs_cached *leaf = map->place.way.node;
    struct fs_cached *child;
    struct fs_node *from;
    struct fs_node *to;
    struct fs_record *spare;
    unsigned i = 0;
    int64_t error = tree_spare(fs, leaf, map->id, 0, FS_RESERVE_SPLIT, &child);

    if (error == 0) {
        error = store_order(fs, child, leaf);
    }
    if (error != 0) {
        return error;
    }
    from = store_edit(fs, leaf);
    to = store_edit(fs, child);
    node_make(to, FS_EXTENTS, map->entry->number, &leaf->node->head);
    while (i < from->head.records) {
        struct fs_record r = node_records(from)[i];

        if (r.id == map->id && r.type == DISK_TYPE_DATA) {
            node_record_remove(from, i);
            r.id = 0;
            (void)node_record_add(to, &r, 0);
        } else {
            i++;
        }
    }
    spare = tree_record(from, child->block);
    spare->flags = 0;
    spare->key = 0;
    error = store_commit(fs, 0, 0);
    return error == 0 ? -ESTALE : error;
}

/* There is no room for a record in the node: makes some. */
static int64_t
make_room(struct fs *fs, struct fs_map *map, uint32_t block)
{
    const struct fs_node *leaf = map->place.way.node->node;

    if (map->id == 0) {
        return tree_grow(fs, &map->way, block);
    }
    if (node_records_count(leaf, map->id) >= FS_INLINE_RECORDS &&
        node_room(leaf) >= (int)sizeof(struct fs_record) + FS_RESERVE_SPLIT) {
        return file_outside(fs, map);
    }
    return tree_grow(fs, &map->place.way, map->entry->hash);
}

int64_t
fs_claim(struct fs *fs, struct fs_map *map, uint32_t block, uint64_t count,
         struct fs_entry **entry)
{
    struct fs_cached *node = map->way.node;
    const struct fs_record *before;
    struct fs_record r = {.key = block, .id = map->id};
    uint64_t next;
    uint64_t got;
    int64_t first = store_find(
        fs, map->near, count < FS_COUNT_MAX ? count : FS_COUNT_MAX, &got);
    bool full = map->id != 0 &&
                node_records_count(node->node, map->id) >= FS_INLINE_RECORDS;

    if (first < 0) {
        return first;
    }
    before = node_record_find(node->node, map->id, block, &next);
    if (before != NULL && before->key + record_count(before) == block &&
        record_first(before) + record_count(before) == (uint64_t)first &&
        record_count(before) + got <= FS_COUNT_MAX) {
        struct fs_record *longer =
            tree_record(store_edit(fs, node), record_first(before));

        longer->place =
            record_place(record_first(before), record_count(before) + got);
    } else {
        r.place = record_place((uint64_t)first, got);
        if (full ||
            !node_record_add(store_edit(fs, node), &r,
                             map->id != 0 ? FS_RESERVE : FS_RESERVE_SPLIT)) {
            store_forget(fs);
            return make_room(fs, map, block);
        }
    }
    *entry = store_entry(fs, map->place.way.node, map->entry);
    map->first = (uint64_t)first;
    map->count = got;
    return 0;
}

uint64_t
records_cut(struct fs_node *n, uint16_t id, uint32_t block)
{
    uint64_t given = 0;
    unsigned i = 0;

    while (i < n->head.records) {
        struct fs_record *r = &node_records_of(n)[i++];
        uint64_t keep = r->key < block ? block - r->key : 0;

        if (r->id != id || r->type != DISK_TYPE_DATA ||
            keep >= record_count(r)) {
            continue;
        }
        given += record_count(r) - keep;
        if (keep > 0) {
            r->place = record_place(record_first(r), keep);
        } else {
            node_record_remove(n, --i);
        }
    }
    return given;
}

struct cut_what {
    struct fs_file *file;
    uint32_t from;
    uint32_t at; /* the node for this block is next */
};

static int64_t
cut_try(struct fs *fs, void *what)
{
    struct cut_what *w = what;
    struct fs_map map;
    uint64_t given;
    int64_t error = fs_file_way(fs, w->file, w->at, &map);

    if (error != 0) {
        return error;
    }
    given = records_cut(store_edit(fs, map.way.node), map.id, w->from);
    if (given == 0) {
        store_forget(fs);
    } else {
        /* First the size, so that nothing reads as a hole that was there. */
        error = store_order(fs, map.place.way.node, map.way.node);
        if (error == 0) {
            error = store_commit(fs, 0, given);
        }
    }
    if (error != 0 || map.id != 0 ||
        map.way.node->node->head.high == UINT32_MAX) {
        return error;
    }
    w->at = map.way.node->node->head.high + 1;
    return 1;
}

int64_t
fs_cut(struct fs *fs, struct fs_file *file, uint32_t block)
{
    struct cut_what w = {file, block, block};
    int64_t result;

    do {
        result = fs_do(fs, cut_try, &w);
    } while (result == 1);
    return result;
}
