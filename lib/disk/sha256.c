/* SPDX-License-Identifier: MIT */
#include "lib/disk/sha256.h"

#include <string.h>

#define CHUNK 64

/* The first 32 bits of the fractions of the cube roots of the first 64 primes;
   below, of the square roots of the first 8. */
static const uint32_t cube_roots[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t
rotate(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static uint32_t
big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

/* The message schedule is kept in a ring of 16 words. */
static void
chunk_take(uint32_t sum[8], const uint8_t *chunk)
{
    uint32_t ring[16];
    uint32_t v[8];
    unsigned i;

    memcpy(v, sum, sizeof(v));
    for (i = 0; i < 64; i++) {
        uint32_t e = v[4];
        uint32_t a = v[0];
        uint32_t one;
        uint32_t two;

        if (i < 16) {
            ring[i] = big_endian(chunk + (size_t)4 * i);
        } else {
            uint32_t x = ring[(i + 1) % 16];
            uint32_t y = ring[(i + 14) % 16];

            ring[i % 16] += (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
                            ring[(i + 9) % 16] +
                            (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
        }
        one = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
              ((e & v[5]) ^ (~e & v[6])) + cube_roots[i] + ring[i % 16];
        two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
              ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += one;
        v[0] = one + two;
    }
    for (i = 0; i < 8; i++) {
        sum[i] += v[i];
    }
}

void
sha256(const void *bytes, size_t size, uint8_t hash[SHA256_BYTES])
{
    uint32_t sum[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[2 * CHUNK] = {0};
    const uint8_t *at = bytes;
    size_t rest = size % CHUNK;
    size_t end = rest < CHUNK - 8 ? CHUNK : 2 * CHUNK;
    unsigned i;

    for (; (size_t)(at - (const uint8_t *)bytes) < size - rest; at += CHUNK) {
        chunk_take(sum, at);
    }
    if (rest > 0) {
        memcpy(last, at, rest);
    }
    last[rest] = 0x80;
    for (i = 0; i < 8; i++) {
        last[end - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    }
    chunk_take(sum, last);
    if (end > CHUNK) {
        chunk_take(sum, last + CHUNK);
    }
    for (i = 0; i < SHA256_BYTES; i++) {
        hash[i] = (uint8_t)(sum[i / 4] >> (24 - 8 * (i % 4)));
    }
}
