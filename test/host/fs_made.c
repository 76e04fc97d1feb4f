/* SPDX-License-Identifier: MIT */
/*
 * Files that come to the volume with their first bytes: in one change; and
 * before anything else is seen or done, by whomever.
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define BLOCKS ((uint64_t)2000)

static uint8_t *image;
static struct fs fs;
static struct fs other; /* another user of the volume */
static const struct fs_status status = {
    .kind = FS_FILE, .mode = 0640, .uid = 7, .gid = 8};

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

static struct fs_volume *
begin(void)
{
    static const struct cap_name everybody;
    struct fs_volume *volume;

    memset(image, 0, BLOCKS * FS_BLOCK);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, 64), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
    return volume;
}

/* Unmounted, judged, and mounted again, which says so if somebody had died. */
static void
again(int64_t left)
{
    struct fs_volume *volume;
    struct fs_check report;
    const char *why;

    CHECK_EQUAL(fs_unmount(&fs), 0);
    why = fs_host_check();
    check_subject = why != NULL ? why : "";
    CHECK(why == NULL);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, false, &volume), 0);
    CHECK_EQUAL(fs_mount(&fs, volume), left);
    CHECK_EQUAL(fs_check(&fs, false, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
}

static struct fs_file *
later(const char *name)
{
    struct fs_file *file = NULL;

    check_subject = name;
    CHECK_EQUAL(
        fs_create_later(&fs, fs_root(&fs), name, strlen(name), &status, &file),
        0);
    return file;
}

static int64_t
open_error(struct fs *in, const char *name)
{
    struct fs_file *file;
    int64_t error = fs_open(in, fs_root(in), name, strlen(name), &file);

    if (error == 0) {
        fs_close(in, file);
    }
    return error;
}

/* Name, blocks, bytes and size are one change. */
static void
test_change(void)
{
    static uint8_t wrote[3 * FS_BLOCK + 5];
    static uint8_t got[sizeof(wrote)];
    struct fs_status seen;
    struct fs_file *file;
    uint64_t stamp;

    (void)begin();
    CHECK_EQUAL(open_error(&fs, "a"), -ENOENT);
    fs_close(&fs, later("first")); /* now the root says that it is in use */
    stamp = fs.stamp;
    file = later("a");
    CHECK_EQUAL(fs.stamp, stamp);
    CHECK_EQUAL(fs_stat(&fs, file, &seen), 0);
    CHECK(seen.kind == FS_FILE && seen.mode == 0640 && seen.uid == 7 &&
          seen.gid == 8 && seen.size == 0 && seen.links == 1);
    memset(wrote, 'w', sizeof(wrote));
    CHECK_EQUAL(fs_write(&fs, file, 0, wrote, sizeof(wrote)), sizeof(wrote));
    CHECK_EQUAL(fs.stamp, stamp + 1);
    CHECK_EQUAL(fs_stat(&fs, file, &seen), 0);
    CHECK(seen.size == sizeof(wrote) && seen.number == file->number);
    fs_close(&fs, file);
    CHECK_EQUAL(fs.stamp, stamp + 1);
    again(0);
    CHECK_EQUAL(fs_open(&fs, fs_root(&fs), "a", 1, &file), 0);
    CHECK_EQUAL(fs_read(&fs, file, 0, got, sizeof(got)), sizeof(got));
    CHECK(memcmp(got, wrote, sizeof(got)) == 0);
    fs_close(&fs, file);
    CHECK_EQUAL(open_error(&fs, "first"), 0);
}

/* Whatever else is done finds it. */
static void
test_seen(void)
{
    struct fs_cursor cursor = {0};
    struct fs_file *file;
    struct fs_file *same;
    char byte = 0;

    (void)begin();
    file = later("a");
    CHECK_EQUAL(fs_open(&fs, fs_root(&fs), "a", 1, &same), 0);
    CHECK(same == file);
    fs_close(&fs, same);
    CHECK_EQUAL(fs_create_later(&fs, fs_root(&fs), "a", 1, &status, &same),
                -EEXIST);
    CHECK_EQUAL(fs_create_later(&fs, fs_root(&fs), "/", 1, &status, &same),
                -EINVAL);
    same = later("b");
    CHECK_EQUAL(fs_next(&fs, fs_root(&fs), &cursor), 1);
    CHECK_EQUAL(fs_next(&fs, fs_root(&fs), &cursor), 1);
    CHECK_EQUAL(fs_next(&fs, fs_root(&fs), &cursor), 0);
    CHECK_EQUAL(fs_write(&fs, same, 5000, "x", 1), 1); /* behind a hole */
    CHECK_EQUAL(fs_read(&fs, same, 5000, &byte, 1), 1);
    CHECK_EQUAL(byte, 'x');
    fs_close(&fs, same);
    fs_close(&fs, file);
    file = later("c");
    CHECK_EQUAL(fs_unlink(&fs, fs_root(&fs), "c", 1), 0);
    CHECK_EQUAL(fs_write(&fs, file, 0, "y", 1), 1); /* it is open still */
    fs_close(&fs, file);
    file = later("d");
    CHECK_EQUAL(fs_sync(&fs), 0);
    fs_close(&fs, file);
    again(0);
    CHECK_EQUAL(open_error(&fs, "a"), 0);
    CHECK_EQUAL(open_error(&fs, "b"), 0);
    CHECK_EQUAL(open_error(&fs, "c"), -ENOENT);
    CHECK_EQUAL(open_error(&fs, "d"), 0);
}

/* Its maker died: it was made. */
static void
test_death(void)
{
    static uint32_t users[FS_OPEN_MAX];

    (void)begin();
    (void)later("a");
    CHECK_EQUAL(fs_recover(&fs), 0);
    fs_recount(&fs, users);
    CHECK_EQUAL(open_error(&fs, "a"), 0);
    again(1);
    CHECK_EQUAL(open_error(&fs, "a"), 0);
}

/* Another user of the volume takes the name. */
static void
test_other(void)
{
    struct fs_volume *volume = begin();
    struct fs_file *mine;
    struct fs_file *theirs;
    char byte = 0;

    fs_close(&fs, later("first"));
    CHECK_EQUAL(fs_mount(&other, volume), 1);
    mine = later("a");
    CHECK_EQUAL(open_error(&other, "a"), -ENOENT);
    CHECK_EQUAL(fs_create(&other, fs_root(&other), "a", 1, &status, &theirs),
                0);
    CHECK_EQUAL(fs_write(&other, theirs, 0, "t", 1), 1);
    CHECK_EQUAL(fs_write(&fs, mine, 0, "m", 1), -EEXIST);
    CHECK_EQUAL(fs_write(&fs, mine, 0, "m", 1), -ENOENT);
    fs_close(&fs, mine);
    fs_close(&other, theirs);
    CHECK_EQUAL(fs_open(&fs, fs_root(&fs), "a", 1, &mine), 0);
    CHECK_EQUAL(fs_read(&fs, mine, 0, &byte, 1), 1);
    CHECK_EQUAL(byte, 't');
    fs_close(&fs, mine);
    CHECK_EQUAL(fs_sync(&other), 0);
    again(0);
}

/* Leaves are split, also when there is room for a name and for no record. */
static void
test_many(void)
{
    char name[80];
    unsigned i;

    (void)begin();
    for (i = 0; i < 400; i++) {
        struct fs_file *file;

        (void)snprintf(name, sizeof(name), "%0*u", 1 + (int)i % 70, i);
        file = later(name);
        if (i % 3 != 0) {
            CHECK_EQUAL(fs_write(&fs, file, 0, name, sizeof(name)),
                        sizeof(name));
        }
        fs_close(&fs, file);
    }
    again(0);
    for (i = 0; i < 400; i++) {
        (void)snprintf(name, sizeof(name), "%0*u", 1 + (int)i % 70, i);
        CHECK_EQUAL(open_error(&fs, name), 0);
    }
}

int
main(void)
{
    image = calloc(BLOCKS, FS_BLOCK);
    CHECK(image != NULL);
    test_change();
    test_seen();
    test_death();
    test_other();
    test_many();
    fs_host_end();
    free(image);
    return 0;
}
