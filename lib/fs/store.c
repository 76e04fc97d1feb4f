/* SPDX-License-Identifier: MIT */
/*
 * Nodes in memory, and the order in which they reach the disk.
 *
 * The kernel sees to what blocks are owned, by whom: children are written
 * before parents, and what moved is on the disk where it is before it goes from
 * where it was. It does not see entries. So when a change moves or takes
 * entries, the library notes an order of its own: `first` before `then`. It is
 * needed only if `then` is attached, for else nothing of it is found after a
 * crash.
 *
 * No node is the first in one order and the latter in another, so orders have
 * no cycle among themselves. Nor with the kernel's: a node waits there for
 * nodes below it that were never written, which are not attached and so wait
 * for nobody here; and for where its blocks went, which is an order here, too.
 * When a new order does not fit, all is written first.
 */
#include <string.h>

#include "lib/fs/part.h"

#define TRIES 1000
#define BUSY_TRIES 6
#define NUMBERS 65536 /* taken from the root at a time */

void
store_begin(struct fs *fs)
{
    unsigned i;

    memset(fs->cache, 0, sizeof(fs->cache));
    fs->pinned_count = 0;
    fs->making = false;
    fs->stamp++;
    fs->edits = 0;
    for (i = 0; i < FS_PAGES; i++) {
        fs->loose[i] = true;
        if (i < FS_CACHE) {
            fs->cache[i].node = &fs->page[i];
        } else {
            fs->edit[i - FS_CACHE] = &fs->page[i];
        }
    }
}

int64_t
store_get(struct fs *fs, uint64_t parent, uint64_t block,
          struct fs_cached **node)
{
    uint8_t *hint = &fs->hint[block % FS_HINTS];
    struct fs_cached *c = &fs->cache[*hint];
    const struct fs_volume *v = fs->volume;
    int64_t result;
    unsigned i;

    if (c->block != block) {
        c = NULL;
    }
    for (i = 0; i < FS_CACHE && (c == NULL || c->block != block); i++) {
        struct fs_cached *other = &fs->cache[i];

        if (other->block == block ||
            (other->pins == 0 && (c == NULL || other->used < c->used))) {
            c = other;
        }
    }
    if (c == NULL) {
        return -ENOMEM;
    }
    if (c->block != block) {
        c->block = 0;
        c->version = 0;
        c->dirty = false;
    }
    *hint = (uint8_t)(c - fs->cache);
    result = v->f->read(fs->volume, parent, block, c->node, &c->version);
    if (result != 0) {
        fs->loose[c->node - fs->page] = true;
    }
    if (result < 0 && result != -ENODATA) {
        c->block = 0;
        return result == -ENOENT ? -ESTALE : result;
    }
    c->block = block;
    c->parent = parent;
    c->used = ++fs->clock;
    c->empty = result == -ENODATA;
    *node = c;
    if (result == 1 && node_check(c->node, v->type, v->blocks) != NULL) {
        c->block = 0;
        return -EINVAL;
    }
    return c->empty ? -ENODATA : 0;
}

void
store_pin(struct fs *fs, struct fs_cached *node)
{
    if (node == NULL) {
        return;
    }
    node->pins++;
    if (!node->pinned) {
        node->pinned = true;
        fs->pinned[fs->pinned_count++] = node;
    }
}

/* Only what the node has is copied: a page is zero between entries and records
   once an edit was made in it. */
static void
edit_copy(struct fs *fs, struct fs_node *to, const struct fs_cached *node)
{
    bool *loose = &fs->loose[to - fs->page];

    if (*loose || node->empty) {
        memset(to, 0, sizeof(*to));
    }
    if (!node->empty) {
        node_copy(to, node->node);
    }
    *loose = false;
}

struct fs_node *
store_edit(struct fs *fs, struct fs_cached *node)
{
    unsigned i;

    for (i = 0; i < fs->edits; i++) {
        if (fs->edited[i] == node) {
            return fs->edit[i];
        }
    }
    fs->edited[i] = node;
    fs->edited_version[i] = node->version;
    edit_copy(fs, fs->edit[i], node);
    fs->edits++;
    store_pin(fs, node);
    return fs->edit[i];
}

