/* SPDX-License-Identifier: MIT */
/*
 * A round: sorts a part of the formula, sieves primes, goes deep into the
 * stack, and writes numbers as text into memory from malloc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/user/survivor.h"

#define PRIMES 12251 /* below SIEVE_SIZE */
#define DEPTH 100
#define LINES 100

static int
compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static uint64_t
sort(const struct work_memory *memory, uint64_t round)
{
    uint64_t start = round % WORK_KINDS * (FORMULA_WORDS / WORK_KINDS);
    uint64_t sum = round % WORK_KINDS + 1;

    for (uint64_t i = 0; i < SORTED_WORDS; i++) {
        memory->sorted[i] = memory->formula[(start + i * 3) % FORMULA_WORDS];
    }
    qsort(memory->sorted, SORTED_WORDS, sizeof(uint64_t), compare);
    for (uint64_t i = 0; i < SORTED_WORDS; i++) {
        if (i > 0 && memory->sorted[i - 1] > memory->sorted[i]) {
            return 0;
        }
        sum = work_mix(sum, memory->sorted[i]);
    }
    return sum;
}

static uint64_t
sieve(uint8_t *composite)
{
    uint64_t primes = 0;

    memset(composite, 0, SIEVE_SIZE);
    for (uint64_t n = 2; n < SIEVE_SIZE; n++) {
        if (composite[n]) {
            continue;
        }
        primes++;
        for (uint64_t i = n * n; i < SIEVE_SIZE; i += n) {
            composite[i] = 1;
        }
    }
    return primes;
}

/* Some 400 bytes of stack a level. */
static __attribute__((noinline)) uint64_t
deep(uint64_t level, uint64_t sum)
{
    volatile uint64_t local[48];

    for (unsigned i = 0; i < 48; i++) {
        local[i] = sum + i * level;
    }
    sum = level == 0 ? sum : deep(level - 1, work_mix(sum, level));
    for (unsigned i = 0; i < 48; i++) {
        sum = work_mix(sum, local[i]);
    }
    return sum;
}

struct line {
    struct line *next;
    char text[100];
};

static uint64_t
lines(uint64_t round, uint64_t sum)
{
    struct line *first = NULL;
    uint64_t read = 0;

    for (uint64_t i = 0; i < LINES; i++) {
        struct line *line = malloc(sizeof(*line));

        if (line == NULL) {
            return 0;
        }
        snprintf(line->text, sizeof(line->text), "%lu of %lx, %lu", i, sum,
                 round % WORK_KINDS);
        line->next = first;
        first = line;
    }
    while (first != NULL) {
        struct line *line = first;

        for (const char *c = line->text; *c != '\0'; c++) {
            sum = work_mix(sum, (uint64_t)*c);
        }
        read += strtoul(line->text, NULL, 10);
        first = line->next;
        free(line);
    }
    return read == LINES * (LINES - 1) / 2 ? sum : 0;
}

uint64_t
work_round(const struct work_memory *memory, uint64_t round)
{
    uint64_t sum = sort(memory, round);

    if (sum == 0 || sieve(memory->sieve) != PRIMES) {
        return 0;
    }
    return lines(round, deep(DEPTH, sum));
}
