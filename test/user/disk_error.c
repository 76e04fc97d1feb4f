/* SPDX-License-Identifier: MIT */
/*
 * Devices that fail: block 3 of disk 0 cannot be read, nor block 5 written, and
 * disk 1 does not answer within the time that the kernel waits for it. Who
 * asked is told, with -EIO; others go on.
 */
#include "test/user/child.h"
#include "test/user/disks.h"
#include "test/user/expect.h"

static uint64_t frame;

static void
errors(void)
{
    uint64_t binding = disk_bind_whole(0, DISK_BOTH);

    for (uint64_t block = 0; block < 8; block++) {
        EXPECT(sys_disk_read(0, binding, block, disk_piece(frame, 0, 1), block),
               0);
        EXPECT(disk_wait(block), block == 3 ? -EIO : 0);
        EXPECT(
            sys_disk_write(0, binding, block, disk_piece(frame, 0, 1), block),
            0);
        EXPECT(disk_wait(block), block == 5 ? -EIO : 0);
    }
    EXPECT(DISK_ROW[0].errors, 2);
    EXPECT(DISK_ROW[0].reads, 7);
    EXPECT(DISK_ROW[0].writes, 7);
    EXPECT(FRAME_ROW[frame].pins, 0);
    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
}

/* It is reset, asked again, reset, and then the request has failed. Disk 0
   works meanwhile. */
static void
silence(void)
{
    uint64_t other = disk_bind_whole(0, CAP_READ);
    uint64_t binding = disk_bind_whole(1, CAP_READ);
    uint64_t second = frame_clean(0);
    uint64_t cookie;

    EXPECT(sys_disk_read(0, binding, 0, disk_piece(second, 0, 1), 1), 0);
    EXPECT(sys_disk_read(0, binding, 1, disk_piece(second, 0, 1), 2), 0);
    EXPECT(sys_disk_read(0, other, 0, disk_piece(frame, 0, 1), 3), 0);
    EXPECT(disk_wait(3), 0);
    EXPECT(DISK_ROW[1].waiting, 2);
    EXPECT(disk_next(&cookie), -EIO);
    EXPECT(disk_next(&cookie), -EIO);
    EXPECT(DISK_ROW[1].resets, 2);
    EXPECT(DISK_ROW[1].errors, 2);
    EXPECT(DISK_ROW[1].waiting, 0);
    EXPECT(DISK_ROW[0].resets, 0);
    EXPECT(FRAME_ROW[second].pins, 0);
    EXPECT(sys_disk_read(0, other, 0, disk_piece(frame, 0, 1), 3), 0);
    EXPECT(disk_wait(3), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
}

int
main(void)
{
    frame = frame_clean(0);
    errors();
    silence();
    printf("disk_error: done\n");
    return 0;
}
