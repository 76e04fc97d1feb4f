/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/fs/fs.h"
#include "lib/posix/disk.h"
#include "lib/posix/tree.h"

#define PATIENCE 2 /* seconds */

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

int64_t
tree_make(struct fs *fs, struct fs_volume *volume)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    const struct cap_name guard = disk_guard();
    uint64_t until = time_now() + PATIENCE * boot->time_frequency;
    int64_t error = fs_make(fs, volume, &guard, &guard);

    while (error == -EBUSY && time_now() < until) {
        (void)exo_yield(0, exo_uarea);
        error = volume->f->write(volume, DISK_CATALOGUE_BLOCK);
    }
    return error;
}
