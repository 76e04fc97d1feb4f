/* SPDX-License-Identifier: MIT */
/*
 * Block I/O on raw disks: what is written is read again, with large frames,
 * loose ones and parts; many at once, none beyond the share, none beyond the
 * ring; every refusal, which changes nothing; and errors of the device.
 *
 * Disk 0 is numbered and can be written, disk 1 is numbered and read-only.
 */
#include "lib/exo/map.h"
#include "test/user/child.h"
#include "test/user/disks.h"
#include "test/user/expect.h"

#define READ_ONLY 1
#define LARGE_PAGES 32
#define LARGE_ORDER 9
#define MANY 24

static uint64_t binding;
static uint64_t frame;

static uint64_t
pins(uint64_t page)
{
    return FRAME_ROW[page].pins;
}

static void
bindings(void)
{
    uint64_t blocks = DISK_ROW[0].blocks;
    uint64_t used = ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS];
    int64_t part;

    EXPECT(blocks >= 512, 1);
    EXPECT(sys_disk_bind(0, DISK_WHOLE | 4, 0, 1, CAP_READ), -ENODEV);
    EXPECT(sys_disk_bind(0, 0, 0, 1, CAP_READ) < 0, 1);
    EXPECT(sys_disk_bind(0, ~0UL, 0, 1, CAP_READ), -ENODEV);
    EXPECT(sys_disk_bind(40, DISK_WHOLE, 0, 1, CAP_READ), -EBADF);
    EXPECT(sys_disk_bind(CAP_CHILD, DISK_WHOLE, 0, 1, CAP_READ), -EPERM);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 0, 0, CAP_READ), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, blocks, 1, CAP_READ), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 1, blocks, CAP_READ), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 1, ~0UL, CAP_READ), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 0, 1, 0), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE, 0, 1, CAP_CONTROL | CAP_READ), -EINVAL);
    EXPECT(sys_disk_bind(0, DISK_WHOLE | READ_ONLY, 0, 1, DISK_BOTH), -EROFS);

    part = sys_disk_bind(0, DISK_WHOLE, 8, 2, CAP_READ);
    EXPECT(part > 0, 1);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], used + 1);
    EXPECT(sys_disk_read(0, (uint64_t)part, 1, disk_piece(frame, 0, 1), 5), 0);
    EXPECT(disk_wait(5), 0);
    EXPECT(disk_word(0, frame, 0), 9);
    EXPECT(sys_disk_read(0, (uint64_t)part, 2, disk_piece(frame, 0, 1), 5),
           -EINVAL);
    EXPECT(sys_disk_write(0, (uint64_t)part, 0, disk_piece(frame, 0, 1), 5),
           -EPERM);
    EXPECT(sys_disk_flush((uint64_t)part, 5), -EPERM);
    EXPECT(sys_disk_discard((uint64_t)part, 0, 1, 5), -EPERM);

    EXPECT(sys_release(RELEASE_KINDS, (uint64_t)part), -EINVAL);
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)part + 1), -ESTALE);
    EXPECT(sys_release(RELEASE_BINDING, ~0UL), -ESTALE);
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)part), 0);
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)part), -ESTALE);
    EXPECT(sys_disk_read(0, (uint64_t)part, 1, disk_piece(frame, 0, 1), 5),
           -ESTALE);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], used);
}

/* All there are; then none is left, and handles of old ones are dead. */
static void
bindings_all(void)
{
    static uint64_t handle[1100];
    unsigned count = 0;
    int64_t result;

    while ((result = sys_disk_bind(0, DISK_WHOLE, 0, 1, CAP_READ)) > 0) {
        handle[count++] = (uint64_t)result;
    }
    EXPECT(result, -ENOSPC);
    EXPECT(count > 900, 1);
    for (unsigned i = 0; i < count; i++) {
        EXPECT(sys_release(RELEASE_BINDING, handle[i]), 0);
    }
    result = sys_disk_bind(0, DISK_WHOLE, 0, 1, CAP_READ);
    for (unsigned i = 0; i < count; i++) {
        EXPECT(handle[i] == (uint64_t)result, 0);
        EXPECT(sys_release(RELEASE_BINDING, handle[i]), -ESTALE);
    }
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)result), 0);
}

