/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio disks with a disk that does what it should, and with one
 * that is wrong in one way: what the driver makes of its configuration, where
 * data goes, what it says of used entries that cannot be, and reset.
 */
#include "kern/abi/error.h"
#include "test/host/check.h"
#include "test/host/virtio_model.h"

#define SECTORS 4096u
#define BLOCKS (SECTORS / 8)
#define DATA_BYTES (1ul << 20)

static struct disk disk;
static uint64_t state = 0x6469736bu;

static void
ready(bool legacy)
{
    model_begin(legacy, SECTORS);
    CHECK(model_init(&disk) == NULL);
    CHECK(model.starts == 1);
}

static void
ask(unsigned tag, enum disk_operation operation, uint64_t block)
{
    struct disk_segment segment = {MODEL_DATA + (uint64_t)tag * DISK_BLOCK_SIZE,
                                   DISK_BLOCK_SIZE};
    bool data = operation == DISK_READ || operation == DISK_WRITE;

    CHECK_EQUAL(disk.driver->submit(&disk, tag, operation, block,
                                    operation != DISK_FLUSH, &segment, data),
                0);
}

/* The next answer must be this one. */
static void
answered(unsigned wanted, int error)
{
    unsigned tag = 99;
    int got = 1;

    CHECK(model.interrupt & 1);
    CHECK_EQUAL(disk.driver->complete(&disk, &tag, &got), DISK_DONE);
    CHECK_EQUAL(tag, wanted);
    CHECK_EQUAL(got, error);
}

static void
none(enum disk_answer wanted)
{
    unsigned tag = 99;
    int error = 1;

    CHECK_EQUAL(disk.driver->complete(&disk, &tag, &error), wanted);
    CHECK(tag == 99 && error == 1);
}

/* What a configuration comes to. */
static void
check_described(bool legacy)
{
    check_subject = "description";
    ready(legacy);
    CHECK_EQUAL(disk.blocks, BLOCKS);
    CHECK_EQUAL(disk.requests, 64);
    CHECK_EQUAL(disk.segments, DISK_SEGMENTS_MAX);
    CHECK_EQUAL(disk.discard_blocks, 512);
    CHECK(disk.segment_bytes >= DISK_BLOCK_SIZE * 32);
    CHECK(!disk.read_only && disk.flush && disk.discard);

    model_begin(legacy, (3ull << 32) + 47);
    model.offers = MODEL_INDIRECT | MODEL_VERSION_1;
    CHECK(model_init(&disk) == NULL);
    CHECK_EQUAL(disk.blocks, (3ull << 29) + 5);
    CHECK_EQUAL(disk.segments, 1);
    CHECK(!disk.read_only && !disk.flush && !disk.discard);

    model_begin(legacy, SECTORS);
    model.offers |= MODEL_READ_ONLY;
    model.config[MODEL_SIZE] = 9000;
    model.config[MODEL_COUNT] = 7;
    model.config[MODEL_BLOCK] = 4096;
    CHECK(model_init(&disk) == NULL);
    CHECK(disk.read_only && !disk.discard);
    CHECK_EQUAL(disk.segments, 7);
    CHECK_EQUAL(disk.segment_bytes, 8704);

    model_begin(legacy, SECTORS);
    model.config[MODEL_DISCARD_RANGES] = 0;
    model.config[MODEL_COUNT] = 0;
    model.queue_max = 64;
    CHECK(model_init(&disk) == NULL);
    CHECK(!disk.discard);
    CHECK_EQUAL(disk.segments, 1);
}

static void
refused(const char *why)
{
    const char *got = model_init(&disk);

    check_subject = why;
    CHECK(got != NULL && strcmp(got, why) == 0);
    CHECK((model.status & 0x84) == 0x80); /* failed, and never started */
    CHECK_EQUAL(model.starts, 0);
}

