/* SPDX-License-Identifier: MIT */
#include "test/host/virtio_model.h"

#include "kern/boot/boot_memory.h"
#include "kern/panic.h"
#include "kern/physical.h"
#include "platform/driver.h"
#include "platform/mmio.h"
#include "test/host/check.h"

#define STATUS_DRIVER 3
#define STATUS_GO 4
#define STATUS_AGREED 8

/* What a driver here may say that it knows. */
#define KNOWN                                                                  \
    (MODEL_SIZE_MAX | MODEL_SEGMENTS | MODEL_READ_ONLY | MODEL_BLOCK_SIZE |    \
     MODEL_FLUSH | MODEL_DISCARD | MODEL_INDIRECT | MODEL_VERSION_1)

#define NEXT 1
#define WRITE 2
#define TABLE 4

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct model model;

_Thread_local struct hart machine_hart;
void (*machine_pause)(void);

static void *driver_memory;
static uint64_t driver_bytes;

static uint32_t features_part, choice_part;
static uint32_t queue_size, queue_align, page_bytes;
static uint64_t descriptors, available, used;
static bool queue_ready;
static uint32_t generation;
static unsigned reads_left;

static uint16_t seen;  /* entries of the available ring that it knows of, */
static uint16_t taken; /* and has put among the pending */
static uint16_t told;  /* entries of the used ring */
static uint16_t pending[MODEL_QUEUE];
static unsigned pending_count;

_Noreturn void
panic(const char *format, ...)
{
    check_fail(__FILE__, __LINE__, format);
}

/* Memory ends where the driver's does, so that the sanitizer sees more. */
paddr_t
boot_memory_take(uint64_t size, uint64_t alignment)
{
    CHECK(alignment == FRAME_SIZE && driver_memory == NULL);
    driver_bytes = size;
    driver_memory = aligned_alloc(alignment, size);
    CHECK(driver_memory != NULL);
    memset(driver_memory, 0xa5, size);
    return MODEL_DRIVER;
}

void *
direct_map(paddr_t address)
{
    CHECK(address == MODEL_DRIVER && driver_memory != NULL);
    return driver_memory;
}

uint8_t *
model_driver_memory(uint64_t *bytes)
{
    *bytes = driver_bytes;
    return driver_memory;
}

/* What the device finds at a physical address. */
static void *
dma(uint64_t address, uint64_t bytes)
{
    if (address >= MODEL_DATA) {
        CHECK(address - MODEL_DATA <= model.data_bytes &&
              bytes <= model.data_bytes - (address - MODEL_DATA));
        return model.data + (address - MODEL_DATA);
    }
    CHECK(address >= MODEL_DRIVER && address - MODEL_DRIVER <= driver_bytes &&
          bytes <= driver_bytes - (address - MODEL_DRIVER));
    return (uint8_t *)driver_memory + (address - MODEL_DRIVER);
}

static uint16_t
half(uint64_t address)
{
    uint16_t value;

    memcpy(&value, dma(address, sizeof(value)), sizeof(value));
    return value;
}

static void
half_set(uint64_t address, uint16_t value)
{
    memcpy(dma(address, sizeof(value)), &value, sizeof(value));
}

void
model_begin(bool legacy, uint64_t sectors)
{
    free(driver_memory);
    free(model.image);
    driver_memory = NULL;
    model = (struct model){.legacy = legacy,
                           .offers = ~(uint64_t)0,
                           .queue_max = 1024,
                           .kind = 2,
                           .version = legacy ? 1 : 2,
                           .data = model.data,
                           .data_bytes = model.data_bytes};
    /* What no driver here knows: it must not say that it does. */
    model.config[MODEL_CAPACITY] = (uint32_t)sectors;
    model.config[MODEL_CAPACITY_HIGH] = (uint32_t)(sectors >> 32);
    model.config[MODEL_SIZE] = 1 << 20;
    model.config[MODEL_COUNT] = 126;
    model.config[MODEL_BLOCK] = 512;
    model.config[MODEL_DISCARD_SECTORS] = 4096;
    model.config[MODEL_DISCARD_RANGES] = 1;
    model.image = calloc(sectors < 1 << 20 ? sectors + 1 : 1, 512);
    CHECK(model.image != NULL);
    model.offers &= ~MODEL_READ_ONLY;
    generation = 7;
    seen = taken = told = 0;
    pending_count = 0;
    queue_ready = false;
    model.status = STATUS_DRIVER | STATUS_GO; /* as firmware left it */
}

