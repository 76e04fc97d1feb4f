/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_SURVIVOR_H
#define CHITIN_TEST_USER_SURVIVOR_H
/*
 * What the two programs of the test of the pager share: the page through which
 * they talk, and the work of a round, whose memory is given to it. Round n and
 * round n + WORK_KINDS do the same.
 */
#include "kern/abi/layout.h"
#include "lib/exo/pager.h"

/* In the survivor's address space: beside the U-area, under its page table. */
#define SURVIVOR_SHARED (FIRST_UAREA + 0x2000)

#define FORMULA 0x40000000UL

struct survivor_shared {
    volatile uint64_t begun; /* 1, or the negative of an error */
    volatile uint64_t stop;  /* the manager's wish */
    volatile uint64_t done;
    volatile uint64_t rounds;
    volatile uint64_t total; /* over the results of all rounds */
    /* What it did not survive. */
    volatile uint64_t cause;
    volatile uint64_t pc;
    volatile uint64_t value;
    volatile uint64_t lost;
    struct exo_pager_counts counts;
};

/* survivor_resident.c: makes a page of the formula; say what was not survived.
 */
exo_pager_fill formula_fill;
void fault_report(struct uarea *uarea);
void loss_report(uint64_t address);

#define WORK_KINDS 8
#define FORMULA_PAGES 64
#define SORTED_PAGES 16
#define SIEVE_PAGES 32
#define SIEVE_SIZE (SIEVE_PAGES * FRAME_SIZE)
#define SORTED_WORDS (SORTED_PAGES * FRAME_SIZE / 8)
#define FORMULA_WORDS (FORMULA_PAGES * FRAME_SIZE / 8)

/* The word of the formula at an index: some bits of it. */
static inline uint64_t
work_formula(uint64_t index)
{
    uint64_t z = (index + 1) * 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    return z ^ z >> 27;
}

static inline uint64_t
work_mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001b3 + (sum >> 29);
}

struct work_memory {
    const uint64_t *formula; /* FORMULA_WORDS */
    uint64_t *sorted;        /* SORTED_WORDS */
    uint8_t *sieve;          /* SIEVE_SIZE */
};

/* The result of a round; 0 if something in it is not as it must be. */
uint64_t work_round(const struct work_memory *memory, uint64_t round);

#endif
