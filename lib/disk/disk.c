/* SPDX-License-Identifier: MIT */
#include "lib/disk/disk.h"

#include <string.h>

#include "kern/abi/cap.h"
#include "lib/disk/completion.h"
#include "lib/disk/format.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"

#define ROWS ((const volatile struct disk_row *)INFORMATION_DISK_ROWS)
#define ROWS_MAX (FRAME_SIZE / sizeof(struct disk_row))

int64_t
disk_open(struct disk *disk, uint64_t number, uint64_t cap, uint64_t frame_cap)
{
    if (number >= ROWS_MAX || ROWS[number].blocks == 0) {
        return -ENODEV;
    }
    memset(disk, 0, sizeof(*disk));
    disk->number = number;
    disk->cap = cap;
    disk->frame_cap = frame_cap;
    disk->space.blocks = ROWS[number].blocks;
    return 0;
}

const volatile struct disk_row *
disk_row(const struct disk *disk)
{
    return &ROWS[disk->number];
}

int64_t
disk_bind(const struct disk *disk, uint64_t parent, uint64_t first,
          uint64_t count, uint64_t rights)
{
    int64_t result;

    /* The kernel asks the parent's program, which may take a call of its own.
     */
    while ((result = sys_disk_bind(disk->cap, parent, first, count, rights)) ==
           -EAGAIN) {
        (void)disk_retry(result);
    }
    return result;
}

int64_t
disk_unbind(uint64_t binding)
{
    return sys_release(RELEASE_BINDING, binding);
}

int64_t
disk_page_piece(const void *page)
{
    struct exo_map map = exo_map_own();
    unsigned level;
    int64_t leaf = exo_map_find(&map, (uint64_t)page, &level);
    uint64_t within = ((uint64_t)1 << 9 * level) - 1;

    if (leaf <= 0) {
        return -EINVAL;
    }
    return (int64_t)DISK_PIECE((uint64_t)leaf << 10 >> 20,
                               (uint64_t)page / FRAME_SIZE & within, 1);
}

int64_t
disk_retry(int64_t result)
{
    if (result != -EAGAIN) {
        return result;
    }
    /* If nothing of this env's is under way, it is others' that must end. */
    if (completion_poll() == 0) {
        (void)exo_yield(0, exo_uarea);
        (void)completion_poll();
    }
    return 1;
}

/* One request, of at most DISK_PIECES_MAX pages. */
static int64_t
transfer(const struct disk *disk, uint64_t binding, uint64_t offset,
         const char *pages, uint64_t count, bool write)
{
    uint64_t piece[DISK_PIECES_MAX];
    struct completion c;
    int64_t error;

    for (uint64_t i = 0; i < count; i++) {
        error = disk_page_piece(pages + i * FRAME_SIZE);
        if (error < 0) {
            return error;
        }
        piece[i] = (uint64_t)error;
    }
    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    do {
        memcpy(exo_uarea->batch, piece, count * sizeof(piece[0]));
        error = write ? sys_disk_write(disk->frame_cap, binding, offset, count,
                                       c.cookie)
                      : sys_disk_read(disk->frame_cap, binding, offset, count,
                                      c.cookie);
        error = disk_retry(error);
    } while (error == 1);
    if (error < 0) {
        completion_cancel(&c);
        return error;
    }
    return completion_wait(&c);
}

static int64_t
transfer_all(const struct disk *disk, uint64_t binding, uint64_t offset,
             const char *pages, uint64_t count, bool write)
{
    int64_t error = 0;
    uint64_t done;
    uint64_t now;

    for (done = 0; done < count && error == 0; done += now) {
        now = count - done < DISK_PIECES_MAX ? count - done : DISK_PIECES_MAX;
        error = transfer(disk, binding, offset + done,
                         pages + done * FRAME_SIZE, now, write);
    }
    return error;
}

int64_t
disk_read(const struct disk *disk, uint64_t binding, uint64_t offset,
          void *pages, uint64_t count)
{
    return transfer_all(disk, binding, offset, pages, count, false);
}

int64_t
disk_write(const struct disk *disk, uint64_t binding, uint64_t offset,
           const void *pages, uint64_t count)
{
    return transfer_all(disk, binding, offset, pages, count, true);
}

int64_t
disk_flush(const struct disk *disk, uint64_t binding)
{
    struct completion c;
    int64_t error;

    (void)disk;
    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    do {
        error = disk_retry(sys_disk_flush(binding, c.cookie));
    } while (error == 1);
    if (error < 0) {
        completion_cancel(&c);
        return error;
    }
    return completion_wait(&c);
}

/* The label last, and durable before and after: a disk is formatted, or it is
   raw. The one that it had is destroyed first. */
int64_t
disk_make(const struct disk *disk)
{
    static _Alignas(FRAME_SIZE) uint8_t page[FRAME_SIZE];
    int64_t binding = disk_bind(disk, disk_whole(disk), 0, DISK_FIRST_BLOCK,
                                CAP_READ | CAP_WRITE);
    uint64_t block;
    int64_t error = 0;

    if (binding < 0) {
        return binding;
    }
    memset(page, 0, sizeof(page));
    for (block = 0; block < DISK_FIRST_BLOCK && error == 0; block++) {
        error = disk_write(disk, (uint64_t)binding, block, page, 1);
    }
    if (error == 0) {
        error = disk_flush(disk, (uint64_t)binding);
    }
    if (error == 0) {
        disk_format_label(page, disk->space.blocks);
        error = disk_write(disk, (uint64_t)binding, DISK_LABEL_BLOCK, page, 1);
    }
    if (error == 0) {
        error = disk_flush(disk, (uint64_t)binding);
    }
    (void)disk_unbind((uint64_t)binding);
    return error;
}
