/* SPDX-License-Identifier: MIT */
/*
 * A directory of many entries: each is found by few nodes, whatever their
 * number; and all of them, and the nodes that had them, go again.
 *
 *     fs_many [ENTRIES]
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define BLOCKS ((uint64_t)24000)
#define ENTRIES 16384 /* of the registry */
#define SAMPLE 1000
#define NODES_MAX 6 /* from the root node down, for one name */
#define LOADS_MAX 3 /* of these from the disk, the first two being there */

static struct fs fs;
static struct fs_volume *volume;

static size_t
name_make(char *name, size_t room, uint64_t i)
{
    return (size_t)snprintf(name, room, "file-%llu.txt",
                            (unsigned long long)i * 7919);
}

static void
again(uint8_t *image)
{
    CHECK_EQUAL(fs_unmount(&fs), 0);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, false, &volume), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), 0);
}

/* Nodes looked at, and loaded, to find one name that nothing was known of. */
static void
lookups(uint8_t *image, uint64_t entries)
{
    uint64_t most_looks = 0;
    uint64_t most_loads = 0;
    uint64_t looks = 0;
    uint64_t i;

    again(image);
    for (i = 0; i < SAMPLE; i++) {
        struct fs_host_counts before = fs_host_counts;
        struct fs_file *file;
        char name[32];
        size_t length = name_make(name, sizeof(name), i * (entries / SAMPLE));

        CHECK_EQUAL(fs_open(&fs, fs_root(&fs), name, length, &file), 0);
        fs_close(&fs, file);
        looks += fs_host_counts.looks - before.looks;
        if (fs_host_counts.looks - before.looks > most_looks) {
            most_looks = fs_host_counts.looks - before.looks;
        }
        if (i > 0 && fs_host_counts.loads - before.loads > most_loads) {
            most_loads = fs_host_counts.loads - before.loads;
        }
    }
    (void)printf("a name: %llu.%02llu nodes, at most %llu; at most %llu read\n",
                 (unsigned long long)(looks / SAMPLE),
                 (unsigned long long)(looks * 100 / SAMPLE % 100),
                 (unsigned long long)most_looks,
                 (unsigned long long)most_loads);
    CHECK(most_looks <= NODES_MAX);
    CHECK(most_loads <= LOADS_MAX);
}

int
main(int argc, char **argv)
{
    static const struct cap_name everybody;
    static const struct fs_status status = {.kind = FS_FILE, .mode = 0644};
    uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
    uint8_t *image = calloc(BLOCKS, FS_BLOCK);
    struct fs_cursor cursor = {0};
    struct fs_check report;
    struct fs_file *file;
    uint64_t free_before;
    uint64_t i;
    char name[32];

    CHECK(image != NULL);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
    free_before = fs_host_free();
    for (i = 0; i < entries; i++) {
        size_t length = name_make(name, sizeof(name), i);

        CHECK_EQUAL(fs_create(&fs, fs_root(&fs), name, length, &status, &file),
                    0);
        fs_close(&fs, file);
    }
    (void)printf(
        "%llu entries: %llu changes, %llu refused, %llu nodes written, "
        "%llu blocks\n",
        (unsigned long long)entries, (unsigned long long)fs_host_counts.changes,
        (unsigned long long)fs_host_counts.refused,
        (unsigned long long)fs_host_counts.writes,
        (unsigned long long)(free_before - fs_host_free()));
    lookups(image, entries);
    for (i = 0; fs_next(&fs, fs_root(&fs), &cursor) == 1; i++) {
    }
    CHECK_EQUAL(i, entries);
    CHECK_EQUAL(fs_check(&fs, false, NULL, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    CHECK_EQUAL(report.files, entries);
    fs_host_end();
    free(image);
    return 0;
}
