/* SPDX-License-Identifier: MIT */
/*
 * Save places in extents: pages that are taken are on the disk when the loss
 * tells so, by count and by name, from this program and from others on every
 * hart; while a disk is slow they are out of reach and wait their turn; what
 * could not be written is told as lost. Disk 0 is good, disk 1 has a bad block,
 * disk 2 is slow, and disk 3, if there is one, too slow.
 */
#include "lib/exo/map.h"
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define AD 0xc0
#define PAGES 64
#define LARGE_ORDER 9
#define BAD_BLOCK 5
#define SLOW_PAGES 10
#define KEPT 4 /* requests of a disk that are not for envs */

static uint64_t leaf;
static uint64_t binding;
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
word_of(uint64_t page)
{
    return 0x5a5a000000000000 + page * 3;
}

/* A page with something in it, mapped at place `index` of the window. */
static uint64_t
page_full(uint64_t cap, uint64_t index)
{
    uint64_t frame = frame_clean(cap);
    volatile uint64_t *at = (volatile uint64_t *)(SHARED + index * 4096);

    exo_uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(cap << 8, leaf, index, 1), 1);
    at[0] = word_of(index);
    at[511] = ~word_of(index);
    return frame;
}

/* The next loss, waiting for it. */
static uint64_t
loss(void)
{
    uint64_t at = exo_uarea->losses_taken;

    while (__atomic_load_n(&exo_uarea->losses_posted, __ATOMIC_ACQUIRE) == at) {
        disk_sleep(1);
    }
    exo_uarea->losses_taken = at + 1;
    return exo_uarea->loss[at % UAREA_LOSS_ENTRIES];
}

static uint64_t
losses(void)
{
    return exo_uarea->losses_posted - exo_uarea->losses_taken;
}

static void
take(uint64_t name, uint64_t count)
{
    EXPECT(sys_revoke(0, exo_id, RESOURCE_FRAME, name, count, 0), 0);
    while (sys_repossess(0, exo_id) == -EAGAIN) {
    }
}

/* That a block of disk 0 has what page `index` had. */
static void
saved(uint64_t handle, uint64_t block, uint64_t index)
{
    uint64_t frame = frame_clean(0);

    EXPECT(sys_disk_read(0, handle, block, disk_piece(frame, 0, 1), 5), 0);
    EXPECT(disk_wait(5), 0);
    EXPECT(disk_word(0, frame, 0), word_of(index));
    EXPECT(disk_word(0, frame, 511), ~word_of(index));
    exo_map_forget();
    EXPECT(sys_frame_free(frame, 0), 0);
}

static void
refused(void)
{
    uint64_t frame = page_full(0, 60);
    uint64_t large = (uint64_t)sys_frame_alloc(0, LARGE_ORDER, 0);
    uint64_t reads = disk_bind_whole(0, CAP_READ);
    int64_t own;

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(reads, 0)), -EPERM);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE,
                          PLACE_EXTENT(binding, DISK_ROW[0].blocks)),
           -EINVAL);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE,
                          PLACE_EXTENT(binding + (1UL << 32), 0)),
           -ESTALE);
    EXPECT(
        sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(binding | 7 << 16, 0)),
        -ESTALE);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(binding + 9, 0)),
           -ESTALE);
    EXPECT(sys_frame_mark(frame, 2, MARK_NONE,
                          PLACE_EXTENT(binding, PLACE_BLOCKS - 1)),
           -EINVAL);
    while (sys_frame_scrub(large) == -EAGAIN) {
    }
    EXPECT(sys_frame_mark(large, 1, MARK_NONE, PLACE_EXTENT(binding, 0)),
           -EINVAL);
    EXPECT(sys_frame_free(large, 0), 0);
    puppet_make(0, true);
    own = puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, DISK_BOTH);
    EXPECT(own > 0, 1);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(own, 0)), -ESTALE);
    child_end(&puppet);
    EXPECT(FRAME_ROW[frame].flags, 0);
    EXPECT(FRAME_ROW[frame].used, 0);
    /* What was not a save place is nobody's row any more. */
    EXPECT(sys_release(RELEASE_BINDING, reads), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 1);

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(binding, 3)), 1);
    EXPECT(FRAME_ROW[frame].flags, FRAME_PLACED);
    EXPECT(PLACE_BLOCK(FRAME_ROW[frame].used), 3);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, 0), 1);
    EXPECT(FRAME_ROW[frame].used, 0);
    EXPECT(sys_frame_free(frame, FRAME_FREE_BREAK), 0);
}

