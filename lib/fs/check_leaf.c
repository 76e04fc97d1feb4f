/* SPDX-License-Identifier: MIT */
/*
 * What may be wrong in a leaf, and what is done:
 *
 *   an entry whose inode has moved on: a crash came between the writes of the
 *     two nodes. It goes; if the inode is in the directory of links by now, it
 *     becomes a reference. What both own is frozen until then (the kernel's
 * list of doubles), and dropping it frees nothing a reference to nothing goes
 *   an entry that is in the wrong leaf, or in one that is not in use, goes
 * where it belongs; what has its name there is older, and dies a count of names
 * is what is counted; an inode without a name dies what is dying gives back
 * what it has blocks behind the end of a file are given back
 *
 * One thing is put right at a time; then the leaf is looked at anew.
 */
#include <stdlib.h>

#include "lib/fs/check_part.h"

#define LINKS_NUMBER 2
#define FIXES_MAX 1000 /* in one leaf */

enum fix {
    FIX_NOTHING,
    FIX_OLD,
    FIX_REFERENCE,
    FIX_PLACE,
    FIX_NAMES,
    FIX_DYING,
    FIX_LONG
};

static const char *const fix_texts[] = {
    [FIX_OLD] = "has moved away, and is still here",
    [FIX_REFERENCE] = "a name refers to nothing",
    [FIX_PLACE] = "is not where its name is looked for",
    [FIX_NAMES] = "has another number of names",
    [FIX_DYING] = "has no name, and is still here",
    [FIX_LONG] = "has blocks behind its end",
};

/* Collects what there is. */
static void
look(struct check *c, const struct fs_node *leaf,
     const struct check_range *range)
{
    const struct fs_entry *e;

    for (e = node_entry_first(leaf); e != NULL; e = node_entry_next(leaf, e)) {
        struct check_seen *s = check_find(c, e->number);

        if (s == NULL) {
            return;
        }
        if (e->kind == FS_LINK) {
            s->names++;
            continue;
        }
        if (e->kind == FS_DYING) {
            s->dying_moves =
                e->moves > s->dying_moves ? e->moves : s->dying_moves;
            continue;
        }
        s->copies++;
        if (!s->exists || e->moves > s->moves) {
            s->exists = true;
            s->moves = e->moves;
            s->in_links = range->number == LINKS_NUMBER;
        }
        c->report->files += e->kind == FS_FILE;
        c->report->symlinks += e->kind == FS_SYMLINK;
        c->report->directories += e->kind == FS_DIRECTORY;
    }
}

/* What is wrong with an entry itself. */
static enum fix
judge(struct check *c, const struct fs_entry *e,
      const struct check_range *range)
{
    struct check_seen *s = check_find(c, e->number);
    bool out = e->hash < range->low || e->hash > range->high;

    if (s == NULL) {
        return FIX_NOTHING;
    }
    if (e->kind == FS_DYING) {
        return s->exists || e->moves < s->dying_moves ? FIX_OLD
               : out                                  ? FIX_PLACE
                                                      : FIX_DYING;
    }
    if (e->kind == FS_LINK && (!s->exists || !s->in_links)) {
        return FIX_REFERENCE;
    }
    if (e->kind != FS_LINK && (e->moves < s->moves || s->judged)) {
        return FIX_OLD;
    }
    if (out) {
        return FIX_PLACE;
    }
    /* What was counted holds as long as nothing was repaired since: an old copy
       may become a name. */
    return range->number == LINKS_NUMBER && e->kind != FS_LINK &&
                   e->links != s->names && s->copies == 1 && !c->changed
               ? FIX_NAMES
               : FIX_NOTHING;
}

/* The records of an entry go out of an edit: the blocks given back. */
static uint64_t
entry_strip(struct fs_node *n, uint16_t id)
{
    uint64_t given = 0;
    unsigned i = 0;

    while (i < n->head.records) {
        const struct fs_record *r = &node_records(n)[i];

        if (r->id == id) {
            given += record_count(r);
            node_record_remove(n, i);
        } else {
            i++;
        }
    }
    return given;
}

