/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "lib/posix/random.h"

static inline uint32_t
rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static inline void
quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

void
chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter,
             const uint32_t nonce[3], uint32_t block[CHACHA_BLOCK_WORDS])
{
    /* "expand 32-byte k" */
    uint32_t first[CHACHA_BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32,
                                          0x6b206574};
    uint32_t *x = block;

    memcpy(first + 4, key, CHACHA_KEY_WORDS * sizeof(*key));
    first[12] = counter;
    memcpy(first + 13, nonce, 3 * sizeof(*nonce));
    memcpy(x, first, sizeof(first));
    for (unsigned round = 0; round < 20; round += 2) {
        for (unsigned i = 0; i < 4; i++) {
            quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        }
        for (unsigned i = 0; i < 4; i++) {
            quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
                    &x[12 + (i + 3) % 4]);
        }
    }
    for (unsigned i = 0; i < CHACHA_BLOCK_WORDS; i++) {
        x[i] += first[i];
    }
}
