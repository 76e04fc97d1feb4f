/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PHYSICAL_H
#define CHITIN_KERN_PHYSICAL_H
/*
 * From a physical name to the kernel's own address of it. Host tests put their
 * own memory behind these two functions.
 */
#include "kern/abi/frame.h"
#include "kern/layout.h"

/* Page numbers that the direct map reaches; every one has a record. */
#define FRAME_LIMIT (DIRECT_SIZE >> FRAME_SHIFT)

/* Where the direct map holds physical `address`, below DIRECT_SIZE. */
static inline void *
direct_map(paddr_t address)
{
    return (void *)(DIRECT_BASE + address);
}

/* The contents of page `number`. */
static inline void *
frame_contents(ppn_t number)
{
    return direct_map(number << FRAME_SHIFT);
}

/* The record of page `number`, below FRAME_LIMIT. */
static inline struct frame *
frame_record(ppn_t number)
{
    return (struct frame *)FRAME_TABLE_BASE + number;
}

/* The page number of a record. */
static inline ppn_t
frame_number(const struct frame *f)
{
    return (ppn_t)(f - (const struct frame *)FRAME_TABLE_BASE);
}

#endif
