/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_DISK_H
#define CHITIN_PLATFORM_DISK_H
/*
 * Disks, whatever carries them. A driver moves blocks between a disk and
 * memory that others own: it knows registers and rings, and neither envs nor
 * who may do what. Whoever calls it (kern/disk) has checked everything, keeps
 * the memory of a request until its tag is completed, and holds one lock per
 * disk round every call of a driver: a driver has no lock of its own.
 *
 * No call waits. Every call ends within a few hundred instructions, but for
 * reset, which says its bound.
 *
 * A request has a tag, chosen by the caller from those that are free: from
 * submit until complete names it, or reset returns true, it is outstanding.
 */
#include "kern/abi/types.h"

/* Disks of one machine; those beyond are passed over, with a message. */
#define DISKS_MAX 4

/* Tags of a disk, from 0: its own number is `requests`, at most this. */
#define DISK_REQUESTS_MAX 64

/* Pieces of memory of one request: its own number is `segments`. One more than
   the pages of 128 KiB, which need not begin where a page does. */
#define DISK_SEGMENTS_MAX 33

#define DISK_BLOCK_SHIFT 12
#define DISK_BLOCK_SIZE (1 << DISK_BLOCK_SHIFT)

enum disk_operation {
    DISK_READ,   /* from the disk into the segments */
    DISK_WRITE,  /* from the segments to the disk */
    DISK_FLUSH,  /* every write that was completed before is on the disk */
    DISK_DISCARD /* what the blocks hold is not needed any more: what they read
                    as from then on is not known */
};

/* A run of physical memory. */
struct disk_segment {
    uint64_t address;
    uint32_t bytes; /* multiple of 512, at most segment_bytes of the disk */
};

/* What disk_driver.complete finds. */
enum disk_answer {
    DISK_NOTHING, /* the device is done with no further request */
    DISK_DONE,    /* with one: *tag and *error say which and how */
    DISK_BROKEN   /* it says what cannot be so: reset it */
};

struct disk;

struct disk_driver {
    /* Hands the device a request for `count` blocks from `block` on, within
     * `blocks`. The tag is not outstanding. For reads and writes `count` is 1
     * or more and the `number` segments, 1 to disk->segments, have that many
     * blocks' bytes together. Flush has neither blocks nor segments, discard
     * 1 to discard_blocks blocks and no segments. The array of segments is not
     * looked at after the return. Not asked: to write where read_only, to flush
     * where not `flush`, to discard where not `discard`.
     *
     * 0; -EAGAIN if the device takes nothing now: again after a completion. */
    int (*submit)(struct disk *disk, unsigned tag,
                  enum disk_operation operation, uint64_t block, uint32_t count,
                  const struct disk_segment *segments, unsigned number);

    /* Takes back the device's interrupt. What it has done before is found by
       `complete` afterwards; for what it does later it interrupts again. So
       who acknowledges calls `complete` until DISK_NOTHING, or sees to it
       himself that he comes back. An interrupt that is not taken back comes
       again at once. */
    void (*acknowledge)(struct disk *disk);

    /* The next request that the device is done with; it is not outstanding any
       more. *error is 0, -EIO if the device could not do it, -ENOSYS if it
       does not know how. With DISK_NOTHING and DISK_BROKEN nothing is
       changed. */
    enum disk_answer (*complete)(struct disk *disk, unsigned *tag, int *error);

    /* Resets the device and sets it up anew, within 10,000 instructions. True:
     * no tag is outstanding; the device does not touch any of their memory any
     * more, and what it had done of them is not known: the caller submits
     * anew, or gives up, each. False: the device does not come back, or not as
     * it was. Then nothing may be submitted or completed, and the memory of
     * what was outstanding may still be written and must not be used for
     * anything. To try again is allowed. */
    bool (*reset)(struct disk *disk);
};

struct disk {
    /* All immutable after boot. */
    const struct disk_driver *driver;
    void *device;     /* the driver's own */
    void *user;       /* of whoever calls it; set before device_disks_listen */
    const char *kind; /* for messages */
    uint64_t blocks;
    unsigned index;          /* in disk_table */
    uint32_t source;         /* of its interrupt */
    uint32_t requests;       /* tags are 0 to requests - 1 */
    uint32_t segments;       /* at most, of one request */
    uint32_t segment_bytes;  /* at most, of one segment: at least a block */
    uint32_t discard_blocks; /* at most, of one discard; 0 without */
    bool read_only;
    bool flush;   /* it has a cache: what is written is on the disk after a
                     flush. Without, when the write is completed */
    bool discard; /* takes DISK_DISCARD */
};

/* The disks of the machine, in the order of the device tree; immutable after
   device_init. */
extern struct disk disk_table[DISKS_MAX];
extern unsigned disk_count;

/* Lets disks interrupt the executing hart from now on: `interrupt` is called
   for each that does, by device_interrupt, with no lock held. An interrupt
   may come without cause. Once, at boot, and before that nothing is submitted.
   At most one disk is handled in one device_interrupt. */
void device_disks_listen(void (*interrupt)(struct disk *disk));

/* The disk never interrupts again: for one that reset has given up. On the hart
   that listens. */
void device_disk_silence(const struct disk *disk);

#endif
