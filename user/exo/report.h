/* SPDX-License-Identifier: MIT */
/* The tables of exotop, as lines of text. */
#ifndef USER_EXO_REPORT_H
#define USER_EXO_REPORT_H

#include "user/exo/census.h"

#define REPORT_LINE 256

/* What a report is of, and who gets each line, without a newline. */
struct report {
    const struct machine *m;
    const struct census *now;
    void (*line)(void *context, const char *text);
    void *context;
};

/* By what envs are sorted. */
enum report_order {
    REPORT_BY_FRAMES,
    REPORT_BY_SLOTS,
    REPORT_BY_BLOCKS,
    REPORT_BY_ID
};

/* What the whole machine has: memory, harts, disks. */
void report_machine(const struct report *r);

/* A heading, and the envs, sorted: at most so many; the id of each goes to ids,
   if that is not null. How many there were. `before` is an earlier census, or
   null. */
unsigned report_envs(const struct report *r, const struct census *before,
                     enum report_order order, unsigned most, uint32_t *ids);

/* Which frames, slots and blocks one env owns, by their names. */
void report_env(const struct report *r, uint32_t id);

#endif
