/* SPDX-License-Identifier: MIT */
/*
 * The file system, one thing after the other: what each function does, and what
 * it refuses. After each the disk is written, recovered, and must own the same
 * blocks; and the check finds nothing to say.
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define BLOCKS ((uint64_t)16384)
#define ENTRIES 2048

static uint8_t *image;
static struct fs fs;
static struct fs_volume *volume;

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static void
mount_new(void)
{
    static const struct cap_name nobody_else;

    memset(image, 0, BLOCKS * FS_BLOCK);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &nobody_else, &nobody_else), 0);
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

static int64_t
open_error(struct fs_file *directory, const char *name)
{
    struct fs_file *file;

    return fs_open(&fs, directory, name, strlen(name), &file);
}

static int64_t
unlink_in(struct fs_file *directory, const char *name)
{
    return fs_unlink(&fs, directory, name, strlen(name));
}

static int64_t
rename_in(struct fs_file *from, const char *name, struct fs_file *to,
          const char *new_name)
{
    return fs_rename(&fs, from, (struct fs_text){name, strlen(name)}, to,
                     (struct fs_text){new_name, strlen(new_name)});
}

static void
fill(uint8_t *bytes, size_t count, uint64_t seed)
{
    size_t i;

    for (i = 0; i < count; i++) {
        bytes[i] = (uint8_t)((seed + i) * 2654435761u >> 11);
    }
}

static void
test_bytes(void)
{
    static uint8_t wrote[100000];
    static uint8_t got[sizeof(wrote) + 10];
    struct fs_file *file;
    struct fs_status status;
    uint64_t free_before;

    mount_new();
    free_before = fs_host_free();
    file = make_in(fs_root(&fs), "a", FS_FILE);
    fill(wrote, sizeof(wrote), 1);
    CHECK_EQUAL(fs_read(&fs, file, 0, got, 10), 0);
    CHECK_EQUAL(fs_write(&fs, file, 0, wrote, 10), 10);
    CHECK_EQUAL(fs_write(&fs, file, 10, wrote + 10, sizeof(wrote) - 10),
                sizeof(wrote) - 10);
    CHECK_EQUAL(fs_read(&fs, file, 0, got, sizeof(got)), sizeof(wrote));
    CHECK(memcmp(wrote, got, sizeof(wrote)) == 0);
    again();
    file = open_in(fs_root(&fs), "a");
    CHECK_EQUAL(fs_read(&fs, file, 5000, got, 9000), 9000);
    CHECK(memcmp(wrote + 5000, got, 9000) == 0);
    /* Shorter, longer: zeroes between. */
    CHECK_EQUAL(fs_truncate(&fs, file, 5000), 0);
    CHECK_EQUAL(fs_truncate(&fs, file, 9000), 0);
    CHECK_EQUAL(fs_read(&fs, file, 4900, got, 9000), 4100);
    CHECK(memcmp(wrote + 4900, got, 100) == 0);
    memset(wrote, 0, 4000);
    CHECK(memcmp(wrote, got + 100, 4000) == 0);
    /* A hole. */
    CHECK_EQUAL(fs_write(&fs, file, 50001, "x", 1), 1);
    CHECK_EQUAL(fs_read(&fs, file, 50000, got, 9000), 2);
    CHECK(got[0] == 0 && got[1] == 'x');
    CHECK_EQUAL(fs_stat(&fs, file, &status), 0);
    CHECK_EQUAL(status.size, 50002);
    CHECK_EQUAL(fs_write(&fs, file, (uint64_t)1 << 60, "x", 1), -EFBIG);
    fs_close(&fs, file);
    again();
    CHECK_EQUAL(unlink_in(fs_root(&fs), "a"), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before);
    again();
}