/* Puts the entry where it is looked for. */
static int64_t
entry_place(struct check *c, struct fs_cached *leaf, const struct fs_entry *e,
            const struct check_range *range)
{
    struct fs_name name = {e->hash, e->name, e->name_bytes};
    const struct fs_entry *other;
    struct fs_place place;
    struct fs_node *n;
    int64_t error;

    store_pin(c->fs, leaf);
    error = fs_place(c->fs, range->directory, e->hash, &place);
    if (error != 0 || place.way.node == leaf) {
        return error != 0 ? error : -EINVAL;
    }
    error = store_order_way(c->fs, &place.way, leaf);
    if (error != 0) {
        return error;
    }
    n = store_edit(c->fs, leaf);
    other =
        node_entry_find(place.way.node->node, e->hash, e->name, e->name_bytes);
    if (other != NULL && e->kind == FS_LINK && other->kind == FS_LINK) {
        node_entry_remove(n, store_entry(c->fs, leaf, e));
        return store_commit(c->fs, 0, 0);
    }
    if (other != NULL && e->kind != FS_DYING) { /* this one is newer */
        struct fs_entry *old = store_entry(c->fs, place.way.node, other);

        old->was = old->kind;
        old->kind = FS_DYING;
    }
    if (!node_entry_move(n, store_entry(c->fs, leaf, e),
                         store_edit(c->fs, place.way.node), &name)) {
        store_forget(c->fs);
        return tree_grow(c->fs, &place.way, name.hash);
    }
    return store_commit(c->fs, 0, 0);
}

/* An entry whose inode is elsewhere. */
static int64_t
entry_old(struct check *c, struct fs_cached *leaf, const struct fs_entry *e,
          const struct check_range *range)
{
    struct check_seen *s = check_find(c, e->number);
    struct fs_node *n = store_edit(c->fs, leaf);
    struct fs_entry *edit = store_entry(c->fs, leaf, e);
    uint64_t given = entry_strip(n, e->id);

    if (s != NULL && s->in_links && range->number != LINKS_NUMBER &&
        e->kind != FS_DYING) {
        struct fs_entry reference = {.hash = e->hash,
                                     .kind = FS_LINK,
                                     .name_bytes = e->name_bytes,
                                     .number = e->number,
                                     .links = 1};

        node_entry_remove(n, edit);
        (void)node_entry_add(n, &reference, e->name, "");
    } else {
        node_entry_remove(n, edit);
    }
    return store_commit(c->fs, 0, given);
}

struct fix_what {
    struct check *c;
    struct check_node *leaf;
    const struct check_range *range;
    uint16_t id;
    enum fix fix;
};

static int64_t
fix_try(struct fs *fs, void *what)
{
    struct fix_what *w = what;
    struct fs_cached *leaf;
    const struct fs_entry *e;
    struct fs_entry *edit;
    struct check_seen *s;
    int64_t error = check_load(w->c, w->leaf);

    if (error == 0) {
        error = store_get(fs, w->leaf->parent, w->leaf->block, &leaf);
    }
    if (error != 0) {
        return error;
    }
    for (e = node_entry_first(leaf->node); e != NULL && e->id != w->id;
         e = node_entry_next(leaf->node, e)) {
    }
    if (e == NULL) {
        return 0;
    }
    s = check_find(w->c, e->number);
    if (s == NULL) {
        return -ENOMEM;
    }
    switch (w->fix) {
    case FIX_OLD:
        return entry_old(w->c, leaf, e, w->range);
    case FIX_REFERENCE:
        node_entry_remove(store_edit(fs, leaf), store_entry(fs, leaf, e));
        return store_commit(fs, 0, 0);
    case FIX_PLACE:
        return entry_place(w->c, leaf, e, w->range);
    case FIX_NAMES:
        edit = store_entry(fs, leaf, e);
        edit->links = s->names;
        if (s->names == 0) {
            edit->was = edit->kind;
            edit->kind = FS_DYING;
        }
        return store_commit(fs, 0, 0);
    default:
        return 0;
    }
}

/* Puts one thing right, or says only what it is. False: the leaf is not to be
   looked at again. */
static bool
fix_do(struct check *c, struct check_node *leaf,
       const struct check_range *range, const struct fs_entry *e, enum fix fix)
{
    struct fix_what w = {c, leaf, range, e->id, fix};
    int64_t error;

    check_say(c, "block %llu: file %llu, \"%.*s\": %s",
              (unsigned long long)leaf->block, (unsigned long long)e->number,
              (int)(e->name_bytes < 60 ? e->name_bytes : 60),
              range->number == LINKS_NUMBER ? "" : e->name, fix_texts[fix]);
    if (!c->repair) {
        return false;
    }
    error = fix == FIX_DYING
                ? fs_reap(c->fs, range->directory, e->hash, e->number)
                : fs_do(c->fs, fix_try, &w);
    if (error != 0) {
        return false; /* it may be possible in the next round */
    }
    c->report->repaired++;
    c->changed = true;
    return check_load(c, leaf) == 0 &&
           (leaf->node.head.kind == FS_LEAF || leaf->node.head.kind == FS_ROOT);
}

