/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_REQUEST_H
#define CHITIN_KERN_DISK_REQUEST_H
/*
 * Requests of a disk. A request is a tag of the driver's and a descriptor of
 * the device's: there are few, all envs want them, and none can be taken back.
 *
 *     free --take--> TAKEN --submit--> QUEUED --interrupt--> free
 *              ^        |                 |
 *              '--drop--'                 '--reset--> QUEUED once more, or -EIO
 *
 * Who may have how many. Each request is charged to its env's account
 * (ACCOUNT_REQUESTS). And of one disk no env has more than are left free for
 * the others: so one env alone gets half of them, k greedy ones an equal part
 * of k in k + 1, and who has none always finds one.
 *
 * A request ends by a completion in the ring of the U-area from which it was
 * made: its entry is reserved when the request is taken, so there is room.
 * What it ends with is 0 or a negative error. If the env has died the pins fall
 * and nobody is told.
 *
 * All of it under the drive's lock.
 */
#include "kern/abi/types.h"
#include "platform/disk.h"

#define REQUEST_NONE UINT32_MAX

struct context;
struct env;
struct drive;

enum request_state { REQUEST_FREE, REQUEST_TAKEN, REQUEST_QUEUED };

struct disk_request {
    uint8_t state;     /* enum request_state */
    uint8_t operation; /* enum disk_operation */
    uint8_t hart;      /* where it was made */
    uint8_t tries;     /* how often it was handed to the device */
    uint32_t next;     /* in the list of those that are free */
    uint32_t env;      /* id of who made it */
    uint32_t account;
    uint64_t cookie;
    uint32_t extent; /* the binding: its index */
    uint32_t count;
    uint64_t block;
    uint32_t segments;
    struct disk_segment segment[DISK_SEGMENTS_MAX];
};

/* What is to be told to an env when the lock is given back. */
struct request_end {
    uint32_t env;
    uint32_t hart;
    uint64_t cookie;
    int64_t value;
};

/* Makes all requests of a drive free. Boot only. */
void request_init(struct drive *v);

/* Takes a request for an env, to be told on this hart, in context c: 0; -EIO if
   the disk is dead, -EAGAIN if none is left for it or its completion ring has no
   room, -EDQUOT. */
int request_take(struct drive *v, struct context *c, struct disk_request **taken);

/* Gives back one that is not handed to the device, with its pins. */
void request_drop(struct drive *v, struct context *c, struct disk_request *r);

/* Adds `count` pages of a frame, from its page `offset` on, for the device to
   read or write as r->operation says: pins it. -EINVAL if these are more than
   the request or the disk has room for; and as frame_dma_begin. */
struct cap;
struct frame;
int request_add(struct drive *v, struct disk_request *r, struct frame *f,
                uint64_t offset, uint64_t count, const struct cap *cap);

/* Hands it to the device. 0, or -EAGAIN. */
int request_submit(struct drive *v, struct disk_request *r);

/* The device is done with the request of that tag: lets its pins fall, makes it
   free, and fills in what is to be told. */
void request_finish(struct drive *v, unsigned tag, int error,
                    struct request_end *end);

/* The device was reset: marks what it had for another try. */
void request_again_all(struct drive *v);

/* One step of that: hands out what has had one try, and ends the rest. Returns
   how many of `ends`, of `room`, are to be told. Of a dead disk all end, and
   keep their pins and tags. */
unsigned request_again_step(struct drive *v, struct request_end *ends,
                            unsigned room);

#endif
