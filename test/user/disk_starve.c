/* SPDX-License-Identifier: MIT */
/*
 * One env waits for the disk, and another gives it the hart again and again
 * before there is an answer: the hart never idles, and is hardly ever in user
 * mode when the clock interrupts. What the kernel has to do for the disk is
 * done all the same.
 */
#include <string.h>

#include "kern/abi/information.h"
#include "lib/disk/volume.h"
#include "lib/exo/archive.h"
#include "lib/exo/program.h"
#include "lib/fs/fs.h"
#include "test/user/expect.h"

#define CAP_CHILD 1
#define CAP_OWN 7 /* the child's, of itself */
#define WINDOW 0x60000000
#define CHANGES 20
#define SECONDS 10 /* it takes a fraction of one */

static struct disk_volume volume;
static struct fs fs;

_Noreturn static void
other(uint64_t parent)
{
    for (;;) {
        (void)exo_yield(parent, exo_uarea);
    }
}

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* Changes that are written each: milliseconds. */
static uint64_t
work(char first)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    struct fs_status status = {.kind = FS_FILE, .mode = 0644};
    uint64_t begin = time_now();

    for (unsigned n = 0; n < CHANGES; n++) {
        char name[2] = {first, (char)('0' + n)};
        struct fs_file *file;

        EXPECT(fs_create(&fs, fs_root(&fs), name, 2, &status, &file), 0);
        EXPECT(fs_write(&fs, file, 0, name, 2), 2);
        EXPECT(fs_sync(&fs), 0);
        fs_close(&fs, file);
        EXPECT(time_now() - begin < SECONDS * i->time_frequency, 1);
    }
    return (time_now() - begin) * 1000 / i->time_frequency;
}

static struct exo_child
child_make(void)
{
    static const struct exo_grant grant[] = {{0, 0, CAP_WRITE}};
    struct exo_child made;
    const void *file;
    size_t size;
    uint64_t slot = 0;

    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    EXPECT(
        exo_archive_find(exo_archive, exo_archive_size, "init", &file, &size),
        0);
    EXPECT(exo_program_load(&made, CAP_CHILD, file, size), 0);
    EXPECT(exo_program_start(&made, CAP_OWN, grant, 1, exo_id), 0);
    while (sys_slot_alloc(CAP_CHILD, made.id, 0, slot) != 0) {
        slot++;
    }
    return made;
}

int
main(void)
{
    const struct exo_map map = exo_map_own();
    struct exo_child made;
    uint64_t alone;

    if (exo_argument != 0) {
        other(exo_argument);
    }
    EXPECT(volume_open(&volume, 0, 0, 0), 0);
    EXPECT(volume_window(&volume, &map, WINDOW), 0);
    EXPECT(volume_pages(&volume, fs.page, FS_PAGES), 0);
    EXPECT(volume_tree(&volume, 0, FS_TREE_NAME), 0);
    EXPECT(fs_mount(&fs, &volume.fs), 0);
    alone = work('a');
    made = child_make();
    printf("disk_starve: %lu ms alone, %lu beside the other\n", alone,
           work('b'));
    EXPECT(exo_program_end(&made), 0);
    EXPECT(fs_unmount(&fs), 0);
    printf("disk_starve: done\n");
    return 0;
}
