/* SPDX-License-Identifier: MIT */
/*
 * What files cost at the level of lib/fs, on a disk with a file system: the
 * least of some runs, in instructions, the kernel's included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/disk/volume.h"
#include "lib/fs/path.h"
#include "test/user/expect.h"

#define WINDOW 0x60000000
#define RUNS 12
#define PAGES 256

static struct disk_volume volume;
static struct fs fs;
static _Alignas(4096) uint8_t page[4096];
static struct fs_file *directory;
static struct fs_file *file;

static uint64_t
count(void)
{
    uint64_t now;

    __asm__ volatile("rdinstret %0" : "=r"(now)::"memory");
    return now;
}

static struct fs_file *
make(struct fs_file *in, const char *name, enum fs_file_kind kind)
{
    const struct fs_status status = {.kind = kind, .mode = 0755};
    struct fs_file *made;

    EXPECT(fs_create(&fs, in, name, strlen(name), &status, &made), 0);
    return made;
}

static void
create_write_unlink(void)
{
    struct fs_file *made = make(directory, "new", FS_FILE);

    EXPECT(fs_write(&fs, made, 0, page, 1024), 1024);
    fs_close(&fs, made);
    EXPECT(fs_unlink(&fs, directory, "new", 3), 0);
}

static void
write_fsync(void)
{
    EXPECT(fs_write(&fs, file, 4096, page, 4096), 4096);
    EXPECT(fs_fsync(&fs, file), 0);
}

static void
read_cached(void)
{
    for (uint64_t i = 0; i < PAGES; i++) {
        EXPECT(fs_read(&fs, file, i * 4096, page, 4096), 4096);
    }
}

static void
write_cached(void)
{
    for (uint64_t i = 0; i < PAGES; i++) {
        EXPECT(fs_write(&fs, file, i * 4096, page, 4096), 4096);
    }
}

static void
open_close(void)
{
    struct fs_file *opened;

    EXPECT(fs_path_open(&fs, "/d/e/file", true, &opened), 0);
    fs_close(&fs, opened);
}

static void
create(void)
{
    fs_close(&fs, make(directory, "new", FS_FILE));
}

static void
unlink(void)
{
    EXPECT(fs_unlink(&fs, directory, "new", 3), 0);
}

static void
write_1k(void)
{
    struct fs_file *made;

    EXPECT(fs_open(&fs, directory, "new", 3, &made), 0);
    EXPECT(fs_write(&fs, made, 0, page, 1024), 1024);
    fs_close(&fs, made);
}

static void
measure(const char *name, void (*what)(void), uint64_t times)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t begun = count();
        uint64_t n;

        what();
        n = count() - begun;
        least = n < least ? n : least;
    }
    printf("bench: %s %lu %lu %lu\n", name, least / times, least / times,
           times);
}

int
main(void)
{
    const struct exo_map map = exo_map_own();
    uint64_t create_least = UINT64_MAX;
    uint64_t write_least = UINT64_MAX;
    uint64_t unlink_least = UINT64_MAX;

    EXPECT(volume_open(&volume, 0, 0, 0), 0);
    EXPECT(volume_window(&volume, &map, WINDOW), 0);
    EXPECT(volume_pages(&volume, fs.page, FS_PAGES), 0);
    EXPECT(volume_tree(&volume, 0, FS_TREE_NAME), 0);
    EXPECT(fs_mount(&fs, &volume.fs), 0);
    directory = make(make(fs_root(&fs), "d", FS_DIRECTORY), "e", FS_DIRECTORY);
    file = make(directory, "file", FS_FILE);
    write_cached();
    EXPECT(fs_sync(&fs), 0);
    measure("read_4k_cached", read_cached, PAGES);
    measure("write_4k_cached", write_cached, PAGES);
    EXPECT(fs_sync(&fs), 0);
    measure("open_close", open_close, 1);
    measure("write_4k_fsync", write_fsync, 1);
    measure("create_write_1k_unlink", create_write_unlink, 1);
    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t a = count();
        uint64_t b;
        uint64_t c;
        uint64_t d;

        create();
        b = count();
        write_1k();
        c = count();
        unlink();
        d = count();
        create_least = b - a < create_least ? b - a : create_least;
        write_least = c - b < write_least ? c - b : write_least;
        unlink_least = d - c < unlink_least ? d - c : unlink_least;
    }
    printf("bench: note: of which create %lu, write_1k %lu, unlink %lu\n",
           create_least, write_least, unlink_least);
    printf("bench: done\n");
    return 0;
}
