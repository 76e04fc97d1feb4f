/* SPDX-License-Identifier: MIT */
/*
 * Registers of virtio devices (Virtual I/O Device 1.2, 4.2.2 and 4.2.4; the
 * order of the steps is that of 3.1.1 and 4.2.3). Nothing here runs while
 * requests are going on, but for virtio_stop.
 */
#include "platform/dev/virtio_mmio.h"

#define MAGIC 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DEVICE_FEATURES 0x010
#define DEVICE_FEATURES_PART 0x014 /* which 32 of them */
#define DRIVER_FEATURES 0x020
#define DRIVER_FEATURES_PART 0x024
#define PAGE_BYTES 0x028 /* legacy only */
#define QUEUE_SELECT 0x030
#define QUEUE_SIZE_MAX 0x034
#define QUEUE_SIZE 0x038
#define QUEUE_ALIGN 0x03c /* legacy only */
#define QUEUE_PAGE 0x040  /* legacy only */
#define QUEUE_READY 0x044
#define STATUS 0x070
#define QUEUE_DESCRIPTORS 0x080 /* 64 bits each, the lower half first */
#define QUEUE_AVAILABLE 0x090
#define QUEUE_USED 0x0a0
#define GENERATION 0x0fc
#define CONFIG 0x100

#define MAGIC_VALUE 0x74726976
#define VERSION_LEGACY 1
#define VERSION_MODERN 2

/* Bits of STATUS (2.1). */
#define STATUS_SEEN 1
#define STATUS_DRIVER 2
#define STATUS_GO 4
#define STATUS_AGREED 8
#define STATUS_FAILED 128

/* Times that STATUS is read after a reset. Devices in software are done before
   the write of it returns. */
#define STOP_POLLS 500

static uint32_t
get(const struct virtio *v, unsigned offset)
{
    return mmio_read(v->registers, offset);
}

static void
set(const struct virtio *v, unsigned offset, uint32_t value)
{
    mmio_write(v->registers, offset, value);
}

static void
set_wide(const struct virtio *v, unsigned offset, uint64_t value)
{
    set(v, offset, (uint32_t)value);
    set(v, offset + 4, (uint32_t)(value >> 32));
}

uint32_t
virtio_open(struct virtio *v, volatile void *registers)
{
    uint32_t version = mmio_read(registers, VERSION);

    *v = (struct virtio){registers, version == VERSION_LEGACY, 0};
    if (get(v, MAGIC) != MAGIC_VALUE ||
        (version != VERSION_LEGACY && version != VERSION_MODERN)) {
        return VIRTIO_NONE;
    }
    return get(v, DEVICE_ID);
}

bool
virtio_stop(struct virtio *v)
{
    set(v, STATUS, 0);
    for (unsigned i = 0; i < STOP_POLLS; i++) {
        if (get(v, STATUS) == 0) {
            /* Its last writes to memory come before whatever is done there
               next. */
            dma_after_register();
            return true;
        }
    }
    return false;
}

static uint64_t
features_offered(const struct virtio *v)
{
    uint64_t low;
    uint64_t high = 0;

    set(v, DEVICE_FEATURES_PART, 0);
    low = get(v, DEVICE_FEATURES);
    if (!v->legacy) {
        set(v, DEVICE_FEATURES_PART, 1);
        high = get(v, DEVICE_FEATURES);
    }
    return high << 32 | low;
}

bool
virtio_agree(struct virtio *v, uint64_t wanted, uint64_t needed)
{
    uint32_t status = STATUS_SEEN | STATUS_DRIVER;

    if (!v->legacy) {
        wanted |= VIRTIO_VERSION_1;
        needed |= VIRTIO_VERSION_1;
    }
    set(v, STATUS, STATUS_SEEN);
    set(v, STATUS, status);
    v->features = features_offered(v) & wanted;
    if ((v->features & needed) != needed) {
        return false;
    }
    set(v, DRIVER_FEATURES_PART, 0);
    set(v, DRIVER_FEATURES, (uint32_t)v->features);
    if (v->legacy) {
        set(v, PAGE_BYTES, FRAME_SIZE);
        return true;
    }
    set(v, DRIVER_FEATURES_PART, 1);
    set(v, DRIVER_FEATURES, (uint32_t)(v->features >> 32));
    set(v, STATUS, status | STATUS_AGREED);
    return (get(v, STATUS) & STATUS_AGREED) != 0;
}

uint32_t
virtio_config(const struct virtio *v, unsigned offset)
{
    return get(v, CONFIG + offset);
}

uint32_t
virtio_generation(const struct virtio *v)
{
    return v->legacy ? 0 : get(v, GENERATION);
}

bool
virtio_queue_give(struct virtio *v, uint32_t index, paddr_t physical)
{
    set(v, QUEUE_SELECT, index);
    if (get(v, v->legacy ? QUEUE_PAGE : QUEUE_READY) != 0 ||
        get(v, QUEUE_SIZE_MAX) < VIRTIO_QUEUE_SIZE) {
        return false;
    }
    set(v, QUEUE_SIZE, VIRTIO_QUEUE_SIZE);
    dma_before_register(); /* it finds the queue as it is now */
    if (v->legacy) {
        set(v, QUEUE_ALIGN, FRAME_SIZE);
        set(v, QUEUE_PAGE, (uint32_t)(physical >> FRAME_SHIFT));
        return true;
    }
    set_wide(v, QUEUE_DESCRIPTORS, physical);
    set_wide(v, QUEUE_AVAILABLE,
             physical + offsetof(struct virtio_queue, available));
    set_wide(v, QUEUE_USED, physical + offsetof(struct virtio_queue, used));
    set(v, QUEUE_READY, 1);
    return true;
}

void
virtio_start(struct virtio *v)
{
    set(v, STATUS, get(v, STATUS) | STATUS_GO);
}

void
virtio_fail(struct virtio *v)
{
    set(v, STATUS,
        (get(v, STATUS) &
         (STATUS_SEEN | STATUS_DRIVER | STATUS_GO | STATUS_AGREED)) |
            STATUS_FAILED);
}