/* By count: each is read back from where the loss says. */
static void
counted(void)
{
    uint64_t frame[PAGES];
    bool told[PAGES] = {false};
    uint64_t writes = DISK_ROW[0].writes;

    for (uint64_t i = 0; i < PAGES; i++) {
        frame[i] = page_full(0, 60 + i);
        EXPECT(sys_frame_mark(frame[i], 1, MARK_EXPENDABLE,
                              PLACE_EXTENT(binding, 100 + i)),
               1);
    }
    take(REVOKE_ANY, PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t one = loss();
        uint64_t block = PLACE_BLOCK(LOSS_PLACE(one));

        EXPECT(LOSS_KIND(one), RESOURCE_FRAME);
        EXPECT(PLACE_IS_EXTENT(LOSS_PLACE(one)), true);
        EXPECT(PLACE_DISK(LOSS_PLACE(one)), 0);
        EXPECT(PLACE_ROW(LOSS_PLACE(one)), binding & 0xffff);
        EXPECT(block >= 100 && block < 100 + PAGES, 1);
        EXPECT(told[block - 100], false);
        told[block - 100] = true;
        EXPECT(LOSS_NAME(one), frame[block - 100]);
        EXPECT(reachable(60 + block - 100), false);
        EXPECT(FRAME_ROW[LOSS_NAME(one)].owner == exo_id, 0);
        saved(binding, block, 60 + block - 100);
    }
    EXPECT(losses(), 0);
    EXPECT(DISK_ROW[0].writes - writes, PAGES);
    EXPECT(DISK_ROW[0].waiting, 0);
}

static void
named(void)
{
    uint64_t frame = page_full(0, 60);

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(binding, 7)), 1);
    take(frame, 1);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame, PLACE_EXTENT(binding, 7)));
    EXPECT(FRAME_ROW[frame].type, FRAME_FREE);
    EXPECT(FRAME_ROW[frame].used, 0);
    saved(binding, 7, 60);
}

/* The binding ends between marking and taking, and others take its place: the
   contents are lost, and go nowhere else. */
static void
broken(void)
{
    uint64_t frame = page_full(0, 60);
    uint64_t charged = ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS];
    uint64_t old = disk_bind_whole(0, DISK_BOTH);
    uint64_t writes = DISK_ROW[0].writes;
    uint64_t other;

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(old, 7)), 1);
    EXPECT(sys_release(RELEASE_BINDING, old), 0);
    EXPECT(sys_release(RELEASE_BINDING, old), -ESTALE);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(old, 7)), -ESTALE);
    other = disk_bind_whole(0, DISK_BOTH);
    EXPECT((other & 0xffff) != (old & 0xffff), 1);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], charged + 2);
    take(frame, 1);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame, 0));
    EXPECT(DISK_ROW[0].writes, writes);
    /* Likewise when it is the binding that is taken. */
    frame = page_full(0, 60);
    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(other, 7)), 1);
    EXPECT(sys_revoke(0, exo_id, RESOURCE_EXTENT, other, 1, 0), 0);
    while (sys_repossess(0, exo_id) == -EAGAIN) {
    }
    EXPECT(LOSS_KIND(loss()), RESOURCE_EXTENT);
    take(frame, 1);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame, 0));
    EXPECT(DISK_ROW[0].writes, writes);
}

static void
error(void)
{
    uint64_t bad = disk_bind_whole(1, DISK_BOTH);
    uint64_t frame = page_full(0, 60);

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(bad, BAD_BLOCK)),
           1);
    take(frame, 1);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame, 0));
    EXPECT(FRAME_ROW[frame].type, FRAME_FREE);
    EXPECT(DISK_ROW[1].errors, 1);
}

