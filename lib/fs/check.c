/* SPDX-License-Identifier: MIT */
/*
 * The check goes over the whole tree twice: first it looks which inodes there
 * are, of which the newest entry is where, and what refers to them; then it
 * judges each leaf by that, and repairs. What it repairs may show more, so it
 * goes on until nothing is left, or nothing helps.
 *
 * A disk may hold anything. Each node has been checked for itself when it was
 * read; here nothing is met twice, and nothing is too deep.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fs/check_part.h"

#define ROUNDS 8
#define DEPTH_MAX 2000
#define SEEN_FIRST 1024

void
check_say(struct check *c, const char *format, ...)
{
    char text[200];
    va_list arguments;

    c->report->faults++;
    if (c->say != NULL) {
        va_start(arguments, format);
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        c->say(c->context, text);
    }
}

static struct check_seen *
seen_place(struct check_seen *table, size_t size, uint64_t number)
{
    size_t i = (size_t)(number * 0x9e3779b97f4a7c15 >> 20) & (size - 1);

    while (table[i].number != 0 && table[i].number != number) {
        i = (i + 1) & (size - 1);
    }
    return &table[i];
}

static bool
seen_grow(struct check *c)
{
    size_t size = c->seen_size == 0 ? SEEN_FIRST : c->seen_size * 2;
    struct check_seen *table = calloc(size, sizeof(*table));
    size_t i;

    if (table == NULL) {
        c->error = -ENOMEM;
        return false;
    }
    for (i = 0; i < c->seen_size; i++) {
        if (c->seen[i].number != 0) {
            *seen_place(table, size, c->seen[i].number) = c->seen[i];
        }
    }
    free(c->seen);
    c->seen = table;
    c->seen_size = size;
    return true;
}

struct check_seen *
check_find(struct check *c, uint64_t number)
{
    struct check_seen *s;

    if (c->seen_count * 2 >= c->seen_size && !seen_grow(c)) {
        return NULL;
    }
    s = seen_place(c->seen, c->seen_size, number);
    if (s->number == 0) {
        s->number = number;
        c->seen_count++;
    }
    return s;
}

int64_t
check_load(struct check *c, struct check_node *n)
{
    struct fs_cached *cached;
    int64_t error;
    unsigned tries = 0;

    do {
        store_unpin(c->fs);
        error = store_get(c->fs, n->parent, n->block, &cached);
    } while (error == -ESTALE && n->up != NULL && tries++ < 2 &&
             check_load(c, n->up) == 0);
    if (error == 0) {
        n->node = *cached->node;
    }
    return error;
}

/* Whether a block is met for the first time. */
static bool
meet(struct check *c, uint64_t block)
{
    uint8_t bit = (uint8_t)(1u << block % 8);
    bool first = (c->met[block / 8] & bit) == 0;

    c->met[block / 8] |= bit;
    return first;
}

static void check_part_of(struct check *c, struct check_node *up,
                          uint64_t block, const struct check_range *range);

static void
check_index(struct check *c, struct check_node *n,
            const struct check_range *range)
{
    const struct fs_record *r = node_records(&n->node);
    unsigned i;

    for (i = 0; i < n->node.head.records; i++) {
        struct check_range part = *range;
        uint64_t next;

        if ((r[i].flags & FS_RECORD_SPARE) != 0) {
            continue;
        }
        (void)node_record_find(&n->node, 0, r[i].key, &next);
        part.low = r[i].key;
        part.high = next <= range->high ? (uint32_t)(next - 1) : range->high;
        if (part.low < range->low || part.low > range->high) {
            check_say(c, "block %llu: a node is for keys that are not there",
                      (unsigned long long)n->block);
            continue;
        }
        check_part_of(c, n, record_first(&r[i]), &part);
    }
}

static void
check_extents(struct check *c, const struct check_node *n,
              const struct check_range *range)
{
    const struct fs_record *r = node_records(&n->node);
    unsigned i;

    for (i = 0; i < n->node.head.records; i++) {
        uint64_t end = r[i].key + record_count(&r[i]);

        if (r[i].type != DISK_TYPE_DATA) {
            continue;
        }
        if (c->phase == CHECK_LOOK) {
            c->report->data += record_count(&r[i]);
        } else if (r[i].key < range->low || end - 1 > range->high) {
            check_say(c, "block %llu: blocks of file %llu are out of place",
                      (unsigned long long)n->block,
                      (unsigned long long)range->number);
        }
        *range->end = end > *range->end ? end : *range->end;
    }
}