static void
test_names(void)
{
    char name[FS_NAME_MAX + 2];
    struct fs_file *root;
    struct fs_file *d;
    struct fs_file *file;
    struct fs_cursor cursor = {0};
    uint64_t free_before;

    mount_new();
    free_before = fs_host_free();
    root = fs_root(&fs);
    d = make_in(root, "d", FS_DIRECTORY);
    file = make_in(d, "f", FS_FILE);
    CHECK_EQUAL(open_error(d, "g"), -ENOENT);
    CHECK_EQUAL(open_error(file, "g"), -ENOTDIR);
    CHECK_EQUAL(open_error(d, ""), -EINVAL);
    CHECK_EQUAL(open_error(d, "a/b"), -EINVAL);
    memset(name, 'n', sizeof(name));
    name[FS_NAME_MAX + 1] = 0;
    CHECK_EQUAL(open_error(d, name), -ENAMETOOLONG);
    name[FS_NAME_MAX] = 0;
    fs_close(&fs, make_in(d, name, FS_FILE));
    CHECK_EQUAL(unlink_in(root, "d"), -ENOTEMPTY);
    CHECK_EQUAL(fs_write(&fs, d, 0, "x", 1), -EISDIR);
    CHECK_EQUAL(rename_in(root, "d", d, "e"), -EINVAL);
    CHECK_EQUAL(fs_next(&fs, d, &cursor), 1);
    CHECK_EQUAL(fs_next(&fs, d, &cursor), 1);
    CHECK_EQUAL(fs_next(&fs, d, &cursor), 0);
    CHECK_EQUAL(rename_in(d, name, root, "m"), 0);
    CHECK_EQUAL(open_error(d, name), -ENOENT);
    CHECK_EQUAL(rename_in(d, "f", root, "f"), 0);
    CHECK_EQUAL(fs_write(&fs, file, 0, "still open", 10), 10);
    CHECK_EQUAL(rename_in(root, "m", root, "f"), 0);
    /* It has no name any more, but is open. */
    CHECK_EQUAL(fs_write(&fs, file, 10, "!", 1), 1);
    CHECK_EQUAL(fs_read(&fs, file, 0, name, 20), 11);
    fs_close(&fs, file);
    CHECK_EQUAL(rename_in(root, "f", root, "d"), -EISDIR);
    CHECK_EQUAL(rename_in(root, "d", root, "f"), -ENOTDIR);
    fs_close(&fs, d);
    again();
    root = fs_root(&fs);
    CHECK_EQUAL(unlink_in(root, "d"), 0);
    CHECK_EQUAL(unlink_in(root, "f"), 0);
    CHECK_EQUAL(unlink_in(root, "f"), -ENOENT);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before);
    again();
}

static void
test_links(void)
{
    struct fs_file *root;
    struct fs_file *d;
    struct fs_file *a;
    struct fs_file *b;
    struct fs_status status;
    char target[100];
    uint64_t free_before;

    mount_new();
    free_before = fs_host_free();
    root = fs_root(&fs);
    d = make_in(root, "d", FS_DIRECTORY);
    a = make_in(root, "a", FS_FILE);
    CHECK_EQUAL(fs_write(&fs, a, 0, "text", 4), 4);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_link(&fs, d, d, "x", 1), -EISDIR);
    CHECK_EQUAL(fs_link(&fs, a, root, "a", 1), -EEXIST);
    CHECK_EQUAL(fs_link(&fs, a, d, "b", 1), 0);
    CHECK_EQUAL(fs_link(&fs, a, d, "c", 1), 0);
    CHECK_EQUAL(fs_stat(&fs, a, &status), 0);
    CHECK_EQUAL(status.links, 3);
    b = open_in(d, "b");
    CHECK(a == b);
    CHECK_EQUAL(rename_in(d, "b", d, "c"), 0); /* nothing */
    CHECK_EQUAL(unlink_in(root, "a"), 0);
    CHECK_EQUAL(unlink_in(d, "c"), 0);
    CHECK_EQUAL(fs_write(&fs, b, 4, "more", 4), 4);
    fs_close(&fs, a);
    fs_close(&fs, b);
    again();
    root = fs_root(&fs);
    d = open_in(root, "d");
    b = open_in(d, "b");
    CHECK_EQUAL(fs_read(&fs, b, 0, target, 100), 8);
    CHECK(memcmp(target, "textmore", 8) == 0);
    CHECK_EQUAL(unlink_in(d, "b"), 0);
    CHECK_EQUAL(fs_stat(&fs, b, &status), 0);
    CHECK_EQUAL(status.links, 0);
    CHECK_EQUAL(fs_link(&fs, b, d, "e", 1), -ENOENT);
    fs_close(&fs, b);
    CHECK_EQUAL(fs_symlink(&fs, d, "s", 1, "../where", 8), 0);
    CHECK_EQUAL(fs_symlink(&fs, d, "s", 1, "../where", 8), -EEXIST);
    fs_close(&fs, d);
    again();
    d = open_in(fs_root(&fs), "d");
    a = open_in(d, "s");
    CHECK_EQUAL(fs_readlink(&fs, a, target, 100), 8);
    CHECK(memcmp(target, "../where", 8) == 0);
    CHECK_EQUAL(fs_readlink(&fs, d, target, 100), -EINVAL);
    fs_close(&fs, a);
    CHECK_EQUAL(unlink_in(d, "s"), 0);
    fs_close(&fs, d);
    CHECK_EQUAL(unlink_in(fs_root(&fs), "d"), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before);
    again();
}

