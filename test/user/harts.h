/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_HARTS_H
#define CHITIN_TEST_USER_HARTS_H
/*
 * For tests whose envs run at the same time, by slots of several harts. The
 * parent has the slots of hart 0 whose number is a multiple of 8.
 */
#include "test/user/child.h"

/* Of `time`, on every board that the tests run on. */
#define MILLISECOND 10000u

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* Takes the parent's slots, and says how many harts there are. */
uint64_t harts_open(void);

/* Sleeps for so many milliseconds; events meanwhile are forgotten. */
void harts_wait(uint64_t milliseconds);

/* Sleeps till *word is at least `wanted`, and at most ten seconds. */
void harts_wait_for(const volatile uint64_t *word, uint64_t wanted);

/* Gives an env, or takes from it, of each eight slots of a hart one. */
void harts_slots(uint64_t env, uint64_t hart, uint64_t eighth);
void harts_slots_take(uint64_t env, uint64_t hart, uint64_t eighth);

/* A child on a hart, with something to know in own[25] of its U-area. */
struct child harts_child(uint64_t page, void (*run)(struct uarea *uarea),
                         uint64_t hart, uint64_t argument);

#endif