/* A node of a directory as it is when it has just got its first bytes: an index
   that leads there was written before what moves into it was. */
static bool
is_bare(const struct check_node *n, const struct check_range *range)
{
    return range->directory != NULL && n->node.head.kind == FS_EXTENTS &&
           (n->node.head.records | n->node.head.entries) == 0;
}

/* The range of a node is what leads to it says, not what a crash left there,
   and so is its kind; and a directory that was not removed after all is not
   dead.
 */
static void
check_head(struct check *c, struct check_node *n,
           const struct check_range *range)
{
    struct fs_cached *cached;
    struct fs_node *edit;

    check_say(c,
              (n->node.head.flags & FS_DEAD) != 0
                  ? "block %llu: a directory with a name is marked as removed"
                  : "block %llu: its range is not what leads to it says",
              (unsigned long long)n->block);
    if (c->repair && check_load(c, n) == 0 &&
        store_get(c->fs, n->parent, n->block, &cached) == 0) {
        edit = store_edit(c->fs, cached);
        edit->head.flags &= (uint8_t)~FS_DEAD;
        edit->head.kind = is_bare(n, range) ? FS_LEAF : edit->head.kind;
        edit->head.low = range->low;
        edit->head.high = range->high;
        if (store_commit(c->fs, 0, 0) == 0) {
            c->changed = true;
            c->report->repaired++;
            (void)check_load(c, n);
        }
    }
}

/*
 * Nodes that are not in use, and not empty: the disk has them as they are, but
 * not the index that leads there. Then it has not the node either from which
 * things moved, but as that was before, with all of it. So what is here goes;
 * what both own is frozen until then, and cannot be entered.
 */
struct spare_what {
    struct check *c;
    struct check_node *n;
};

/* One step: 1, or 0 at the end. */
static int64_t
spare_try(struct fs *fs, void *what)
{
    struct spare_what *w = what;
    struct fs_cached *cached;
    struct fs_node *edit;
    uint64_t block = 0;
    uint64_t given = 0;
    unsigned i = 0;
    int64_t error = check_load(w->c, w->n);

    if (error == 0) {
        error = store_get(fs, w->n->parent, w->n->block, &cached);
    }
    if (error != 0) {
        return error;
    }
    edit = store_edit(fs, cached);
    while (i < edit->head.records) {
        const struct fs_record *r = &node_records(edit)[i];

        if (r->type == DISK_TYPE_DATA || block == 0) {
            block = r->type == DISK_TYPE_DATA ? block : record_first(r);
            given += record_count(r);
            node_record_remove(edit, i);
        } else {
            i++;
        }
    }
    if (edit->head.records == 0) {
        while (edit->head.entries > 0) {
            node_entry_remove(edit, node_entry_first(edit));
        }
    }
    i = edit->head.records;
    if (block != 0) {
        struct fs_cached *child;

        /* The kernel takes back only what is in the registry. */
        (void)store_get(fs, cached->block, block, &child);
    }
    error = store_commit(fs, 0, given);
    if (error == -EBUSY && block != 0) {
        /* A node that is nobody else's: from below. */
        error = reap_node(fs, cached, block);
    }
    return error == 0 ? i > 0 : error;
}

static void
spare_strip(struct check *c, struct check_node *n)
{
    struct spare_what w = {c, n};
    int64_t result = 1;

    if (c->phase == CHECK_LOOK) {
        return;
    }
    check_say(c, "block %llu: a node that is not in use is not empty",
              (unsigned long long)n->block);
    while (c->repair && result == 1) {
        result = fs_do(c->fs, spare_try, &w);
    }
    if (c->repair && result == 0) {
        c->changed = true;
        c->report->repaired++;
    }
}

void
check_spares(struct check *c, struct check_node *n)
{
    struct check_node *spare = malloc(sizeof(*spare));
    unsigned i;

    if (spare == NULL) {
        c->error = -ENOMEM;
        return;
    }
    for (i = 0; i < n->node.head.records && c->error == 0; i++) {
        const struct fs_record *r = &node_records(&n->node)[i];

        *spare = (struct check_node){.up = n,
                                     .parent = n->block,
                                     .block = record_first(r),
                                     .depth = n->depth + 1};
        if ((r->flags & FS_RECORD_SPARE) != 0 && meet(c, spare->block) &&
            check_load(c, spare) == 0 &&
            (spare->node.head.records | spare->node.head.entries) != 0) {
            spare_strip(c, spare);
        }
    }
    free(spare);
}