static void
refusals(void)
{
    uint64_t blocks = DISK_ROW[0].blocks;
    uint64_t other = frame_clean(CAP_CHILD);
    uint64_t piece = disk_piece(frame, 0, 1);
    uint64_t table = table_new(0, 0);
    uint64_t shadow = FRAME_ROW[table].shadow;
    int64_t readable = sys_cap_derive(0, 7, 0, CAP_READ);

    EXPECT(readable, 0);
    EXPECT(sys_disk_read(40, binding, 0, piece, 1), -EBADF);
    EXPECT(sys_disk_read(64, binding, 0, piece, 1), -EBADF);
    EXPECT(sys_disk_read(7, binding, 0, piece, 1), -EPERM);
    EXPECT(sys_disk_read(0, binding, blocks, piece, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, ~0UL, piece, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, 0, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, DISK_PIECES_MAX + 1, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, 1 | UAREA_BATCH_WORDS << 16, 1),
           -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, 1 | ~0UL << 16, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 0, 0), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 1, 1), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(frame, 0, 2), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(0, 0, 1), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(0xffffffff, 0, 1), 1),
           -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(table, 0, 1), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(shadow, 0, 1), 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, disk_piece(exo_root, 0, 1), 1),
           -EINVAL);
    EXPECT(sys_disk_read(CAP_CHILD, binding, 0, disk_piece(frame, 0, 1), 1),
           -EPERM);
    EXPECT(sys_disk_read(0, binding ^ 1, 0, disk_piece(frame, 0, 1), 1),
           -ESTALE);
    EXPECT(
        sys_disk_read(0, binding + (1UL << 32), 0, disk_piece(frame, 0, 1), 1),
        -ESTALE);
    EXPECT(sys_disk_read(0, 0, 0, disk_piece(frame, 0, 1), 1), -ESTALE);
    EXPECT(sys_disk_read(0, ~0UL, 0, disk_piece(frame, 0, 1), 1), -ESTALE);
    EXPECT(sys_disk_discard(binding, 0, 0, 1), -EINVAL);
    EXPECT(sys_disk_discard(binding, blocks, 1, 1), -EINVAL);
    EXPECT(sys_disk_discard(binding, 0, blocks + 1, 1), -EINVAL);
    EXPECT(sys_disk_flush(~binding, 1), -ESTALE);

    /* One good piece before a bad one is let go of. */
    exo_uarea->batch[0] = DISK_PIECE(frame, 0, 1);
    exo_uarea->batch[1] = DISK_PIECE(table, 0, 1);
    EXPECT(sys_disk_read(0, binding, 0, 2, 1), -EINVAL);
    EXPECT(pins(frame), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(disk_ready(), 0);

    /* A frame that another had: not to be read by way of the disk. A hart that
       has nothing to do may clean it while it is free. */
    for (;;) {
        disk_word_set(CAP_CHILD, other, 0, 1);
        EXPECT(sys_frame_free(other, 0), 0);
        EXPECT(sys_frame_alloc(0, 0, other), other);
        if (FRAME_ROW[other].flags & FRAME_UNSCRUBBED) {
            break;
        }
        EXPECT(sys_frame_free(other, 0), 0);
        EXPECT(sys_frame_alloc(CAP_CHILD, 0, other), other);
        while (sys_frame_scrub(other) == -EAGAIN) {
        }
    }
    EXPECT(sys_disk_write(0, binding, 0, disk_piece(other, 0, 1), 1), -EBUSY);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(sys_frame_free(table, 0), 0);
    EXPECT(sys_frame_free(shadow, 0), 0);
    EXPECT(sys_cap_drop(7), 0);
}

/* 128 KiB into one large frame, and out of 32 loose ones. */
static void
sizes(void)
{
    int64_t large = sys_frame_alloc(0, LARGE_ORDER, 0);
    uint64_t loose[LARGE_PAGES];
    int64_t error;

    EXPECT(large > 0, 1);
    do {
        error = sys_frame_scrub((uint64_t)large);
    } while (error == -EAGAIN);
    EXPECT(sys_disk_read(0, binding, 64,
                         disk_piece((uint64_t)large, 480, LARGE_PAGES), 1),
           0);
    EXPECT(disk_wait(1), 0);
    EXPECT(sys_disk_read(0, binding, 64,
                         disk_piece((uint64_t)large, 481, LARGE_PAGES), 1),
           -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0,
                         disk_piece((uint64_t)large, 0, LARGE_PAGES + 1), 1),
           -EINVAL);
    for (unsigned i = 0; i < 9; i++) {
        exo_uarea->batch[i] = DISK_PIECE(large, i * LARGE_PAGES, LARGE_PAGES);
    }
    EXPECT(sys_disk_read(0, binding, 0, 9, 1), -EINVAL);
    EXPECT(sys_disk_read(0, binding, 0, 8, 1), 0);
    EXPECT(disk_wait(1), 0);
    EXPECT(pins((uint64_t)large), 0);
    while (sys_frame_split((uint64_t)large) == -EAGAIN) {
    }
    for (unsigned i = 0; i < LARGE_PAGES; i++) {
        EXPECT(disk_word(0, (uint64_t)large + 480 + i, 0), 64 + i);
        EXPECT(disk_word(0, (uint64_t)large + 480 + i, 511), 64 + i);
    }
    EXPECT(disk_word(0, (uint64_t)large + 255, 0), 255);
    for (unsigned i = 0; i < LARGE_PAGES; i++) {
        loose[i] = (uint64_t)large + 480 + LARGE_PAGES - 1 - i;
        exo_uarea->batch[40 + i] = DISK_PIECE(loose[i], 0, 1);
    }
    EXPECT(sys_disk_write(0, binding, 128, LARGE_PAGES | 40 << 16, 2), 0);
    EXPECT(disk_wait(2), 0);
    EXPECT(sys_disk_flush(binding, 3), 0);
    EXPECT(disk_wait(3), 0);
    for (unsigned i = 0; i < LARGE_PAGES; i++) {
        EXPECT(sys_disk_read(0, binding, 128 + i, disk_piece(frame, 0, 1), i),
               0);
        EXPECT(disk_wait(i), 0);
        EXPECT(disk_word(0, frame, 0), 64 + LARGE_PAGES - 1 - i);
    }
    for (unsigned i = 0; i < 512; i++) {
        EXPECT(sys_frame_free((uint64_t)large + i, 0), 0);
    }
}

