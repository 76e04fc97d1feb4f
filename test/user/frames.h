/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_FRAMES_H
#define CHITIN_TEST_USER_FRAMES_H
/* Counts in the table of frames, to see whether something leaks. */
#include "kern/abi/frame.h"
#include "kern/abi/layout.h"

/* Pages of RAM: from the first 2 GiB on, where all boards have it. */
#define RAM_FIRST 0x80000UL
#define RAM_END 0x100000UL

/* How many records name env `id` as owner. */
static inline unsigned
frames_of(uint64_t id)
{
    const volatile struct frame *record =
        (const volatile struct frame *)INFORMATION_FRAMES;
    unsigned count = 0;

    for (uint64_t i = RAM_FIRST; i < RAM_END; i++) {
        count += record[i].owner == id;
    }
    return count;
}

#endif
