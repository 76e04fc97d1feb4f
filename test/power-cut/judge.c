/* SPDX-License-Identifier: MIT */
#include "test/power-cut/judge.h"

#include <string.h>

#include "kern/abi/error.h"
#include "lib/disk/format.h"
#include "lib/log/log.h"
#include "test/power-cut/recovery.h"
#include "test/power-cut/tree.h"
#include "test/power-cut/work.h"

static struct survey survey;

static const uint8_t *
block_at(uint64_t block)
{
    return survey.image + block * DISK_BLOCK_BYTES;
}

/* The block of the tree with this name, or 0. */
static uint64_t
tree_block(const char *name)
{
    const struct disk_tree *tree =
        disk_format_tree_find(block_at(DISK_CATALOGUE_BLOCK), name);

    return tree != NULL ? tree->first : 0;
}

/*
 * The log, which is only read.
 */
static int64_t
log_read(void *context, uint64_t block, void *page)
{
    (void)context;
    if (block >= survey.blocks || survey.block[block].owners == 0 ||
        survey.block[block].type != DISK_TYPE_DATA) {
        return -EIO;
    }
    memcpy(page, block_at(block), DISK_BLOCK_BYTES);
    return 0;
}

static const char *
log_judge(uint64_t root, const struct mark *mark)
{
    static const struct log_disk disk = {.read = log_read};
    static struct log log;
    static struct log_place index[WORK_INDEX];
    const char *why = NULL;

    if (log_open(&log, &disk, (const void *)block_at(root), 1, index,
                 WORK_INDEX) != 0) {
        return "the log cannot be opened";
    }
    if (mark->seed != 0 && work_check(&log, mark->seed, mark->log, &why) < 0) {
        return why;
    }
    return NULL;
}

static bool
is_secret(uint64_t block)
{
    const uint64_t *word = (const void *)block_at(block);
    size_t i;

    for (i = 0; i < DISK_BLOCK_BYTES / 8; i++) {
        if (word[i] == JUDGE_SECRET) {
            return true;
        }
    }
    return false;
}

/* Whether a block has two owners since it moved from leaf to leaf. */
static bool
is_moving(uint64_t block, uint64_t tree)
{
    const struct survey_block *b = &survey.block[block];

    return tree != 0 && b->owners == 2 && b->type == DISK_TYPE_DATA &&
           survey.block[b->parent[0]].parent[0] == tree &&
           survey.block[b->parent[1]].parent[0] == tree;
}

static const char *
leaf_judge(const struct tree_node *leaf, const struct mark *mark,
           struct tree_found *found)
{
    uint32_t i;
    uint32_t b;

    if (leaf->count > TREE_EXTENTS) {
        return "a leaf has too many extents";
    }
    for (i = 0; i < leaf->count; i++) {
        const struct tree_extent *e = &leaf->extent[i];

        for (b = 0; b < e->count && mark->seed != 0; b++) {
            if (!tree_block_check(block_at(e->first + b), mark->seed, e->number,
                                  b)) {
                return "a block of the tree has not what was written to it";
            }
        }
        found->number[found->count++] = e->number;
    }
    return NULL;
}

static const char *
tree_judge(uint64_t root, const struct mark *mark)
{
    const struct tree_node *node = (const void *)block_at(root);
    struct tree_found found = {0};
    uint32_t i;

    if (node->count > TREE_LEAVES) {
        return "the tree has too many leaves";
    }
    for (i = 0; i < node->count; i++) {
        const char *why = leaf_judge(
            (const void *)block_at(node->extent[i].first), mark, &found);

        if (why != NULL) {
            return why;
        }
    }
    return mark->seed == 0
               ? NULL
               : tree_found_check(&found, mark->seed, mark->tree, MARK_AHEAD);
}

const char *
judge_disk(const uint8_t *image, uint64_t bytes, const struct mark *mark,
           struct judge_counts *counts)
{
    static const struct mark nothing;
    const char *why;
    uint64_t log;
    uint64_t tree;
    uint64_t b;

    mark = mark != NULL ? mark : &nothing;
    counts->disks++;
    if (!survey_run(&survey, image, bytes)) {
        counts->raw++;
        return mark->seed != 0 ? "the label is gone" : NULL;
    }
    if (survey.malformed > 0) {
        return "a metadata block is malformed";
    }
    why = recovery_check(&survey);
    if (why != NULL) {
        return why;
    }
    counts->twice += survey.twice > 0;
    log = tree_block(LOG_TREE);
    tree = tree_block(TREE_TREE);
    for (b = DISK_FIRST_BLOCK; b < survey.blocks; b++) {
        if (survey.block[b].owners > 0 && is_secret(b)) {
            return "a block shows what was there before";
        }
        if (survey.block[b].owners > 1 && !is_moving(b, tree)) {
            return "a block has two owners, and did not move";
        }
    }
    if (log == 0 || tree == 0) {
        counts->empty++;
        return mark->seed != 0 ? "a tree is gone" : NULL;
    }
    why = log_judge(log, mark);
    return why != NULL ? why : tree_judge(tree, mark);
}
