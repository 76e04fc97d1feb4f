/* SPDX-License-Identifier: MIT */
#include "test/power-cut/engine.h"

#include <string.h>

#include "kern/abi/error.h"
#include "lib/disk/format.h"
#include "test/power-cut/replay.h"

#define WRITE_ROUNDS (2 * TREE_LEAVES)

static _Alignas(FRAME_SIZE) uint8_t page[FRAME_SIZE];
static _Alignas(FRAME_SIZE) struct tree_node nodes[2];
static _Alignas(FRAME_SIZE) uint8_t data[TREE_BLOCKS * FRAME_SIZE];

static bool
fail(struct engine *e, const char *why, int64_t error)
{
    e->why = why;
    e->error = error;
    return false;
}

/* Ends the function with false if something is an error. */
#define TRY(e, expression)                                                     \
    do {                                                                       \
        int64_t try_error = (expression);                                      \
                                                                               \
        if (try_error < 0) {                                                   \
            return fail((e), #expression, try_error);                          \
        }                                                                      \
    } while (0)

/*
 * The tree's leaves.
 */
static bool
leaves_write(struct engine *e)
{
    bool clean = false;
    int round;
    int i;

    /* One that waits for another is written in the next round. */
    for (round = 0; round < WRITE_ROUNDS && !clean; round++) {
        clean = true;
        for (i = 0; i < TREE_LEAVES; i++) {
            int64_t error = node_write(&e->tree_disk, &e->leaf[i]);

            if (error != -EBUSY && error < 0) {
                return fail(e, "a leaf cannot be written", error);
            }
            clean &= error >= 0;
        }
    }
    return clean ? true : fail(e, "leaves wait for each other", 0);
}

/* One that was refused since something must be written first is tried again
   when it was. */
static bool
leaves_change(struct engine *e, const struct node_edit *edit, unsigned edits,
              uint64_t given)
{
    int64_t error = node_change(&e->tree_disk, edit, edits, 0, given);

    if (error == -EBUSY) {
        if (!leaves_write(e)) {
            return false;
        }
        error = node_change(&e->tree_disk, edit, edits, 0, given);
    }
    return error == 0 ? true : fail(e, "a change is refused", error);
}

static bool
extent_add(struct engine *e, const struct tree_operation *o)
{
    struct node *leaf = &e->leaf[o->leaf];
    struct node_edit edit = {leaf, &nodes[0]};
    struct tree_extent extent = {0, o->count, DISK_TYPE_DATA, o->number};
    int64_t error;
    int64_t binding;
    uint64_t i;

    do {
        /* First fit: what was given back just now, if it is free too early. */
        e->tree_disk.space.next = 0;
        error = space_find(&e->tree_disk.space, o->count);
        TRY(e, error);
        extent.first = (uint64_t)error;
        TRY(e, node_image(&e->tree_disk, leaf, &nodes[0]));
        tree_node_add(&nodes[0], &extent);
        error = node_change(&e->tree_disk, &edit, 1, o->count, 0);
    } while (error == -ENOSPC);
    TRY(e, error);
    for (i = 0; i < o->count; i++) {
        tree_block_fill(data + i * FRAME_SIZE, e->model.seed, o->number, i);
    }
    binding = disk_bind(&e->tree_disk, leaf->entry, extent.first, o->count,
                        CAP_READ | CAP_WRITE);
    TRY(e, binding);
    if (disk_read(&e->tree_disk, (uint64_t)binding, 0, page, 1) != -ENODATA) {
        return fail(e, "a new block can be read", 0);
    }
    TRY(e, disk_write(&e->tree_disk, (uint64_t)binding, 0, data, o->count));
    TRY(e, disk_unbind((uint64_t)binding));
    return true;
}

static bool
extent_remove(struct engine *e, uint32_t leaf, uint64_t number)
{
    struct node_edit edit = {&e->leaf[leaf], &nodes[0]};
    struct tree_extent extent;

    TRY(e, node_image(&e->tree_disk, &e->leaf[leaf], &nodes[0]));
    if (!tree_node_take(&nodes[0], number, &extent)) {
        return fail(e, "an extent is not in its leaf", 0);
    }
    return leaves_change(e, &edit, 1, extent.count);
}

static bool
extent_move(struct engine *e, const struct tree_operation *o)
{
    struct node_edit edit[2] = {{&e->leaf[o->from], &nodes[0]},
                                {&e->leaf[o->leaf], &nodes[1]}};
    struct tree_extent extent;

    TRY(e, node_image(&e->tree_disk, &e->leaf[o->from], &nodes[0]));
    TRY(e, node_image(&e->tree_disk, &e->leaf[o->leaf], &nodes[1]));
    if (!tree_node_take(&nodes[0], o->number, &extent)) {
        return fail(e, "an extent is not in its leaf", 0);
    }
    tree_node_add(&nodes[1], &extent);
    return leaves_change(e, edit, 2, 0);
}

static bool
tree_do(struct engine *e)
{
    struct tree_operation o = tree_model_next(&e->model);

    switch (o.kind) {
    case TREE_ADD:
        return extent_add(e, &o);
    case TREE_REMOVE:
        return extent_remove(e, o.leaf, o.number);
    default:
        return extent_move(e, &o);
    }
}

static bool
log_do(struct engine *e)
{
    TRY(e, work_do(&e->log, e->model.seed, ++e->log_done));
    while (e->log.root.segments > ENGINE_SEGMENTS) {
        TRY(e, log_reclaim(&e->log));
    }
    return true;
}

static bool
mark_write(struct engine *e, uint64_t seed)
{
    struct mark *mark = (void *)page;

    memset(page, 0, sizeof(page));
    memcpy(mark->magic, REPLAY_MARK, sizeof(REPLAY_MARK));
    mark->seed = seed;
    mark->log = e->log_done;
    mark->tree = e->model.done;
    TRY(e, disk_write(&e->whole, e->marks, 0, page, 1));
    return true;
}

bool
engine_step(struct engine *e)
{
    int i;

    for (i = 0; i < ENGINE_LOG_STEP; i++) {
        if (!log_do(e)) {
            return false;
        }
        if (i < ENGINE_TREE_STEP && !tree_do(e)) {
            return false;
        }
    }
    TRY(e, log_sync(&e->log));
    return leaves_write(e) && mark_write(e, e->model.seed);
}

/*
 * Making what is there.
 */
static bool
types_install(struct engine *e)
{
    struct code_error error;

    TRY(e, disk_format_type(page, LOG_TYPE_NAME, log_owns, log_access, &error));
    TRY(e, (int64_t)(e->types[0] = (uint64_t)disk_type(&e->whole, page)));
    TRY(e,
        disk_format_type(page, TREE_TYPE_NAME, tree_owns, tree_access, &error));
    TRY(e, (int64_t)(e->types[1] = (uint64_t)disk_type(&e->whole, page)));
    return true;
}

static bool
leaf_make(struct engine *e, uint64_t block)
{
    struct node leaf;
    struct node_edit edit = {&leaf, &nodes[0]};

    TRY(e, node_create(&e->tree_disk, &e->root, block, &leaf));
    tree_node_make(&nodes[0], &e->tree_guard);
    TRY(e, node_change(&e->tree_disk, &edit, 1, 0, 0));
    TRY(e, node_write(&e->tree_disk, &leaf));
    return true;
}

/* The root of the tree, with its leaves; children are written first. */
static bool
tree_make(struct engine *e, uint64_t block)
{
    struct node_edit edit = {&e->root, &nodes[0]};
    int64_t first;
    uint64_t i;

    TRY(e, node_create(&e->whole, &e->catalogue, block, &e->root));
    do {
        first = space_find(&e->whole.space, TREE_LEAVES);
        TRY(e, first);
        tree_node_make(&nodes[0], &e->tree_guard);
        for (i = 0; i < TREE_LEAVES; i++) {
            struct tree_extent leaf = {(uint64_t)first + i, 1,
                                       (uint32_t)e->types[1], i + 1};

            tree_node_add(&nodes[0], &leaf);
        }
        e->error = node_change(&e->whole, &edit, 1, TREE_LEAVES, 0);
    } while (e->error == -ENOSPC);
    TRY(e, e->error);
    for (i = 0; i < TREE_LEAVES; i++) {
        if (!leaf_make(e, (uint64_t)first + i)) {
            return false;
        }
    }
    TRY(e, node_write(&e->tree_disk, &e->root));
    return true;
}

static void
tree_enter(void *catalogue, const char *name, uint64_t first, uint64_t type,
           const struct cap_name *guard)
{
    struct disk_tree tree = {
        .first = first, .count = 1, .type = (uint32_t)type, .guard = *guard};

    memcpy(tree.name, name, strlen(name));
    (void)disk_format_tree_add(catalogue, &tree);
}

static bool
trees_make(struct engine *e)
{
    static const struct cap_name everybody;
    struct node_edit edit = {&e->catalogue, page};
    int64_t first;
    int64_t binding;

    if (!types_install(e)) {
        return false;
    }
    do {
        first = space_find(&e->whole.space, 3);
        TRY(e, first);
        TRY(e, node_image(&e->whole, &e->catalogue, page));
        tree_enter(page, LOG_TREE, (uint64_t)first, e->types[0], &e->log_guard);
        tree_enter(page, TREE_TREE, (uint64_t)first + 1, e->types[1],
                   &e->tree_guard);
        tree_enter(page, MARK_TREE, (uint64_t)first + 2, DISK_TYPE_DATA,
                   &everybody);
        e->error = node_change(&e->whole, &edit, 1, 3, 0);
    } while (e->error == -ENOSPC);
    TRY(e, e->error);
    if (node_write(&e->whole, &e->catalogue) != -EBUSY) {
        return fail(e, "a parent is written before its children", 0);
    }
    TRY(e, log_disk_make(&e->whole, &e->catalogue, (uint64_t)first,
                         &e->log_guard));
    if (!tree_make(e, (uint64_t)first + 1)) {
        return false;
    }
    binding = disk_bind(&e->whole, e->catalogue.entry, (uint64_t)first + 2, 1,
                        CAP_READ | CAP_WRITE);
    TRY(e, binding);
    e->marks = (uint64_t)binding;
    if (!mark_write(e, 0)) {
        return false;
    }
    TRY(e, disk_unbind(e->marks));
    TRY(e, node_write(&e->whole, &e->catalogue));
    return true;
}

/*
 * Finding what is there.
 */

/* Leaf b lets go of what leaf `a` has too. */
static bool
frozen_drop_of(struct engine *e, const struct tree_node *a, uint32_t b,
               struct tree_node *of_b)
{
    struct tree_extent gone;
    uint32_t i;

    for (i = 0; i < a->count; i++) {
        if (tree_node_take(of_b, a->extent[i].number, &gone)) {
            e->frozen++;
            if (!extent_remove(e, b, gone.number)) {
                return false;
            }
        }
    }
    return true;
}

/* An extent that a crash caught on its way is in two leaves, and may be read
   only, until one of them lets go of it. */
static bool
frozen_drop(struct engine *e, struct tree_node *leaves)
{
    uint32_t a;
    uint32_t b;

    for (b = 1; b < TREE_LEAVES; b++) {
        for (a = 0; a < b; a++) {
            if (!frozen_drop_of(e, &leaves[a], b, &leaves[b])) {
                return false;
            }
        }
    }
    return true;
}

static bool
extent_check(struct engine *e, const struct node *leaf, uint64_t seed,
             const struct tree_extent *extent)
{
    int64_t binding = disk_bind(&e->tree_disk, leaf->entry, extent->first,
                                extent->count, CAP_READ);
    uint64_t i;

    TRY(e, binding);
    TRY(e, disk_read(&e->tree_disk, (uint64_t)binding, 0, data, extent->count));
    TRY(e, disk_unbind((uint64_t)binding));
    for (i = 0; i < extent->count; i++) {
        if (!tree_block_check(data + i * FRAME_SIZE, seed, extent->number, i)) {
            return fail(e, "a block of the tree is not what was written", 0);
        }
    }
    return true;
}

static bool
tree_check(struct engine *e, const struct mark *mark)
{
    static struct tree_node leaves[TREE_LEAVES];
    struct tree_found found = {0};
    uint32_t l;
    uint32_t i;

    TRY(e, node_image(&e->tree_disk, &e->root, &nodes[0]));
    for (l = 0; l < TREE_LEAVES; l++) {
        TRY(e, node_open(&e->tree_disk, &e->root, nodes[0].extent[l].first,
                         &e->leaf[l]));
        TRY(e, node_image(&e->tree_disk, &e->leaf[l], &nodes[1]));
        leaves[l] = nodes[1];
        for (i = 0; i < leaves[l].count && i < TREE_EXTENTS; i++) {
            if (mark->seed != 0 && !extent_check(e, &e->leaf[l], mark->seed,
                                                 &leaves[l].extent[i])) {
                return false;
            }
            found.number[found.count++] = leaves[l].extent[i].number;
        }
    }
    e->why = mark->seed == 0
                 ? NULL
                 : tree_found_check(&found, mark->seed, mark->tree, MARK_AHEAD);
    return e->why == NULL && frozen_drop(e, leaves);
}

/* What is there, by the mark that is there. */
static bool
trees_check(struct engine *e)
{
    struct mark mark;

    TRY(e, disk_read(&e->whole, e->marks, 0, page, 1));
    memcpy(&mark, page, sizeof(mark));
    TRY(e, log_open(&e->log, &e->log_on.functions, &e->log_on.root,
                    ENGINE_SEGMENT, e->index, WORK_INDEX));
    if (mark.seed != 0 &&
        work_check(&e->log, mark.seed, mark.log, &e->why) < 0) {
        return false;
    }
    return tree_check(e, &mark);
}

bool
engine_open(struct engine *e)
{
    const struct disk_tree *tree;
    uint64_t tree_root;
    uint64_t log_root;
    int64_t binding;
    int64_t error = disk_recover(&e->whole);

    if (error == -EINVAL) {
        e->new = true;
        TRY(e, disk_make(&e->whole));
        error = disk_recover(&e->whole);
    }
    TRY(e, error);
    e->log_disk.space = e->whole.space;
    e->tree_disk.space = e->whole.space;
    TRY(e, node_catalogue(&e->whole, &e->catalogue));
    TRY(e, node_image(&e->whole, &e->catalogue, page));
    if (disk_format_tree_find(page, LOG_TREE) == NULL) {
        if (!trees_make(e)) {
            return false;
        }
        TRY(e, node_image(&e->whole, &e->catalogue, page));
    }
    log_root = disk_format_tree_find(page, LOG_TREE)->first;
    tree_root = disk_format_tree_find(page, TREE_TREE)->first;
    tree = disk_format_tree_find(page, MARK_TREE);
    binding = disk_bind(&e->whole, e->catalogue.entry, tree->first, 1,
                        CAP_READ | CAP_WRITE);
    TRY(e, binding);
    e->marks = (uint64_t)binding;
    TRY(e, log_disk_open(&e->log_on, &e->log_disk, &e->catalogue, log_root));
    TRY(e, node_open(&e->tree_disk, &e->catalogue, tree_root, &e->root));
    return trees_check(e);
}

bool
engine_begin(struct engine *e, uint64_t seed)
{
    uint64_t key;
    int l;

    e->log_done = 0;
    tree_model_begin(&e->model, seed);
    if (!mark_write(e, 0)) {
        return false;
    }
    TRY(e, disk_flush(&e->whole, e->marks));
    for (key = 0; key < WORK_KEYS; key++) {
        int64_t error = log_remove(&e->log, key);

        TRY(e, error == -ENOENT ? 0 : error);
    }
    TRY(e, log_sync(&e->log));
    for (l = 0; l < TREE_LEAVES; l++) {
        TRY(e, node_image(&e->tree_disk, &e->leaf[l], &nodes[1]));
        while (nodes[1].count > 0) {
            struct tree_extent gone;

            if (!extent_remove(e, (uint32_t)l, nodes[1].extent[0].number)) {
                return false;
            }
            (void)tree_node_take(&nodes[1], nodes[1].extent[0].number, &gone);
        }
    }
    return leaves_write(e) && mark_write(e, seed);
}