static void
check_refused(bool legacy)
{
    model_begin(legacy, 7);
    refused("it is smaller than a block");
    model_begin(legacy, UINT64_MAX);
    refused("it is larger than there are bytes");
    model_begin(legacy, SECTORS);
    model.config[MODEL_BLOCK] = 8192;
    refused("it wants smaller pieces, or larger ones");
    model_begin(legacy, SECTORS);
    model.config[MODEL_SIZE] = 4095;
    refused("it wants smaller pieces, or larger ones");
    model_begin(legacy, SECTORS);
    model.queue_max = 63;
    refused("its queue is in use or too short");
    model_begin(legacy, SECTORS);
    model.queue_max = 0;
    refused("its queue is in use or too short");
    model_begin(legacy, SECTORS);
    model.queue_used = true;
    refused("its queue is in use or too short");
    model_begin(legacy, SECTORS);
    model.offers &= ~MODEL_INDIRECT;
    refused("it offers too little, or wants too much");
    if (!legacy) {
        model_begin(legacy, SECTORS);
        model.disagrees = true;
        refused("it offers too little, or wants too much");
        model_begin(legacy, SECTORS);
        model.offers &= ~MODEL_VERSION_1;
        refused("it offers too little, or wants too much");
        /* The same wrong number each time: only the generation tells. */
        model_begin(legacy, SECTORS);
        model.flips = true;
        refused("its configuration does not stand still");
    }
    model_begin(legacy, SECTORS);
    model.changes = MODEL_NO_CHANGE;
    refused("its configuration does not stand still");
    model_begin(legacy, SECTORS);
    model.stop_reads = UINT32_MAX;
    refused("it does not reset");
    model_begin(legacy, SECTORS);
    model.stop_reads = 100;
    CHECK(model_init(&disk) == NULL);
}

/* Changes while the configuration is read: what comes of it was there at one
   moment. */
static void
check_torn(bool legacy)
{
    check_subject = "a configuration that changes";
    for (uint32_t changes = 1; changes < 8; changes++) {
        model_begin(legacy, SECTORS);
        model.changes = changes;
        CHECK(model_init(&disk) == NULL);
        CHECK_EQUAL(model.changes, 0);
        CHECK_EQUAL(disk.blocks,
                    ((uint64_t)(changes % 2) << 29) + (SECTORS + changes) / 8);
    }
}

/* Requests in flight, each of random pieces of memory, answered in any order;
   the image is compared with what was written. */
#define SLOTS 16
#define PIECE 512u

struct asked {
    bool busy;
    enum disk_operation operation;
    uint64_t block;
    uint32_t count;
    unsigned number;
    struct disk_segment segments[DISK_SEGMENTS_MAX];
};

static struct asked asked[DISK_REQUESTS_MAX];
static uint8_t expected[SECTORS * 512];

/* A tag's own part of the disk and of memory. */
static void
random_ask(unsigned tag)
{
    static const enum disk_operation operations[] = {
        DISK_READ, DISK_READ, DISK_WRITE, DISK_WRITE, DISK_FLUSH, DISK_DISCARD};
    struct asked *a = &asked[tag];
    uint64_t room = BLOCKS / DISK_REQUESTS_MAX;
    uint64_t address = MODEL_DATA + tag * (DATA_BYTES / DISK_REQUESTS_MAX);
    uint32_t left;

    *a = (struct asked){.busy = true,
                        .operation = operations[random_below(&state, 6)]};
    if (a->operation != DISK_FLUSH) {
        a->block = random_below(&state, room);
        a->count = (uint32_t)(1 + random_below(&state, room - a->block));
        a->count = a->count < 3 ? a->count : 3;
        a->block += tag * room;
    }
    left = a->operation == DISK_READ || a->operation == DISK_WRITE
               ? a->count * DISK_BLOCK_SIZE
               : 0;
    while (left > 0) {
        uint32_t bytes = PIECE * (uint32_t)(1 + random_below(&state, 4));

        bytes = bytes > left || a->number == disk.segments - 1 ? left : bytes;
        a->segments[a->number++] = (struct disk_segment){address, bytes};
        address += bytes;
        left -= bytes;
    }
    for (unsigned i = 0; i < a->number; i++) {
        uint8_t *at = model.data + (a->segments[i].address - MODEL_DATA);

        for (uint32_t j = 0; j < a->segments[i].bytes; j += 8) {
            uint64_t word = random_next(&state);

            memcpy(at + j, &word, 8);
        }
    }
    /* The driver may not look at the array afterwards. */
    struct disk_segment copy[DISK_SEGMENTS_MAX];
    memcpy(copy, a->segments, sizeof(copy));
    CHECK_EQUAL(disk.driver->submit(&disk, tag, a->operation, a->block,
                                    a->count, copy, a->number),
                0);
    memset(copy, 0x5a, sizeof(copy));
}

