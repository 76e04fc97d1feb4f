/* SPDX-License-Identifier: MIT */
/* The tables of exotop, as lines of text. */
#ifndef USER_EXO_REPORT_H
#define USER_EXO_REPORT_H

#include "user/exo/census.h"

#define REPORT_LINE 256

/* Gets each line, without a newline. */
typedef void report_line(void *context, const char *text);

/* By what envs are sorted. */
enum report_order {
    REPORT_BY_FRAMES,
    REPORT_BY_SLOTS,
    REPORT_BY_BLOCKS,
    REPORT_BY_ID
};

/* What the whole machine has: memory, harts, disks. */
void report_machine(const struct machine *m, const struct census *now,
                    report_line *line, void *context);

/* A heading, and the envs, sorted: at most so many; the id of each goes to ids,
   if that is not null. How many there were. `before` is an earlier census, or
   null. */
unsigned report_envs(const struct machine *m, const struct census *now,
                     const struct census *before, enum report_order order,
                     unsigned most, uint32_t *ids, report_line *line,
                     void *context);

/* Which frames, slots and blocks one env owns, by their names. */
void report_env(const struct machine *m, const struct census *now, uint32_t id,
                report_line *line, void *context);

#endif
