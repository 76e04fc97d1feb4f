/* SPDX-License-Identifier: MIT */
/*
 * Names taken away: fs_unlink and fs_rename. What is small goes in the same
 * change as its name. What is open, or has nodes of its own, stays as an entry
 * without a name, and is given back later, in steps (reap.c).
 */
#include <string.h>

#include "lib/fs/part.h"

/* What is left to do for what lost its name. */
struct removal {
    uint64_t given;
    struct fs_file *directory; /* of the dying entry */
    uint64_t number;           /* 0: there is none */
    uint32_t hash;
};

/* Whether a directory has entries; its top comes along, NULL if it has no
   bytes. What is dying and open counts. */
static int64_t
directory_check(struct fs *fs, const struct fs_cached *leaf,
                const struct fs_entry *e, struct fs_cached **top)
{
    uint64_t block = tree_top_of(leaf->node, e);
    uint64_t key = 0;
    int64_t error;

    error = block == 0 ? -ENODATA : store_get(fs, leaf->block, block, top);
    if (error != 0) {
        *top = NULL;
        return error == -ENODATA ? 0 : error;
    }
    store_pin(fs, *top);
    while (key <= UINT32_MAX) {
        struct fs_way way;
        const struct fs_entry *in;

        error = tree_descend(fs, *top, (uint32_t)key, &way);
        if (error != 0) {
            return error;
        }
        for (in = node_entry_first(way.node->node); in != NULL;
             in = node_entry_next(way.node->node, in)) {
            if (in->kind != FS_DYING ||
                fs_handle_find(fs, in->number) != NULL) {
                return -ENOTEMPTY;
            }
        }
        key = (uint64_t)way.node->node->head.high + 1;
        way.node->pins--;
        if (way.parent != NULL) {
            way.parent->pins--;
        }
    }
    return 0;
}

/* The entry has no name any more, but is still there. */
static void
entry_die(struct fs *fs, struct fs_cached *leaf, const struct fs_entry *e,
          struct fs_file *directory, struct removal *r)
{
    struct fs_entry *edit = store_entry(fs, leaf, e);

    r->directory = directory;
    r->number = e->number;
    r->hash = e->hash;
    edit->was = edit->kind;
    edit->kind = FS_DYING;
}

/* Takes an inode away, with all that it has if that is little. */
static void
inode_take(struct fs *fs, struct fs_cached *leaf, const struct fs_entry *e,
           struct fs_file *directory, struct removal *r)
{
    struct fs_node *n = store_edit(fs, leaf);
    struct fs_entry *edit = store_entry(fs, leaf, e);
    unsigned nodes = 0;
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        nodes += node_records(n)[i].id == e->id &&
                 node_records(n)[i].type != DISK_TYPE_DATA;
    }
    if (nodes > 0 || fs_handle_find(fs, e->number) != NULL) {
        entry_die(fs, leaf, e, directory, r);
        return;
    }
    for (i = 0; i < n->head.records;) {
        const struct fs_record *record = &node_records(n)[i];

        if (record->id == e->id) {
            r->given += record_count(record);
            node_record_remove(n, i);
        } else {
            i++;
        }
    }
    node_entry_remove(n, edit);
}

/* One name less of what has several, or had. */
static int64_t
link_take(struct fs *fs, struct fs_cached *leaf, const struct fs_entry *e,
          struct removal *r)
{
    char name[8];
    uint32_t hash = fs_link_name(fs, e->number, name);
    struct fs_place place;
    const struct fs_entry *inode;
    int64_t error = fs_place(fs, fs->links, hash, &place);

    if (error == 0) {
        error = store_order(fs, leaf, place.way.node);
    }
    if (error != 0) {
        return error;
    }
    inode = node_entry_number(place.way.node->node, e->number);
    if (inode != NULL && inode->kind != FS_DYING) {
        if (inode->links <= 1) {
            inode_take(fs, place.way.node, inode, fs->links, r);
        } else {
            store_entry(fs, place.way.node, inode)->links--;
        }
    }
    node_entry_remove(store_edit(fs, leaf), store_entry(fs, leaf, e));
    return 0;
}

/* Takes a name away, in the change that is being made, of which it is the first
   part. `e` is in the leaf of the place. */
static int64_t
name_take(struct fs *fs, const struct fs_place *place, const struct fs_entry *e,
          struct fs_file *directory, struct removal *r)
{
    struct fs_cached *leaf = place->way.node;
    struct fs_cached *top;
    int64_t error;

    switch (e->kind) {
    case FS_DIRECTORY:
        error = directory_check(fs, leaf, e, &top);
        if (error != 0) {
            return error;
        }
        entry_die(fs, leaf, e, directory, r);
        if (top != NULL) { /* so that nobody makes something in it */
            store_edit(fs, top)->head.flags |= FS_DEAD;
        }
        return 0;
    case FS_LINK:
        return link_take(fs, leaf, e, r);
    default:
        inode_take(fs, leaf, e, directory, r);
        return 0;
    }
}

/* What is to be done when the change is made. The name is gone: what fails here
   is for the next repair. */
static void
removal_end(struct fs *fs, const struct removal *r)
{
    struct fs_file *open;

    if (r->number == 0) {
        return;
    }
    open = fs_handle_find(fs, r->number);
    if (open != NULL) {
        open->dying = true;
    } else {
        (void)fs_reap(fs, r->directory, r->hash, r->number);
    }
}

