/* SPDX-License-Identifier: MIT */
/*
 * Frames that a disk is not done with: they are not given, not split, not put
 * under another guard; freed, taken, or their env ended, they are out of
 * everybody's reach at once, charged until the disk is done, and free then. The
 * disk answers a third of a second after it was asked, and reads zeroes, which
 * are there at once.
 */
#include "lib/exo/map.h"
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define AD 0xc0
#define FULL 0x1111111111111111UL
#define LARGE_ORDER 9
#define TWO_MIB_PAGES 512

static uint64_t binding;
static uint64_t leaf;
static unsigned faults;

static void
skip(struct uarea *uarea)
{
    faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

/* Whether place `index` of the window can be read. */
static bool
reachable(uint64_t index)
{
    unsigned before = faults;
    uint64_t value;

    __asm__ volatile(".option push; .option norvc; ld %0, 0(%1); .option pop"
                     : "=r"(value)
                     : "r"(SHARED + index * 4096)
                     : "memory");
    return faults == before;
}

static uint64_t
charged(uint64_t account)
{
    return ACCOUNT_ROW[account].used[ACCOUNT_FRAMES];
}

/* A frame with something in it, mapped at place `index` of the window. */
static uint64_t
frame_full(uint64_t cap, uint64_t index)
{
    uint64_t frame = frame_clean(cap);

    exo_uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(cap << 8, leaf, index, 1), 1);
    *(volatile uint64_t *)(SHARED + index * 4096) = FULL;
    return frame;
}

static void
read_into(uint64_t cap, uint64_t frame, uint64_t cookie)
{
    EXPECT(sys_disk_read(cap, binding, 3, disk_piece(frame, 0, 1), cookie), 0);
    EXPECT(disk_ready(), 0);
    EXPECT(FRAME_ROW[frame].pins, FRAME_PIN_DMA);
}

/* That the frame is nobody's, and cannot be had. */
static void
condemned(uint64_t frame)
{
    EXPECT(FRAME_ROW[frame].owner, FRAME_OWNER_DEVICE);
    EXPECT(FRAME_ROW[frame].type, FRAME_DATA);
    EXPECT(FRAME_ROW[frame].flags & FRAME_CONDEMNED, FRAME_CONDEMNED);
    EXPECT(FRAME_ROW[frame].maps, 0);
    EXPECT(sys_frame_alloc(0, 0, frame), -EBUSY);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), -EPERM);
    EXPECT(sys_frame_set_guard(0, 0, frame), -EBUSY);
    exo_uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(0, leaf, 40, 1),
           FRAME_ROW[frame].order == 0 ? -EBUSY : -EINVAL);
    EXPECT(sys_disk_read(0, binding, 3, disk_piece(frame, 0, 1), 1), -EBUSY);
    EXPECT(sys_disk_write(0, binding, 3, disk_piece(frame, 0, 1), 1), -EBUSY);
}

static void
free_again(uint64_t cap, uint64_t frame, uint64_t word)
{
    EXPECT(FRAME_ROW[frame].type, FRAME_FREE);
    EXPECT(FRAME_ROW[frame].pins, 0);
    EXPECT(FRAME_ROW[frame].owner, 0);
    EXPECT(sys_frame_alloc(cap, 0, frame), frame);
    (void)sys_frame_scrub(frame);
    EXPECT(disk_word(cap, frame, 0), word);
    EXPECT(sys_frame_free(frame, 0), 0);
}

static void
refused(void)
{
    uint64_t frame = frame_full(0, 41);
    uint64_t large = (uint64_t)sys_frame_alloc(0, LARGE_ORDER, 0);
    uint64_t other = frame_clean(0);

    while (sys_frame_scrub(large) == -EAGAIN) {
    }
    EXPECT(sys_disk_read(0, binding, 3, disk_piece(large, 9, 1), 6), 0);
    read_into(0, frame, 7);
    EXPECT(FRAME_ROW[large].pins, FRAME_PIN_DMA);
    EXPECT(FRAME_ROW[large + 9].pins, 0);
    EXPECT(sys_pt_unmap(0, leaf, 41, 1), 1);
    EXPECT(sys_frame_free(frame, 0), -EBUSY);
    EXPECT(sys_frame_give(0, frame, puppet.id), -EBUSY);
    EXPECT(sys_frame_set_guard(0, 0, frame), -EBUSY);
    EXPECT(sys_pt_make(frame, other, 0), -EBUSY);
    EXPECT(sys_pt_make(other, frame, 0), -EBUSY);
    EXPECT(sys_frame_split(large), -EBUSY);
    EXPECT(sys_frame_free(large, 0), -EBUSY);
    /* To map it is allowed, and once more to read into it. */
    exo_uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(0, leaf, 41, 1), 1);
    EXPECT(sys_disk_write(0, binding, 3, disk_piece(frame, 0, 1), 8), 0);
    EXPECT(FRAME_ROW[frame].pins, 2 * FRAME_PIN_DMA);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(disk_next(NULL), 0);
    }
    EXPECT(FRAME_ROW[frame].pins, 0);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), 0);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(sys_frame_free(large, 0), 0);
}

