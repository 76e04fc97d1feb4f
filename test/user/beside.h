/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_BESIDE_H
#define CHITIN_TEST_USER_BESIDE_H
/*
 * Two programs at once, on libOSes that know nothing of each other: beside.c
 * has lib/exo alone, posix_beside.c is a process of lib/posix. Each tries to
 * get at what the other has.
 */
#include "kern/abi/error.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/map.h"

/* Where both try to map what is not theirs; nothing else is there. */
#define BESIDE_ADDRESS 0x3e80000000

/* How many processes have to come and go while the other program works. */
#define BESIDE_PROCESSES 20

/* Pages of RAM that the tests have, of 128 MiB. */
#define BESIDE_RAM 0x80000UL
#define BESIDE_RAM_END 0x88000UL

struct beside_count {
    unsigned refused;
    unsigned got; /* what nobody may */
};

/* Tries one page of RAM with entry `cap` of the caller's list. */
static inline void
beside_try(struct beside_count *count, uint64_t cap, uint64_t frame)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {BESIDE_ADDRESS, 1, 0};
    int64_t error = exo_map_insert(&map, &range, cap, &frame, EXO_R);

    if (error == 0) {
        count->got++;
        (void)exo_map_remove(&map, BESIDE_ADDRESS, FRAME_SIZE);
    } else if (error == -EPERM) {
        count->refused++;
    }
}

/* Tries every page of data of env `victim`, or, if that is 0, of every env but
   `self`. */
static inline void
beside_attack(struct beside_count *count, uint64_t cap, uint32_t victim,
              uint32_t self)
{
    const volatile struct frame *record =
        (const volatile struct frame *)INFORMATION_FRAMES;
    uint64_t frames =
        (INFORMATION_BOOT - INFORMATION_FRAMES) / sizeof(struct frame);

    for (uint64_t i = BESIDE_RAM; i < BESIDE_RAM_END && i < frames; i++) {
        uint32_t owner = record[i].owner;

        if (record[i].type == FRAME_DATA && owner != 0 && owner != self &&
            (victim == 0 || owner == victim)) {
            beside_try(count, cap, i);
        }
    }
}

#endif