/* What is below a directory's entry. `now` is the leaf as it is walked over:
   what is repaired below may change it. */
static void
below_directory(struct check *c, struct check_node *leaf,
                const struct fs_node *now, const struct check_range *range,
                const struct fs_entry *e)
{
    struct check_range below = {.number = e->number, .high = UINT32_MAX};
    uint64_t top = tree_top_of(now, e);

    if (top == 0) {
        check_say(c, "block %llu: directory %llu has no node",
                  (unsigned long long)leaf->block,
                  (unsigned long long)e->number);
    } else if (fs_handle(c->fs, range->directory, e->hash, e->number,
                         &below.directory) != 0) {
        check_say(c, "directory %llu is too deep",
                  (unsigned long long)e->number);
    } else {
        check_tree(c, leaf, top, &below);
        fs_close(c->fs, below.directory);
    }
}

static void
below_file(struct check *c, struct check_node *leaf, const struct fs_node *now,
           const struct check_range *range, const struct fs_entry *e)
{
    const struct fs_record *r = node_records(now);
    uint64_t end = 0;
    struct check_range below = {
        .number = e->number, .high = UINT32_MAX, .end = &end};
    uint64_t top = tree_top_of(now, e);
    struct fs_file *file;
    unsigned i;

    for (i = 0; i < now->head.records; i++) {
        if (r[i].id == e->id && r[i].type == DISK_TYPE_DATA) {
            uint64_t last = r[i].key + record_count(&r[i]);

            end = last > end ? last : end;
            c->report->data += c->phase == CHECK_LOOK ? record_count(&r[i]) : 0;
        }
    }
    if (top != 0) {
        check_tree(c, leaf, top, &below);
    }
    if (c->phase == CHECK_LOOK || end <= (e->size + FS_BLOCK - 1) / FS_BLOCK) {
        return;
    }
    check_say(c, "file %llu %s", (unsigned long long)e->number,
              fix_texts[FIX_LONG]);
    if (c->repair &&
        fs_handle(c->fs, range->directory, e->hash, e->number, &file) == 0) {
        if (fs_cut(c->fs, file,
                   (uint32_t)((e->size + FS_BLOCK - 1) / FS_BLOCK)) == 0) {
            c->changed = true;
            c->report->repaired++;
        }
        fs_close(c->fs, file);
    }
}

/* Puts the entries of a leaf right, one by one. False: what is below them is
   not to be looked at in this round. */
static bool
leaf_judge(struct check *c, struct check_node *leaf,
           const struct check_range *range)
{
    const struct fs_entry *e = node_entry_first(&leaf->node);
    unsigned fixes = 0;

    while (e != NULL && fixes < FIXES_MAX && c->error == 0) {
        enum fix fix = judge(c, e, range);

        if (fix != FIX_NOTHING) {
            fixes++;
            if (fix_do(c, leaf, range, e, fix)) {
                e = node_entry_first(&leaf->node);
                continue;
            }
            if (c->changed && leaf->node.head.kind != FS_LEAF &&
                leaf->node.head.kind != FS_ROOT) {
                return false;
            }
        }
        e = node_entry_next(&leaf->node, e);
    }
    for (e = node_entry_first(&leaf->node); e != NULL;
         e = node_entry_next(&leaf->node, e)) {
        struct check_seen *s = check_find(c, e->number);

        if (s != NULL && e->kind != FS_LINK && e->kind != FS_DYING &&
            e->moves == s->moves) {
            s->judged = true;
        }
    }
    return true;
}

void
check_leaf(struct check *c, struct check_node *leaf,
           const struct check_range *range)
{
    struct fs_node *now;
    const struct fs_entry *e;

    if (c->phase == CHECK_LOOK) {
        look(c, &leaf->node, range);
    } else if (!leaf_judge(c, leaf, range)) {
        return;
    }
    now = malloc(sizeof(*now));
    if (now == NULL) {
        c->error = -ENOMEM;
        return;
    }
    *now = leaf->node;
    check_spares(c, leaf);
    for (e = node_entry_first(now); e != NULL && c->error == 0;
         e = node_entry_next(now, e)) {
        if (e->kind == FS_DIRECTORY) {
            below_directory(c, leaf, now, range, e);
        } else if (e->kind == FS_FILE) {
            below_file(c, leaf, now, range, e);
        }
    }
    free(now);
}
