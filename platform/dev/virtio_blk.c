/* SPDX-License-Identifier: MIT */
/*
 * Disks by virtio (Virtual I/O Device 1.2, 5.2), modern and legacy.
 *
 * Request `tag` has descriptor `tag` of the queue for itself, and an area of
 * its own, both laid out at boot. The descriptor names the table in the area:
 *
 *   0  header: what to do, and where on the disk    -> 1, 2 or 3
 *   1  status: a byte, written by the device           end
 *   2  what to discard                              -> 1
 *   3  first piece of data                          -> 4, or 1 if the last
 *   4  ...
 *
 * so to submit is to write two words for each piece of data, the header, and
 * one entry of the available ring. The queue never overflows, for it has as
 * many entries as there are tags.
 *
 * Invariants: a bit of `outstanding` is set from submit until the device gives
 * its tag back, and given - taken counts the bits; nothing that is decided here
 * depends on what the device can write, but for used.next, the id of a used
 * entry, and the status, each read once and checked. Descriptors and headers
 * are written and never read. What the device does to memory cannot be checked
 * by anybody without an IOMMU (docs/virtio.md).
 *
 * EVENT_IDX is not asked for: it would save interrupts between a completion and
 * the next while the hart is in the kernel, but these are one interrupt anyway,
 * being off there.
 */
#include "kern/abi/error.h"
#include "kern/boot/boot_memory.h"
#include "kern/panic.h"
#include "kern/physical.h"
#include "kern/string.h"
#include "platform/dev/virtio_mmio.h"
#include "platform/disk.h"
#include "platform/driver.h"

/* Features (5.2.3). */
#define HAS_SIZE_MAX VIRTIO_BIT(1)
#define HAS_SEGMENTS VIRTIO_BIT(2)
#define IS_READ_ONLY VIRTIO_BIT(5)
#define HAS_BLOCK_SIZE VIRTIO_BIT(6)
#define HAS_FLUSH VIRTIO_BIT(9)
#define HAS_DISCARD VIRTIO_BIT(13)

#define NEEDED VIRTIO_INDIRECT
#define WANTED                                                                 \
    (NEEDED | HAS_SIZE_MAX | HAS_SEGMENTS | IS_READ_ONLY | HAS_BLOCK_SIZE |    \
     HAS_FLUSH | HAS_DISCARD)

/* Types of requests, and what becomes of them (5.2.6). */
#define TYPE_READ 0
#define TYPE_WRITE 1
#define TYPE_FLUSH 4
#define TYPE_DISCARD 11
#define STATUS_OK 0
#define STATUS_UNKNOWN 2
#define STATUS_NONE 0xff /* ours: not written yet */

#define SECTOR_SHIFT 9
#define BLOCK_SECTORS (DISK_BLOCK_SIZE >> SECTOR_SHIFT)

/* Places in a request's table. */
#define HEADER 0
#define STATUS 1
#define DISCARDED 2
#define DATA 3
#define TABLE_SIZE (DATA + DISK_SEGMENTS_MAX)

#define QUEUE 0
#define CONFIG_TRIES 16

struct request {
    struct virtio_descriptor table[TABLE_SIZE];
    struct {
        uint64_t type; /* 32 bits; the others are reserved */
        uint64_t sector;
    } header;
    struct {
        uint64_t sector;
        uint64_t sectors; /* 32 bits; the others are flags, none */
    } discard;
};

/* What the device sees: boot memory, in the direct map. */
struct memory {
    struct virtio_queue queue;
    struct request request[DISK_REQUESTS_MAX];
    volatile uint8_t status[DISK_REQUESTS_MAX];
};

struct virtio_blk {
    struct virtio virtio;
    struct memory *memory;
    paddr_t physical;     /* of *memory */
    uint64_t outstanding; /* a bit for each tag */
    uint16_t given;       /* entries written to the available ring; wraps */
    uint16_t taken;       /* entries taken from the used ring; wraps */
};

_Static_assert(DISK_REQUESTS_MAX == VIRTIO_QUEUE_SIZE &&
                   DISK_REQUESTS_MAX <= 64,
               "a tag is a descriptor, and a bit of `outstanding`");
_Static_assert(TABLE_SIZE <= VIRTIO_QUEUE_SIZE,
               "no chain is longer than the queue (2.7.5.3.1)");

static struct virtio_blk devices[DISKS_MAX];

