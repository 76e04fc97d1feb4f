/* SPDX-License-Identifier: MIT */
/* SHA-256, as FIPS 180-4 has it (sections 4.1.2, 4.2.2, 5.1.1, 5.3.3, 6.2). */
#include "kern/disk/type.h"
#include "kern/panic.h"
#include "kern/string.h"

#define BLOCK 64
#define ROUNDS 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64
   primes. */
static const uint32_t round_constant[ROUNDS] = {
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
big_load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static void
big_store(uint8_t *bytes, uint64_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> 8 * (count - 1 - i));
    }
}

void
sha256_begin(struct sha256 *s)
{
    /* Likewise of the square roots of the first eight. */
    *s = (struct sha256){{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
                         0};
}

/* The word of the schedule for a round; the array has the last 16. */
static uint32_t
schedule(uint32_t *w, unsigned round)
{
    uint32_t a = w[(round + 1) % 16];
    uint32_t b = w[(round + 14) % 16];

    if (round >= 16) {
        w[round % 16] += (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
                         w[(round + 9) % 16] +
                         (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    return w[round % 16];
}

/* The state moves down a word with each round, so that no word of it has to be
   copied. */
void
sha256_block(struct sha256 *s, const uint8_t *bytes)
{
    uint32_t w[16];
    uint32_t words[ROUNDS + 8];
    uint32_t *h = words + ROUNDS;

    for (unsigned i = 0; i < 16; i++) {
        w[i] = big_load(bytes + sizeof(w[0]) * i);
    }
    memcpy(h, s->h, sizeof(s->h));
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t e = h[4];
        uint32_t a = h[0];
        uint32_t one = h[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                       ((e & h[5]) ^ (~e & h[6])) + round_constant[i] +
                       schedule(w, i);
        uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                       ((a & h[1]) ^ (a & h[2]) ^ (h[1] & h[2]));

        h[3] += one;
        *--h = one + two;
    }
    for (unsigned i = 0; i < 8; i++) {
        s->h[i] += h[i];
    }
    s->bytes += BLOCK;
}

void
sha256_end(struct sha256 *s, const uint8_t *rest, size_t length,
           uint8_t hash[DISK_HASH_BYTES])
{
    uint64_t bits = 8 * (s->bytes + length);
    uint8_t last[2 * BLOCK] = {0};
    size_t size = length + 1 + sizeof(bits) <= BLOCK ? BLOCK : 2 * BLOCK;

    ASSERT(length < BLOCK);
    memcpy(last, rest, length);
    last[length] = 0x80;
    big_store(last + size - sizeof(bits), bits, sizeof(bits));
    for (size_t at = 0; at < size; at += BLOCK) {
        sha256_block(s, last + at);
    }
    for (unsigned i = 0; i < 8; i++) {
        big_store(hash + sizeof(s->h[0]) * i, s->h[i], sizeof(s->h[0]));
    }
}
