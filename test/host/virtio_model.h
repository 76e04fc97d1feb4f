/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_VIRTIO_MODEL_H
#define CHITIN_TEST_VIRTIO_MODEL_H
/*
 * A virtio disk for tests of its driver. It demands what the specification
 * demands of a driver (Virtual I/O Device 1.2: the order of the set-up, which
 * registers there are, what a chain of descriptors looks like), and does what
 * a disk does, when the test says so and in the order that the test says. It
 * can also be told to be wrong.
 *
 * Physical memory is the driver's, from MODEL_DRIVER on, as much as it takes,
 * and the test's own, from MODEL_DATA on.
 */
#include "kern/abi/types.h"
#include "platform/disk.h"

#define MODEL_DRIVER 0x80000000u
#define MODEL_DATA 0x7000000000u

#define MODEL_FEATURE(number) ((uint64_t)1 << (number))
#define MODEL_SIZE_MAX MODEL_FEATURE(1)
#define MODEL_SEGMENTS MODEL_FEATURE(2)
#define MODEL_READ_ONLY MODEL_FEATURE(5)
#define MODEL_BLOCK_SIZE MODEL_FEATURE(6)
#define MODEL_FLUSH MODEL_FEATURE(9)
#define MODEL_DISCARD MODEL_FEATURE(13)
#define MODEL_INDIRECT MODEL_FEATURE(28)
#define MODEL_VERSION_1 MODEL_FEATURE(32)

#define MODEL_QUEUE 64
#define MODEL_NO_CHANGE (~0u)

/* Configuration, in words of 32 bits. */
enum {
    MODEL_CAPACITY,
    MODEL_CAPACITY_HIGH,
    MODEL_SIZE,
    MODEL_COUNT,
    MODEL_BLOCK = 5,
    MODEL_DISCARD_SECTORS = 9,
    MODEL_DISCARD_RANGES,
    MODEL_WORDS = 16
};

struct model {
    /* What the test says it is. */
    bool legacy;
    uint64_t offers;
    uint32_t config[MODEL_WORDS];
    uint32_t queue_max;
    uint32_t kind;
    uint32_t version;
    uint8_t *image;      /* as many sectors as it says */
    uint8_t *data;       /* at MODEL_DATA, */
    uint64_t data_bytes; /* so many */
    /* What is to be wrong. */
    uint32_t stop_reads; /* of the status, until it says that it is reset */
    bool disagrees;      /* with any choice of features */
    bool queue_used;     /* says that its queue is set up already */
    uint32_t changes;    /* so many times it changes while it is read */
    bool polls;          /* wants no notice */
    uint8_t answer;      /* instead of 0 */
    bool flips;          /* its configuration, each time that it is read */
    bool hostile;        /* nothing is demanded of the driver, and registers
                            hold what `word` makes of what they should */
    uint32_t (*word)(uint32_t honest);
    void (*fence)(void); /* called at each fence, if it is not NULL */
    /* What the test may look at. */
    uint32_t status;
    uint64_t features; /* that the driver chose */
    uint32_t interrupt;
    unsigned notices;
    unsigned register_reads;
    unsigned starts;
};
extern struct model model;

/* A disk of so many sectors as virtio 1 or legacy has it, not set up; whatever
   was before is gone. */
void model_begin(bool legacy, uint64_t sectors);

/* Sets up the driver; NULL, or why not. */
const char *model_init(struct disk *disk);

/* Requests that the device has seen and not answered. */
unsigned model_pending(void);

/* Answers one of them; `which` is below their number. */
void model_answer(unsigned which);

/* The memory that the driver has taken, for those who spoil it. */
uint8_t *model_driver_memory(uint64_t *bytes);

/* An entry of the used ring, from nowhere. */
void model_use(uint32_t id, uint16_t advance);

#endif