/* Whether the segments are as platform/disk.h says, and `count` blocks. */
static bool
segments_fit(const struct disk *disk, uint32_t count,
             const struct disk_segment *segments, unsigned number)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < number; i++) {
        if (segments[i].bytes % (1u << SECTOR_SHIFT) != 0 ||
            segments[i].bytes > disk->segment_bytes) {
            return false;
        }
        bytes += segments[i].bytes;
    }
    return number > 0 && number <= disk->segments &&
           bytes == (uint64_t)count * DISK_BLOCK_SIZE;
}

/* Tells the device of the pieces of memory, one or more: where each is, and
   that the next follows it, or the status the last. */
static inline void
data_write(struct request *r, const struct disk_segment *segments,
           unsigned number, unsigned flags)
{
    struct virtio_descriptor *d = &r->table[DATA];
    const struct disk_segment *last = segments + number - 1;
    uint64_t rest = VIRTIO_WORD(0, flags | VIRTIO_NEXT, DATA + 1);

    for (; segments < last; segments++, d++) {
        d->address = segments->address;
        d->word = rest | segments->bytes;
        rest += VIRTIO_WORD(0, 0, 1);
    }
    d->address = last->address;
    d->word = VIRTIO_WORD(last->bytes, flags | VIRTIO_NEXT, STATUS);
}

/*
 * Puts the tag into the available ring and tells the device. The device reads
 * the ring up to `next`, so all that belongs to the entry is in memory before
 * `next` says that it is there: dma_publish.
 *
 * The device may be looking at the ring just now, and then wants no notice. It
 * says so in used.flags; when it is about to stop looking it takes that back,
 * and only then looks at `next` a last time. We write `next`, and only then
 * look at the flags (dma_before_register): so one of us sees what the other
 * wrote (2.7.13.4.1).
 */
static void
queue_put(struct virtio_blk *v, unsigned tag)
{
    struct virtio_queue *queue = &v->memory->queue;
    uint16_t given = v->given;

    queue->available.ring[given % VIRTIO_QUEUE_SIZE] = (uint16_t)tag;
    given++;
    v->given = given;
    dma_publish();
    queue->available.next = given;
    dma_before_register();
    if (!(queue->used.flags & VIRTIO_USED_NO_NOTIFY)) {
        virtio_notify(&v->virtio, QUEUE);
    }
}

/* The two that are less frequent: writes all but what follows from the type,
   and returns that. */
static uint64_t
other_write(struct request *r, bool discard, uint32_t count, unsigned *first)
{
    if (!discard) {
        *first = STATUS;
        r->header.sector = 0;
        return TYPE_FLUSH;
    }
    *first = DISCARDED;
    r->discard.sector = r->header.sector;
    r->discard.sectors = (uint64_t)count * BLOCK_SECTORS;
    r->header.sector = 0;
    return TYPE_DISCARD;
}

/* NOLINTBEGIN(readability-function-size): seven parameters, all in registers.
 */
static int
blk_submit(struct disk *disk, unsigned tag, enum disk_operation operation,
           uint64_t block, uint32_t count, const struct disk_segment *segments,
           unsigned number)
{
    struct virtio_blk *v = disk->device;
    struct memory *memory = v->memory;
    struct request *r = &memory->request[tag];
    uint64_t type;
    unsigned first = DATA;

    ASSERT(tag < DISK_REQUESTS_MAX && !(v->outstanding >> tag & 1));
    ASSERT(block <= disk->blocks && count <= disk->blocks - block);
    r->header.sector = block * BLOCK_SECTORS;
    if (operation <= DISK_WRITE) {
        bool write = operation == DISK_WRITE;

        ASSERT(segments_fit(disk, count, segments, number));
        ASSERT(!(write && disk->read_only));
        type = write ? TYPE_WRITE : TYPE_READ;
        data_write(r, segments, number, write ? 0 : VIRTIO_WRITE);
    } else {
        bool discard = operation == DISK_DISCARD;

        ASSERT(discard ? disk->discard && count <= disk->discard_blocks
                       : disk->flush);
        type = other_write(r, discard, count, &first);
    }
    r->header.type = type;
    r->table[HEADER].word = VIRTIO_WORD(sizeof(r->header), VIRTIO_NEXT, first);
    memory->status[tag] = STATUS_NONE;
    v->outstanding |= (uint64_t)1 << tag;
    queue_put(v, tag);
    return 0;
}
/* NOLINTEND(readability-function-size) */

