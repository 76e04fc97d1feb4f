/* SPDX-License-Identifier: MIT */
/*
 * Names: made, found, listed, linked. What takes them away is in remove.c.
 */
#include <string.h>

#include "lib/fs/part.h"

int64_t
fs_name_check(const char *name, size_t bytes)
{
    if (bytes > FS_NAME_MAX) {
        return -ENAMETOOLONG;
    }
    return bytes == 0 || memchr(name, '/', bytes) != NULL ||
                   memchr(name, 0, bytes) != NULL
               ? -EINVAL
               : 0;
}

struct name_what {
    struct fs_file *directory;
    const char *name;
    size_t bytes;
    uint32_t hash;
    const struct fs_entry *like; /* to be made: all but name and id */
    const char *target;
    uint64_t number; /* out: found; also the kind */
    enum fs_file_kind kind;
};

static struct name_what
name_what(struct fs *fs, struct fs_file *directory, const char *name,
          size_t bytes)
{
    return (struct name_what){.directory = directory,
                              .name = name,
                              .bytes = bytes,
                              .hash = fs_hash(fs->seed, name, bytes)};
}

static int64_t
find_try(struct fs *fs, void *what)
{
    struct name_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_place(fs, w->directory, w->hash, &place);

    if (error != 0) {
        return error;
    }
    e = node_entry_find(place.way.node->node, w->hash, w->name, w->bytes);
    if (e == NULL) {
        return -ENOENT;
    }
    w->number = e->number;
    w->kind = (enum fs_file_kind)e->kind;
    return 0;
}

int64_t
fs_open(struct fs *fs, struct fs_file *directory, const char *name,
        size_t bytes, struct fs_file **file)
{
    struct name_what w = name_what(fs, directory, name, bytes);
    char link[8];
    int64_t error = fs_name_check(name, bytes);

    if (error == 0) {
        error = fs_do(fs, find_try, &w);
    }
    if (error == 0 && w.kind == FS_LINK) {
        directory = fs->links;
        w.hash = fs_link_name(fs, w.number, link);
    }
    return error != 0 ? error
                      : fs_handle(fs, directory, w.hash, w.number, file);
}

static int64_t
make_try(struct fs *fs, void *what)
{
    struct name_what *w = what;
    struct fs_record r = {.type = (uint8_t)fs->volume->type};
    struct fs_place place;
    struct fs_node *leaf;
    struct fs_entry *e;
    bool directory = w->like->kind == FS_DIRECTORY;
    uint64_t got;
    int64_t error = fs_place(fs, w->directory, w->hash, &place);

    if (error != 0) {
        return error;
    }
    if (node_entry_find(place.way.node->node, w->hash, w->name, w->bytes)) {
        return -EEXIST;
    }
    if (directory) {
        error = store_find(fs, place.way.node->block, 1, &got);
        if (error < 0) {
            return error;
        }
        r.place = record_place((uint64_t)error, 1);
    }
    leaf = store_edit(fs, place.way.node);
    e = node_entry_add(leaf, w->like, w->name, w->target);
    if (e != NULL) {
        e->hash = w->hash;
        r.id = e->id;
    }
    if (e == NULL || (directory && !node_record_add(leaf, &r, FS_RESERVE))) {
        store_forget(fs);
        return tree_grow(fs, &place.way, w->hash);
    }
    fs_touch(fs, &place);
    return directory ? store_commit_node(fs, place.way.node, record_first(&r),
                                         FS_LEAF, w->like->number)
                     : store_commit(fs, 0, 0);
}

static int64_t
name_make(struct fs *fs, struct fs_file *directory, const char *name,
          size_t bytes, struct fs_entry *like, const char *target)
{
    struct name_what w = name_what(fs, directory, name, bytes);
    int64_t error = fs_name_check(name, bytes);

    if (error == 0) {
        error = fs_use(fs);
    }
    if (error != 0) {
        return error;
    }
    like->number = fs->next++;
    like->mtime = fs_now(fs);
    like->links = 1;
    like->name_bytes = (uint8_t)bytes;
    w.like = like;
    w.target = target;
    return fs_do(fs, make_try, &w);
}

