/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_RANDOM_H
#define CHITIN_LIB_POSIX_RANDOM_H
/*
 * Random bytes: ChaCha20 under a key of the process's own, which is replaced
 * after each use, so that what was given cannot be found out later. The first
 * key comes from what the firmware gave, which every env can read, from the
 * time and from the process's env: it is another in each process, also in a
 * forked one, but it is no secret from others on this machine.
 */
#include <stddef.h>
#include <stdint.h>

#define CHACHA_KEY_WORDS 8
#define CHACHA_BLOCK_WORDS 16

/* One block of RFC 8439: key, counter, nonce of three words. */
void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter,
                  const uint32_t nonce[3], uint32_t block[CHACHA_BLOCK_WORDS]);

void random_fill(void *bytes, size_t count);

#endif