/* The request is done: what should be where. */
static void
random_done(const struct asked *a)
{
    uint8_t *at = expected + a->block * DISK_BLOCK_SIZE;

    if (a->operation == DISK_DISCARD) {
        memset(at, 0xdd, a->count * (size_t)DISK_BLOCK_SIZE);
    }
    for (unsigned i = 0; i < a->number; i++) {
        const uint8_t *memory =
            model.data + (a->segments[i].address - MODEL_DATA);

        if (a->operation == DISK_WRITE) {
            memcpy(at, memory, a->segments[i].bytes);
        }
        CHECK(memcmp(at, memory, a->segments[i].bytes) == 0);
        at += a->segments[i].bytes;
    }
}

static unsigned
random_complete(void)
{
    unsigned count = 0;
    enum disk_answer answer;
    unsigned tag;
    int error;

    if (model.interrupt != 0) {
        disk.driver->acknowledge(&disk);
        CHECK_EQUAL(model.interrupt, 0);
    }
    while ((answer = disk.driver->complete(&disk, &tag, &error)) == DISK_DONE) {
        CHECK(tag < DISK_REQUESTS_MAX && asked[tag].busy && error == 0);
        asked[tag].busy = false;
        random_done(&asked[tag]);
        count++;
    }
    CHECK_EQUAL(answer, DISK_NOTHING);
    return count;
}

static void
random_answer(unsigned count)
{
    for (unsigned i = 0; i < count && model_pending() > 0; i++) {
        model_answer((unsigned)random_below(&state, model_pending()));
    }
}

/* Over 65,536 requests, so that every index wraps. */
static void
check_random(bool legacy, uint32_t segments)
{
    unsigned done = 0;
    unsigned notices;

    check_subject = "random requests";
    model_begin(legacy, SECTORS);
    model.config[MODEL_COUNT] = segments;
    CHECK(model_init(&disk) == NULL);
    memset(expected, 0, sizeof(expected));
    memset(asked, 0, sizeof(asked));
    while (done < 70000) {
        unsigned tag = (unsigned)random_below(&state, DISK_REQUESTS_MAX);

        notices = model.notices;
        model.polls = random_below(&state, 8) == 0;
        (void)model_pending(); /* says whether it wants a notice */
        if (!asked[tag].busy) {
            random_ask(tag);
            CHECK_EQUAL(model.notices - notices, !model.polls);
        }
        random_answer((unsigned)random_below(&state, 4));
        if (random_below(&state, 4) == 0) {
            done += random_complete();
        }
        if (random_below(&state, 2000) == 0) {
            random_answer(DISK_REQUESTS_MAX);
            (void)random_complete();
            CHECK(memcmp(model.image, expected, sizeof(expected)) == 0);
        }
    }
}

/* Each answer that cannot be. */
static void
check_broken(bool legacy)
{
    static const uint32_t ids[] = {0,  1,  2,    4,          63,         64,
                                   65, 67, 1027, 0x80000003, 0xfffffffc, ~0u};

    check_subject = "ids";
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        ready(legacy);
        ask(3, DISK_READ, 9);
        CHECK_EQUAL(model_pending(), 1);
        none(DISK_NOTHING);
        model_use(ids[i], 1);
        none(DISK_BROKEN);
        none(DISK_BROKEN);
        CHECK(disk.driver->reset(&disk));
        none(DISK_NOTHING);
    }
    check_subject = "the same id twice";
    ready(legacy);
    ask(3, DISK_READ, 9);
    ask(4, DISK_READ, 9);
    CHECK_EQUAL(model_pending(), 2);
    model_answer(0);
    model_use(3, 1);
    answered(3, 0);
    none(DISK_BROKEN);

    check_subject = "entries that nobody asked for";
    for (uint32_t advance = 2; advance < 0x10000; advance++) {
        if (advance == 3 || advance == 66) {
            advance = advance == 3 ? 62 : 0x7ff0;
        } else if (advance == 0x8010) {
            advance = 0xfff0;
        }
        ready(legacy);
        ask(3, DISK_READ, 9);
        CHECK_EQUAL(model_pending(), 1);
        model_use(3, (uint16_t)advance);
        none(DISK_BROKEN);
    }
    ready(legacy);
    model_use(0, 1);
    none(DISK_BROKEN);
}