struct fs_entry *
store_entry(struct fs *fs, struct fs_cached *node, const struct fs_entry *e)
{
    ptrdiff_t at = (const uint8_t *)e - node->node->body;

    return (struct fs_entry *)(void *)(store_edit(fs, node)->body + at);
}

void
store_forget(struct fs *fs)
{
    fs->edits = 0;
    fs->orders = fs->orders_kept;
}

static void
dirty_add(struct fs *fs, struct fs_cached *node)
{
    if (!node->dirty && !store_is_dirty(fs, node->block)) {
        fs->dirty[fs->dirty_count++] = node->block;
    }
    node->dirty = true;
}

bool
store_is_dirty(const struct fs *fs, uint64_t block)
{
    unsigned i;

    for (i = fs->dirty_count; i > 0 && fs->dirty[i - 1] != block; i--) {
    }
    return i > 0;
}

/* It is on the disk, or no node any more: it is in no order any more. */
static void
dirty_remove(struct fs *fs, uint64_t block)
{
    unsigned i;

    for (i = 0; i < FS_CACHE; i++) {
        fs->cache[i].dirty = fs->cache[i].dirty && fs->cache[i].block != block;
    }
    for (i = 0; i < fs->dirty_count; i++) {
        if (fs->dirty[i] == block) {
            memmove(&fs->dirty[i], &fs->dirty[i + 1],
                    (fs->dirty_count - i - 1) * sizeof(block));
            fs->dirty_count--;
            break;
        }
    }
    for (i = 0; i < fs->orders;) {
        if (fs->order[i].first == block || fs->order[i].then == block) {
            fs->order[i] = fs->order[--fs->orders];
        } else {
            i++;
        }
    }
    fs->orders_kept = fs->orders;
}

int64_t
store_commit(struct fs *fs, uint64_t claimed, uint64_t given)
{
    struct fs_edit edit[FS_EDITS_MAX];
    int64_t error;
    unsigned i;

    for (i = 0; i < fs->edits; i++) {
        edit[i] = (struct fs_edit){fs->edited[i]->parent, fs->edited[i]->block,
                                   fs->edited_version[i], fs->edit[i]};
    }
    /* Noted before, in case that somebody dies in between; to write what was
       not changed does no harm. */
    for (i = 0; i < fs->edits; i++) {
        dirty_add(fs, fs->edited[i]);
    }
    fs->stamp++;
    error = fs->volume->f->change(fs->volume, edit, fs->edits, claimed, given);
    fs->beaten = error == -ENOSPC && claimed > 0;
    for (i = 0; i < fs->edits && error == 0; i++) {
        struct fs_node *old = fs->edited[i]->node;

        fs->edited[i]->node = fs->edit[i];
        fs->edit[i] = old;
        fs->edited[i]->version = edit[i].version;
        fs->edited[i]->empty = false;
    }
    if (error == 0) {
        fs->orders_kept = fs->orders;
    }
    store_forget(fs);
    return error == -ENOENT ? -ESTALE : error;
}

/* Gives nodes that were claimed their first bytes. */
static int64_t
bare_fill(struct fs *fs)
{
    while (fs->bares > 0) {
        const struct fs_bare *b = &fs->bare[fs->bares - 1];
        struct fs_cached *node;
        int64_t error = store_get(fs, b->parent, b->block, &node);

        if (error == -ENODATA) {
            store_edit(fs, node)->head = b->head;
            memset(fs->edit[fs->edits - 1]->body, 0, sizeof(node->node->body));
            error = store_commit(fs, 0, 0);
        }
        /* Somebody else has made it, or given it back. */
        if (error != 0 && error != -ESTALE && error != -EINVAL) {
            return error;
        }
        fs->bares--;
    }
    return 0;
}

int64_t
store_commit_node(struct fs *fs, struct fs_cached *holder, uint64_t block,
                  enum fs_kind kind, uint64_t number)
{
    int64_t error = fs->bares < FS_BARE_MAX ? 0 : -EBUSY;
    struct fs_node n;

