/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_VIRTIO_MMIO_H
#define CHITIN_PLATFORM_VIRTIO_MMIO_H
/*
 * What all virtio devices behind memory-mapped registers share (Virtual I/O
 * Device 1.2, 4.2; "legacy", 4.2.4, is what QEMU has unless told otherwise):
 * how one is found, reset, agreed with about features, and given a queue.
 *
 * A queue has always VIRTIO_QUEUE_SIZE entries and lies in memory as legacy
 * devices want it; the others take it from anywhere (2.7.2):
 *
 *   +0x0000  descriptors, 16 bytes each        read by the device
 *   +0x0400  available ring                    read by the device
 *   +0x1000  used ring                         written by the device
 *   +0x2000  end
 *
 * What a device writes is volatile here: it is read once, into a variable,
 * and that is checked.
 */
#include "kern/abi/types.h"
#include "platform/mmio.h"

/* Bytes of registers, with as much of the configuration as drivers here read.
 */
#define VIRTIO_REGISTERS 0x200

/* The registers that are used all the time (4.2.2); the others are known to
   platform/dev/virtio_mmio.c only. */
#define VIRTIO_QUEUE_NOTIFY 0x050
#define VIRTIO_INTERRUPT_ACK 0x064

/* Kinds of device (5). */
#define VIRTIO_NONE 0
#define VIRTIO_BLOCK 2

/* Features of every kind (6), as bits. */
#define VIRTIO_BIT(number) ((uint64_t)1 << (number))
#define VIRTIO_INDIRECT VIRTIO_BIT(28)
#define VIRTIO_VERSION_1 VIRTIO_BIT(32)

#define VIRTIO_QUEUE_SIZE 64

/* Flags of a descriptor (2.7.5). */
#define VIRTIO_NEXT 1
#define VIRTIO_WRITE 2 /* the device writes there */
#define VIRTIO_TABLE 4 /* it names a table of descriptors */

/* The `length`, `flags` and `next` of a descriptor, as it lies in memory. */
#define VIRTIO_WORD(length, flags, next)                                       \
    ((uint64_t)(length) | (uint64_t)(flags) << 32 | (uint64_t)(next) << 48)

struct virtio_descriptor {
    uint64_t address; /* physical */
    uint64_t word;
};

struct virtio_queue {
    _Alignas(FRAME_SIZE) struct virtio_descriptor descriptor[VIRTIO_QUEUE_SIZE];
    struct {
        uint16_t flags; /* 0: interrupt whenever something is used */
        uint16_t next;  /* entries ever written; wraps */
        uint16_t ring[VIRTIO_QUEUE_SIZE];
    } available;
    uint8_t gap[0x1000 - 0x404 - 2 * VIRTIO_QUEUE_SIZE];
    volatile struct {
        uint16_t flags;
        uint16_t next;
        struct {
            uint32_t id;
            uint32_t length; /* not looked at: it is the device's word only */
        } ring[VIRTIO_QUEUE_SIZE];
    } used;
    uint8_t end[0x1000 - 4 - 8 * VIRTIO_QUEUE_SIZE];
};

#define VIRTIO_USED_NO_NOTIFY 1 /* of used.flags: it looks by itself */

_Static_assert(sizeof(struct virtio_descriptor) == 16 &&
                   __builtin_offsetof(struct virtio_queue, available) ==
                       0x400 &&
                   __builtin_offsetof(struct virtio_queue, used) == 0x1000 &&
                   sizeof(struct virtio_queue) == 0x2000,
               "the layout drawn above");

struct virtio {
    volatile void *registers;
    bool legacy;
    uint64_t features; /* agreed on */
};

/* What device these registers belong to, VIRTIO_REGISTERS bytes at least:
   VIRTIO_NONE if to none, or to none that this driver can talk to. */
uint32_t virtio_open(struct virtio *v, volatile void *registers);

/* Resets it. False if it does not come back; if it does, it touches no memory
   any more. At most 4,000 instructions. */
bool virtio_stop(struct virtio *v);

/* After virtio_stop: agrees on the features of `wanted` that it offers. False
   if those of `needed` are not among them, or it does not want so few. */
bool virtio_agree(struct virtio *v, uint64_t wanted, uint64_t needed);

/* After virtio_agree: the word of its configuration at `offset`, and a number
   that is another one when the configuration has changed (always 0 for legacy
   devices). */
uint32_t virtio_config(const struct virtio *v, unsigned offset);
uint32_t virtio_generation(const struct virtio *v);

/* After virtio_agree: gives it its queue `index`, at `physical`, all zero but
   for descriptors. False if it has no such queue, or one too short. */
bool virtio_queue_give(struct virtio *v, uint32_t index, paddr_t physical);

/* The device may begin. */
void virtio_start(struct virtio *v);

/* Tells it that we have given up on it (2.1). */
void virtio_fail(struct virtio *v);

/* Tells it of new entries in the queue. */
static inline void
virtio_notify(const struct virtio *v, uint32_t index)
{
    mmio_write(v->registers, VIRTIO_QUEUE_NOTIFY, index);
}

/* Takes back its interrupt, whatever it was for: used entries, or another
   configuration, which drivers here do not follow. */
static inline void
virtio_acknowledge(const struct virtio *v)
{
    mmio_write(v->registers, VIRTIO_INTERRUPT_ACK, 3);
}

#endif