static void
freed(void)
{
    uint64_t frame = frame_full(0, 41);
    uint64_t large = (uint64_t)sys_frame_alloc(0, LARGE_ORDER, 0);
    uint64_t used = charged(ACCOUNT_FIRST);

    while (sys_frame_scrub(large) == -EAGAIN) {
    }
    read_into(0, frame, 7);
    EXPECT(sys_disk_read(0, binding, 3, disk_piece(large, 511, 1), 8), 0);
    EXPECT(reachable(41), true);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), 0);
    EXPECT(reachable(41), false);
    EXPECT(sys_frame_free(large, FRAME_FREE_BREAK), 0);
    condemned(frame);
    condemned(large);
    EXPECT(charged(ACCOUNT_FIRST), used);
    EXPECT(disk_wait(7), 0);
    EXPECT(disk_wait(8), 0);
    EXPECT(charged(ACCOUNT_FIRST), used - 1 - TWO_MIB_PAGES);
    free_again(0, frame, 0);
    EXPECT(FRAME_ROW[large].type, FRAME_FREE);
}

/* Of the puppet, by name and by its end. */
static void
taken(uint64_t hart)
{
    uint64_t account = (uint64_t)sys_account_carve(200, 256);
    uint64_t frame;
    uint64_t place;
    uint64_t used;

    EXPECT((int64_t)account > 0, 1);
    child_account = account;
    puppet_make(hart, true);
    frame = frame_full(CAP_CHILD, 42);
    place = frame_clean(CAP_CHILD);
    EXPECT(sys_frame_give(CAP_CHILD, frame, puppet.id), 0);
    EXPECT(sys_frame_give(CAP_CHILD, place, puppet.id), 0);
    EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame), 1, MARK_NONE, place), 1);
    used = charged(account);
    read_into(CAP_CHILD, frame, 7);
    *(volatile uint64_t *)(SHARED + 42 * 4096) = FULL;
    EXPECT(sys_revoke(CAP_CHILD, puppet.id, RESOURCE_FRAME, frame, 1, 0), 0);
    while (sys_repossess(CAP_CHILD, puppet.id) == -EAGAIN) {
    }
    EXPECT(reachable(42), false);
    condemned(frame);
    EXPECT(charged(account), used);
    EXPECT(disk_wait(7), 0);
    EXPECT(charged(account), used - 1);
    free_again(CAP_CHILD, frame, FULL);
    EXPECT(disk_word(CAP_CHILD, place, 0), FULL);

    /* Its own request, into its frame, and then its end: nobody is told. */
    frame = frame_full(CAP_CHILD, 43);
    EXPECT(sys_frame_give(CAP_CHILD, frame, puppet.id), 0);
    {
        int64_t own =
            puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, DISK_BOTH);

        EXPECT(own > 0, 1);
        /* Nobody else's. */
        EXPECT(sys_disk_read(0, (uint64_t)own, 0, disk_piece(frame, 0, 1), 1),
               -ESTALE);
        EXPECT(puppet_call(CALL_disk_read, 4, binding, 0, 1, 1), -ESTALE);
        PUPPET->batch = DISK_PIECE(frame, 0, 1);
        EXPECT(
            puppet_call(CALL_disk_read, CHILD_CAP_OWN, (uint64_t)own, 0, 1, 9),
            0);
        EXPECT(PUPPET->posted, 0);
        EXPECT(ACCOUNT_ROW[account].used[ACCOUNT_REQUESTS], 1);
        EXPECT(ACCOUNT_ROW[account].used[ACCOUNT_BINDINGS], 1);
    }
    child_end(&puppet);
    EXPECT(sys_pt_unmap(0, leaf, 43, 1), 0);
    EXPECT(charged(account), 1);
    condemned(frame);
    /* The account is there as long as it is charged. */
    EXPECT(ACCOUNT_ROW[account].parent, ACCOUNT_FIRST);
    EXPECT(ACCOUNT_ROW[account].used[ACCOUNT_REQUESTS], 1);
    while (DISK_ROW[0].waiting > 0) {
        disk_sleep(20);
    }
    EXPECT(ACCOUNT_ROW[account].parent, 0);
    free_again(0, frame, 0);
}

