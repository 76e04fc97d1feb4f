/* SPDX-License-Identifier: MIT */
/*
 * The judge, on a disk made by hand: right as it is, and wrong with anything in
 * it that may not be.
 */
#include "kern/abi/error.h"
#include "lib/disk/format.h"
#include "lib/log/log.h"
#include "test/host/check.h"
#include "test/power-cut/judge.h"
#include "test/power-cut/tree.h"
#include "test/power-cut/work.h"

#define BLOCKS 1024
#define BYTES ((uint64_t)BLOCKS * DISK_BLOCK_BYTES)
#define LOG_TYPE 2
#define TREE_TYPE 3
#define MARKS 70
#define LOG_ROOT 71
#define TREE_ROOT 72
#define LEAVES 73
#define DATA 80 /* free from here on */
#define SEED 11
#define OPERATIONS 300

static _Alignas(8) uint8_t image[BYTES];
static uint64_t next = DATA;
static struct judge_counts counts;

static void *
at(uint64_t block)
{
    return image + block * DISK_BLOCK_BYTES;
}

static int64_t
image_read(void *context, uint64_t block, void *page)
{
    (void)context;
    memcpy(page, at(block), DISK_BLOCK_BYTES);
    return 0;
}

static int64_t
image_write(void *context, uint64_t block, const void *page)
{
    (void)context;
    memcpy(at(block), page, DISK_BLOCK_BYTES);
    return 0;
}

static int64_t
image_flush(void *context)
{
    (void)context;
    return 0;
}

static int64_t
image_find(void *context, uint32_t count)
{
    (void)context;
    next += count;
    return (int64_t)(next - count);
}

static int64_t
image_change(void *context, const struct log_root *root, uint32_t claimed,
             uint32_t given)
{
    (void)claimed;
    (void)given;
    return image_write(context, LOG_ROOT, root);
}

static void
log_make(uint64_t operations)
{
    static const struct log_disk disk = {NULL,        image_read, image_write,
                                         image_flush, image_find, image_change,
                                         image_flush};
    static const struct cap_name nobody;
    static struct log log;
    static struct log_place index[WORK_INDEX];
    uint64_t i;

    log_root_make(at(LOG_ROOT), &nobody);
    CHECK_EQUAL(log_open(&log, &disk, at(LOG_ROOT), 16, index, WORK_INDEX), 0);
    for (i = 1; i <= operations; i++) {
        CHECK_EQUAL(work_do(&log, SEED, i), 0);
    }
    CHECK_EQUAL(log_sync(&log), 0);
}

/* With `twice`, what is moved stays where it was, too. */
static void
tree_step(struct tree_model *model, bool twice)
{
    struct tree_operation o = tree_model_next(model);
    struct tree_extent e = {next, o.count, DISK_TYPE_DATA, o.number};
    struct tree_extent gone;
    uint64_t i;

    switch (o.kind) {
    case TREE_ADD:
        for (i = 0; i < o.count; i++) {
            tree_block_fill(at(next++), SEED, o.number, i);
        }
        tree_node_add(at(LEAVES + o.leaf), &e);
        break;
    case TREE_REMOVE:
        CHECK(tree_node_take(at(LEAVES + o.leaf), o.number, &gone));
        break;
    case TREE_MOVE:
        CHECK(tree_node_take(at(LEAVES + o.from), o.number, &e));
        tree_node_add(at(LEAVES + o.leaf), &e);
        if (twice) {
            tree_node_add(at(LEAVES + o.from), &e);
        }
        break;
    }
}

static void
disk_make(void)
{
    static const struct cap_name nobody;
    struct disk_tree marks = {MARK_TREE, MARKS, 1, DISK_TYPE_DATA, nobody, {0}};
    struct disk_tree log = {LOG_TREE, LOG_ROOT, 1, LOG_TYPE, nobody, {0}};
    struct disk_tree tree = {TREE_TREE, TREE_ROOT, 1, TREE_TYPE, nobody, {0}};
    struct code_error error;
    struct tree_model model;
    uint64_t i;

    for (i = 0; i < BYTES; i += 8) {
        const uint64_t secret = JUDGE_SECRET;

        memcpy(image + i, &secret, 8);
    }
    memset(image, 0, (size_t)DATA * DISK_BLOCK_BYTES);
    disk_format_label(image, BLOCKS);
    CHECK_EQUAL(disk_format_type(at(LOG_TYPE), LOG_TYPE_NAME, log_owns,
                                 log_access, &error),
                0);
    CHECK_EQUAL(disk_format_type(at(TREE_TYPE), TREE_TYPE_NAME, tree_owns,
                                 tree_access, &error),
                0);
    CHECK_EQUAL(disk_format_tree_add(at(DISK_CATALOGUE_BLOCK), &tree), 0);
    CHECK_EQUAL(disk_format_tree_add(at(DISK_CATALOGUE_BLOCK), &log), 0);
    CHECK_EQUAL(disk_format_tree_add(at(DISK_CATALOGUE_BLOCK), &marks), 0);
    tree_node_make(at(TREE_ROOT), &nobody);
    for (i = 0; i < TREE_LEAVES; i++) {
        struct tree_extent leaf = {LEAVES + i, 1, TREE_TYPE, 0};

        tree_node_add(at(TREE_ROOT), &leaf);
        tree_node_make(at(LEAVES + i), &nobody);
    }
    tree_model_begin(&model, SEED);
    while (model.done < OPERATIONS) {
        tree_step(&model, false);
    }
    log_make(OPERATIONS);
    CHECK(next < BLOCKS);
}