/* More than the disk can have at a time, and this program has all requests that
   it can: the rest waits, out of reach, and nothing is lost. */
static void
slow(void)
{
    uint64_t handle = disk_bind_whole(2, DISK_BOTH);
    uint64_t frame[SLOW_PAGES];
    uint64_t into = frame_clean(0);
    uint64_t used = ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
    unsigned writing = 0;
    unsigned own = 0;

    for (uint64_t i = 0; i < SLOW_PAGES; i++) {
        frame[i] = page_full(0, 60 + i);
        EXPECT(sys_frame_mark(frame[i], 1, MARK_EXPENDABLE,
                              PLACE_EXTENT(handle, i)),
               1);
    }
    while (sys_disk_read(0, handle, 0, disk_piece(into, 0, 1), 1) == 0) {
        own++;
    }
    EXPECT(sys_revoke(0, exo_id, RESOURCE_FRAME, REVOKE_ANY, SLOW_PAGES, 0), 0);
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(sys_repossess(0, exo_id), -EAGAIN);
    }
    EXPECT(losses(), 0);
    for (uint64_t i = 0; i < SLOW_PAGES; i++) {
        const volatile struct frame *f = &FRAME_ROW[frame[i]];

        EXPECT(reachable(60 + i), false);
        EXPECT(f->flags & FRAME_CONDEMNED, FRAME_CONDEMNED);
        EXPECT(f->flags & FRAME_BREAKING, FRAME_BREAKING);
        if (f->owner == FRAME_OWNER_DEVICE) {
            EXPECT(f->pins, FRAME_PIN_DMA);
            writing++;
        } else {
            EXPECT(f->owner, exo_id);
            EXPECT(f->pins, 0);
            EXPECT(sys_frame_give(0, frame[i], exo_id) < 0, 1);
        }
        EXPECT(sys_frame_alloc(0, 0, frame[i]), -EBUSY);
        exo_uarea->batch[0] = frame[i] << 10 | R | W | AD;
        EXPECT(sys_pt_map(0, leaf, 60 + i, 1), -EBUSY);
    }
    EXPECT(writing, KEPT);
    EXPECT(DISK_ROW[2].waiting, own + KEPT);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_FRAMES], used + SLOW_PAGES);
    for (unsigned i = 0; i < SLOW_PAGES; i++) {
        EXPECT(PLACE_DISK(LOSS_PLACE(loss())), 2);
    }
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_FRAMES], used);
    for (uint64_t i = 0; i < SLOW_PAGES; i++) {
        EXPECT(FRAME_ROW[frame[i]].type, FRAME_FREE);
    }
    while (disk_ready() > 0) {
        (void)disk_next(NULL);
    }
    while (DISK_ROW[2].waiting > 0) {
        disk_sleep(20);
        while (disk_ready() > 0) {
            (void)disk_next(NULL);
        }
    }
    EXPECT(FRAME_ROW[into].pins, 0);
    EXPECT(sys_frame_free(into, 0), 0);
}

/* The loss that a child was told last, and how many. */
static uint64_t
puppet_loss(uint64_t *posted)
{
    const volatile struct uarea *uarea =
        exo_map_borrow(CAP_CHILD, puppet.uarea);
    uint64_t last;

    *posted = uarea->losses_posted;
    last = uarea->loss[(*posted - 1) % UAREA_LOSS_ENTRIES];
    exo_map_return();
    return last;
}