/* A completion comes to the hart on which it was asked for, awake or not. */
static void
elsewhere(uint64_t hart)
{
    uint64_t frame = frame_clean(0);
    int64_t own;

    child_account = 0;
    puppet_make(hart, true);
    own = puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, DISK_BOTH);
    EXPECT(own > 0, 1);
    PUPPET->batch = DISK_PIECE(frame, 0, 1);
    for (uint64_t i = 1; i <= 3; i++) {
        EXPECT(puppet_call(CALL_disk_read, 4, (uint64_t)own, 0, 1, i), 0);
        /* Sleeps until it has an answer. */
        EXPECT(FRAME_ROW[frame].pins, FRAME_PIN_DMA);
        if (hart != 0) {
            int64_t woken = puppet_call(CALL_sleep, 0, 0, 0, 0, 0);

            EXPECT(woken == 0 || PUPPET->posted == i, 1);
        }
        while (PUPPET->posted < i) {
            disk_sleep(10);
            EXPECT(puppet_call(CALL_null, 0, 0, 0, 0, 0), 0);
        }
        EXPECT(PUPPET->posted, i);
    }
    child_end(&puppet);
    EXPECT(sys_frame_free(frame, 0), 0);
}

/* How many requests the puppet gets through, and what ends them. */
static uint64_t
puppet_requests(uint64_t own, int64_t why)
{
    uint64_t count = 0;
    int64_t result;

    while ((result = puppet_call(CALL_disk_read, 4, own, 0, 1, count)) == 0) {
        count++;
    }
    EXPECT(result, why);
    return count;
}

/* Nobody has more requests than are left to others, or than its account. */
static void
shares(void)
{
    uint64_t frame = frame_clean(0);
    uint64_t all = DISK_ROW[0].requests;
    uint64_t own;
    uint64_t count = 0;

    child_account = (uint64_t)sys_account_carve(200, 1);
    EXPECT(ACCOUNT_ROW[child_account].limit[ACCOUNT_REQUESTS], ACCOUNT_SHARE);
    puppet_make(0, true);
    own = (uint64_t)puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, CAP_READ);
    PUPPET->batch = DISK_PIECE(frame, 0, 1);
    EXPECT(puppet_requests(own, -EDQUOT), ACCOUNT_SHARE);
    child_end(&puppet);
    while (DISK_ROW[0].waiting > 0) {
        disk_sleep(20);
    }
    child_account = 0;
    puppet_make(0, true);
    own = (uint64_t)puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, CAP_READ);
    while (sys_disk_read(0, binding, 0, disk_piece(frame, 0, 1), 0) == 0) {
        count++;
    }
    EXPECT(count, all / 2);
    EXPECT(puppet_requests(own, -EAGAIN), all / 4);
    EXPECT(DISK_ROW[0].waiting, all / 2 + all / 4);
    child_end(&puppet);
    while (count-- > 0) {
        EXPECT(disk_next(NULL), 0);
    }
    while (DISK_ROW[0].waiting > 0) {
        disk_sleep(20);
    }
    EXPECT(FRAME_ROW[frame].pins, 0);
    EXPECT(sys_frame_free(frame, 0), 0);
}

int
main(void)
{
    uint64_t used = charged(ACCOUNT_FIRST);
    uint64_t harts = puppet_open();
    struct exo_map own = exo_map_own();

    exo_exception_handler = skip;
    leaf = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    binding = disk_bind_whole(0, DISK_BOTH);
    puppet_make(0, false);
    refused();
    child_end(&puppet);
    freed();
    for (uint64_t hart = 0; hart < harts; hart++) {
        taken(hart);
    }
    elsewhere(harts - 1);
    shares();
    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 0);
    printf("disk_dma: done, %ld frames kept\n",
           (int64_t)(charged(ACCOUNT_FIRST) - used));
    return 0;
}
