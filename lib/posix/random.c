/* SPDX-License-Identifier: MIT */
#include "lib/posix/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/timer.h"

#define ENTROPY_MAX 256 /* of getentropy, as POSIX has it */
#define BYTES_OF_BLOCK (CHACHA_BLOCK_WORDS * sizeof(uint32_t))
#define BYTES_OF_KEY (CHACHA_KEY_WORDS * sizeof(uint32_t))

static uint32_t key[CHACHA_KEY_WORDS];
static uint64_t owner; /* the env whose key it is */

/* A key that depends on the one before and on what is only now and here. */
static void
key_renew(void)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    uint32_t block[CHACHA_BLOCK_WORDS];
    uint64_t now = timer_now();
    uint32_t nonce[3] = {(uint32_t)now, (uint32_t)(now >> 32),
                         (uint32_t)exo_id};

    for (unsigned i = 0; i < CHACHA_KEY_WORDS; i++) {
        uint32_t word;

        memcpy(&word, boot->entropy + i * sizeof(word), sizeof(word));
        key[i] ^= word;
    }
    chacha_block(key, (uint32_t)(boot->clock >> 10), nonce, block);
    memcpy(key, block, sizeof(key));
    owner = exo_id;
}

void
random_fill(void *bytes, size_t count)
{
    static const uint32_t nonce[3];
    uint32_t block[CHACHA_BLOCK_WORDS];
    uint8_t *next = bytes;

    if (owner != exo_id) {
        key_renew();
    }
    while (count > 0) {
        size_t some = BYTES_OF_BLOCK - BYTES_OF_KEY;

        some = some < count ? some : count;
        chacha_block(key, 0, nonce, block);
        memcpy(key, block, BYTES_OF_KEY);
        memcpy(next, block + CHACHA_KEY_WORDS, some);
        next += some;
        count -= some;
    }
    memset(block, 0, sizeof(block));
}

int
getentropy(void *bytes, size_t count)
{
    if (count > ENTROPY_MAX) {
        errno = EIO;
        return -1;
    }
    posix_hold();
    random_fill(bytes, count);
    posix_release();
    return 0;
}

ssize_t
getrandom(void *bytes, size_t count, unsigned flags)
{
    if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM)) {
        errno = EINVAL;
        return -1;
    }
    posix_hold();
    random_fill(bytes, count);
    posix_release();
    return (ssize_t)count;
}

/* picolibc's own would go on the same in a forked process. */
uint32_t
arc4random(void)
{
    uint32_t word;

    (void)getentropy(&word, sizeof(word));
    return word;
}

void
arc4random_buf(void *bytes, size_t count)
{
    (void)getrandom(bytes, count, 0);
}
