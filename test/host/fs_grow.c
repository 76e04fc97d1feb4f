/* SPDX-License-Identifier: MIT */
/*
 * Files that grow, and what is written for one that is synced: few changes and
 * nodes, counted; and what was claimed ahead is given back.
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define BLOCKS ((uint64_t)16384)
#define ENTRIES 2048
#define BIG ((uint64_t)4096) /* blocks */

static uint8_t *image;
static struct fs fs;
static struct fs_volume *volume;
static uint8_t page[FS_BLOCK];

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static void
mount_new(void)
{
    static const struct cap_name everybody;

    memset(image, 0, BLOCKS * FS_BLOCK);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
}

/* Off and on again: everything is on the disk, and right. */
static void
again(void)
{
    struct fs_check report;
    const char *why;

    CHECK_EQUAL(fs_unmount(&fs), 0);
    why = fs_host_check();
    check_subject = why != NULL ? why : "";
    CHECK(why == NULL);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, false, &volume), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), 0);
    CHECK_EQUAL(fs_check(&fs, false, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
}

static struct fs_file *
make_in(struct fs_file *directory, const char *name, enum fs_file_kind kind)
{
    struct fs_status status = {.kind = kind, .mode = 0644};
    struct fs_file *file;

    CHECK_EQUAL(fs_create(&fs, directory, name, strlen(name), &status, &file),
                0);
    return file;
}

static struct fs_file *
open_in(struct fs_file *directory, const char *name)
{
    struct fs_file *file = NULL;

    CHECK_EQUAL(fs_open(&fs, directory, name, strlen(name), &file), 0);
    return file;
}

static uint64_t
size_of(struct fs_file *file)
{
    struct fs_status status = {0};

    CHECK_EQUAL(fs_stat(&fs, file, &status), 0);
    return status.size;
}

static uint64_t
changes(void)
{
    return fs_host_counts.changes;
}

/* Byte `at` of what is written to file `which`. */
static uint8_t
byte_of(uint64_t at, unsigned which)
{
    return (uint8_t)((at + which * (uint64_t)977) * 2654435761u >> 9);
}

static void
put(struct fs_file *file, uint64_t at, size_t count, unsigned which)
{
    size_t i;

    for (i = 0; i < count; i++) {
        page[i] = byte_of(at + i, which);
    }
    CHECK_EQUAL(fs_write(&fs, file, at, page, count), count);
}

static void
check_bytes(struct fs_file *file, uint64_t end, unsigned which)
{
    uint64_t at;
    size_t i;

    CHECK_EQUAL(size_of(file), end);
    for (at = 0; at < end; at += sizeof(page)) {
        int64_t got = fs_read(&fs, file, at, page, sizeof(page));

        CHECK_EQUAL(got, end - at < sizeof(page) ? end - at : sizeof(page));
        for (i = 0; i < (size_t)got; i++) {
            CHECK_EQUAL(page[i], byte_of(at + i, which));
        }
    }
}

/* 16 MiB, page by page: some dozens of changes; and no block too many. */
static void
test_pages(void)
{
    struct fs_file *file;
    uint64_t before;
    uint64_t free_before;
    uint64_t i;

    mount_new();
    file = make_in(fs_root(&fs), "big", FS_FILE);
    free_before = fs_host_free();
    before = changes();
    for (i = 0; i < BIG; i++) {
        put(file, i * FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(size_of(file), BIG * FS_BLOCK);
    fs_close(&fs, file);
    CHECK(changes() - before <= 40);
    CHECK_EQUAL(free_before - fs_host_free(), BIG);
    again();
    file = open_in(fs_root(&fs), "big");
    check_bytes(file, BIG * FS_BLOCK, 0);
    /* It is opened, goes on, and is synced each time: nothing is claimed that
       would have to be given back at once. */
    before = changes();
    for (i = BIG; i < BIG + 10; i++) {
        put(file, i * FS_BLOCK, FS_BLOCK, 0);
        CHECK_EQUAL(fs_fsync(&fs, file), 0);
    }
    CHECK(changes() - before <= 11); /* one says that it is in use */
    fs_close(&fs, file);
    again();
}

/* Two that grow beside each other by parts of a block, while a third one of
   their directory is synced. */
static void
test_beside(void)
{
    static const uint64_t part = 700;
    struct fs_file *file[3];
    uint64_t before;
    uint64_t end = 0;
    unsigned i;

    mount_new();
    file[0] = make_in(fs_root(&fs), "a", FS_FILE);
    file[1] = make_in(fs_root(&fs), "b", FS_FILE);
    file[2] = make_in(fs_root(&fs), "c", FS_FILE);
    before = changes();
    for (i = 0; i < 400; i++, end += part) {
        put(file[0], end, part, 0);
        put(file[1], end, part, 1);
        if (i % 150 == 99) {
            CHECK_EQUAL(fs_write(&fs, file[2], 0, "x", 1), 1);
            CHECK_EQUAL(fs_fsync(&fs, file[2]), 0);
        }
    }
    CHECK(changes() - before <= 60);
    check_bytes(file[0], end, 0);
    fs_close(&fs, file[0]);
    /* One without a name keeps what it has until it is closed. */
    CHECK_EQUAL(fs_unlink(&fs, fs_root(&fs), "b", 1), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    put(file[1], end, part, 1);
    check_bytes(file[1], end + part, 1);
    fs_close(&fs, file[1]);
    fs_close(&fs, file[2]);
    again();
    file[0] = open_in(fs_root(&fs), "a");
    check_bytes(file[0], end, 0);
    fs_close(&fs, file[0]);
}

/* Holes behind an end where something was claimed; shorter, and renamed. */
static void
test_ends(void)
{
    struct fs_text old = {"a", 1};
    struct fs_text new = {"b", 1};
    struct fs_file *file;
    uint64_t free_before;
    unsigned i;

    mount_new();
    free_before = fs_host_free();
    file = make_in(fs_root(&fs), "a", FS_FILE);
    for (i = 0; i < 20; i++) { /* 31 are claimed */
        put(file, i * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(fs_write(&fs, file, 25 * (uint64_t)FS_BLOCK, "x", 1), 1);
    CHECK_EQUAL(fs_read(&fs, file, 24 * (uint64_t)FS_BLOCK, page, 1), 1);
    CHECK_EQUAL(page[0], 0);
    CHECK_EQUAL(fs_host_free(), free_before - 21);
    for (i = 26; i < 30; i++) {
        put(file, i * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(fs_rename(&fs, fs_root(&fs), old, fs_root(&fs), new), 0);
    CHECK_EQUAL(fs_link(&fs, file, fs_root(&fs), "c", 1), 0);
    put(file, 30 * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    CHECK_EQUAL(fs_truncate(&fs, file, 20 * (uint64_t)FS_BLOCK), 0);
    CHECK_EQUAL(fs_host_free(), free_before - 20);
    for (i = 20; i < 24; i++) {
        put(file, i * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(fs_truncate(&fs, file, 40 * (uint64_t)FS_BLOCK), 0);
    CHECK_EQUAL(fs_read(&fs, file, 30 * (uint64_t)FS_BLOCK, page, 1), 1);
    CHECK_EQUAL(page[0], 0);
    CHECK_EQUAL(fs_truncate(&fs, file, 24 * (uint64_t)FS_BLOCK), 0);
    check_bytes(file, 24 * (uint64_t)FS_BLOCK, 0);
    put(file, 24 * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    put(file, 25 * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    fs_rest(&fs, file);
    CHECK_EQUAL(fs_host_free(), free_before - 26);
    fs_close(&fs, file);
    again();
}

/* Who wrote a file died: what it had claimed ahead goes, what it wrote stays.
 */
static void
test_death(void)
{
    static const uint32_t users[FS_OPEN_MAX];
    struct fs_check report;
    struct fs_file *file;
    uint64_t free_before;
    unsigned i;

    mount_new();
    free_before = fs_host_free();
    file = make_in(fs_root(&fs), "a", FS_FILE);
    for (i = 0; i < 20; i++) {
        put(file, i * (uint64_t)FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(fs_recover(&fs), 0);
    fs_recount(&fs, users);
    CHECK_EQUAL(fs_host_free(), free_before - 20);
    file = open_in(fs_root(&fs), "a");
    check_bytes(file, 20 * (uint64_t)FS_BLOCK, 0);
    fs_close(&fs, file);
    CHECK_EQUAL(fs_unmount(&fs), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), 1);
    CHECK_EQUAL(fs_check(&fs, true, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    again();
}

/* To write over a block and have it on the disk is one block and a flush; but
   that the time goes there when it is another one. */
static void
test_sync(void)
{
    struct fs_host_counts before;
    struct fs_file *file;
    unsigned i;

    mount_new();
    file = make_in(fs_root(&fs), "a", FS_FILE);
    put(file, 0, FS_BLOCK, 0);
    CHECK_EQUAL(fs_fsync(&fs, file), 0);
    before = fs_host_counts;
    for (i = 0; i < 10; i++) {
        put(file, 0, FS_BLOCK, 1);
        CHECK_EQUAL(fs_fsync(&fs, file), 0);
    }
    CHECK_EQUAL(fs_host_counts.changes, before.changes);
    CHECK_EQUAL(fs_host_counts.writes, before.writes);
    CHECK_EQUAL(fs_host_counts.data, before.data + 10);
    while (volume->f->now(volume) % FS_TIME_UNIT > 1000) {
    }
    put(file, 0, FS_BLOCK, 2);
    CHECK_EQUAL(fs_fdatasync(&fs, file), 0);
    CHECK_EQUAL(fs_host_counts.changes, before.changes);
    CHECK_EQUAL(fs_host_counts.writes, before.writes);
    CHECK_EQUAL(fs_fsync(&fs, file), 0);
    CHECK_EQUAL(fs_host_counts.changes, before.changes + 1);
    CHECK_EQUAL(fs_host_counts.writes, before.writes + 1);
    /* The size it does say. */
    put(file, FS_BLOCK, 100, 0);
    CHECK_EQUAL(fs_fdatasync(&fs, file), 0);
    before = fs_host_counts;
    put(file, FS_BLOCK + 100, 100, 0);
    CHECK_EQUAL(fs_fdatasync(&fs, file), 0);
    CHECK_EQUAL(fs_host_counts.writes, before.writes + 1);
    fs_close(&fs, file);
    again();
}

/* Of a file with nodes of its own no other's are written. */
static void
test_sync_nodes(void)
{
    struct fs_host_counts before;
    struct fs_file *other;
    struct fs_file *file;
    unsigned i;

    mount_new();
    other = make_in(fs_root(&fs), "d", FS_DIRECTORY);
    file = make_in(fs_root(&fs), "a", FS_FILE);
    for (i = 0; i < 2 * FS_INLINE_RECORDS; i++) {
        put(file, (uint64_t)3 * i * FS_BLOCK, FS_BLOCK, 0);
    }
    CHECK_EQUAL(fs_sync(&fs), 0);
    for (i = 0; i < 100; i++) {
        char name[2] = {(char)('0' + i / 10), (char)('0' + i % 10)};
        struct fs_status status = {.kind = FS_FILE};
        struct fs_file *made;

        CHECK_EQUAL(fs_create(&fs, other, name, 2, &status, &made), 0);
        fs_close(&fs, made);
    }
    put(file, (uint64_t)3 * i * FS_BLOCK, FS_BLOCK, 0);
    before = fs_host_counts;
    CHECK_EQUAL(fs_fsync(&fs, file), 0);
    CHECK_EQUAL(fs_host_counts.writes, before.writes + 2);
    fs_close(&fs, other);
    fs_close(&fs, file);
    again();
}

int
main(void)
{
    image = calloc(BLOCKS, FS_BLOCK);
    CHECK(image != NULL);
    test_pages();
    test_beside();
    test_ends();
    test_death();
    test_sync();
    test_sync_nodes();
    fs_host_end();
    free(image);
    return 0;
}
