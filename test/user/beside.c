/* SPDX-License-Identifier: MIT */
/*
 * A program on lib/exo alone, beside a system of processes (beside.h). It works
 * on memory of its own until enough of them have come and gone, then says how
 * that went, and ends. Nobody may change its memory, and it gets at nobody's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/exo.h"
#include "test/user/beside.h"

#define WORDS 32768
#define CONSOLE 0 /* its entry of the list */

static uint64_t
formula(uint64_t round, uint64_t i)
{
    return (round << 32 | i) * 0x9e3779b97f4a7c15;
}

/* How many of the words are not what they were made in the round before; all
   are made anew. */
static unsigned
work(volatile uint64_t *word, uint64_t round)
{
    unsigned wrong = 0;

    for (uint64_t i = 0; i < WORDS; i++) {
        wrong += round > 0 && word[i] != formula(round - 1, i);
        word[i] = formula(round, i);
    }
    return wrong;
}

/* How many envs are there that were not when it was asked last. */
static unsigned
envs_new(void)
{
    static uint32_t known[ENVS_MAX];
    const volatile struct env_row *row =
        (const volatile struct env_row *)INFORMATION_ENVS;
    unsigned count = 0;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        uint32_t id = row[i].id;

        count += id != known[i];
        known[i] = id;
    }
    return count;
}

/* No env but itself can it end: others are counted that it could. */
static unsigned
envs_end(void)
{
    const volatile struct env_row *row =
        (const volatile struct env_row *)INFORMATION_ENVS;
    unsigned ended = 0;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        if (row[i].state == ENV_LIVE && row[i].id != (uint32_t)exo_id) {
            ended += sys_env_destroy(exo_cap, row[i].id) >= 0;
        }
    }
    return ended;
}

int
main(void)
{
    struct beside_count count = {0, 0};
    uint64_t *word = malloc(WORDS * sizeof(*word));
    unsigned wrong = 0;
    unsigned ended = 0;
    unsigned seen = 0;

    if (word == NULL) {
        printf("beside: no memory\n");
        return 1;
    }
    (void)envs_new();
    for (uint64_t round = 0; seen < BESIDE_PROCESSES; round++) {
        wrong += work(word, round);
        ended += envs_end();
        beside_attack(&count, exo_cap, 0, (uint32_t)exo_id);
        beside_attack(&count, CONSOLE, 0, (uint32_t)exo_id);
        seen += envs_new();
    }
    printf("beside: %u words wrong, %u envs ended, %u pages of others, %s\n",
           wrong, ended, count.got,
           count.refused > 0 ? "and was refused" : "but never asked");
    return 0;
}