int64_t
fs_create(struct fs *fs, struct fs_file *directory, const char *name,
          size_t bytes, const struct fs_status *status, struct fs_file **file)
{
    struct fs_entry like = {.kind = (uint8_t)status->kind,
                            .mode = status->mode,
                            .uid = status->uid,
                            .gid = status->gid};
    int64_t error;

    if (status->kind != FS_FILE && status->kind != FS_DIRECTORY) {
        return -EINVAL;
    }
    error = name_make(fs, directory, name, bytes, &like, "");
    return error != 0 ? error
                      : fs_handle(fs, directory, fs_hash(fs->seed, name, bytes),
                                  like.number, file);
}

int64_t
fs_symlink(struct fs *fs, struct fs_file *directory, const char *name,
           size_t bytes, const char *target, size_t target_bytes)
{
    struct fs_entry like = {.kind = FS_SYMLINK,
                            .mode = 0777,
                            .size = target_bytes,
                            .target_bytes = (uint16_t)target_bytes};

    if (target_bytes == 0 || target_bytes > FS_TARGET_MAX) {
        return target_bytes == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    return name_make(fs, directory, name, bytes, &like, target);
}

struct readlink_what {
    struct fs_file *file;
    char *target;
    size_t room;
};

static int64_t
readlink_try(struct fs *fs, void *what)
{
    struct readlink_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_locate(fs, w->file, &place, &e);
    size_t bytes;

    if (error != 0) {
        return error;
    }
    if (e->kind != FS_SYMLINK) {
        return -EINVAL;
    }
    bytes = e->target_bytes < w->room ? e->target_bytes : w->room;
    memcpy(w->target, entry_target(e), bytes);
    return (int64_t)bytes;
}

int64_t
fs_readlink(struct fs *fs, struct fs_file *file, char *target, size_t room)
{
    struct readlink_what w = {file, target, room};

    return fs_do(fs, readlink_try, &w);
}

/*
 * Hard links. The inode goes into the directory of links, under its number,
 * once and for all; names refer to it.
 */
static int64_t
outside_try(struct fs *fs, void *what)
{
    struct fs_file *file = what;
    struct fs_place from;
    struct fs_place to;
    const struct fs_entry *e;
    struct fs_entry reference;
    struct fs_node *n;
    char name[8];
    uint32_t hash = fs_link_name(fs, file->number, name);
    const struct fs_name as = {hash, name, sizeof(name)};
    int64_t error = fs_locate(fs, file, &from, &e);

    if (error == 0 && (e->kind == FS_DYING || e->kind == FS_DIRECTORY)) {
        error = e->kind == FS_DYING ? -ENOENT : -EISDIR;
    }
    if (error != 0 || file->directory == fs->links) {
        return error;
    }
    error = fs_place(fs, fs->links, hash, &to);
    if (error == 0) {
        error = store_order_way(fs, &to.way, from.way.node);
    }
    if (error != 0) {
        return error;
    }
    reference = (struct fs_entry){.hash = e->hash,
                                  .kind = FS_LINK,
                                  .name_bytes = e->name_bytes,
                                  .number = e->number,
                                  .links = 1};
    n = store_edit(fs, from.way.node);
    if (!node_entry_move(n, store_entry(fs, from.way.node, e),
                         store_edit(fs, to.way.node), &as)) {
        store_forget(fs);
        return tree_grow(fs, &to.way, hash);
    }
    (void)node_entry_add(n, &reference, e->name, ""); /* it is not larger */
    error = store_commit(fs, 0, 0);
    if (error == 0) {
        fs_handle_move(fs, file->number, fs->links, hash);
    }
    return error;
}

struct link_what {
    struct fs_file *file;
    struct name_what name;
};

static int64_t
link_try(struct fs *fs, void *what)
{
    struct link_what *w = what;
    struct name_what *name = &w->name;
    struct fs_entry reference = {.hash = name->hash,
                                 .kind = FS_LINK,
                                 .name_bytes = (uint8_t)name->bytes,
                                 .number = w->file->number,
                                 .links = 1};
    struct fs_place inode;
    struct fs_place place;
    const struct fs_entry *e;
    struct fs_entry *edit;
    int64_t error = fs_locate(fs, w->file, &inode, &e);

    if (error == 0 && e->kind == FS_DYING) {
        error = -ENOENT;
    }
    if (error == 0) {
        error = fs_place(fs, name->directory, name->hash, &place);
    }
    if (error == 0 && node_entry_find(place.way.node->node, name->hash,
                                      name->name, name->bytes) != NULL) {
        error = -EEXIST;
    }
    if (error == 0) {
        error = store_order_way(fs, &inode.way, place.way.node);
    }
    if (error != 0) {
        return error;
    }
    edit = store_entry(fs, inode.way.node, e);
    edit->links++;
    edit->mtime = fs_now(fs);
    if (node_entry_add(store_edit(fs, place.way.node), &reference, name->name,
                       "") == NULL) {
        store_forget(fs);
        return tree_grow(fs, &place.way, name->hash);
    }
    fs_touch(fs, &place);
    return store_commit(fs, 0, 0);
}

int64_t
fs_link(struct fs *fs, struct fs_file *file, struct fs_file *directory,
        const char *name, size_t bytes)
{
    struct link_what w = {file, name_what(fs, directory, name, bytes)};
    int64_t error = fs_name_check(name, bytes);

    if (error == 0) {
        error = fs_use(fs);
    }
    if (error == 0) {
        error = fs_do(fs, find_try, &w.name);
        error = error == 0 ? -EEXIST : error == -ENOENT ? 0 : error;
    }
    if (error == 0) {
        error = fs_do(fs, outside_try, file);
    }
    return error == 0 ? fs_do(fs, link_try, &w) : error;
}

/*
 * Lists. Within a leaf entries lie in no order: each time the least one is
 * looked for that is above the last.
 */
static bool
is_above(const struct fs_entry *e, const struct fs_cursor *c)
{
    return !c->begun || e->hash > c->hash ||
           (e->hash == c->hash && e->number > c->number);
}

struct next_what {
    struct fs_file *directory;
    struct fs_cursor *cursor;
};

static int64_t
next_try(struct fs *fs, void *what)
{
    struct next_what *w = what;
    struct fs_cursor *c = w->cursor;
    uint32_t hash = c->begun ? c->hash : 0;
    const struct fs_entry *least = NULL;
    const struct fs_entry *e;
    struct fs_place place;

    for (;;) {
        int64_t error = fs_place(fs, w->directory, hash, &place);

        if (error != 0) {
            return error;
        }
        for (e = node_entry_first(place.way.node->node); e != NULL;
             e = node_entry_next(place.way.node->node, e)) {
            if (e->kind != FS_DYING && is_above(e, c) &&
                (least == NULL || e->hash < least->hash ||
                 (e->hash == least->hash && e->number < least->number))) {
                least = e;
            }
        }
        if (least != NULL || place.way.node->node->head.high == UINT32_MAX) {
            break;
        }
        hash = place.way.node->node->head.high + 1;
        store_unpin(fs);
    }
    if (least == NULL) {
        return 0;
    }
    c->begun = true;
    c->hash = least->hash;
    c->number = least->number;
    c->kind = (enum fs_file_kind)least->kind;
    c->mode = least->mode;
    c->name_bytes = least->name_bytes;
    memcpy(c->name, least->name, least->name_bytes);
    c->name[least->name_bytes] = 0;
    return 1;
}

int64_t
fs_next(struct fs *fs, struct fs_file *directory, struct fs_cursor *cursor)
{
    struct next_what w = {directory, cursor};

    return fs_do(fs, next_try, &w);
}
