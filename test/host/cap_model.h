/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_CAP_MODEL_H
#define CHITIN_TEST_CAP_MODEL_H
/*
 * Capabilities as arrays of components: the oracle of kern/cap.c, and what its
 * tests share. Knows the layout from kern/abi/cap.h, and none of its tricks.
 */
#include "kern/cap.h"

#define CHOSEN_MIN 1
#define CHOSEN_MAX 0x7fff
#define SERIAL_MIN 0x8000
#define SERIAL_MAX 0xfffe
#define RIGHT_SETS 32

/* A capability, or just a name, or, if not held, nothing. */
struct model_cap {
    bool held;
    unsigned length;
    uint16_t component[8]; /* only the first `length` mean anything */
    unsigned rights;
};

struct cap_name model_name(const struct model_cap *m);

/* The 64 bytes that an entry must have. */
struct cap model_encode(const struct model_cap *m);

/* The name and rights of an entry, from name.word and rights only. */
struct model_cap model_decode(const struct cap *c);

bool model_is_prefix(const struct model_cap *prefix,
                     const struct model_cap *name);

/* Appends what the kernel would for serial number `serial`. */
void model_append_serial(struct model_cap *m, uint32_t serial);

/* A name of `length` components, at random; serials among them are whole. */
struct model_cap model_random_name(unsigned length, uint64_t *state);

/* Makes the list one that holds `m` in entry `at`, which is not 0, and nothing
   else, starting from the root, by the operations under test. */
void model_build(struct cap_list *list, uint64_t at, const struct model_cap *m);

#endif