struct remove_what {
    struct fs_file *directory;
    struct fs_name name;
    struct fs_file *to; /* of a rename */
    struct fs_name new_name;
    enum fs_file_kind kind; /* to be removed: directory, file, or 0: whatever */
    struct removal removal;
};

static int64_t
unlink_try(struct fs *fs, void *what)
{
    struct remove_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_place(fs, w->directory, w->name.hash, &place);

    if (error != 0) {
        return error;
    }
    e = node_entry_find(place.way.node->node, w->name.hash, w->name.name,
                        w->name.bytes);
    if (e == NULL) {
        return -ENOENT;
    }
    if (w->kind != 0 &&
        (w->kind == FS_DIRECTORY) != (e->kind == FS_DIRECTORY)) {
        return w->kind == FS_DIRECTORY ? -ENOTDIR : -EISDIR;
    }
    w->removal = (struct removal){0};
    error = name_take(fs, &place, e, w->directory, &w->removal);
    if (error != 0) {
        return error;
    }
    fs_touch(fs, &place);
    return store_commit(fs, 0, w->removal.given);
}

int64_t
fs_unlink(struct fs *fs, struct fs_file *directory, const char *name,
          size_t bytes)
{
    return fs_remove(fs, directory, name, bytes, 0);
}

int64_t
fs_remove(struct fs *fs, struct fs_file *directory, const char *name,
          size_t bytes, enum fs_file_kind kind)
{
    struct remove_what w = {
        .directory = directory,
        .name = {fs_hash(fs->seed, name, bytes), name, bytes},
        .kind = kind};
    int64_t error = fs_use(fs);

    if (error == 0) {
        error = fs_do(fs, unlink_try, &w);
    }
    if (error == 0) {
        removal_end(fs, &w.removal);
    }
    return error;
}

/* Whether one may take the place of the other, which may be NULL. */
static int64_t
rename_check(const struct remove_what *w, const struct fs_entry *e,
             const struct fs_entry *old)
{
    bool directory = e->kind == FS_DIRECTORY;
    const struct fs_file *f;

    for (f = w->to; f != NULL && directory; f = f->directory) {
        if (f->number == e->number) {
            return -EINVAL; /* into itself */
        }
    }
    if (old != NULL && directory != (old->kind == FS_DIRECTORY)) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    return 0;
}

/* The entry of the edit that has the name. */
static const struct fs_entry *
edit_find(struct fs *fs, struct fs_cached *leaf, const struct fs_name *name)
{
    return node_entry_find(store_edit(fs, leaf), name->hash, name->name,
                           name->bytes);
}

static int64_t
rename_move(struct fs *fs, struct remove_what *w, const struct fs_place *from,
            const struct fs_place *to)
{
    struct fs_cached *source = from->way.node;
    const struct fs_entry *e = node_entry_find(source->node, w->name.hash,
                                               w->name.name, w->name.bytes);
    bool link = e->kind == FS_LINK;
    uint64_t number = e->number;
    int64_t error;

    if (!node_entry_move(store_edit(fs, source),
                         edit_find(fs, source, &w->name),
                         store_edit(fs, to->way.node), &w->new_name)) {
        store_forget(fs);
        return tree_grow(fs, &to->way, w->new_name.hash);
    }
    fs_touch(fs, from);
    fs_touch(fs, to);
    error = store_commit(fs, 0, w->removal.given);
    if (error == 0 && !link) {
        fs_handle_move(fs, number, w->to, w->new_name.hash);
    }
    return error;
}

static int64_t
rename_try(struct fs *fs, void *what)
{
    struct remove_what *w = what;
    struct fs_place from;
    struct fs_place to;
    const struct fs_entry *e;
    const struct fs_entry *old;
    int64_t error = fs_place(fs, w->directory, w->name.hash, &from);

    w->removal = (struct removal){0};
    if (error == 0) {
        error = fs_place(fs, w->to, w->new_name.hash, &to);
    }
    if (error != 0) {
        return error;
    }
    e = node_entry_find(from.way.node->node, w->name.hash, w->name.name,
                        w->name.bytes);
    old = node_entry_find(to.way.node->node, w->new_name.hash, w->new_name.name,
                          w->new_name.bytes);
    if (e == NULL) {
        return -ENOENT;
    }
    if (e == old || (old != NULL && e->kind == FS_LINK &&
                     old->kind == FS_LINK && e->number == old->number)) {
        return 0; /* two names of the same: both stay, as POSIX has it */
    }
    error = rename_check(w, e, old);
    if (error == 0) {
        error = store_order_way(fs, &to.way, from.way.node);
    }
    if (error == 0 && old != NULL) {
        error = name_take(fs, &to, old, w->to, &w->removal);
    }
    return error != 0 ? error : rename_move(fs, w, &from, &to);
}

static struct fs_name
hashed(const struct fs *fs, struct fs_text text)
{
    return (struct fs_name){fs_hash(fs->seed, text.name, text.bytes), text.name,
                            text.bytes};
}

int64_t
fs_rename(struct fs *fs, struct fs_file *from, struct fs_text name,
          struct fs_file *to, struct fs_text new_name)
{
    struct remove_what w = {.directory = from,
                            .name = hashed(fs, name),
                            .to = to,
                            .new_name = hashed(fs, new_name)};
    int64_t error = fs_name_check(new_name.name, new_name.bytes);

    if (error == 0) {
        error = fs_use(fs);
    }
    if (error == 0) {
        error = fs_do(fs, rename_try, &w);
    }
    if (error == 0) {
        removal_end(fs, &w.removal);
    }
    return error;
}
