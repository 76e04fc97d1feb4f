/* SPDX-License-Identifier: MIT */
/*
 * The archive that this program came from is there to be read, in frames that
 * the env owns, can unmap and free; and nothing but the archive is in them.
 * Code that the program has written runs after a fence.
 */
#include <string.h>

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define X 0x08
#define AD 0xc0
#define BASE 0x40000000UL
#define WINDOW (BASE + 511 * 4096)

static unsigned faults;

static void
skip(struct uarea *uarea)
{
    faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

static uint64_t
table_new(uint64_t level)
{
    uint64_t table = (uint64_t)sys_frame_alloc(0, 0, 0);
    uint64_t shadow = (uint64_t)sys_frame_alloc(0, 0, 0);

    EXPECT(sys_pt_make(table, shadow, level), 0);
    return table;
}

static void
map(uint64_t table, uint64_t index, uint64_t frame, uint64_t bits)
{
    exo_uarea->batch[0] = frame << 10 | bits | AD;
    EXPECT(sys_pt_map(0, table, index, 1), 1);
}

/* An entry of another table, seen through a page of ours. */
static uint64_t
entry_of(uint64_t window, uint64_t table, uint64_t index)
{
    uint64_t entry;

    map(window, 511, table, R);
    entry = ((volatile uint64_t *)WINDOW)[index];
    EXPECT(sys_pt_unmap(0, window, 511, 1), 1);
    return entry;
}

static void
pages_check(uint64_t window)
{
    const volatile struct frame *record =
        (const volatile struct frame *)INFORMATION_FRAMES;
    uint64_t address = (uint64_t)exo_archive;
    uint64_t table = exo_root;
    uint64_t frame;

    for (unsigned level = 2; level > 0; level--) {
        table =
            entry_of(window, table, address >> (12 + 9 * level) & 511) >> 10;
    }
    frame = entry_of(window, table, address >> 12 & 511) >> 10;
    EXPECT(record[frame].owner, exo_id);
    EXPECT(record[frame].type, FRAME_DATA);
    EXPECT(record[frame].maps, 1);
    EXPECT(sys_pt_unmap(0, table, address >> 12 & 511, 1), 1);
    EXPECT(sys_frame_free(frame, 0), 0);
    /* The kernel can write to it, as to any free frame. */
    EXPECT(sys_cap_fresh(0, 1), 0);
    EXPECT(sys_frame_alloc(1, 0, frame), frame);
    EXPECT(sys_frame_scrub(frame), 0);
    EXPECT(sys_frame_free(frame, 0), 0);
}

/* li a0, VALUE; ret */
static void
code_write(volatile uint32_t *code, uint32_t value)
{
    code[0] = value << 20 | 0x513;
    code[1] = 0x8067;
}

static void
code_check(uint64_t window)
{
    uint64_t frame = (uint64_t)sys_frame_alloc(0, 0, 0);
    int (*run)(void) = (int (*)(void))(BASE + 4096);

    (void)sys_frame_scrub(frame);
    map(window, 0, frame, R | W);
    map(window, 1, frame, R | X);
    for (uint32_t i = 0; i < 1000; i++) {
        code_write((volatile uint32_t *)BASE, i);
        exo_code_fence();
        EXPECT(run(), i);
    }
}

int
main(void)
{
    const unsigned char *byte = exo_archive;
    uint64_t middle = table_new(1);
    uint64_t window = table_new(0);

    EXPECT(sys_pt_link(0, exo_root, 1, middle), 0);
    EXPECT(sys_pt_link(0, middle, 0, window), 0);
    EXPECT((uint64_t)exo_archive / 4096 * 4096, FIRST_ARCHIVE);
    EXPECT(memcmp(exo_archive, "070701", 6), 0);
    EXPECT(strcmp((const char *)byte + 110, "init"), 0);
    for (const unsigned char *before = byte; (uint64_t)before % 4096 != 0;) {
        before--;
        EXPECT(*before, 0);
    }
    for (size_t i = exo_archive_size; ((uint64_t)exo_archive + i) % 4096 != 0;
         i++) {
        EXPECT(byte[i], 0);
    }
    EXPECT(exo_cap, 0);
    EXPECT(exo_argument, 0);
    exo_exception_handler = skip;
    __asm__ volatile(
        ".option push; .option norvc; sd zero, 0(%0); .option pop" ::"r"(byte)
        : "memory");
    EXPECT(faults, 1);
    pages_check(window);
    code_check(window);
    printf("test: archive at 0x%lx ok\n", (uint64_t)byte % 4096);
    return 0;
}