/* Of another env, on a hart of its own. */
static void
others(uint64_t hart)
{
    uint64_t frame;
    uint64_t posted;
    int64_t own;

    child_account = 0;
    puppet_make(hart, true);
    own = puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 300, 8, DISK_BOTH);
    EXPECT(own > 0, 1);
    frame = page_full(CAP_CHILD, 200 + hart);
    EXPECT(sys_frame_give(CAP_CHILD, frame, puppet.id), 0);
    EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame), 1, MARK_NONE,
                          PLACE_EXTENT(own, 8)),
           -EINVAL);
    EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame), 1, MARK_NONE,
                          PLACE_EXTENT(binding, hart)),
           -ESTALE);
    EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame), 1, MARK_NONE,
                          PLACE_EXTENT(own, hart)),
           1);
    EXPECT(sys_revoke(CAP_CHILD, puppet.id, RESOURCE_FRAME, frame, 1, 0), 0);
    while (sys_repossess(CAP_CHILD, puppet.id) == -EAGAIN) {
    }
    EXPECT(reachable(200 + hart), false);
    do {
        (void)puppet_loss(&posted);
    } while (posted == 0);
    EXPECT(puppet_loss(&posted),
           LOSS(RESOURCE_FRAME, frame, PLACE_EXTENT(own, hart)));
    child_end(&puppet);
    saved(binding, 300 + hart, 200 + hart);
}

/* It ends while its page is written, and another one waits for that. */
static void
ended(uint64_t hart)
{
    uint64_t account = (uint64_t)sys_account_carve(200, 256);
    uint64_t frame[KEPT + 2];
    uint64_t frames;
    uint64_t bindings;
    int64_t own;

    child_account = account;
    puppet_make(hart, true);
    own = puppet_call(CALL_disk_bind, 4, DISK_WHOLE | 2, 0, 16, DISK_BOTH);
    EXPECT(own > 0, 1);
    for (uint64_t i = 0; i < KEPT + 2; i++) {
        frame[i] = page_full(CAP_CHILD, 200 + i);
        EXPECT(sys_frame_give(CAP_CHILD, frame[i], puppet.id), 0);
        EXPECT(sys_frame_mark(FRAME_BY(CAP_CHILD, frame[i]), 1, MARK_EXPENDABLE,
                              PLACE_EXTENT(own, i)),
               1);
    }
    EXPECT(sys_revoke(CAP_CHILD, puppet.id, RESOURCE_FRAME, REVOKE_ANY,
                      KEPT + 2, 0),
           0);
    EXPECT(sys_repossess(CAP_CHILD, puppet.id), -EAGAIN);
    EXPECT(sys_repossess(CAP_CHILD, puppet.id), -EAGAIN);
    for (uint64_t i = 0; i < KEPT + 2; i++) {
        EXPECT(reachable(200 + i), false);
    }
    child_end(&puppet);
    frames = ACCOUNT_ROW[account].used[ACCOUNT_FRAMES];
    bindings = ACCOUNT_ROW[account].used[ACCOUNT_BINDINGS];
    if (DISK_ROW[2].waiting == KEPT) { /* else it was answered meanwhile */
        EXPECT(frames, KEPT);
        EXPECT(bindings, 1);
    }
    while (DISK_ROW[2].waiting > 0) {
        disk_sleep(20);
    }
    EXPECT(ACCOUNT_ROW[account].parent, 0); /* it was the last of it */
    for (uint64_t i = 0; i < KEPT + 2; i++) {
        EXPECT(FRAME_ROW[frame[i]].type, FRAME_FREE);
    }
}

/* Reset twice, and not answered: told as lost. */
static void
late(void)
{
    uint64_t handle = disk_bind_whole(3, DISK_BOTH);
    uint64_t frame = page_full(0, 60);

    EXPECT(sys_frame_mark(frame, 1, MARK_NONE, PLACE_EXTENT(handle, 0)), 1);
    take(frame, 1);
    EXPECT(FRAME_ROW[frame].owner, FRAME_OWNER_DEVICE);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame, 0));
    EXPECT(DISK_ROW[3].resets, 2);
    EXPECT(FRAME_ROW[frame].type, FRAME_FREE);
}

int
main(void)
{
    struct exo_map own = exo_map_own();
    uint64_t harts = puppet_open();

    exo_exception_handler = skip;
    leaf = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    binding = disk_bind_whole(0, DISK_BOTH);
    refused();
    counted();
    named();
    broken();
    error();
    slow();
    for (uint64_t hart = 0; hart < harts; hart++) {
        others(hart);
        ended(hart);
    }
    if (DISK_ROW[3].blocks != 0) {
        late();
    }
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(exo_uarea->losses_missed, 0);
    printf("revoke_disk: done\n");
    return 0;
}
