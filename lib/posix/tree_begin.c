/* SPDX-License-Identifier: MIT */
/*
 * Where the first process finds the files: on the disk; or in the archive, from
 * where they are copied to a volume in memory, which lies where else the cache
 * of the disk would. The tree of a user gets those of the archive, too, when it
 * is made, and when the archive is another.
 */
#include "lib/posix/tree.h"

#include <fcntl.h>
#include <string.h>

#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/fs/volume_memory.h"
#include "lib/posix/disk.h"
#include "lib/posix/domain.h"
#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#define SECOND 1000000000
#define PAGE ((uint64_t)FS_BLOCK)
#define PAGES_AT_ONCE 64
#define ROOM 256 /* blocks, beside those of the files */
#define PATH_BYTES 128
#define SUM_FILE "/etc/archive" /* of what the programs here are from */
#define SCATTER 0x9e3779b97f4a7c15

static uint64_t
now(struct fs_volume *v)
{
    const struct information *i = (const struct information *)INFORMATION_BOOT;
    uint64_t ticks;

    (void)v;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    ticks -= i->clock_time;
    return i->clock + ticks / i->time_frequency * SECOND +
           ticks % i->time_frequency * SECOND / i->time_frequency;
}

static uint64_t
random_word(struct fs_volume *v)
{
    const struct information *i = (const struct information *)INFORMATION_BOOT;
    uint64_t word;

    memcpy(&word, i->entropy, sizeof(word));
    return word ^ now(v);
}

/* Maps memory that all processes see. */
static int64_t
memory_map(uint64_t address, uint64_t pages)
{
    const struct exo_map map = exo_map_own();
    uint64_t frame[PAGES_AT_ONCE];
    uint64_t done;
    int64_t error = 0;

    for (done = 0; done < pages && error >= 0;) {
        struct exo_range range = {address + done * PAGE, 0, 0};

        while (range.count < PAGES_AT_ONCE && done + range.count < pages) {
            error = exo_frame_alloc(POSIX_CAP_SHARED, 0);
            if (error < 0) {
                return error;
            }
            frame[range.count++] = (uint64_t)error;
        }
        error = exo_map_insert(&map, &range, POSIX_CAP_SHARED, frame,
                               EXO_R | EXO_W);
        for (uint64_t i = 0; i < range.count; i++) {
            SHARED_OF->cache_frame[done + i] = (uint32_t)frame[i];
        }
        done += range.count;
    }
    return error;
}

/* Makes the directories that a path goes through. */
static int64_t
directories_make(const char *path)
{
    char part[PATH_BYTES];
    const char *slash = path + 1;
    int64_t error = 0;

    while ((slash = strchr(slash, '/')) != NULL &&
           (error == 0 || error == -EEXIST)) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = 0;
        error = tree_mkdir(part, 0755);
        slash++;
    }
    return error == -EEXIST ? 0 : error;
}

static int64_t
file_copy(const struct exo_archive_file *file)
{
    char path[PATH_BYTES] = "/";
    int64_t descriptor;
    int64_t written;

    if (strlen(file->name) + 2 > sizeof(path)) {
        return -ENAMETOOLONG;
    }
    memcpy(path + 1, file->name, strlen(file->name) + 1);
    written = directories_make(path);
    if (written < 0) {
        return written;
    }
    descriptor = file_open(path, O_WRONLY | O_CREAT | O_TRUNC,
                           (mode_t)(file->mode & 0777));
    if (descriptor < 0) {
        return descriptor;
    }
    written = file_write((int)descriptor, file->bytes, file->size);
    (void)file_close((int)descriptor);
    return written < 0                       ? written
           : (uint64_t)written != file->size ? -ENOSPC
                                             : 0;
}

/* A tree in memory, with the files of the archive. */
static int64_t
memory_begin_tree(void)
{
    struct volume_memory *v = (struct volume_memory *)POSIX_CACHE;
    uint64_t head = (sizeof(*v) + PAGE - 1) / PAGE;
    uint64_t blocks = ROOM;
    struct exo_archive_file file;
    size_t at = 0;
    int64_t error;

    while (exo_archive_next(exo_archive, exo_archive_size, &at, &file)) {
        blocks += (file.size + PAGE - 1) / PAGE + 1;
    }
    blocks = blocks < VOLUME_MEMORY_BLOCKS ? blocks : VOLUME_MEMORY_BLOCKS;
    if (SHARED_OF->cache_pages < head + blocks) {
        return -ENOMEM;
    }
    error = memory_map(POSIX_CACHE, head + blocks);
    if (error < 0) {
        return posix_error(error);
    }
    volume_memory_init(v, (void *)(POSIX_CACHE + head * PAGE), blocks, now,
                       random_word);
    error = tree_mount(&v->fs, true);
    at = 0;
    while (error == 0 &&
           exo_archive_next(exo_archive, exo_archive_size, &at, &file)) {
        error = file_copy(&file);
    }
    return error == 0 ? tree_mkdir("/tmp", 0777) : error;
}

/* A number that is another for another archive. */
static uint64_t
archive_sum(void)
{
    const uint8_t *bytes = exo_archive;
    uint64_t sum = exo_archive_size;

    for (size_t at = 0; at + sizeof(sum) <= exo_archive_size;
         at += sizeof(sum)) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof(word));
        sum = (sum ^ word) * SCATTER;
    }
    return sum;
}

static bool
is_systems(const char *name)
{
    return strncmp(name, "bin/", 4) == 0 || strncmp(name, "etc/", 4) == 0;
}

/* Programs, and what is in /etc, if they are not those of this archive. */
static int64_t
archive_put(void)
{
    struct exo_archive_file file;
    uint64_t sum = archive_sum();
    uint64_t had = 0;
    int64_t descriptor = file_open(SUM_FILE, O_RDONLY, 0);
    int64_t error = 0;
    size_t at = 0;

    if (descriptor >= 0) {
        (void)file_read((int)descriptor, &had, sizeof(had));
        (void)file_close((int)descriptor);
    }
    if (had == sum) {
        return 0;
    }
    while (error == 0 &&
           exo_archive_next(exo_archive, exo_archive_size, &at, &file)) {
        if (is_systems(file.name)) {
            error = file_copy(&file);
        }
    }
    if (error == 0) {
        error = tree_mkdir("/tmp", 0777);
        error = error == -EEXIST ? 0 : error;
    }
    if (error == 0) {
        const struct exo_archive_file last = {.name = SUM_FILE + 1,
                                              .bytes = (const void *)&sum,
                                              .size = sizeof(sum),
                                              .mode = 0644};

        error = file_copy(&last);
    }
    return error;
}

static int64_t
disk_begin_tree(struct fs_volume *volume, bool made)
{
    int64_t error = tree_mount(volume, made);

    if (domain_user == NULL) {
        return error;
    }
    if (error == -EINVAL && !made) {
        /* Perhaps somebody ended who had just made it. */
        error = tree_mount(volume, true);
    }
    return error < 0 ? error : archive_put();
}

int64_t
tree_begin(void)
{
    struct fs_volume *volume;
    int64_t error;

    files_init();
    error = files_begin();
    if (error == 0) {
        error = disk_begin(&inode_system()->fs, &volume);
        if (error >= 0) {
            error = disk_begin_tree(volume, error == 1);
            if (error >= 0 && domain_user == NULL) {
                swap_begin(); /* nobody asks users' processes for memory */
            }
            return error < 0 ? error : 0;
        }
        error = error == -ENODEV ? memory_begin_tree() : posix_error(error);
    }
    return error;
}
