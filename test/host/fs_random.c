/* SPDX-License-Identifier: MIT */
/*
 * Random operations on the file system and on the model: the same must be
 * there, also after the disk was recovered and mounted anew; and the check must
 * have nothing to say. With few registry entries, so that the volume forgets
 * nodes.
 *
 *     fs_random [OPERATIONS [SEED]]
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"
#include "test/host/fs_model.h"

#define BLOCKS ((uint64_t)40000)
#define EVERY 500 /* operations between two looks at all */

static uint8_t *image;
static struct fs fs;
static struct model model;

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static void
again(uint32_t entries)
{
    struct fs_volume *volume;
    struct fs_check report;
    const char *why;

    model_close(&fs);
    CHECK_EQUAL(fs_unmount(&fs), 0);
    why = fs_host_check();
    check_subject = why != NULL ? why : "";
    CHECK(why == NULL);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, entries), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, false, &volume), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), 0);
    CHECK_EQUAL(fs_check(&fs, false, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
}

static void
run(uint64_t operations, uint64_t seed, uint32_t wide, uint32_t entries)
{
    static const struct cap_name everybody;
    struct fs_volume *volume;
    uint64_t i;

    memset(image, 0, BLOCKS * FS_BLOCK);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, entries), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
    model_begin(&model, seed, wide);
    for (i = 0; i < operations; i++) {
        struct model_operation o;

        model_forget(&model);
        o = model_next(&model);
        model_do(&fs, &model, &o);
        if (random_below(&model.random, 50) == 0) {
            CHECK_EQUAL(fs_sync(&fs), 0);
        }
        if (i % EVERY == EVERY - 1) {
            model_forget(&model);
            model_compare(&fs, &model);
            again(entries);
            model_compare(&fs, &model);
        }
    }
    model_close(&fs);
    model_end(&model);
}

int
main(int argc, char **argv)
{
    uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 0) : 3000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    image = calloc(BLOCKS, FS_BLOCK);
    CHECK(image != NULL);
    run(operations, seed, 40, 1024);
    run(operations, seed + 1, 48, 128);
    fs_host_end();
    free(image);
    return 0;
}
