/* SPDX-License-Identifier: MIT */
/*
 * A frame that says that it is clean is all zero, whoever had it: one that was
 * a page table or its shadow passes to another name without a scrub, until
 * something may have written it. Each way to write a frame is taken once.
 */
#include "kern/abi/disk_io.h"
#include "test/user/child.h"
#include "test/user/disks.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define AD 0xc0
#define HELD 20 /* a place of the window */
#define WORDS 512
#define FULL 0x1111111111111111UL
#define LARGE_ORDER 9
#define LARGE_PAGES 512

static uint64_t window;
static uint64_t clean[2];

static unsigned
flags(uint64_t frame)
{
    return FRAME_ROW[frame].flags & (FRAME_CLEAN | FRAME_UNSCRUBBED);
}

static volatile uint64_t *
held(uint64_t index)
{
    return (volatile uint64_t *)(SHARED + index * 4096);
}

static int64_t
map(uint64_t caps, uint64_t index, uint64_t frame, uint64_t bits)
{
    exo_uarea->batch[0] = frame << 10 | bits | AD;
    return sys_pt_map(caps, window, index, 1);
}

static void
zero_check(uint64_t caps, uint64_t frame)
{
    EXPECT(map(caps, HELD, frame, R), 1);
    for (unsigned i = 0; i < WORDS; i++) {
        EXPECT(held(HELD)[i], 0);
    }
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 1);
}

/* Makes a table of two frames, and frames of them: clean[]. */
static void
clean_make(uint64_t table, uint64_t shadow, uint64_t level)
{
    EXPECT(sys_pt_make(table, shadow, level), 0);
    EXPECT(flags(table), 0);
    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(flags(table), FRAME_CLEAN);
    EXPECT(flags(shadow), FRAME_CLEAN);
    clean[0] = table;
    clean[1] = shadow;
}

static void
clean_new(void)
{
    clean_make(frame_clean(0), frame_clean(0), 0);
}

/* Gives a frame back that is clean, or not; what another name finds in it. */
static void
pass(uint64_t frame, bool is_clean)
{
    EXPECT(sys_frame_free(frame, 0), 0);
    EXPECT(sys_frame_alloc(CAP_CHILD, 0, frame), frame);
    EXPECT(flags(frame), is_clean ? FRAME_CLEAN : FRAME_UNSCRUBBED);
    if (is_clean) {
        zero_check(CAP_CHILD << 8, frame);
        EXPECT(flags(frame), 0);
    } else {
        EXPECT(map(CAP_CHILD << 8, HELD, frame, R), -EBUSY);
    }
    EXPECT(sys_frame_free(frame, 0), 0);
}

static void
untouched(void)
{
    for (uint64_t level = 0; level < 3; level++) {
        clean_make(frame_clean(0), frame_clean(0), level);
        pass(clean[0], true);
        pass(clean[1], true);
    }
}

/* One by one, and several at once; also what is only read is not clean then. */
static void
mapped(void)
{
    clean_new();
    EXPECT(map(0, HELD, clean[0], R | W), 1);
    EXPECT(flags(clean[0]), 0);
    held(HELD)[7] = FULL;
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 1);
    pass(clean[0], false);
    pass(clean[1], true);

    clean_new();
    for (unsigned i = 0; i < 2; i++) {
        exo_uarea->batch[i] = clean[i] << 10 | R | W | AD;
    }
    EXPECT(sys_pt_map(0, window, HELD, 2), 2);
    held(HELD)[WORDS - 1] = FULL;
    held(HELD + 1)[0] = FULL;
    EXPECT(sys_pt_unmap(0, window, HELD, 2), 2);
    pass(clean[1], false);
    /* What is not clean becomes an empty table nevertheless. */
    EXPECT(sys_pt_make(clean[0], frame_clean(0), 0), 0);
    zero_check(0, clean[0]);
    EXPECT(sys_pt_unmake(clean[0]), 0);
    pass(clean[0], true);
}

