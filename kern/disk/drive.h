/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_DRIVE_H
#define CHITIN_KERN_DISK_DRIVE_H
/*
 * A drive is a disk (platform/disk.h) with what the kernel knows of it as a
 * device: its requests, bindings and state; what is on it is the volume's
 * (change.h). This file has what is of the whole disk: its
 * lock, its interrupts, and what becomes of it when it does not answer.
 *
 * Lock: each drive's own (LOCK_DISK) guards all of it, and every call of its
 * driver. Locks of frames, and that of accounts, are taken inside it; envs are
 * told when it is given back.
 *
 * A disk that says what cannot be so, or that has requests and completes none
 * for DISK_SILENCE_NANOSECONDS, is reset. What it had is submitted once more,
 * for it may be another request that it choked on; what it had before is failed
 * with -EIO. If it does not come back it is dead: all that it had fails, and
 * its memory is never touched again, for the device may still write there.
 *
 * Interrupts come to the boot hart, and resets are made there, a step at a
 * time.
 */
#include "kern/abi/disk_io.h"
#include "kern/abi/error.h"
#include "kern/disk/request.h"
#include "kern/information.h"
#include "kern/lock.h"
#include "platform/disk.h"

#define DISK_SILENCE_NANOSECONDS 5000000000

/* Bindings of one disk. */
#define EXTENTS_MAX 1024

struct extent;
struct store;

struct drive {
    struct lock lock;
    struct disk *disk;    /* immutable, */
    struct disk_row *row; /* as all see it; immutable */
    uint32_t piece_pages; /* at most in one piece; immutable */
    bool dead;            /* it did not come back from a reset */
    bool broken;          /* the device has said what cannot be so: reset it */
    bool more;            /* it may be done with more than was taken from it */
    _Atomic bool work;    /* jobs can go on; also read without the lock */
    uint32_t watched;     /* a hart takes steps of them: others need not wait */

    /* kern/disk/request.c */
    uint32_t first_free;          /* a tag, or REQUEST_NONE */
    struct disk_request *request; /* disk->requests of them; immutable */
    uint64_t again;            /* tags to be submitted once more, or failed */
    uint8_t of_env[ENVS_MAX];  /* by index of env: those that it has here */
    uint64_t silence;          /* DISK_SILENCE_NANOSECONDS in ticks */
    _Atomic uint64_t deadline; /* when to reset it; TIME_NEVER: it has nothing
                                  to do. Also read without the lock */

    struct store *store; /* what is on it; immutable */

    /* kern/disk/binding.c */
    struct extent *extent; /* EXTENTS_MAX of them; immutable */
    uint32_t extent_free;  /* the first, or EXTENT_NONE */
    uint32_t free;  /* requests; not beside first_free, for then the compiler
                       makes one slow word of both */
    uint32_t kept;  /* the first that is kept for saving, or REQUEST_NONE */
    uint32_t whole; /* bindings of a raw disk that are in use */
    uint16_t extents_of[ENVS_MAX]; /* by index of env: those that it has */
};

/* One for each disk, by its index. */
extern struct drive drive_table[DISKS_MAX];

/* The drive of that number, or NULL. */
static inline struct drive *
drive_find(uint64_t number)
{
    return number < disk_count ? &drive_table[number] : NULL;
}

/* Takes the memory of all volumes and fills in what envs see. Boot only, after
   device_init, while boot memory can be taken. */
void drive_init(void);

/* Memory of zeroes, for ever. Boot only. */
void *drive_memory(uint64_t size);

/* Lets disks interrupt this hart, the boot hart. After hart_start_all. */
void drive_listen(void);

/* How many requests, and bindings, all disks take together. */
uint64_t drive_requests(void);
uint64_t drive_extents(void);

/* Pages that can be in the registry, of all disks. */
uint64_t store_pages(void);

/* When the first disk is, or was, to be looked after. Any locks. */
uint64_t drive_deadline(void);

/* Takes a step of the jobs of disks, and sees to it that those which are silent
   for too long at `now` are reset. No lock may be held, here and below. */
void drive_watch(uint64_t now);

/* The boot hart is to call that. Any locks. */
void drive_attend_later(void);

/* A step of what is left to do for disks; on the boot hart, by its signal. */
void drive_attend(void);

#endif
