/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_LIBOS_H
#define CHITIN_TEST_USER_LIBOS_H
/*
 * Two libOSes that have nothing in common but this page and the kernel:
 *
 *   libos_fixed.c   no C library, no threads, no heap: an address space laid
 *                   out by constants, a stack for its gate, and an event loop
 *                   that is its prologue. Knows primes.
 *   libos_paged.c   picolibc and lib/exo: threads, and a heap whose pages come
 *                   when they are touched. Wants primes.
 *
 * libos.c starts, checks and ends them. This is the page that all three share,
 * each at an address of its own.
 */
#include "kern/abi/types.h"

/* Entries of the children's capability lists. */
#define LIBOS_CAP_OWN 1 /* their own name */
#define LIBOS_CAP_SHARE                                                        \
    2 /* the page's, and that of the gate: read and write                      \
       */

#define LIBOS_FIXED_SHARED 0x50000000UL
#define LIBOS_PAGED_SHARED 0x60000000UL
#define LIBOS_INIT_SHARED 0x70000000UL

#define LIBOS_BLOCK 256 /* primes for one call */
#define LIBOS_BLOCKS 16
#define LIBOS_THREADS 4

enum libos_order {
    LIBOS_COMPUTE, /* ask for all primes, and compute with them */
    LIBOS_AGAIN    /* the same from what was kept, and one call more */
};

struct libos_shared {
    volatile uint64_t init; /* ids */
    volatile uint64_t fixed;
    volatile uint64_t order; /* for paged: enum libos_order */

    volatile uint64_t served; /* by fixed: calls, who called last */
    volatile uint64_t caller;
    volatile uint64_t prime[LIBOS_BLOCK];

    volatile uint64_t sum; /* by paged: its result, and how it got there */
    volatile uint64_t faults;
    volatile uint64_t allocated; /* pages that the heap has promised */
    volatile uint64_t turns[LIBOS_THREADS];
    volatile int64_t error; /* of its last call */
};

/* What paged computes of each prime. */
static inline uint64_t
libos_mix(uint64_t prime, uint64_t index)
{
    return (prime * prime) ^ (index * 0x9e3779b97f4a7c15);
}

#endif