/* Many at once, each with its own answer; and how many are too many. */
static void
many(void)
{
    uint64_t page[MANY];
    uint64_t seen = 0;
    unsigned count;
    int64_t error;

    for (unsigned i = 0; i < MANY; i++) {
        page[i] = frame_clean(0);
        EXPECT(sys_disk_read(0, binding, 300 + i, disk_piece(page[i], 0, 1),
                             1000 + i),
               0);
    }
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t cookie;

        EXPECT(disk_next(&cookie), 0);
        EXPECT(cookie >= 1000 && cookie < 1000 + MANY, 1);
        seen |= 1UL << (cookie - 1000);
    }
    EXPECT(seen, (1UL << MANY) - 1);
    for (unsigned i = 0; i < MANY; i++) {
        EXPECT(disk_word(0, page[i], 511), 300 + i);
        EXPECT(sys_frame_free(page[i], 0), 0);
    }
    /* Without taking answers: the ring has room for so many. */
    for (count = 0; count < 1000; count++) {
        bool answered;

        do { /* a request is no reason once all have been answered */
            answered = exo_uarea->ring_posted - exo_uarea->ring_taken == count;
            error =
                sys_disk_read(0, binding, 1, disk_piece(frame, 0, 1), count);
        } while (error == -EAGAIN && !answered);
        if (error != 0) {
            break;
        }
    }
    EXPECT(error, -EAGAIN);
    EXPECT(count, UAREA_RING_ENTRIES);
    while (count-- > 0) {
        EXPECT(disk_next(NULL), 0);
    }
    EXPECT(sys_disk_read(0, binding, 1, disk_piece(frame, 0, 1), 77), 0);
    EXPECT(disk_wait(77), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(DISK_ROW[0].waiting, 0);
    EXPECT(pins(frame), 0);
}

static void
second_disk(void)
{
    int64_t both = sys_disk_bind(0, DISK_WHOLE | READ_ONLY, 0, 16, CAP_READ);

    EXPECT(both > 0, 1);
    EXPECT(DISK_ROW[READ_ONLY].flags & DISK_IS_READ_ONLY, DISK_IS_READ_ONLY);
    disk_word_set(0, frame, 0, 4711);
    EXPECT(sys_disk_write(0, binding, 5, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
    EXPECT(sys_disk_read(0, (uint64_t)both, 5, disk_piece(frame, 0, 1), 2), 0);
    EXPECT(disk_wait(2), 0);
    EXPECT(disk_word(0, frame, 0), 5);
    EXPECT(sys_disk_read(0, binding, 5, disk_piece(frame, 0, 1), 3), 0);
    EXPECT(disk_wait(3), 0);
    EXPECT(disk_word(0, frame, 0), 4711);
    if (DISK_ROW[0].flags & DISK_HAS_DISCARD) {
        EXPECT(sys_disk_discard(binding, 5, 3, 4), 0);
        EXPECT(disk_wait(4), 0);
    }
    EXPECT(sys_release(RELEASE_BINDING, (uint64_t)both), 0);
}

int
main(void)
{
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    frame = frame_clean(0);
    bindings();
    bindings_all();
    binding = disk_bind_whole(0, DISK_BOTH);
    refusals();
    sizes();
    many();
    second_disk();
    EXPECT(DISK_ROW[0].errors, 0);
    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 0);
    EXPECT(sys_frame_free(frame, 0), 0);
    printf("disk_io: done\n");
    return 0;
}
