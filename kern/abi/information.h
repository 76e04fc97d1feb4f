/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_INFORMATION_H
#define CHITIN_ABI_INFORMATION_H
/*
 * What every env reads at INFORMATION_BOOT about the machine and its boot. The
 * kernel writes it before the first env runs, and not after: no sequence count
 * is needed to read it.
 */
#include "kern/abi/layout.h"
#include "kern/abi/types.h"

#define INFORMATION_VERSION 1

/* Bits of flags: what the board or its firmware had. Without its bit a field is
   zero. */
#define INFORMATION_CLOCK 1   /* clock, clock_time */
#define INFORMATION_ENTROPY 2 /* entropy */

/* Bits of a hart's flags. */
#define INFORMATION_HART_UP 1 /* it runs the kernel */
#define INFORMATION_HART_FLOAT 2
#define INFORMATION_HART_STIMECMP 4 /* its timer needs no firmware */

#define INFORMATION_HARTS 8
#define INFORMATION_ENTROPY_SIZE 32
#define INFORMATION_ARGUMENTS_SIZE 2048

struct information_hart {
    uint64_t id; /* the hardware's number; the kernel's is the index */
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
};

_Static_assert(sizeof(struct information) <= FRAME_SIZE, "one page");

#endif
