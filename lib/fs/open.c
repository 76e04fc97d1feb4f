/* SPDX-License-Identifier: MIT */
/*
 * Handles, and the way from them to entries. A handle knows the directory, the
 * hash of the name, and the number of the file; where the entry is by now is
 * looked up, down from the root node, each time: nodes are split, and other
 * programs change them. What is open is there once, so that a rename has one
 * handle to tell.
 */
#include <string.h>

#include "lib/fs/part.h"

/* Handles of some numbers each are in a chain, also those that are not in use
   any more: one leaves when it is used for another number. */
static uint16_t *
chain_of(struct fs *fs, uint64_t number)
{
    return &fs->chain[number % FS_CHAINS];
}

static void
chain_enter(struct fs *fs, struct fs_file *f)
{
    uint16_t *first = chain_of(fs, f->number);

    f->chain = *first;
    *first = (uint16_t)(f - fs->open + 1);
}

static void
chain_leave(struct fs *fs, const struct fs_file *f)
{
    uint16_t *at = chain_of(fs, f->number);

    while (*at != 0 && &fs->open[*at - 1] != f) {
        at = &fs->open[*at - 1].chain;
    }
    *at = *at != 0 ? f->chain : 0;
}

void
fs_handles_order(struct fs *fs)
{
    unsigned i;

    memset(fs->chain, 0, sizeof(fs->chain));
    for (i = 0; i < FS_OPEN_MAX; i++) {
        if (fs->open[i].number != 0) {
            chain_enter(fs, &fs->open[i]);
        }
    }
    fs->open_free = 0;
    fs->open_end = FS_OPEN_MAX;
}

/* One that is not in use, for a number; NULL if all are. */
static struct fs_file *
handle_new(struct fs *fs, struct fs_file *directory, uint32_t hash,
           uint64_t number)
{
    unsigned i = fs->open_free;
    struct fs_file *f = &fs->open[i];

    while (i < FS_OPEN_MAX && f->users > 0) {
        i++;
        f++;
    }
    fs->open_free = i;
    if (i == FS_OPEN_MAX) {
        return NULL;
    }
    if (f->number != 0) {
        chain_leave(fs, f);
    }
    *f = (struct fs_file){
        .directory = directory, .number = number, .hash = hash};
    chain_enter(fs, f);
    if (directory != NULL) {
        directory->users++;
    }
    fs->open_end = i < fs->open_end ? fs->open_end : i + 1;
    return f;
}

int64_t
fs_handle(struct fs *fs, struct fs_file *directory, uint32_t hash,
          uint64_t number, struct fs_file **file)
{
    struct fs_file *f = fs_handle_find(fs, number);

    while (fs->open_end > 0 && fs->open[fs->open_end - 1].users == 0) {
        fs->open_end--;
    }
    if (f == NULL) {
        f = handle_new(fs, directory, hash, number);
    }
    if (f == NULL) {
        return -ENFILE;
    }
    f->users++;
    *file = f;
    return 0;
}

struct fs_file *
fs_handle_find(struct fs *fs, uint64_t number)
{
    unsigned i = *chain_of(fs, number);

    while (i != 0 &&
           (fs->open[i - 1].users == 0 || fs->open[i - 1].number != number)) {
        i = fs->open[i - 1].chain;
    }
    return i != 0 ? &fs->open[i - 1] : NULL;
}

void
fs_handle_move(struct fs *fs, uint64_t number, struct fs_file *directory,
               uint32_t hash)
{
    struct fs_file *f = fs_handle_find(fs, number);
    struct fs_file *old;

    if (f != NULL) {
        old = f->directory;
        directory->users++;
        f->directory = directory;
        f->hash = hash;
        fs_close(fs, old);
    }
}