static const char *
judge(uint64_t log, uint64_t tree)
{
    struct mark mark = {"", SEED, log, tree};

    return judge_disk(image, BYTES, &mark, &counts);
}

/* Turns a byte of the disk over for a moment. */
static const char *
judge_with(uint64_t block, uint64_t offset)
{
    uint8_t *byte = (uint8_t *)at(block) + offset;
    const char *why;

    *byte ^= 1;
    why = judge(OPERATIONS, OPERATIONS);
    *byte ^= 1;
    return why;
}

static void
expect(const char *why, const char *expected)
{
    if (why == NULL || strcmp(why, expected) != 0) {
        (void)fprintf(stderr, "%s, not: %s\n", why == NULL ? "right" : why,
                      expected);
        CHECK(false);
    }
}

static void
wrong_check(void)
{
    struct tree_node *leaf = at(LEAVES);
    struct tree_node *other = at(LEAVES + 1);
    struct log_root *root = at(LOG_ROOT);
    struct tree_extent moved = leaf->extent[leaf->count - 1];
    struct tree_node before = *other;
    uint64_t first = leaf->extent[0].first;

    check_subject = "wrong disks";
    expect(judge(OPERATIONS + 1, OPERATIONS),
           "what was synced is not there, or more than a prefix of the rest");
    expect(judge(OPERATIONS, OPERATIONS + 2 * MARK_AHEAD),
           "an extent is there that was not to be");
    expect(judge(OPERATIONS, 0), "an extent is there that was not to be");
    expect(judge_with(DISK_LABEL_BLOCK, 8), "the label is gone");
    expect(judge_with(DISK_CATALOGUE_BLOCK, sizeof(struct disk_tree)),
           "a tree is gone");
    expect(judge_with(LOG_TYPE, 200), "a metadata block is malformed");
    expect(judge_with(LEAVES, 71), "a metadata block is malformed");
    expect(judge_with(first, 1000),
           "a block of the tree has not what was written to it");
    expect(judge_with(LOG_ROOT, 0), "the log cannot be opened");
    /* A block of the log that is damaged ends it. */
    expect(judge_with(root->segment[0].first + 1, 2000),
           "what was synced is not there, or more than a prefix of the rest");

    /* An extent that is in two leaves has moved; but not to the log. */
    tree_node_add(other, &moved);
    CHECK(judge(OPERATIONS, OPERATIONS) == NULL);
    CHECK(counts.twice == 1);
    CHECK(tree_node_take(leaf, moved.number, &moved));
    CHECK(judge(OPERATIONS, OPERATIONS) == NULL);
    *other = before;
    expect(judge(OPERATIONS, OPERATIONS),
           "an extent that was synced is not there");
    tree_node_add(leaf, &moved);
    CHECK(judge(OPERATIONS, OPERATIONS) == NULL);
    leaf->extent[leaf->count - 1].count = 1000;
    expect(judge(OPERATIONS, OPERATIONS), "a metadata block is malformed");
    *leaf = (struct tree_node){.magic = TREE_MAGIC, .count = 1};
    leaf->extent[0] = (struct tree_extent){BLOCKS - 1, 1, DISK_TYPE_DATA, 9};
    expect(judge(OPERATIONS, OPERATIONS),
           "a block shows what was there before");
    leaf->extent[0].first = root->segment[0].first;
    expect(judge(OPERATIONS, OPERATIONS),
           "a block has two owners, and did not move");
}

int
main(void)
{
    struct mark nothing = {"", 0, 0, 0};

    memset(image, 0, sizeof(image));
    check_subject = "a raw disk";
    CHECK(judge_disk(image, BYTES, NULL, &counts) == NULL);
    CHECK(judge_disk(image, BYTES, &nothing, &counts) == NULL);
    CHECK_EQUAL(counts.raw, 2);
    disk_format_label(image, BLOCKS);
    check_subject = "a disk without trees";
    CHECK(judge_disk(image, BYTES, &nothing, &counts) == NULL);
    CHECK_EQUAL(counts.empty, 1);
    check_subject = "a disk";
    disk_make();
    CHECK(judge(OPERATIONS, OPERATIONS) == NULL);
    CHECK(judge(OPERATIONS - 3, OPERATIONS - 3) == NULL);
    wrong_check();
    return 0;
}
