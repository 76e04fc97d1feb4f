/* SPDX-License-Identifier: MIT */
/*
 * lib/disk on a raw disk: it is formatted; many pages go there and come back,
 * also from a large page; refusals are what the kernel said; and while it waits
 * for the disk, alarms are not lost, and neither are events of others.
 *
 * Disk 0 is numbered and can be written, disk 1 is read-only.
 */
#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "lib/disk/completion.h"
#include "lib/disk/disk.h"
#include "lib/disk/format.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"

#define PAGES 70 /* three requests */
#define LARGE 0x3f20000000

static _Alignas(FRAME_SIZE) uint64_t pages[PAGES][FRAME_SIZE / 8];
static uint64_t alarms;
static uint64_t notified;

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static void
alarm_take(uint64_t cookie, uint64_t value)
{
    (void)value;
    EXPECT(cookie, 77 + alarms);
    alarms++;
}

static void
event_take(struct uarea *uarea)
{
    if (__atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE) &
        PENDING_NOTIFY) {
        notified++;
    }
}

static void
transfers(struct disk *disk)
{
    int64_t binding = disk_bind(disk, disk_whole(disk), 100, 100, 3);
    uint64_t i;

    EXPECT(binding > 0, 1);
    EXPECT(disk_read(disk, (uint64_t)binding, 5, pages, PAGES), 0);
    for (i = 0; i < PAGES; i++) {
        EXPECT(pages[i][0], 105 + i);
        pages[i][0] = 1000 + i;
    }
    EXPECT(disk_write(disk, (uint64_t)binding, 20, pages, PAGES), 0);
    memset(pages, 0, sizeof(pages));
    EXPECT(disk_flush(disk, (uint64_t)binding), 0);
    EXPECT(disk_read(disk, (uint64_t)binding, 20, pages, PAGES), 0);
    for (i = 0; i < PAGES; i++) {
        EXPECT(pages[i][0], 1000 + i);
    }
    EXPECT(disk_read(disk, (uint64_t)binding, 99, pages, 2), -EINVAL);
    EXPECT(disk_read(disk, (uint64_t)binding, 0, (void *)0x3f00000000, 1),
           -EINVAL);
    EXPECT(disk_unbind((uint64_t)binding), 0);
    EXPECT(disk_read(disk, (uint64_t)binding, 0, pages, 1), -ESTALE);
}

/* A page in the middle of a large one. */
static void
large(struct disk *disk)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {LARGE, 1, 1};
    int64_t binding = disk_bind(disk, disk_whole(disk), 0, 300, CAP_READ);
    uint64_t frame = (uint64_t)exo_frame_alloc(0, FRAME_ORDER_2M);
    uint64_t *word = (uint64_t *)(LARGE + 500 * FRAME_SIZE);

    EXPECT(exo_map_insert(&map, &range, 0, &frame, EXO_R | EXO_W), 0);
    EXPECT(disk_page_piece((void *)(LARGE + 3 * FRAME_SIZE)),
           DISK_PIECE(frame, 3, 1));
    EXPECT(disk_read(disk, (uint64_t)binding, 200, word, 1), 0);
    EXPECT(word[0], 200);
    EXPECT(exo_map_remove(&map, LARGE, 512 * FRAME_SIZE), 1);
    EXPECT(exo_frame_free(frame), 0);
    EXPECT(disk_unbind((uint64_t)binding), 0);
}

static void
others(struct disk *disk)
{
    int64_t binding = disk_bind(disk, disk_whole(disk), 0, 300, CAP_READ);
    uint64_t i;

    completion_other = alarm_take;
    exo_event_handler = event_take;
    EXPECT(sys_gate_set(0, 0, GATE_NOTIFY), 0);
    EXPECT(exo_bind(exo_uarea, 0, exo_id, 0, 0), 0);
    for (i = 0; i < 20; i++) {
        EXPECT(sys_alarm(time_now(), 77 + i), 0);
        EXPECT(sys_notify(0, GATE_HART_ANY), 0);
        EXPECT(disk_read(disk, (uint64_t)binding, 0, pages, 40), 0);
        while (alarms <= i) {
            completion_sleep();
        }
    }
    EXPECT(notified > 0, 1);
    EXPECT(disk_unbind((uint64_t)binding), 0);
}

int
main(void)
{
    struct disk disk;
    struct disk read_only;
    int64_t binding;

    EXPECT(disk_open(&disk, 9, 0, 0), -ENODEV);
    EXPECT(disk_open(&disk, 3, 0, 0), -ENODEV);
    EXPECT(disk_open(&disk, 0, 0, 0), 0);
    EXPECT(disk_open(&read_only, 1, 0, 0), 0);
    EXPECT(disk_row(&disk)->state, DISK_RAW);
    transfers(&disk);
    large(&disk);
    others(&disk);
    EXPECT(disk_make(&read_only), -EROFS);
    EXPECT(disk_make(&disk), 0);
    binding = disk_bind(&disk, disk_whole(&disk), 0, 66, CAP_READ);
    EXPECT(disk_read(&disk, (uint64_t)binding, 0, pages, 66), 0);
    EXPECT(disk_format_blocks(pages[0]), disk.space.blocks);
    for (uint64_t i = 1; i < DISK_FIRST_BLOCK; i++) {
        EXPECT(disk_format_type_check(pages[i]), -EINVAL);
        EXPECT(pages[i][0], 0);
    }
    EXPECT(pages[DISK_FIRST_BLOCK][0], DISK_FIRST_BLOCK);
    printf("disk_log_raw: formatted %lu blocks\n", disk.space.blocks);
    return 0;
}
