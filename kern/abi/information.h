/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_INFORMATION_H
#define CHITIN_ABI_INFORMATION_H
/*
 * What the kernel tells every env, in pages that all can read
 * (kern/abi/layout.h says where): at INFORMATION_BOOT a struct information
 * about the machine and its boot, which is not written after the first env
 * runs; at INFORMATION_ENVS a struct env_row for each env; at
 * INFORMATION_DISK_ROWS a struct disk_row (kern/abi/disk_io.h) for each disk;
 * at INFORMATION_SLOTS for each hart the ids of the owners of its SLOTS slots,
 * 0 for none.
 */
#include "kern/abi/layout.h"
#include "kern/abi/types.h"

/* Slots in the time vector of a hart. */
#define SLOTS 1024

/* Envs that there can be; index 0 is not used. */
#define ENVS_MAX 256

enum env_state {
    ENV_NONE, /* there is none; the row tells of the last that was */
    ENV_LIVE,
    ENV_DYING
};

/* Why an env ended. */
enum env_cause {
    CAUSE_NONE,
    CAUSE_DESTROYED, /* by who had control over it */
    CAUSE_FAULT,     /* in its double-fault handler */
    CAUSE_EXCESS,    /* its epilogues overran too often */
    CAUSE_LOSS       /* as CAUSE_FAULT, with losses that it had not taken */
};

/* A row of the table of envs, by the index in their ids. A reader takes
   `sequence`, then what it wants, then sequence again: if that was odd or has
   changed, once more. */
struct env_row {
    uint32_t sequence;
    uint32_t id;
    uint32_t creator; /* or its nearest ancestor that lives */
    uint32_t account;
    uint32_t state;  /* enum env_state */
    uint32_t cause;  /* enum env_cause */
    uint32_t harts;  /* on which it can run: a bit for each */
    uint32_t record; /* page numbers: its record, */
    uint32_t list;   /* its capability list, which it can map to read, */
    uint32_t root;   /* and its root page table */
    /* Revocation; each by itself, without the sequence. */
    uint32_t asked; /* how much was asked of it, of all kinds, modulo 2^32; */
    uint32_t owed;  /* what of that is neither given nor taken yet */
    uint32_t lost;  /* how often something was taken, modulo 2^32 */
    uint32_t zero[3];
};

#define INFORMATION_VERSION 1

/* Bits of flags: what the board or its firmware had. Without its bit a field is
   zero. */
#define INFORMATION_CLOCK 1   /* clock, clock_time */
#define INFORMATION_ENTROPY 2 /* entropy */

/* Bits of a hart's flags. */
#define INFORMATION_HART_UP 1 /* it runs the kernel */
#define INFORMATION_HART_FLOAT 2
#define INFORMATION_HART_STIMECMP 4 /* its timer needs no firmware */

/* Bits of a disk's flags. */
#define INFORMATION_DISK_READ_ONLY 1
#define INFORMATION_DISK_FLUSH 2   /* it has a cache of its own */
#define INFORMATION_DISK_DISCARD 4 /* it can be told what is not needed */

#define INFORMATION_HARTS 8
#define INFORMATION_DISKS 4
#define INFORMATION_ENTROPY_SIZE 32
#define INFORMATION_ARGUMENTS_SIZE 2048

struct information_hart {
    uint64_t id; /* the hardware's number; the kernel's is the index */
    uint64_t flags;
};

struct information_disk {
    uint64_t blocks; /* of 4 KiB */
    uint64_t flags;
};

struct information {
    uint32_t version; /* of all that lies in the information pages */
    uint32_t flags;
    uint64_t frames;         /* pages of RAM that have records */
    uint64_t time_frequency; /* ticks of `time` in a second */
    uint64_t slot_ticks;     /* length of a slot */
    uint32_t slots;          /* in the vector of one hart */
    uint32_t hart_count;
    uint64_t clock;      /* nanoseconds since 1970-01-01 00:00 UTC, */
    uint64_t clock_time; /* when `time` was this */
    /* From the firmware, the same for every reader: a start for generators
       whose output need not be hidden from other envs. */
    uint8_t entropy[INFORMATION_ENTROPY_SIZE];
    struct information_hart hart[INFORMATION_HARTS];
    /* The words given at boot, those for programs among them; ends with 0. */
    char arguments[INFORMATION_ARGUMENTS_SIZE];
    uint64_t disk_count;
    struct information_disk disk[INFORMATION_DISKS];
};

_Static_assert(sizeof(struct information) <= FRAME_SIZE, "one page");

#endif
