/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio disks with a device that the bytes make: it says what it
 * likes in its registers and writes what it likes into the driver's memory,
 * whenever the driver gives it a moment. Whatever it does, the driver stays
 * within its memory, ends, and says of a tag that it is done only if it is
 * outstanding.
 */
#include "kern/abi/error.h"
#include "test/host/check.h"
#include "test/host/virtio_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The layout of platform/dev/virtio_mmio.h. */
#define USED_NEXT 0x1002
#define USED_RING 0x1004

static const uint8_t *rest;
static size_t left;

static uint32_t
take(unsigned bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | (left > 0 ? *rest : 0);
        rest += left > 0;
        left -= left > 0;
    }
    return value;
}

/* An honest word of a register, most of the time. */
static uint32_t
word(uint32_t honest)
{
    uint32_t how = take(1);

    if (how < 0xe0) {
        return honest;
    }
    return how < 0xf0 ? honest ^ (uint32_t)1 << how % 32 : take(4);
}

/* What the device does to the driver's memory. */
static void
scribble(void)
{
    uint64_t bytes;
    uint8_t *memory = model_driver_memory(&bytes);
    uint32_t how = take(1);
    uint32_t id;

    switch (how % 8) {
    case 0: /* an answer that may be right */
        id = take(1);
        memcpy(memory + USED_RING + 8ul * (memory[USED_NEXT] % 64), &id, 4);
        if (++memory[USED_NEXT] == 0) {
            memory[USED_NEXT + 1]++;
        }
        break;
    case 1:
        memory[USED_NEXT] += (uint8_t)how / 8;
        break;
    case 2:
        id = take(4);
        memcpy(memory + USED_RING + 8ul * (how / 8), &id, 4);
        break;
    case 3:
        for (uint32_t n = how / 8; n > 0; n--) {
            uint64_t at = take(3) % bytes;

            memory[at] = (uint8_t)take(1);
        }
        break;
    case 4:
        memset(memory, how / 8 % 2 ? 0xff : 0, bytes);
        break;
    default:
        break;
    }
}

static void
submit(struct disk *disk, uint64_t *outstanding)
{
    unsigned tag = take(1) % disk->requests;
    enum disk_operation operation = take(1) % 4;
    struct disk_segment segments[DISK_SEGMENTS_MAX];
    uint32_t count = 1 + take(1) % DISK_SEGMENTS_MAX;
    unsigned number;

    count = count > disk->blocks ? (uint32_t)disk->blocks : count;
    count = count > disk->segments ? disk->segments : count;
    number = count;
    for (unsigned i = 0; i < number; i++) {
        segments[i] = (struct disk_segment){MODEL_DATA, DISK_BLOCK_SIZE};
    }
    if (*outstanding >> tag & 1 ||
        (operation == DISK_WRITE && disk->read_only) ||
        (operation == DISK_FLUSH && !disk->flush) ||
        (operation == DISK_DISCARD &&
         (!disk->discard || count > disk->discard_blocks))) {
        return;
    }
    *outstanding |= (uint64_t)1 << tag;
    CHECK_EQUAL(disk->driver->submit(disk, tag, operation, disk->blocks - count,
                                     operation == DISK_FLUSH ? 0 : count,
                                     segments,
                                     operation >= DISK_FLUSH ? 0 : number),
                0);
}

/* Returns whether the device is still to be dealt with. */
static bool
complete(struct disk *disk, uint64_t *outstanding)
{
    for (unsigned i = 0; i <= DISK_REQUESTS_MAX; i++) {
        unsigned tag = ~0u;
        int error = 1;

        switch (disk->driver->complete(disk, &tag, &error)) {
        case DISK_NOTHING:
            CHECK(tag == ~0u && error == 1);
            return true;
        case DISK_DONE:
            CHECK(tag < disk->requests && (*outstanding >> tag & 1));
            CHECK(error == 0 || error == -EIO || error == -ENOSYS);
            *outstanding &= ~((uint64_t)1 << tag);
            break;
        case DISK_BROKEN:
            CHECK(tag == ~0u && error == 1);
            return false;
        }
    }
    check_fail(__FILE__, __LINE__, "more answers than requests");
}

static bool
reset(struct disk *disk, uint64_t *outstanding)
{
    for (unsigned i = 0; i < 3; i++) {
        model.register_reads = 0;
        if (disk->driver->reset(disk)) {
            *outstanding = 0;
            return true;
        }
        CHECK(model.register_reads <= 1000);
    }
    return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk disk;
    uint64_t outstanding = 0;
    bool alive = true;

    rest = data;
    left = size;
    model_begin(take(1) % 2 != 0, 64);
    model.hostile = true;
    model.word = word;
    model.fence = scribble;
    if (model_init(&disk) != NULL) {
        return 0;
    }
    CHECK(disk.blocks > 0 && disk.blocks <= UINT64_MAX / DISK_BLOCK_SIZE);
    CHECK(disk.requests == DISK_REQUESTS_MAX);
    CHECK(disk.segments > 0 && disk.segments <= DISK_SEGMENTS_MAX);
    CHECK(disk.segment_bytes >= DISK_BLOCK_SIZE);
    CHECK(!disk.discard || (disk.discard_blocks > 0 && !disk.read_only));
    while (left > 0 && alive) {
        switch (take(1) % 8) {
        case 0:
            alive = reset(&disk, &outstanding);
            break;
        case 1:
        case 2:
            disk.driver->acknowledge(&disk);
            alive = complete(&disk, &outstanding) || reset(&disk, &outstanding);
            break;
        default:
            submit(&disk, &outstanding);
        }
    }
    return 0;
}