const char *
model_init(struct disk *disk)
{
    static uint32_t registers;

    *disk = (struct disk){.index = 0};
    return virtio_blk_init(disk, &registers);
}

static uint32_t
config_read(unsigned word)
{
    static const uint64_t needs[MODEL_WORDS] = {
        [MODEL_SIZE] = MODEL_SIZE_MAX,
        [MODEL_COUNT] = MODEL_SEGMENTS,
        [MODEL_BLOCK] = MODEL_BLOCK_SIZE,
        [MODEL_DISCARD_SECTORS] = MODEL_DISCARD,
        [MODEL_DISCARD_RANGES] = MODEL_DISCARD};

    CHECK(model.status & STATUS_DRIVER);
    CHECK(word < MODEL_WORDS);
    CHECK((model.features & needs[word]) == needs[word]);
    if (word == MODEL_CAPACITY_HIGH && model.flips) {
        generation += 2;
        return model.config[word] ^ 1;
    }
    if (word == MODEL_CAPACITY_HIGH && model.changes > 0) {
        /* It has become another one since the lower half was read. */
        model.changes -= model.changes != MODEL_NO_CHANGE;
        model.config[MODEL_CAPACITY]++;
        model.config[MODEL_CAPACITY_HIGH] ^= 1;
        generation++;
    }
    return model.config[word];
}

/* As model_read, for devices that do as they like. */
static uint32_t
hostile_read(unsigned offset)
{
    uint32_t honest = 0;

    if (offset >= 0x100) {
        honest = model.config[(offset - 0x100) / 4 % MODEL_WORDS];
    } else if (offset == 0x010) {
        honest = (uint32_t)(model.offers >> 32 * features_part);
    } else if (offset == 0x034) {
        honest = model.queue_max;
    } else if (offset == 0x070) {
        honest = model.status;
    }
    return model.word(honest);
}

static void
hostile_write(unsigned offset, uint32_t value)
{
    if (offset == 0x014) {
        features_part = value % 2;
    } else if (offset == 0x070) {
        model.status = value;
    }
}

uint32_t
model_read(unsigned offset)
{
    CHECK(++model.register_reads < 100000);
    if (model.hostile && offset >= 0x10) {
        return hostile_read(offset);
    }
    if (offset >= 0x100) {
        CHECK(offset % 4 == 0);
        return config_read((offset - 0x100) / 4);
    }
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return model.version;
    case 0x008:
        return model.kind;
    case 0x010:
        CHECK((model.status & 15) == STATUS_DRIVER);
        return (uint32_t)(model.offers >> 32 * features_part);
    case 0x034:
        return model.queue_max;
    case 0x040:
        CHECK(model.legacy);
        return model.queue_used ? 1 : (uint32_t)(descriptors >> 12);
    case 0x044:
        CHECK(!model.legacy);
        return model.queue_used || queue_ready;
    case 0x070:
        if (reads_left > 0) {
            reads_left--;
            return 0x40;
        }
        return model.status;
    case 0x0fc:
        CHECK(!model.legacy);
        return generation;
    default:
        check_fail(__FILE__, __LINE__, "read of a register that is not");
    }
}

static void
reset(void)
{
    descriptors = available = used = 0;
    queue_ready = false;
    queue_size = queue_align = page_bytes = 0;
    model.status = 0;
    model.features = 0;
    model.interrupt = 0;
    seen = taken = told = 0;
    pending_count = 0;
    reads_left = model.stop_reads;
}

