/* SPDX-License-Identifier: MIT */
/* What the kernel's numbers mean, in words. */
#ifndef USER_EXO_WORDS_H
#define USER_EXO_WORDS_H

#include <stdint.h>

#include "kern/abi/cap.h"

/* Room for any name, and for all rights. */
#define NAME_TEXT 96
#define RIGHTS_TEXT 48

/*
 * A capability's name: its components with dots between, a serial as # and its
 * number: "1.#5.3"; "*" is the empty one, which is over all.
 */
void words_name(const struct cap_name *name, char text[NAME_TEXT]);

/* Rights, with blanks between: "read write pass"; "nothing". */
void words_rights(unsigned rights, char text[RIGHTS_TEXT]);

/* "a fault", of enum env_cause. */
const char *words_cause(uint32_t cause);

/* "live", of enum process_state. */
const char *words_process(uint32_t state);

/* "frames", of enum resource_kind. */
const char *words_resource(uint32_t kind);

/* "ready", of enum disk_state. */
const char *words_disk(uint32_t state);

/* A time in ticks: "0.042", "59.1", "3:07", "2:03:07", "5 days 2:03". */
#define TIME_TEXT 32
void words_time(uint64_t ticks, uint64_t frequency, char text[TIME_TEXT]);

#endif
