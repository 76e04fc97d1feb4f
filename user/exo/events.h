/* SPDX-License-Identifier: MIT */
/*
 * What happened between two looks at the tables, in words: envs made and ended,
 * slots that changed hands, what was asked of an env, given and taken.
 */
#ifndef USER_EXO_EVENTS_H
#define USER_EXO_EVENTS_H

#include "user/exo/census.h"

#define EVENTS_MAX 256
#define EVENT_TEXT 100

/* The last of them; event n is in text[n % EVENTS_MAX]. */
struct events {
    uint64_t count;
    char text[EVENTS_MAX][EVENT_TEXT];
};

/* Adds what is new in `now` against `before`. */
void events_note(struct events *events, const struct machine *m,
                 const struct census *before, const struct census *now);

#endif