static void
status_write(uint32_t value)
{
    if (value == 0) {
        reset();
        return;
    }
    CHECK((value & model.status) == model.status && !(value & 0x70));
    CHECK(!(value & STATUS_AGREED) || !model.legacy);
    if (value & STATUS_AGREED & ~model.status) {
        CHECK((value & 3) == STATUS_DRIVER);
        CHECK((model.features & ~model.offers) == 0);
        if (model.disagrees) {
            value &= ~(uint32_t)STATUS_AGREED;
        }
    }
    if (value & STATUS_GO & ~model.status) {
        CHECK(queue_ready && !(value & 0x80));
        CHECK((model.features & ~(model.offers & KNOWN)) == 0);
        CHECK(model.legacy || (value & STATUS_AGREED));
        CHECK(queue_size == MODEL_QUEUE);
        CHECK(half(available) == 0 && half(available + 2) == 0);
        CHECK(half(used) == 0 && half(used + 2) == 0);
        model.starts++;
    }
    model.status = value;
}

static void
part_set(uint64_t *whole, unsigned part, uint32_t value)
{
    unsigned shift = 32 * part;

    *whole = (*whole & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value
                                                               << shift;
}

/* Registers of the queue; the device may not be running. */
static void
queue_write(unsigned offset, uint32_t value)
{
    CHECK(!(model.status & STATUS_GO) && !queue_ready);
    switch (offset) {
    case 0x030:
        CHECK(value == 0);
        break;
    case 0x038:
        CHECK(value <= model.queue_max);
        queue_size = value;
        break;
    case 0x03c:
        CHECK(model.legacy);
        queue_align = value;
        break;
    case 0x040:
        CHECK(model.legacy && page_bytes == 4096 && queue_align == 4096);
        descriptors = (uint64_t)value << 12;
        available = descriptors + 16ul * queue_size;
        used = (available + 2ul * (queue_size + 3) + 4095) & ~(uint64_t)4095;
        queue_ready = true;
        break;
    case 0x044:
        CHECK(!model.legacy && value == 1 && (model.status & STATUS_AGREED));
        CHECK(descriptors % 16 == 0 && available % 2 == 0 && used % 4 == 0);
        queue_ready = true;
        break;
    case 0x080:
    case 0x084:
        part_set(&descriptors, offset / 4 % 2, value);
        break;
    case 0x090:
    case 0x094:
        part_set(&available, offset / 4 % 2, value);
        break;
    case 0x0a0:
    case 0x0a4:
        part_set(&used, offset / 4 % 2, value);
        break;
    default:
        check_fail(__FILE__, __LINE__, "write of a register that is not");
    }
    CHECK(offset < 0x80 || !model.legacy);
}

void
model_write(unsigned offset, uint32_t value)
{
    if (model.hostile) {
        hostile_write(offset, value);
        return;
    }
    switch (offset) {
    case 0x014:
        CHECK(value <= !model.legacy);
        features_part = value;
        break;
    case 0x020:
        CHECK((model.status & 15) == STATUS_DRIVER);
        part_set(&model.features, choice_part, value);
        break;
    case 0x024:
        CHECK(value <= !model.legacy);
        choice_part = value;
        break;
    case 0x028:
        CHECK(model.legacy);
        page_bytes = value;
        break;
    case 0x050:
        CHECK((model.status & STATUS_GO) && value == 0 && !model.polls);
        model.notices++;
        seen = half(available + 2);
        break;
    case 0x064:
        model.interrupt &= ~value;
        break;
    case 0x070:
        status_write(value);
        break;
    default:
        queue_write(offset, value);
    }
}

void
model_fence(void)
{
    if (model.fence != NULL) {
        model.fence();
    }
}

unsigned
model_pending(void)
{
    half_set(used, model.polls);
    if (model.polls) {
        seen = half(available + 2);
    }
    CHECK((uint16_t)(seen - taken) <= MODEL_QUEUE);
    for (; taken != seen; taken++) {
        CHECK(pending_count < MODEL_QUEUE);
        pending[pending_count++] =
            half(available + 4 + 2ul * (taken % queue_size));
    }
    return pending_count;
}

void
model_use(uint32_t id, uint16_t advance)
{
    uint32_t entry[2] = {id, 0xdeadbeef};

    memcpy(dma(used + 4 + 8ul * (told % queue_size), sizeof(entry)), entry,
           sizeof(entry));
    told = (uint16_t)(told + advance);
    half_set(used + 2, told);
    model.interrupt |= 1;
}

/* One descriptor of a table; says whether another follows. */
static bool
descriptor_next(uint64_t table, uint32_t length, struct descriptor *d,
                unsigned *chained)
{
    uint16_t at = *chained == 0 ? 0 : d->next;

    CHECK(*chained == 0 || (d->flags & NEXT));
    CHECK(((uint64_t)at + 1) * sizeof(*d) <= length);
    CHECK(++*chained <= queue_size);
    memcpy(d, dma(table + at * sizeof(*d), sizeof(*d)), sizeof(*d));
    CHECK((d->flags & ~(NEXT | WRITE)) == 0 && d->length > 0);
    return (d->flags & NEXT) != 0;
}

static uint8_t
transfer(uint32_t type, uint64_t *at, const struct descriptor *d)
{
    uint64_t capacity = (uint64_t)model.config[MODEL_CAPACITY_HIGH] << 32 |
                        model.config[MODEL_CAPACITY];
    uint8_t *memory = dma(d->address, d->length);

    CHECK(d->length % 512 == 0 && ((d->flags & WRITE) != 0) == (type == 0));
    CHECK(*at + d->length <= capacity * 512);
    if (type == 0) {
        memcpy(memory, model.image + *at, d->length);
    } else if (model.offers & MODEL_READ_ONLY) {
        return 1;
    } else {
        memcpy(model.image + *at, memory, d->length);
    }
    *at += d->length;
    return 0;
}

static uint8_t
discard(const struct descriptor *d)
{
    struct {
        uint64_t sector;
        uint32_t sectors;
        uint32_t flags;
    } range;

    CHECK((model.features & MODEL_DISCARD) && d->length == sizeof(range) &&
          !(d->flags & WRITE));
    memcpy(&range, dma(d->address, sizeof(range)), sizeof(range));
    CHECK(range.flags == 0 && range.sectors > 0 &&
          range.sectors <= model.config[MODEL_DISCARD_SECTORS]);
    CHECK(range.sector + range.sectors <= model.config[MODEL_CAPACITY]);
    memset(model.image + range.sector * 512, 0xdd, range.sectors * 512ul);
    return 0;
}

/* Does what a chain asks for; returns where its status goes. */
static uint64_t
chain_do(uint64_t table, uint32_t length, uint8_t *status)
{
    struct descriptor d = {0};
    unsigned chained = 0;
    unsigned pieces = 0;
    struct {
        uint32_t type;
        uint32_t zero;
        uint64_t sector;
    } header;

    CHECK(descriptor_next(table, length, &d, &chained));
    CHECK(d.length == sizeof(header) && !(d.flags & WRITE));
    memcpy(&header, dma(d.address, sizeof(header)), sizeof(header));
    CHECK(header.zero == 0);
    header.sector *= 512;
    for (*status = 0; descriptor_next(table, length, &d, &chained); pieces++) {
        if (header.type == 11) {
            *status = discard(&d);
        } else {
            CHECK(header.type <= 1);
            CHECK(!(model.features & MODEL_SIZE_MAX) ||
                  d.length <= model.config[MODEL_SIZE]);
            *status |= transfer(header.type, &header.sector, &d);
        }
    }
    CHECK(header.type == 4 ? pieces == 0 && (model.features & MODEL_FLUSH)
                           : pieces > 0);
    CHECK(header.type != 11 || pieces == 1);
    CHECK(pieces == 1 || pieces == 0 ||
          ((model.features & MODEL_SEGMENTS) &&
           pieces <= model.config[MODEL_COUNT]));
    CHECK(d.length == 1 && (d.flags & WRITE));
    return d.address;
}

void
model_answer(unsigned which)
{
    struct descriptor d;
    uint16_t id;
    uint8_t status;
    uint64_t at;

    CHECK(which < pending_count);
    id = pending[which];
    pending[which] = pending[--pending_count];
    CHECK(id < queue_size);
    memcpy(&d, dma(descriptors + 16ul * id, sizeof(d)), sizeof(d));
    CHECK(d.flags == TABLE && d.length % 16 == 0 && d.length > 0);
    CHECK(model.features & MODEL_INDIRECT);
    at = chain_do(d.address, d.length, &status);
    if (model.answer != 0) {
        status = model.answer;
    }
    memcpy(dma(at, 1), &status, 1);
    model_use(id, 1);
}