    node_make(&n, kind, number, &holder->node->head);
    if (error == 0) {
        /* Noted before it is one, as above. */
        fs->bare[fs->bares] = (struct fs_bare){holder->block, block, n.head};
        fs->bares++;
        error = store_commit(fs, 1, 0);
        if (error == 0) {
            (void)bare_fill(fs);
        } else {
            fs->bares--;
        }
    }
    return error;
}

int64_t
store_order(struct fs *fs, const struct fs_cached *first,
            const struct fs_cached *then)
{
    unsigned i;

    if (first == then ||
        fs->volume->f->attached(fs->volume, then->block) == 0) {
        return 0;
    }
    for (i = 0; i < fs->orders; i++) {
        const struct fs_order *o = &fs->order[i];

        if (o->first == first->block && o->then == then->block) {
            return 0;
        }
        if (o->first == then->block || o->then == first->block) {
            return -EBUSY;
        }
    }
    if (fs->orders == FS_ORDERS_MAX) {
        return -EBUSY;
    }
    fs->order[fs->orders++] = (struct fs_order){first->block, then->block};
    return 0;
}

int64_t
store_order_way(struct fs *fs, const struct fs_way *first,
                const struct fs_cached *then)
{
    int64_t error = store_order(fs, first->node, then);

    return error != 0 || first->parent == NULL || first->node == then
               ? error
               : store_order(fs, first->parent, then);
}

int64_t
store_write(struct fs *fs, uint64_t block)
{
    int64_t error;
    unsigned i;

    for (i = 0; i < fs->orders; i++) {
        if (fs->order[i].then == block &&
            store_is_dirty(fs, fs->order[i].first)) {
            return -EBUSY;
        }
    }
    error = fs->volume->f->write(fs->volume, block);
    if (error == 0) {
        dirty_remove(fs, block);
    }
    return error;
}

int64_t
store_settle(struct fs *fs)
{
    bool progress = true;
    int64_t bare;
    unsigned i;

    store_forget(fs);
    bare = bare_fill(fs);
    if (bare == 0) {
        bare = fs_late_give(fs);
    }
    if (bare != 0) {
        return bare;
    }
    while (fs->dirty_count > 0 && progress) {
        progress = false;
        /* What came last is mostly below what came first. */
        for (i = fs->dirty_count; i > 0; i--) {
            int64_t error = store_write(fs, fs->dirty[i - 1]);

            if (error != 0 && error != -EBUSY) {
                return error;
            }
            progress |= error == 0;
        }
    }
    if (fs->dirty_count > 0) {
        return -EBUSY;
    }
    return 0;
}

void
store_drop(struct fs *fs, uint64_t block)
{
    unsigned i;

    dirty_remove(fs, block);
    for (i = 0; i < FS_CACHE; i++) {
        if (fs->cache[i].block == block) {
            fs->cache[i].block = 0;
        }
    }
}

void
store_unpin(struct fs *fs)
{
    while (fs->pinned_count > 0) {
        struct fs_cached *node = fs->pinned[--fs->pinned_count];

        node->pins = 0;
        node->pinned = false;
    }
}

int64_t
fs_do(struct fs *fs, int64_t (*try)(struct fs *fs, void *what), void *what)
{
    /* If it fails, its own users are told. */
    (void)fs_made_settle(fs);
    return fs_try(fs, try, what);
}

int64_t
fs_try(struct fs *fs, int64_t (*try)(struct fs *fs, void *what), void *what)
{
    int64_t result = -ESTALE;
    unsigned busy = 0;
    unsigned i;

    for (i = 0; i < TRIES && result == -ESTALE; i++) {
        int64_t error = 0;

        if (fs->dirty_count > FS_DIRTY_MAX - FS_OPEN_MAX - 2 * FS_EDITS_MAX) {
            error = store_settle(fs);
        }
        store_forget(fs);
        fs->beaten = false;
        fs->tries = i;
        if (i > 0) {
            store_unpin(fs);
        }
        result = error != 0 ? error : try(fs, what);
        if (result == -ENOSPC && fs->beaten) {
            result = -ESTALE;
            continue;
        }
        if ((result == -EBUSY || (result == -ENOSPC && fs->dirty_count > 0)) &&
            busy++ < BUSY_TRIES) {
            error = store_settle(fs);
            result = error != 0 ? error : -ESTALE;
        }
    }
    store_forget(fs);
    store_unpin(fs);
    return result;
}

