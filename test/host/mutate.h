/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_MUTATE_H
#define CHITIN_TEST_HOST_MUTATE_H
/*
 * The driver of the mutation tests of readers: `times` copies of a file, each
 * damaged one to three times by `damage`, which returns what is left of the
 * size, and then handed to `open`. The same copies in every run.
 */
#include <stdlib.h>
#include <string.h>

#include "test/host/check.h"

#define MUTATE_SEED 0x43686974696eULL

static void
mutate(const uint8_t *file, size_t size, int times,
       size_t (*damage)(uint8_t *bytes, size_t size, uint64_t *state),
       void (*open)(const uint8_t *bytes, size_t size))
{
    uint8_t *bytes = malloc(size);
    uint64_t state = MUTATE_SEED;

    CHECK(bytes != NULL);
    for (int i = 0; i < times; i++) {
        size_t left = size;

        memcpy(bytes, file, size);
        for (uint64_t n = 1 + random_below(&state, 3); n > 0; n--) {
            left = damage(bytes, left, &state);
        }
        open(bytes, left);
    }
    free(bytes);
}

#endif