void
fs_close(struct fs *fs, struct fs_file *file)
{
    while (file != NULL && --file->users == 0) {
        struct fs_file *directory = file->directory;

        if (file == fs->made.file) {
            file->users = 1; /* it is looked at once more */
            (void)fs_made_settle(fs);
            fs->made.file = NULL;
            file->users = 0;
        }
        if (file->dying) {
            /* If it fails the space is lost until the next repair. */
            (void)fs_reap(fs, directory, file->hash, file->number);
        } else if (fs_is_late(file)) {
            file->users = 1; /* it is looked at once more */
            (void)fs_late_settle(fs, file, true);
            file->users = 0;
        }
        if (file - fs->open < (ptrdiff_t)fs->open_free) {
            fs->open_free = (unsigned)(file - fs->open);
        }
        file = directory;
    }
}

/* Whether a node is the top of a directory that is there. */
static bool
is_top(const struct fs_cached *top, const struct fs_file *directory)
{
    const struct fs_head *head = &top->node->head;

    return head->number == directory->number && head->low == 0 &&
           head->high == UINT32_MAX && (head->flags & FS_DEAD) == 0;
}

/* The top of a directory: its owner is the leaf with its entry. It stays the
   same block, so that it is only looked for if it has got another owner, or
   when something above has to be read anew. */
static int64_t
directory_top(struct fs *fs, struct fs_file *directory, struct fs_cached **top)
{
    struct fs_place place;
    const struct fs_entry *e;
    uint64_t block;
    int64_t error;

    if (directory->top != 0 && fs->tries == 0 &&
        store_get(fs, directory->top_parent, directory->top, top) == 0 &&
        is_top(*top, directory)) {
        return 0;
    }
    directory->top = 0;
    error = fs_locate(fs, directory, &place, &e);
    if (error != 0) {
        return error;
    }
    if (e->kind != FS_DIRECTORY) {
        return e->kind == FS_DYING ? -ENOENT : -ENOTDIR;
    }
    block = tree_top_of(place.way.node->node, e);
    if (block == 0) {
        return -EINVAL;
    }
    error = store_get(fs, place.way.node->block, block, top);
    if (error == -ENODATA) { /* whoever made it did not come that far */
        node_make(store_edit(fs, *top), FS_LEAF, directory->number,
                  &place.way.node->node->head);
        error = store_commit(fs, 0, 0);
        return error == 0 ? -ESTALE : error;
    }
    if (error == 0 && ((*top)->node->head.flags & FS_DEAD) != 0) {
        return -ENOENT;
    }
    if (error == 0 && !is_top(*top, directory)) {
        error = -EINVAL;
    }
    if (error == 0) {
        directory->top_parent = place.way.node->block;
        directory->top = block;
    }
    return error;
}

int64_t
fs_place(struct fs *fs, struct fs_file *directory, uint32_t hash,
         struct fs_place *place)
{
    const struct fs_head *head;
    int64_t error;

    *place = (struct fs_place){0};
    if (directory == NULL) {
        error = store_get(fs, DISK_CATALOGUE_BLOCK, fs->volume->root,
                          &place->way.node);
        store_pin(fs, error == 0 ? place->way.node : NULL);
        return error != 0                                    ? error
               : place->way.node->node->head.kind == FS_ROOT ? 0
                                                             : -EINVAL;
    }
    error = directory_top(fs, directory, &place->top);
    if (error != 0) {
        return error;
    }
    store_pin(fs, place->top);
    error = tree_descend(fs, place->top, hash, &place->way);
    head = &place->way.node->node->head;
    return error != 0 ? error : head->kind == FS_LEAF ? 0 : -EINVAL;
}

int64_t
fs_locate(struct fs *fs, struct fs_file *file, struct fs_place *place,
          const struct fs_entry **entry)
{
    int64_t error = fs_place(fs, file->directory, file->hash, place);

    if (error != 0) {
        return error;
    }
    *entry = node_entry_number(place->way.node->node, file->number);
    /* Somebody else has moved or removed it. */
    return *entry == NULL ? -ENOENT : 0;
}

void
fs_touch(struct fs *fs, const struct fs_place *place)
{
    /* A change of four nodes already does without. */
    if (place->top != NULL && fs->edits < FS_EDITS_MAX) {
        store_edit(fs, place->top)->head.mtime = fs_now(fs);
    }
}