/*
 * Space: a run as long as is asked for, else the longest of those that lie
 * nearest behind `near`, and then from the start on.
 */
#define RUNS_LOOKED_AT 8
#define APART 16

static bool
is_free(const struct fs_volume *v, uint64_t block)
{
    return (v->table[block] & BLOCK_STATE) == BLOCK_FREE;
}

/* Whether none of the eight blocks from one on is free, whose states are read
   at once. */
#define EIGHT sizeof(uint64_t)
#define EIGHT_BYTES(x) ((uint64_t)(x)*0x0101010101010101)

static bool
are_taken(const struct fs_volume *v, uint64_t block)
{
    const volatile void *states = &v->table[block];
    uint64_t all = *(const volatile uint64_t *)states;

    return ((all | all >> 1) & EIGHT_BYTES(1)) == EIGHT_BYTES(1);
}

_Static_assert(BLOCK_STATE == 3 && BLOCK_FREE == 0, "two bits, and none");

/* How many blocks from one on are not free. */
static uint64_t
taken_from(const struct fs_volume *v, uint64_t block)
{
    uint64_t at = block;

    while (at < v->blocks && !is_free(v, at)) {
        at++;
        if ((uint64_t)&v->table[at] % EIGHT == 0) {
            while (v->blocks - at >= EIGHT && are_taken(v, at)) {
                at += EIGHT;
            }
        }
    }
    return at - block;
}

int64_t
store_find(struct fs *fs, uint64_t near, uint64_t count, uint64_t *got)
{
    const struct fs_volume *v = fs->volume;
    uint64_t span = v->blocks - DISK_FIRST_BLOCK;
    /* Who has just been too late looks further off. */
    uint64_t at_least = near + (uint64_t)fs->tries * APART;
    uint64_t start = at_least < DISK_FIRST_BLOCK || at_least >= v->blocks
                         ? DISK_FIRST_BLOCK
                         : at_least;
    uint64_t best = 0;
    uint64_t looked = 0;
    unsigned runs = 0;

    *got = 0;
    while (looked < span && runs < RUNS_LOOKED_AT && *got < count) {
        uint64_t left = v->blocks - start;
        uint64_t at =
            looked < left ? start + looked : DISK_FIRST_BLOCK + (looked - left);
        uint64_t n = taken_from(v, at);

        if (n > 0) {
            looked += n;
            continue;
        }
        while (n < count && looked + n < span && at + n < v->blocks &&
               is_free(v, at + n)) {
            n++;
        }
        if (n > *got) {
            best = at;
            *got = n;
        }
        runs += n > 0;
        looked += n + 1;
    }
    return *got == 0 ? -ENOSPC : (int64_t)best;
}

/*
 * The root.
 */
static int64_t
use_try(struct fs *fs, void *what)
{
    struct fs_cached *root;
    struct fs_node *n;
    uint64_t next;
    int64_t error =
        store_get(fs, DISK_CATALOGUE_BLOCK, fs->volume->root, &root);

    (void)what;
    if (error != 0) {
        return error;
    }
    n = store_edit(fs, root);
    next = n->head.limit;
    if (next > UINT64_MAX - NUMBERS) {
        store_forget(fs);
        return -ENOSPC;
    }
    n->head.limit += NUMBERS;
    n->head.state = FS_IN_USE;
    error = store_commit(fs, 0, 0);
    if (error == 0) {
        fs->next = next;
        fs->limit = next + NUMBERS;
    }
    return error;
}

int64_t
fs_use(struct fs *fs)
{
    int64_t error;

    if (fs->in_use && fs->next < fs->limit) {
        return 0;
    }
    error = fs_do(fs, use_try, NULL);
    if (error == 0) {
        error = store_write(fs, fs->volume->root);
        if (error == -EBUSY) {
            error = store_settle(fs);
        }
    }
    fs->in_use = error == 0;
    return error;
}