static void
check_node_kind(struct check *c, struct check_node *n,
                const struct check_range *range)
{
    if (n->node.head.kind != FS_LEAF) {
        check_spares(c, n);
    }
    switch (n->node.head.kind) {
    case FS_INDEX:
        check_index(c, n, range);
        break;
    case FS_LEAF:
        check_leaf(c, n, range);
        break;
    default:
        check_extents(c, n, range);
    }
}

static void
check_part_of(struct check *c, struct check_node *up, uint64_t block,
              const struct check_range *range)
{
    struct check_node *n;
    int64_t error;
    bool leaf;

    if (c->error != 0) {
        return;
    }
    if (!meet(c, block)) {
        return; /* its entry is there twice, or it is in no tree */
    }
    n = calloc(1, sizeof(*n));
    if (n == NULL) {
        c->error = -ENOMEM;
        return;
    }
    n->up = up;
    n->parent = up->block;
    n->block = block;
    n->depth = up->depth + 1;
    error = n->depth > DEPTH_MAX ? -EINVAL : check_load(c, n);
    leaf = n->node.head.kind == FS_LEAF;
    if (error == 0 &&
        (n->node.head.number != range->number || n->node.head.kind == FS_ROOT ||
         (leaf && range->directory == NULL) ||
         (n->node.head.kind == FS_EXTENTS && range->directory != NULL &&
          !is_bare(n, range)))) {
        error = -EINVAL;
    }
    if (error == -EINVAL) {
        if (c->phase == CHECK_JUDGE) {
            check_say(c, "block %llu: no node of file %llu",
                      (unsigned long long)block,
                      (unsigned long long)range->number);
        }
    } else if (error != 0 && error != -ENODATA) {
        c->error = error;
    } else if (error == 0) {
        c->report->nodes += c->phase == CHECK_LOOK;
        if (c->phase == CHECK_JUDGE &&
            (n->node.head.low != range->low ||
             n->node.head.high != range->high ||
             (n->node.head.flags & FS_DEAD) != 0 || is_bare(n, range))) {
            check_head(c, n, range);
        }
        if (!is_bare(n, range)) {
            check_node_kind(c, n, range);
        }
    }
    free(n);
}

void
check_tree(struct check *c, struct check_node *up, uint64_t top,
           const struct check_range *range)
{
    check_part_of(c, up, top, range);
}

/* Once over everything. */
static void
check_walk(struct check *c, enum check_phase phase)
{
    struct check_range range = {.high = UINT32_MAX};
    struct check_node *root = calloc(1, sizeof(*root));

    if (root == NULL) {
        c->error = -ENOMEM;
        return;
    }
    c->phase = phase;
    memset(c->met, 0, c->fs->volume->blocks / 8 + 1);
    root->parent = DISK_CATALOGUE_BLOCK;
    root->block = c->fs->volume->root;
    c->error = check_load(c, root);
    if (c->error == 0) {
        check_leaf(c, root, &range);
    }
    free(root);
}

int64_t
fs_check(struct fs *fs, bool repair,
         void (*say)(void *context, const char *text), void *context,
         struct fs_check *report)
{
    struct check c = {.fs = fs,
                      .repair = repair,
                      .say = say,
                      .context = context,
                      .report = report};
    uint64_t repaired = 0;
    uint64_t faults = 0;
    unsigned round = 0;

    if (repair) {
        c.error = fs_use(fs);
    }
    c.met = malloc(fs->volume->blocks / 8 + 1);
    if (c.met == NULL) {
        c.error = -ENOMEM;
    }
    do {
        *report = (struct fs_check){.repaired = repaired, .faults = faults};
        free(c.seen);
        c.seen = NULL;
        c.seen_size = 0;
        c.seen_count = 0;
        c.changed = false;
        if (c.error == 0) {
            check_walk(&c, CHECK_LOOK);
        }
        if (c.error == 0) {
            check_walk(&c, CHECK_JUDGE);
        }
        repaired = report->repaired;
        faults = report->faults;
        if (c.changed && c.error == 0) {
            c.error = fs_sync(fs);
        }
    } while (c.changed && c.error == 0 && ++round < ROUNDS);
    free(c.seen);
    free(c.met);
    return c.error;
}