/* What the device used before its interrupt was taken back is looked at after
   that: otherwise an entry that comes in between would wait for the next. */
static void
blk_acknowledge(struct disk *disk)
{
    const struct virtio_blk *v = disk->device;

    virtio_acknowledge(&v->virtio);
    dma_after_register();
}

/*
 * The device writes data, then status, then the used entry, then used.next
 * (2.7.8). We read them in the other order: dma_take keeps the reads of entry,
 * status and data, and the next submit's writes to the same area, behind that
 * of used.next.
 */
static enum disk_answer
blk_complete(struct disk *disk, unsigned *tag, int *error)
{
    struct virtio_blk *v = disk->device;
    struct virtio_queue *queue = &v->memory->queue;
    uint16_t taken = v->taken;
    uint16_t ahead = (uint16_t)(queue->used.next - taken);
    uint64_t id;
    uint8_t status;

    if (ahead == 0) {
        return DISK_NOTHING;
    }
    if (ahead > (uint16_t)(v->given - taken)) {
        return DISK_BROKEN;
    }
    dma_take();
    id = queue->used.ring[taken % VIRTIO_QUEUE_SIZE].id;
    if (id >= DISK_REQUESTS_MAX || !(v->outstanding >> id & 1)) {
        return DISK_BROKEN;
    }
    status = v->memory->status[id];
    v->taken = (uint16_t)(taken + 1);
    v->outstanding &= ~((uint64_t)1 << id);
    *tag = (unsigned)id;
    *error = 0;
    if (status != STATUS_OK) {
        *error = status == STATUS_UNKNOWN ? -ENOSYS : -EIO;
    }
    return DISK_DONE;
}

/* Everything that submit does not write. The device is stopped. */
static void
memory_fill(struct virtio_blk *v)
{
    struct memory *memory = v->memory;

    memory->queue.available.flags = 0;
    memory->queue.available.next = 0;
    memory->queue.used.flags = 0;
    memory->queue.used.next = 0;
    for (unsigned tag = 0; tag < DISK_REQUESTS_MAX; tag++) {
        struct request *r = &memory->request[tag];
        paddr_t at = v->physical + offsetof(struct memory, request) +
                     tag * sizeof(struct request);

        memory->queue.descriptor[tag] = (struct virtio_descriptor){
            at + offsetof(struct request, table),
            VIRTIO_WORD(sizeof(r->table), VIRTIO_TABLE, 0)};
        r->table[HEADER].address = at + offsetof(struct request, header);
        r->table[STATUS] = (struct virtio_descriptor){
            v->physical + offsetof(struct memory, status) + tag,
            VIRTIO_WORD(sizeof(memory->status[tag]), VIRTIO_WRITE, 0)};
        r->table[DISCARDED] = (struct virtio_descriptor){
            at + offsetof(struct request, discard),
            VIRTIO_WORD(sizeof(r->discard), VIRTIO_NEXT, STATUS)};
    }
    v->outstanding = 0;
    v->given = 0;
    v->taken = 0;
}

/* From reset to a device that only has to be started: NULL, or what is wrong
   with it. */
static const char *
device_prepare(struct virtio_blk *v, uint64_t wanted, uint64_t needed)
{
    if (!virtio_stop(&v->virtio)) {
        return "it does not reset";
    }
    if (!virtio_agree(&v->virtio, wanted, needed)) {
        return "it offers too little, or wants too much";
    }
    memory_fill(v);
    if (!virtio_queue_give(&v->virtio, QUEUE, v->physical)) {
        return "its queue is in use or too short";
    }
    return NULL;
}

/* A device that comes back with other features is another disk: whether it
   writes, or has a cache, was told to others. */
static bool
blk_reset(struct disk *disk)
{
    struct virtio_blk *v = disk->device;
    uint64_t features = v->virtio.features;

    if (device_prepare(v, WANTED, features) != NULL ||
        v->virtio.features != features) {
        v->virtio.features = features;
        virtio_fail(&v->virtio);
        return false;
    }
    virtio_start(&v->virtio);
    return true;
}

