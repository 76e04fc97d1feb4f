/* SPDX-License-Identifier: MIT */
/*
 * lib/fs on a disk of the kernel's, which has a file system when it begins:
 * files of all sizes, one larger than the registry among them, come back as
 * they were written, now and after another mount.
 */
#include <string.h>

#include "kern/abi/error.h"
#include "lib/disk/volume.h"
#include "lib/fs/path.h"
#include "test/user/expect.h"

#define WINDOW 0x60000000
#define LARGE ((uint64_t)10 << 20)
#define PIECE 65536

static struct disk_volume volume;
static struct fs fs;
static uint8_t piece[PIECE];
static uint8_t back[PIECE];

static void
fill(uint64_t seed, uint64_t count)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;

    for (uint64_t i = 0; i < count; i += 8) {
        x = x * 6364136223846793005 + 1442695040888963407;
        memcpy(piece + i, &x, 8);
    }
}

static struct fs_file *
make(const char *path, enum fs_file_kind kind)
{
    struct fs_status status = {.kind = kind, .mode = 0755};
    struct fs_file *directory;
    struct fs_file *file;
    const char *name;

    EXPECT(fs_path_parent(&fs, path, &directory, &name), 0);
    EXPECT(fs_create(&fs, directory, name, strlen(name), &status, &file), 0);
    if (directory != fs_root(&fs)) { /* which need not be closed */
        fs_close(&fs, directory);
    }
    return file;
}

static struct fs_file *
open_at(const char *path)
{
    struct fs_file *file;

    EXPECT(fs_path_open(&fs, path, true, &file), 0);
    return file;
}

static void
write_all(struct fs_file *file, uint64_t seed, uint64_t size)
{
    uint64_t at;

    for (at = 0; at < size; at += PIECE) {
        uint64_t n = size - at < PIECE ? size - at : PIECE;

        fill(seed + at, PIECE);
        EXPECT(fs_write(&fs, file, at, piece, n), n);
    }
}

static void
read_all(struct fs_file *file, uint64_t seed, uint64_t size)
{
    struct fs_status status;
    uint64_t at;

    EXPECT(fs_stat(&fs, file, &status), 0);
    EXPECT(status.size, size);
    for (at = 0; at < size; at += PIECE) {
        uint64_t n = size - at < PIECE ? size - at : PIECE;

        fill(seed + at, PIECE);
        EXPECT(fs_read(&fs, file, at, back, n), n);
        EXPECT(memcmp(piece, back, n), 0);
    }
}

static const uint64_t sizes[] = {0,    1,    100,   4095,  4096,
                                 4097, 8192, 12345, 65536, 200000};

static const char *
name_of(unsigned i)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "/d/e/f%u", i);
    return name;
}

static void
files_check(void)
{
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct fs_file *file = open_at(name_of(i));

        read_all(file, i, sizes[i]);
        fs_close(&fs, file);
    }
}

/* What is there when nothing was written. */
static void
sparse_check(void)
{
    struct fs_file *file = open_at("/sparse");
    uint64_t word;

    EXPECT(fs_read(&fs, file, 1000 * 4096 - 8, &word, 8), 8);
    EXPECT(word, 0);
    EXPECT(fs_read(&fs, file, 1000 * 4096 + 17, &word, 8), 8);
    EXPECT(word, 0x1122334455667788);
    EXPECT(fs_read(&fs, file, 1000 * 4096 + 1, &word, 8), 8);
    EXPECT(word, 0);
    fs_close(&fs, file);
}

static void
work(void)
{
    const uint64_t word = 0x1122334455667788;
    struct fs_file *file;
    unsigned i;

    fs_close(&fs, make("/d", FS_DIRECTORY));
    fs_close(&fs, make("/d/e", FS_DIRECTORY));
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        file = make(name_of(i), FS_FILE);
        write_all(file, i, sizes[i]);
        read_all(file, i, sizes[i]);
        EXPECT(fs_fsync(&fs, file), 0);
        fs_close(&fs, file);
    }
    files_check();
    file = make("/sparse", FS_FILE);
    EXPECT(fs_write(&fs, file, 1000 * 4096 + 17, &word, 8), 8);
    fs_close(&fs, file);
    sparse_check();
    /* One name, and another. */
    file = open_at("/d");
    EXPECT(fs_rename(&fs, file, (struct fs_text){"e", 1}, fs_root(&fs),
                     (struct fs_text){"moved", 5}),
           0);
    fs_close(&fs, file);
    EXPECT(fs_path_open(&fs, "/d/e", true, &file), -ENOENT);
    file = open_at("/moved");
    EXPECT(fs_rename(&fs, fs_root(&fs), (struct fs_text){"moved", 5},
                     open_at("/d"), (struct fs_text){"e", 1}),
           0);
    fs_close(&fs, file);
    /* Gone. */
    file = make("/gone", FS_FILE);
    write_all(file, 77, 100000);
    fs_close(&fs, file);
    EXPECT(fs_unlink(&fs, fs_root(&fs), "gone", 4), 0);
    EXPECT(fs_path_open(&fs, "/gone", true, &file), -ENOENT);
}

/* Where a block is not in the cache one is read, for it may be all that is
   wanted; but who goes on gets those behind it, too. */
static void
ahead_check(struct fs_file *file)
{
    uint64_t before = volume.count.read;
    uint64_t at = 0;

    for (; volume.count.read == before && at < LARGE / 2; at += 1 << 20) {
        EXPECT(fs_read(&fs, file, at + 4096, back, 4096), 4096);
    }
    EXPECT(volume.count.read - before, 1);
    EXPECT(fs_read(&fs, file, at - (1 << 20) + 8192, back, 4096), 4096);
    EXPECT(volume.count.read - before > 8, 1);
}

static void
begin(void)
{
    const struct exo_map map = exo_map_own();
    int64_t error;

    if (volume.window == 0) {
        EXPECT(volume_open(&volume, 0, 0, 0), 0);
        EXPECT(volume_window(&volume, &map, WINDOW), 0);
        EXPECT(volume_pages(&volume, fs.page, FS_PAGES), 0);
        EXPECT(volume_tree(&volume, 0, FS_TREE_NAME), 0);
    }
    error = fs_mount(&fs, &volume.fs);
    EXPECT(error, 0);
}

int
main(void)
{
    struct fs_file *file;

    begin();
    work();
    printf("fs_disk: %lu read, %lu written, %lu nodes, %lu changes\n",
           volume.count.read, volume.count.written, volume.count.nodes,
           volume.count.changes);
    file = make("/large", FS_FILE);
    write_all(file, 1000, LARGE);
    read_all(file, 1000, LARGE);
    fs_close(&fs, file);
    EXPECT(volume.count.evicted > 0, 1);
    EXPECT(fs_unmount(&fs), 0);
    begin();
    files_check();
    sparse_check();
    file = open_at("/large");
    read_all(file, 1000, LARGE);
    ahead_check(file);
    EXPECT(fs_truncate(&fs, file, 5000), 0);
    read_all(file, 1000, 5000);
    fs_close(&fs, file);
    EXPECT(fs_unmount(&fs), 0);
    printf("fs_disk: done\n");
    return 0;
}