static void
read_into(void)
{
    uint64_t binding = disk_bind_whole(0, DISK_BOTH);

    clean_new();
    EXPECT(sys_disk_read(0, binding, 3, disk_piece(clean[0], 0, 1), 5), 0);
    EXPECT(disk_wait(5), 0);
    EXPECT(flags(clean[0]), 0);
    pass(clean[0], false);
    EXPECT(sys_frame_free(clean[1], 0), 0);
    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
}

/* The contents of a page that is taken go to a clean one. */
static void
saved_to(void)
{
    uint64_t page = frame_clean(0);

    EXPECT(map(0, HELD, page, R | W), 1);
    held(HELD)[9] = FULL;
    clean_new();
    EXPECT(sys_frame_mark(page, 1, MARK_NONE, clean[0]), 1);
    EXPECT(sys_revoke(0, exo_id, RESOURCE_FRAME, page, 1, 0), 0);
    while (sys_repossess(0, exo_id) == -EAGAIN) {
    }
    EXPECT(flags(clean[0]), 0);
    EXPECT(disk_word(0, clean[0], 9), FULL);
    pass(clean[0], false);

    /* A clean page itself can have such a place. */
    EXPECT(sys_frame_mark(clean[1], 1, MARK_NONE, frame_clean(0)), 1);
    EXPECT(sys_frame_mark(clean[1], 1, MARK_NONE, 0), 1);
    pass(clean[1], true);
}

/* What was an env's record, list, U-area and stack is not clean; its tables
   are. */
static void
child_run(struct uarea *uarea)
{
    (void)exo_yield(0, uarea);
}

static void
of_an_env(void)
{
    uint64_t page = frame_clean(0);
    struct child child;

    for (unsigned i = 0; i < 6; i++) { /* some of which it is made of */
        clean_make(frame_clean(CAP_CHILD), frame_clean(CAP_CHILD), 0);
        EXPECT(sys_frame_free(clean[1], 0), 0);
        EXPECT(sys_frame_free(clean[0], 0), 0);
    }
    child = child_make(page, child_run);
    child_end(&child);
    EXPECT(flags(child.frames[0]) & FRAME_CLEAN, 0); /* the record */
    EXPECT(flags(child.frames[1]) & FRAME_CLEAN, 0); /* the stack */
    EXPECT(flags(child.uarea) & FRAME_CLEAN, 0);
    EXPECT(flags(child.leaf), FRAME_CLEAN);
    EXPECT(sys_frame_alloc(0, 0, child.leaf), child.leaf);
    pass(child.leaf, true);
    EXPECT(flags(child.frames[2]), FRAME_CLEAN); /* the root */
    EXPECT(sys_frame_alloc(0, 0, child.frames[2]), child.frames[2]);
    pass(child.frames[2], true);
    EXPECT(sys_frame_free(page, 0), 0);
}

/* Clean pages and others become one frame, which is not. */
static void
joined(void)
{
    int64_t large = sys_frame_alloc(0, LARGE_ORDER, 0);
    uint64_t first = (uint64_t)large;
    int64_t error;

    EXPECT(large > 0, 1);
    while (sys_frame_scrub(first) == -EAGAIN) {
    }
    EXPECT(sys_frame_split(first), 0);
    clean_make(first, first + 1, 1);
    EXPECT(map(0, HELD, first + 2, R | W), 1);
    held(HELD)[0] = FULL;
    EXPECT(sys_pt_unmap(0, window, HELD, 1), 1);
    do {
        error = sys_frame_join(first);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    EXPECT(flags(first), 0);
    EXPECT(sys_frame_split(first), 0);
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        EXPECT(flags(first + i), 0);
        EXPECT(sys_frame_free(first + i, 0), 0);
    }
}

int
main(void)
{
    window = window_open(frame_clean(0));
    EXPECT(sys_slot_alloc(0, exo_id, 0, 0), 0); /* to wait for the disk */
    untouched();
    mapped();
    read_into();
    saved_to();
    of_an_env();
    joined();
    printf("test: clean ok\n");
    return 0;
}
