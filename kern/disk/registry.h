/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_REGISTRY_H
#define CHITIN_KERN_DISK_REGISTRY_H
/*
 * The registry of a disk: which frame holds which block, in which state. Here
 * are the entries, found by block, and the order in which they were used; I/O,
 * frames and charges are the glue's. Each disk has a part of the machine's
 * array, numbered from 0 here.
 *
 *          registry_insert       registry_filled        change, write to page
 *   FREE ------------------> READING -----> CLEAN ------------------------>
 * DIRTY ^                              |
 *                                             +-------- WRITING <------------+
 *
 * A metadata entry has up to four frames: `frame`, the newest image that was
 * accepted; `image`, the one on the disk; `writing`, one that was handed to the
 * device and of which it is not known that it is on the disk; `spare`, for the
 * next. The first three may be the same. Each has a version.
 *
 * What an env sees of an entry is written between registry_open() and
 * registry_close(), which count `sequence`.
 *
 * Locks: the disk's.
 */
#include "kern/abi/disk.h"

#define REGISTRY_DEPENDS 4
#define REGISTRY_QUEUES 3

/* What of an entry only the kernel sees. */
struct registry_twin {
    uint32_t image;
    uint32_t writing; /* 0: none */
    uint32_t spare;
    uint32_t bindings; /* glue: those whose parent it is */
    uint64_t image_version;
    uint64_t writing_version;
    /* Others that must be on the disk, of this version or later, before this is
       written: where extents went that the image on the disk owns. */
    uint64_t depends_version[REGISTRY_DEPENDS];
    uint32_t depends[REGISTRY_DEPENDS]; /* REGISTRY_NONE: none */
    uint32_t hash_next;
    uint32_t older; /* in order of use */
    uint32_t newer;
    /* Of volume.c. */
    uint32_t next[REGISTRY_QUEUES];
    int32_t error;    /* of the write that has ended */
    uint8_t queued;   /* bit q: in queue q; and the next: it is out of one, and
                         being settled. It stays meanwhile */
    uint64_t glue[4]; /* for the glue: who waits for the write, ... */
};

struct registry {
    struct registry_entry *entry;
    struct registry_twin *twin;
    uint32_t *hash; /* heads: hash_mask + 1, a power of two */
    uint32_t hash_mask;
    uint32_t count;
    uint32_t free;   /* first free entry, chained by hash_next */
    uint32_t oldest; /* of all entries that are not free */
    uint32_t newest;
    uint8_t disk;
    bool keep; /* metadata entries stay: a change is being made */
    uint64_t next_version;
};

/* Begins with all entries free. The caller has set entry, twin, count, hash,
   hash_mask and disk; memory is whatever it is. */
void registry_init(struct registry *r);

/* The entry of a block, or REGISTRY_NONE. */
uint32_t registry_find(const struct registry *r, uint64_t block);

/* To go through the entries of a run of blocks: it has so many places, each of
   which has an entry or REGISTRY_NONE. */
uint64_t registry_places(const struct registry *r, uint64_t count);
uint32_t registry_place(const struct registry *r, uint64_t first,
                        uint64_t count, uint64_t place);

/* Makes an entry for a block that has none, in state READING, with the frame
   that is to be filled (0 with flag REGISTRY_EMPTY: then it is CLEAN at once,
   and has no image). `flags` are REGISTRY_META, _FROZEN, _EMPTY, _DETACHED.
   -ENOSPC if no entry is free: evict registry_oldest() first. */
int64_t registry_insert(struct registry *r, uint64_t block, unsigned type,
                        unsigned flags, uint32_t frame, uint64_t parent);

/* Hangs an entry below another block. */
void registry_hang(struct registry *r, uint32_t e, uint64_t parent);

/* The frame of a READING entry has been filled from the disk: CLEAN, and a new
   version. */
void registry_filled(struct registry *r, uint32_t e);

/* Releases all frames of an entry that is not being written. */
void registry_release_all(struct registry *r, uint32_t e);

/* Frees an entry: with no pins, and its frames released. */
void registry_remove(struct registry *r, uint32_t e);

/* It has been used just now. */
void registry_touch(struct registry *r, uint32_t e);

/* Whether an entry can go: nothing is lost, and nobody uses it. A block that is
   not attached stays, so that one without an entry is. */
bool registry_evictable(const struct registry *r, uint32_t e);

/* The entry that was not used for longest among those that can go, and that
   nobody holds or have no image, looking at up to *looks, of which it takes
   what it has looked at; else REGISTRY_NONE. Those that cannot go count as used
   just now, so that nobody who holds the oldest ones keeps all others. */
uint32_t registry_oldest(struct registry *r, unsigned *looks);

/* Around every change of what envs read. */
void registry_open(struct registry_entry *e);
void registry_close(struct registry_entry *e);
void registry_set(struct registry *r, uint32_t e, unsigned state,
                  unsigned flags);

/*
 * From the glue.
 */
/* The memory of a frame. */
uint8_t *registry_page(uint32_t frame);
/* A frame of entry e is used no more and referred to no more: charge and frame
   go back. */
void registry_release(struct registry *r, uint32_t e, uint32_t frame);

#endif
