/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PHYSICAL_H
#define CHITIN_KERN_PHYSICAL_H
/*
 * Stands in for kern/physical.h in host tests: the physical memory of a small
 * machine (test/host/machine.h). What is not RAM has read-only records of
 * zeroes, as in the kernel, and no contents at all.
 */
#include <assert.h>

#include "kern/abi/frame.h"
#include "kern/layout.h"

#define FRAME_LIMIT ((ppn_t)1 << 20)

extern struct frame *machine_records;
extern char *machine_contents;

static inline void *
frame_contents(ppn_t number)
{
    assert(number < FRAME_LIMIT);
    return machine_contents + (number << FRAME_SHIFT);
}

/* One beyond the last is an end of a range. */
static inline struct frame *
frame_record(ppn_t number)
{
    assert(number <= FRAME_LIMIT);
    return machine_records + number;
}

static inline ppn_t
frame_number(const struct frame *f)
{
    assert(f >= machine_records && f <= machine_records + FRAME_LIMIT);
    return (ppn_t)(f - machine_records);
}

#endif
