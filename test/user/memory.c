/* SPDX-License-Identifier: MIT */
/*
 * Frames and page tables by hand: what the env owns it can map and use; what
 * it does not, or in a way that it may not, is an error that changes nothing.
 */
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define X 0x08
#define GLOBAL 0x20
#define AD 0xc0
#define DROP (1UL << 63) /* of pt_copy: W goes from the originals */

/* The second gigabyte: nothing is there yet. */
#define BASE 0x40000000UL

static uint64_t
entry(int64_t frame, uint64_t bits)
{
    return (uint64_t)frame << 10 | bits | AD;
}

/* pt_map of one entry. */
static int64_t
map(uint64_t caps, uint64_t table, uint64_t index, uint64_t leaf)
{
    exo_uarea->batch[0] = leaf;
    return sys_pt_map(caps, table, index, 1);
}

static int64_t
frame_clean(void)
{
    int64_t frame = sys_frame_alloc(0, 0, 0);
    int64_t error = sys_frame_scrub((uint64_t)frame);

    if (frame <= 0 || (error != 0 && error != -EINVAL)) {
        printf("test: no frame: %ld, %ld\n", frame, error);
        exit(EXIT_FAILURE);
    }
    return frame;
}

static int64_t
table_new(uint64_t level)
{
    int64_t table = frame_clean();

    EXPECT(sys_pt_make((uint64_t)table, (uint64_t)frame_clean(), level), 0);
    return table;
}

static unsigned faults;