/* The configuration (5.2.4), as far as it is of interest. */
enum config_field {
    CAPACITY_LOW,
    CAPACITY_HIGH, /* in sectors */
    SEGMENT_BYTES,
    SEGMENTS,
    BLOCK_BYTES, /* smallest that it can write */
    DISCARD_SECTORS,
    DISCARD_RANGES, /* of one request */
    CONFIG_FIELDS
};

static const struct {
    uint8_t offset;
    uint64_t feature; /* without which it is not there */
} config_fields[CONFIG_FIELDS] = {
    {0, 0},
    {4, 0},
    {8, HAS_SIZE_MAX},
    {12, HAS_SEGMENTS},
    {20, HAS_BLOCK_SIZE},
    {36, HAS_DISCARD},
    {40, HAS_DISCARD},
};

static void
config_copy(const struct virtio *v, uint32_t config[CONFIG_FIELDS])
{
    for (unsigned i = 0; i < CONFIG_FIELDS; i++) {
        uint64_t feature = config_fields[i].feature;

        config[i] = (v->features & feature) == feature
                        ? virtio_config(v, config_fields[i].offset)
                        : 0;
    }
}

/* Reads until nothing changes meanwhile: the generation tells (2.5), or, where
   there is none, that a second reading is like the first. */
static bool
config_read(const struct virtio *v, uint32_t config[CONFIG_FIELDS])
{
    uint32_t again[CONFIG_FIELDS];

    for (unsigned i = 0; i < CONFIG_TRIES; i++) {
        uint32_t generation = virtio_generation(v);

        config_copy(v, config);
        config_copy(v, again);
        if (virtio_generation(v) == generation &&
            memcmp(config, again, sizeof(again)) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t
least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* Sets what the disk is, of what the device says: NULL, or why it cannot be
   used. */
static const char *
disk_describe(struct disk *disk, const struct virtio *v)
{
    uint32_t config[CONFIG_FIELDS];
    uint64_t features = v->features;
    uint64_t sectors;

    if (!config_read(v, config)) {
        return "its configuration does not stand still";
    }
    sectors = (uint64_t)config[CAPACITY_HIGH] << 32 | config[CAPACITY_LOW];
    disk->blocks = sectors / BLOCK_SECTORS;
    disk->requests = DISK_REQUESTS_MAX;
    disk->segments = 1; /* what a device takes that does not say more */
    if (config[SEGMENTS] > 1) {
        disk->segments = least(config[SEGMENTS], DISK_SEGMENTS_MAX);
    }
    disk->segment_bytes = DISK_BLOCK_SIZE * DISK_SEGMENTS_MAX;
    if (features & HAS_SIZE_MAX) {
        disk->segment_bytes =
            least(config[SEGMENT_BYTES], disk->segment_bytes) &
            ~((1u << SECTOR_SHIFT) - 1);
    }
    disk->read_only = (features & IS_READ_ONLY) != 0;
    disk->flush = (features & HAS_FLUSH) != 0;
    disk->discard_blocks = config[DISCARD_RANGES] > 0
                               ? config[DISCARD_SECTORS] / BLOCK_SECTORS
                               : 0;
    disk->discard = disk->discard_blocks > 0 && !disk->read_only;
    if (disk->blocks == 0) {
        return "it is smaller than a block";
    }
    if (disk->blocks > UINT64_MAX / DISK_BLOCK_SIZE) {
        return "it is larger than there are bytes";
    }
    if (disk->segment_bytes < DISK_BLOCK_SIZE ||
        config[BLOCK_BYTES] > DISK_BLOCK_SIZE) {
        return "it wants smaller pieces, or larger ones";
    }
    return NULL;
}

static const struct disk_driver driver = {blk_submit, blk_acknowledge,
                                          blk_complete, blk_reset};

const char *
virtio_blk_init(struct disk *disk, volatile void *registers)
{
    struct virtio_blk *v = &devices[disk->index];
    const char *why;

    (void)virtio_open(&v->virtio, registers);
    v->physical = boot_memory_take(sizeof(struct memory), FRAME_SIZE);
    v->memory = direct_map(v->physical);
    disk->driver = &driver;
    disk->kind = v->virtio.legacy ? "virtio legacy" : "virtio";
    disk->device = v;
    why = device_prepare(v, WANTED, NEEDED);
    if (why == NULL) {
        why = disk_describe(disk, &v->virtio);
    }
    if (why == NULL) {
        virtio_start(&v->virtio);
    } else {
        virtio_fail(&v->virtio);
    }
    return why;
}
