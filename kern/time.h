/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_TIME_H
#define CHITIN_KERN_TIME_H
/*
 * The machine's clock and each hart's timer. Time is counted in ticks of the
 * device tree's timebase-frequency.
 */
#include "kern/boot/fdt.h"
#include "kern/csr.h"

extern uint64_t time_frequency; /* ticks a second; immutable after time_init */

#define TIME_NEVER UINT64_MAX

/* Reads the frequency from /cpus. A tree without one fails the boot. */
void time_init(const struct fdt *tree);

/* Decides how the executing hart's timer is set: through its own stimecmp if
   it says that it has Sstc and lets us, else through SBI; neither fails the
   boot. Disarms it. */
void time_init_hart(void);

/* Ticks since some moment before the boot; the same on all harts. */
static inline uint64_t
time_now(void)
{
    return csr_read(time);
}

/* Arms the executing hart's timer for `deadline`, or TIME_NEVER. A deadline in
   the past is due at once. Takes back an interrupt that is already pending. */
void time_set(uint64_t deadline);

/* Ticks in so many nanoseconds, rounded down. */
uint64_t time_ticks(uint64_t nanoseconds);

/* Nanoseconds in so many ticks. */
uint64_t time_nanoseconds(uint64_t ticks);

#endif
