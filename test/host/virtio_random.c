/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzer does (test/fuzz/virtio_fuzz.c), with random bytes: devices
 * that write what they like.
 */
#include "test/host/check.h"

#define DEVICES 20000
#define BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(void)
{
    uint8_t bytes[BYTES];
    uint64_t state = 0x76697274696fu;

    for (unsigned i = 0; i < DEVICES; i++) {
        size_t size = 64 + random_below(&state, BYTES - 64);

        for (size_t at = 0; at < size; at++) {
            bytes[at] = (uint8_t)(random_next(&state) >> 32);
            /* Some devices are honest while they are set up. */
            if (i % 4 != 0 && at < 60) {
                bytes[at] &= 0x5f;
                bytes[at] |= 5;
            }
        }
        (void)LLVMFuzzerTestOneInput(bytes, size);
    }
    return 0;
}