static void
skip(struct uarea *uarea)
{
    faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

static void
probe(volatile uint64_t *address, unsigned wanted)
{
    unsigned before = faults;

    __asm__ volatile(
        ".option push; .option norvc; sd zero, 0(%0); .option pop" ::"r"(
            address)
        : "memory");
    EXPECT(faults - before, wanted);
}

static void
mapping(uint64_t table, uint64_t frame)
{
    volatile uint64_t *page = (volatile uint64_t *)BASE;

    EXPECT(map(0, table, 0, entry((int64_t)frame, R | W)), 1);
    EXPECT(page[5], 0);
    page[5] = 42;
    EXPECT(map(0, table, 1, entry((int64_t)frame, R)), 1);
    EXPECT(page[512 + 5], 42);
    probe(page + 512, 1); /* read-only there */
    EXPECT(sys_frame_free(frame, 0), -EBUSY);
    EXPECT(map(0, table, 0, entry((int64_t)frame, R)), -EBUSY);
    EXPECT(sys_pt_protect(0, table, 0, 1, W, 0), 0 + 1);
    probe(page, 1);
    EXPECT(sys_pt_unmap(0, table, 0, 2), 2);
    probe(page, 1);
    EXPECT(sys_pt_unmap(0, table, 0, 64), 0);
    EXPECT(sys_frame_free(frame, 0), 0);
    EXPECT(sys_frame_free(frame, 0), -EPERM);
}

/* What was used a moment ago is gone: nothing is left in the TLB. */
static void
fences(uint64_t table, uint64_t frame)
{
    volatile uint64_t *page = (volatile uint64_t *)BASE;

    for (unsigned i = 0; i < 3; i++) {
        EXPECT(map(0, table, 0, entry((int64_t)frame, R | W)), 1);
        page[1] = i;
        EXPECT(page[1], i);
        if (i == 0) {
            EXPECT(sys_pt_unmap(0, table, 0, 1), 1);
        } else if (i == 1) {
            EXPECT(sys_pt_protect(0, table, 0, 1, W, 0), 1);
        } else {
            /* The copy is new, the original loses W. */
            EXPECT(sys_pt_copy(0, table, table, 0 | 1 << 16, 1, DROP | AD), 1);
        }
        probe(page + 1, 1);
        (void)sys_pt_unmap(0, table, 0, 2);
    }
    EXPECT(sys_frame_free(frame, 0), 0);
}

static void
refusals(uint64_t table, uint64_t shadow)
{
    int64_t frame = frame_clean();
    uint64_t root = exo_root;

    EXPECT(map(0, table, 512, entry(frame, R)), -EINVAL);
    EXPECT(map(0, table, ~0UL, entry(frame, R)), -EINVAL);
    EXPECT(map(0, table, 0, entry(frame, R | GLOBAL)), -EPERM);
    EXPECT(map(0, table, 0, entry(frame, R) | 1UL << 63), -EPERM);
    EXPECT(map(9, table, 0, entry(frame, R)), -EBADF);
    EXPECT(map(9 << 8, table, 0, entry(frame, R)), -EBADF);
    EXPECT(map(64, table, 0, entry(frame, R)), -EBADF);
    EXPECT(map(64 << 8, table, 0, entry(frame, R)), -EBADF);
    EXPECT(map(1 << 16, table, 0, entry(frame, R)), -EBADF);
    EXPECT(map(0, (uint64_t)frame, 0, entry(frame, R)), -EINVAL);
    EXPECT(map(0, 0, 0, entry(frame, R)), -EINVAL);
    EXPECT(map(0, 1UL << 40, 0, entry(frame, R)), -EINVAL);
    /* Firmware, devices, nothing, and beyond every address. */
    EXPECT(map(0, table, 0, entry(0x80000, R)), -EINVAL);
    EXPECT(map(0, table, 0, entry(0x10000, R)), -EINVAL);
    EXPECT(map(0, table, 0, entry(0, R)), -EINVAL);
    EXPECT(map(0, table, 0, entry((1L << 44) - 1, R)), -EINVAL);
    /* Page tables to read only, shadows not at all. */
    EXPECT(map(0, table, 0, entry((int64_t)table, R | W)), -EINVAL);
    EXPECT(map(0, table, 0, entry((int64_t)shadow, R)), -EINVAL);
    EXPECT(map(0, table, 0, entry((int64_t)table, R)), 1);
    EXPECT(((volatile uint64_t *)BASE)[0] >> 10 & 0xfffffff, table);
    EXPECT(sys_pt_protect(9, table, 0, 1, W, 0), -EBADF);
    EXPECT(sys_pt_protect(9 << 8, table, 0, 1, W, 0), -EBADF);
    EXPECT(sys_pt_protect(0, table, 0, 1, 0, W), -EINVAL);
    EXPECT(sys_pt_unmap(9, table, 0, 1), -EBADF);
    EXPECT(sys_pt_unmap(0, table, 0, 1), 1);
    /* The kernel's part of the root, and tables of the wrong level. */
    EXPECT(map(0, root, 255, entry(frame, R)), -EINVAL);
    EXPECT(sys_pt_unmap(0, root, 256, 1), -EINVAL);
    EXPECT(sys_pt_link(0, root, 2, table), -EINVAL);
    EXPECT(sys_pt_unmake(root), -EBUSY);
    EXPECT(sys_pt_make((uint64_t)frame, (uint64_t)frame, 0), -EINVAL);
    EXPECT(sys_pt_make((uint64_t)frame, table, 0), -EINVAL);
    EXPECT(sys_pt_make(0x80000, (uint64_t)frame, 0), -EPERM);
    EXPECT(sys_frame_free(table, 0), -EINVAL);
    EXPECT(sys_frame_alloc(0, 0, (uint64_t)frame), -EBUSY);
    EXPECT(sys_frame_alloc(0, 0, 0x80000), -EINVAL);
    EXPECT(sys_frame_alloc(0, 3, 0), -EINVAL);
    EXPECT(sys_frame_free((uint64_t)frame, 0), 0);
}

/* Another guard means a scrub; the same one does not. */
static void
scrubbing(uint64_t table)
{
    int64_t frame = frame_clean();
    volatile uint64_t *page = (volatile uint64_t *)BASE;

    EXPECT(map(0, table, 0, entry(frame, R | W)), 1);
    page[7] = 77;
    EXPECT(sys_pt_unmap(0, table, 0, 1), 1);
    EXPECT(sys_frame_free((uint64_t)frame, 0), 0);
    EXPECT(sys_frame_alloc(0, 0, (uint64_t)frame), frame);
    EXPECT(sys_frame_scrub((uint64_t)frame), -EINVAL);
    EXPECT(map(0, table, 0, entry(frame, R | W)), 1);
    EXPECT(page[7], 77);
    EXPECT(sys_pt_unmap(0, table, 0, 1), 1);
    EXPECT(sys_frame_free((uint64_t)frame, 0), 0);

    EXPECT(sys_cap_derive(0, 1, 1, CAP_RIGHTS_ALL), 0);
    EXPECT(sys_frame_alloc(1, 0, (uint64_t)frame), frame);
    EXPECT(map(0, table, 0, entry(frame, R)), -EBUSY);
    EXPECT(sys_frame_scrub((uint64_t)frame), 0);
    EXPECT(map(0, table, 0, entry(frame, R)), 1);
    EXPECT(page[7], 0);
    EXPECT(sys_pt_unmap(0, table, 0, 1), 1);
    EXPECT(sys_frame_free((uint64_t)frame, 0), 0);
    EXPECT(sys_cap_drop(1), 0);
}

static void
orders(void)
{
    int64_t large = sys_frame_alloc(0, 9, 0);

    EXPECT(large > 0 && large % 512 == 0, 1);
    EXPECT(sys_frame_free((uint64_t)large + 1, 0), -EPERM);
    EXPECT(sys_frame_split((uint64_t)large), 0);
    EXPECT(sys_frame_split((uint64_t)large), -EINVAL);
    EXPECT(sys_frame_join((uint64_t)large + 1), -EINVAL);
    EXPECT(sys_frame_join((uint64_t)large), 0);
    EXPECT(sys_frame_free((uint64_t)large, 0), 0);
}

/* The table of frames can be read by all, and written by none. */
static void
information(void)
{
    volatile struct frame *table = (volatile struct frame *)INFORMATION_FRAMES;
    int64_t frame = frame_clean();

    EXPECT(table[frame].owner, exo_id);
    EXPECT(table[frame].type, FRAME_DATA);
    EXPECT(table[exo_root].type, FRAME_TABLE_2);
    EXPECT(table[exo_root].pins, 1);
    EXPECT(table[0x80000].type, FRAME_RESERVED);
    EXPECT(table[0].type, FRAME_ABSENT);
    EXPECT(table[(1 << 23) - 1].type, FRAME_ABSENT);
    probe((volatile uint64_t *)&table[frame], 1);
    EXPECT(sys_frame_free((uint64_t)frame, 0), 0);
    EXPECT(table[frame].type, FRAME_FREE);
    EXPECT(table[frame].owner, 0);
}

int
main(void)
{
    uint64_t middle = (uint64_t)table_new(1);
    uint64_t table = (uint64_t)table_new(0);
    int64_t shadow = frame_clean();
    int64_t other = frame_clean();

    exo_exception_handler = skip;
    EXPECT(sys_pt_make((uint64_t)other, (uint64_t)shadow, 0), 0);
    EXPECT(sys_pt_link(0, exo_root, BASE >> 30, middle), 0);
    EXPECT(sys_pt_link(0, middle, 0, table), 0);
    EXPECT(sys_pt_link(0, middle, 0, table), -EBUSY);
    mapping(table, (uint64_t)frame_clean());
    fences(table, (uint64_t)frame_clean());
    refusals(table, (uint64_t)shadow);
    scrubbing(table);
    orders();
    information();
    EXPECT(sys_pt_unmake((uint64_t)other), 0);
    EXPECT(sys_pt_unmap(0, middle, 0, 1), 1);
    EXPECT(sys_pt_unmake(table), 0);
    EXPECT(sys_frame_free(table, 0), 0);
    printf("test: memory ok\n");
    return 0;
}
