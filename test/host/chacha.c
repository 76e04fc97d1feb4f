/* SPDX-License-Identifier: MIT */
/* The block function of ChaCha20 on the examples of RFC 8439 (2.3.2, A.1). */
#include "lib/posix/random.h"
#include "test/host/check.h"

static void
block_expect(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter,
             const uint32_t nonce[3], const char *wanted)
{
    uint32_t block[CHACHA_BLOCK_WORDS];
    static char text[2 * sizeof(block) + 1];

    chacha_block(key, counter, nonce, block);
    for (size_t i = 0; i < sizeof(block); i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", ((uint8_t *)block)[i]);
    }
    check_subject = text;
    CHECK(strcmp(text, wanted) == 0);
}

int
main(void)
{
    static const uint32_t zero_key[CHACHA_KEY_WORDS];
    static const uint32_t zero_nonce[3];
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    uint32_t key[CHACHA_KEY_WORDS];

    for (unsigned i = 0; i < sizeof(key); i++) {
        ((uint8_t *)key)[i] = (uint8_t)i;
    }
    block_expect(key, 1, nonce,
                 "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46"
                 "c4ed2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2"
                 "503c4e");
    block_expect(zero_key, 0, zero_nonce,
                 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770"
                 "dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2"
                 "ee6586");
    return 0;
}
