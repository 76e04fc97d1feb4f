/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzer of the file system does, with random input: for builds that
 * have no libFuzzer.
 *
 *     fs_mutate [TIMES [SEED]]
 */
#include "test/host/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
    uint64_t times = argc > 1 ? strtoull(argv[1], NULL, 0) : 150;
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t i;

    for (i = 0; i < times; i++) {
        uint8_t input[600];
        size_t size = 1 + random_below(&state, sizeof(input));
        size_t j;

        if (random_below(&state, 2) == 0) {
            size = 6 + random_below(&state, 20); /* a change or a few */
        }
        for (j = 0; j < size; j++) {
            input[j] = (uint8_t)random_next(&state);
        }
        (void)LLVMFuzzerTestOneInput(input, size);
    }
    return 0;
}