static void
test_set(void)
{
    struct fs_status status = {
        .mode = 0600, .uid = 7, .gid = 8, .mtime = 123456789};
    struct fs_file *a;

    mount_new();
    a = make_in(fs_root(&fs), "a", FS_FILE);
    CHECK_EQUAL(
        fs_set(&fs, a, FS_SET_MODE | FS_SET_OWNER | FS_SET_MTIME, &status), 0);
    fs_close(&fs, a);
    again();
    a = open_in(fs_root(&fs), "a");
    memset(&status, 0, sizeof(status));
    CHECK_EQUAL(fs_stat(&fs, a, &status), 0);
    CHECK(status.mode == 0600 && status.uid == 7 && status.gid == 8 &&
          status.mtime == 123456789 && status.kind == FS_FILE);
}

/* Many pieces of one file, far apart, up to beyond 1 GiB. */
static void
test_sparse(void)
{
    const uint64_t pieces = 3000;
    const uint64_t apart = 400000;
    struct fs_file *file;
    struct fs_status status;
    uint64_t free_before;
    uint64_t i;

    mount_new();
    free_before = fs_host_free();
    file = make_in(fs_root(&fs), "sparse", FS_FILE);
    for (i = 0; i < pieces; i++) {
        /* In an order of its own. */
        uint64_t at = i * 1009 % pieces * apart;

        CHECK_EQUAL(fs_write(&fs, file, at, &at, sizeof(at)), sizeof(at));
    }
    fs_close(&fs, file);
    again();
    file = open_in(fs_root(&fs), "sparse");
    CHECK_EQUAL(fs_stat(&fs, file, &status), 0);
    CHECK(status.size > (uint64_t)1 << 30);
    for (i = 0; i < pieces; i++) {
        uint64_t got[2] = {1, 1};

        CHECK_EQUAL(fs_read(&fs, file, i * apart, got, sizeof(got)),
                    i == pieces - 1 ? 8 : 16);
        CHECK_EQUAL(got[0], i * apart);
        CHECK(i == pieces - 1 || got[1] == 0);
    }
    CHECK_EQUAL(fs_truncate(&fs, file, pieces / 2 * apart), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    fs_close(&fs, file);
    again();
    CHECK_EQUAL(unlink_in(fs_root(&fs), "sparse"), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before);
    again();
}

/* A disk that is full says so, and has room again when something went. */
static void
test_full(void)
{
    static uint8_t bytes[64 * FS_BLOCK];
    struct fs_file *file;
    uint64_t free_before;
    uint64_t at = 0;
    int64_t wrote;

    mount_new();
    free_before = fs_host_free();
    file = make_in(fs_root(&fs), "full", FS_FILE);
    do {
        wrote = fs_write(&fs, file, at, bytes, sizeof(bytes));
        at += wrote > 0 ? (uint64_t)wrote : 0;
    } while (wrote > 0);
    CHECK_EQUAL(wrote, -ENOSPC);
    CHECK_EQUAL(fs_host_free(), 0);
    CHECK_EQUAL(fs_truncate(&fs, file, 1000), 0);
    CHECK_EQUAL(fs_write(&fs, file, 5000, bytes, sizeof(bytes)), sizeof(bytes));
    fs_close(&fs, file);
    CHECK_EQUAL(unlink_in(fs_root(&fs), "full"), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before);
    again();
}

/* A write that the device does not do has changed nothing. */
static void
test_failure(void)
{
    static uint8_t bytes[3 * FS_BLOCK];
    struct fs_file *file;
    struct fs_status status;

    mount_new();
    file = make_in(fs_root(&fs), "a", FS_FILE);
    CHECK_EQUAL(fs_write(&fs, file, 0, bytes, 100), 100);
    fs_host_fail(1);
    CHECK_EQUAL(fs_write(&fs, file, FS_BLOCK, bytes, sizeof(bytes)), -EIO);
    CHECK_EQUAL(fs_stat(&fs, file, &status), 0);
    CHECK_EQUAL(status.size, 100);
    fs_close(&fs, file);
    again();
}

/* Somebody who shared it died: handles are counted anew. */
static void
test_recover(void)
{
    uint32_t users[FS_OPEN_MAX] = {0};
    struct fs_check report;
    char name[FS_NAME_MAX + 1];
    struct fs_file *a;
    struct fs_file *b;
    struct fs_file *file;
    uint64_t free_before;
    uint8_t byte = 0;

    mount_new();
    a = make_in(fs_root(&fs), "a", FS_DIRECTORY);
    b = make_in(a, "b", FS_DIRECTORY);
    CHECK_EQUAL(fs_name(&fs, b, name), 0);
    CHECK(strcmp(name, "b") == 0);
    CHECK_EQUAL(fs_name(&fs, fs_root(&fs), name), 0);
    CHECK(name[0] == 0);
    free_before = fs_host_free();
    file = make_in(b, "gone", FS_FILE);
    CHECK_EQUAL(fs_name(&fs, file, name), -ENOTDIR);
    CHECK_EQUAL(fs_write(&fs, file, 0, "1", 1), 1);
    CHECK_EQUAL(unlink_in(b, "gone"), 0);
    file = make_in(a, "kept", FS_FILE);
    CHECK_EQUAL(fs_write(&fs, file, 4096, "2", 1), 1);
    users[file - fs.open] = 1;
    CHECK_EQUAL(fs_recover(&fs), 0);
    fs_recount(&fs, users);
    CHECK_EQUAL(b->users, 0);
    CHECK_EQUAL(a->users, 1);
    CHECK_EQUAL(file->users, 1);
    CHECK_EQUAL(fs_read(&fs, file, 4096, &byte, 1), 1);
    CHECK_EQUAL(byte, '2');
    CHECK_EQUAL(fs_sync(&fs), 0);
    CHECK_EQUAL(fs_host_free(), free_before - 1);
    fs_close(&fs, file);
    CHECK_EQUAL(a->users, 0);
    /* Who mounts it next has to look. */
    CHECK_EQUAL(fs_unmount(&fs), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), 1);
    CHECK_EQUAL(fs_check(&fs, true, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    again();
}

int
main(void)
{
    image = calloc(BLOCKS, FS_BLOCK);
    CHECK(image != NULL);
    test_bytes();
    test_names();
    test_links();
    test_set();
    test_full();
    test_failure();
    test_sparse();
    test_recover();
    fs_host_end();
    free(image);
    return 0;
}
