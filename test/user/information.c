/* SPDX-License-Identifier: MIT */
/*
 * The information pages say what the machine is; they cannot be written, and
 * the places of tables that the kernel does not have fault.
 */
#include <string.h>

#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define SECONDS_2020 1577836800UL

static unsigned faults;

static void
skip(struct uarea *uarea)
{
    faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

static void
read_at(uint64_t address, unsigned wanted)
{
    unsigned before = faults;

    __asm__ volatile(".option push; .option norvc\n"
                     "ld t0, 0(%0)\n"
                     ".option pop" ::"r"(address)
                     : "t0", "memory");
    EXPECT(faults - before, wanted);
}

static void
write_at(uint64_t address)
{
    unsigned before = faults;

    __asm__ volatile(".option push; .option norvc\n"
                     "sd zero, 0(%0)\n"
                     ".option pop" ::"r"(address)
                     : "memory");
    EXPECT(faults - before, 1);
}

static void
harts(const struct information *info)
{
    EXPECT(info->hart_count >= 1 && info->hart_count <= INFORMATION_HARTS, 1);
    for (unsigned i = 0; i < info->hart_count; i++) {
        EXPECT(info->hart[i].flags & INFORMATION_HART_UP, 1);
        for (unsigned j = 0; j < i; j++) {
            EXPECT(info->hart[i].id == info->hart[j].id, 0);
        }
    }
}

static void
disks(const struct information *info)
{
    EXPECT(info->disk_count <= INFORMATION_DISKS, 1);
    for (unsigned i = 0; i < INFORMATION_DISKS; i++) {
        EXPECT(info->disk[i].blocks > 0, i < info->disk_count);
        if (i < info->disk_count) {
            printf("test: disk %u: %lu blocks, flags %lu\n", i,
                   info->disk[i].blocks, info->disk[i].flags);
        }
    }
}

/* What RAM the frame table has, within reach of small machines. */
static uint64_t
records_count(void)
{
    const struct frame *table = (const struct frame *)INFORMATION_FRAMES;
    uint64_t count = 0;

    for (uint64_t i = 0; i < 1UL << 20; i++) {
        count += table[i].type != FRAME_ABSENT;
    }
    return count;
}

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

int
main(void)
{
    const struct information *info =
        (const struct information *)INFORMATION_BOOT;
    unsigned set = 0;

    exo_exception_handler = skip;
    EXPECT(info->version, INFORMATION_VERSION);
    EXPECT(info->frames, records_count());
    EXPECT(info->time_frequency >= 1000000, 1);
    harts(info);
    disks(info);
    if (info->flags & INFORMATION_CLOCK) {
        EXPECT(info->clock > SECONDS_2020 * 1000000000, 1);
        EXPECT(info->clock_time > 0 && info->clock_time < time_now(), 1);
    } else {
        EXPECT(info->clock | info->clock_time, 0);
    }
    for (unsigned i = 0; i < INFORMATION_ENTROPY_SIZE; i++) {
        set += info->entropy[i] != 0;
    }
    EXPECT(set > INFORMATION_ENTROPY_SIZE / 2,
           (info->flags & INFORMATION_ENTROPY) != 0);

    write_at(INFORMATION_BOOT);
    write_at(INFORMATION_FRAMES);
    read_at(INFORMATION_BOOT + FRAME_SIZE - 8, 0);
    read_at(INFORMATION_BOOT + FRAME_SIZE, 1);
    read_at(INFORMATION_BOOT - FRAME_SIZE, 0); /* a record of no RAM */
    read_at(INFORMATION_END, 1);
    printf("test: information: %u harts, first %lu with flags %lu, flags %u, "
           "arguments <%s>\n",
           info->hart_count, info->hart[0].id, info->hart[0].flags, info->flags,
           info->arguments);
    printf("test: information ok\n");
    return 0;
}