static void
check_errors(bool legacy)
{
    check_subject = "status";
    for (unsigned status = 1; status < 256; status++) {
        ready(legacy);
        ask(7, DISK_WRITE, 1);
        CHECK_EQUAL(model_pending(), 1);
        model.answer = (uint8_t)status;
        model_answer(0);
        answered(7, status == 2 ? -ENOSYS : -EIO);
    }
    /* One that the device forgets to write, though it was 0 before. */
    ready(legacy);
    ask(7, DISK_WRITE, 1);
    CHECK_EQUAL(model_pending(), 1);
    model_answer(0);
    answered(7, 0);
    ask(7, DISK_WRITE, 1);
    CHECK_EQUAL(model_pending(), 1);
    model_use(7, 1);
    answered(7, -EIO);
}

static void
check_reset(bool legacy)
{
    check_subject = "reset";
    ready(legacy);
    for (unsigned tag = 0; tag < DISK_REQUESTS_MAX; tag++) {
        ask(tag, DISK_WRITE, tag);
    }
    CHECK_EQUAL(model_pending(), DISK_REQUESTS_MAX);
    for (unsigned i = 0; i < 20; i++) {
        model_answer(0);
    }
    CHECK(disk.driver->reset(&disk));
    CHECK_EQUAL(model.starts, 2);
    none(DISK_NOTHING);
    for (unsigned tag = 0; tag < DISK_REQUESTS_MAX; tag++) {
        ask(tag, DISK_READ, tag);
    }
    CHECK_EQUAL(model_pending(), DISK_REQUESTS_MAX);
    for (unsigned tag = 0; tag < DISK_REQUESTS_MAX; tag++) {
        model_answer(0);
        answered(tag == 0 ? 0 : DISK_REQUESTS_MAX - tag, 0);
    }
    none(DISK_NOTHING);

    check_subject = "a device that does not come back";
    model.stop_reads = UINT32_MAX;
    model.register_reads = 0;
    CHECK(!disk.driver->reset(&disk));
    CHECK(model.register_reads <= 1000);
    CHECK_EQUAL(model.starts, 2);
    model.stop_reads = 0;
    CHECK(disk.driver->reset(&disk));
    CHECK_EQUAL(model.starts, 3);

    check_subject = "a device that comes back as another";
    model.offers |= MODEL_READ_ONLY;
    CHECK(!disk.driver->reset(&disk));
    model.offers &= ~(MODEL_READ_ONLY | MODEL_FLUSH);
    CHECK(!disk.driver->reset(&disk));
    CHECK_EQUAL(model.starts, 3);
    model.offers |= MODEL_FLUSH;
    model.queue_max = 32;
    CHECK(!disk.driver->reset(&disk));
    CHECK(model.status & 0x80);
    model.queue_max = 64;
    CHECK(disk.driver->reset(&disk));
    ask(0, DISK_FLUSH, 0);
    CHECK_EQUAL(model_pending(), 1);
    model_answer(0);
    answered(0, 0);
}

int
main(void)
{
    model.data = malloc(DATA_BYTES);
    model.data_bytes = DATA_BYTES;
    CHECK(model.data != NULL);
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        check_described(legacy);
        check_refused(legacy);
        check_torn(legacy);
        check_broken(legacy);
        check_errors(legacy);
        check_reset(legacy);
        check_random(legacy, 126);
        check_random(legacy, 3);
    }
    free(model.data);
    return 0;
}
