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
 * REQUESTS_KEPT of a disk are not for envs: by these the kernel saves pages
 * that it takes (save.c), whatever envs do with theirs.
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
#define REQUESTS_KEPT 4

struct cap;
struct context;
struct drive;
struct extent;

enum request_state { REQUEST_FREE, REQUEST_TAKEN, REQUEST_QUEUED };

struct disk_request {
    uint8_t state;     /* enum request_state */
    uint8_t operation; /* enum disk_operation */
    uint8_t hart;      /* where it was made */
    uint8_t tries;     /* how often it was handed to the device */
    uint32_t tag;      /* immutable: its number */
    uint32_t next;     /* in the list of those that are free */
    uint32_t env;      /* id of who made it */
    uint32_t account;
    uint64_t cookie;
    uint32_t extent; /* the binding: its index, or EXTENT_NONE */
    uint32_t count;
    uint64_t block;
    /* Of one that is not an env's own (store.h). */
    uint8_t purpose; /* enum request_purpose */
    uint8_t stage;
    uint32_t entry;
    uint32_t frame; /* of the registry: what is read or written */
    uint32_t segments;
    struct disk_segment segment[DISK_SEGMENTS_MAX];
};

/* What is to be told to an env when the lock is given back. */
#define REQUEST_END_LOSS UINT32_MAX
struct request_end {
    uint32_t env;
    uint32_t
        hart; /* REQUEST_END_LOSS: `cookie` is a loss, not a completion's */
    uint64_t cookie;
    int64_t value;
};

/* Makes all requests of a drive free. Boot only. */
void request_init(struct drive *v);

/* What an env asks for by a binding. */
struct request_ask {
    struct context *context; /* of the caller, on this hart */
    uint64_t cookie;
    uint64_t block;         /* of the binding */
    uint64_t count;         /* blocks; of read and write: pieces */
    const uint64_t *pieces; /* words that the env may write at any time: each is
                               read once; read and write only */
    const struct cap *cap;  /* for the frames; likewise */
};

/* Makes a request and hands it to the device. 0; -EPERM for a right that the
   binding, or the capability, does not have; -EINVAL for blocks or pieces that
   there are not, or are more than the disk takes at a time; -EBUSY for a frame
   that is unscrubbed or being broken; -EIO if the disk is dead, -EAGAIN if no
   request is left for the env, or no place in its completion ring; -EDQUOT. */
int request_read(struct drive *v, struct extent *x,
                 const struct request_ask *ask);
int request_write(struct drive *v, struct extent *x,
                  const struct request_ask *ask);
int request_flush(struct drive *v, struct extent *x,
                  const struct request_ask *ask);
int request_discard(struct drive *v, struct extent *x,
                    const struct request_ask *ask);

/* Takes from the device what it is done with: how many of `ends` are to be
   told, at most REQUEST_STEP. Sets v->more, or v->broken. */
#define REQUEST_STEP 8
unsigned request_collect(struct drive *v, struct request_end *ends);

/* For the drive's store: takes a request for an env, as those take it; makes it
   free; and hands it to the device with one frame, or none for a flush, now or
   when there is room. */
int request_begin(struct drive *v, struct context *c, struct disk_request **r);
void request_end(struct drive *v, struct disk_request *r);
void request_start(struct drive *v, struct disk_request *r,
                   enum disk_operation operation);

/* One of those that are kept, for env `id`, or NULL; and gives it back. */
struct disk_request *request_keep_take(struct drive *v, uint32_t id);
void request_keep_free(struct drive *v, struct disk_request *r);

/* The device was reset: marks what it had for another try. */
void request_again_all(struct drive *v);

/* One step of that: hands out what has had one try, and ends the rest. Returns
   how many of `ends`, of `room`, are to be told. Of a dead disk all end, and
   keep their pins and tags. */
unsigned request_again_step(struct drive *v, struct request_end *ends,
                            unsigned room);

#endif