uint32_t
fs_link_name(const struct fs *fs, uint64_t number, char name[8])
{
    unsigned i;

    for (i = 0; i < 8; i++) {
        name[i] = (char)(number >> 8 * i);
    }
    return fs_hash(fs->seed, name, 8);
}

static void
status_of(const struct fs_entry *e, struct fs_status *status)
{
    *status = (struct fs_status){
        .kind = (enum fs_file_kind)(e->kind == FS_DYING ? e->was : e->kind),
        .number = e->number,
        .size = e->size,
        .mtime = e->mtime,
        .links = e->kind == FS_DYING ? 0 : e->links,
        .uid = e->uid,
        .gid = e->gid,
        .mode = e->mode};
}

struct stat_what {
    struct fs_file *file;
    struct fs_status *status;
};

static int64_t
stat_try(struct fs *fs, void *what)
{
    struct stat_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    struct fs_cached *top;
    int64_t error = fs_locate(fs, w->file, &place, &e);

    if (error != 0) {
        return error;
    }
    status_of(e, w->status);
    w->status->size = fs_size(w->file, e);
    if (w->file->mtime != 0) {
        w->status->mtime = w->file->mtime;
    }
    if (e->kind == FS_DIRECTORY) {
        error = directory_top(fs, w->file, &top);
        if (error == 0 && top->node->head.mtime > w->status->mtime) {
            w->status->mtime = top->node->head.mtime;
        }
    }
    return error;
}

int64_t
fs_stat(struct fs *fs, struct fs_file *file, struct fs_status *status)
{
    struct stat_what w = {file, status};

    if (file == fs->made.file) {
        *status = fs->made.status;
        return 0;
    }
    return fs_do(fs, stat_try, &w);
}

struct name_what {
    struct fs_file *directory;
    char *name;
};

static int64_t
name_try(struct fs *fs, void *what)
{
    struct name_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_locate(fs, w->directory, &place, &e);

    if (error == 0 && e->kind != FS_DIRECTORY) {
        error = e->kind == FS_DYING ? -ENOENT : -ENOTDIR;
    }
    if (error == 0) {
        memcpy(w->name, e->name, e->name_bytes);
        w->name[e->name_bytes] = 0;
    }
    return error;
}

int64_t
fs_name(struct fs *fs, struct fs_file *directory, char name[FS_NAME_MAX + 1])
{
    struct name_what w = {directory, name};

    name[0] = 0;
    return directory == fs->root ? 0 : fs_do(fs, name_try, &w);
}

struct set_what {
    struct fs_file *file;
    unsigned what;
    const struct fs_status *status;
};

static int64_t
set_try(struct fs *fs, void *what)
{
    struct set_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    struct fs_entry *edit;
    struct fs_cached *top = NULL;
    int64_t error = fs_locate(fs, w->file, &place, &e);

    if (error == 0 && e->kind == FS_DIRECTORY &&
        (w->what & FS_SET_MTIME) != 0) {
        error = directory_top(fs, w->file, &top);
    }
    if (error != 0) {
        return error;
    }
    edit = store_entry(fs, place.way.node, e);
    if ((w->what & FS_SET_MODE) != 0) {
        edit->mode = w->status->mode;
    }
    if ((w->what & FS_SET_OWNER) != 0) {
        edit->uid = w->status->uid;
        edit->gid = w->status->gid;
    }
    if ((w->what & FS_SET_MTIME) != 0) {
        edit->mtime = w->status->mtime;
        w->file->mtime = 0;
    }
    if (top != NULL) {
        store_edit(fs, top)->head.mtime = w->status->mtime;
    }
    return store_commit(fs, 0, 0);
}

int64_t
fs_set(struct fs *fs, struct fs_file *file, unsigned what,
       const struct fs_status *status)
{
    struct set_what w = {file, what, status};
    int64_t error = fs_use(fs);

    return error != 0 ? error : fs_do(fs, set_try, &w);
}
