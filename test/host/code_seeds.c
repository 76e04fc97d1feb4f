/* SPDX-License-Identifier: MIT */
/* Writes programs for the fuzzer to begin with into a folder: one whole random
   program in each of so many files. */
#include "test/host/check.h"
#include "test/host/code_generate.h"

#define FILES 64

int
main(int argc, char **argv)
{
    static struct code_instruction program[CODE_GENERATE_MAX];
    uint64_t state = 0x73656564;

    CHECK_EQUAL(argc, 2);
    for (int n = 0; n < FILES; n++) {
        uint32_t count = code_generate(program, 35, &state, (n & 8) != 0);
        char path[4096];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/program-%d", argv[1], n);
        file = fopen(path, "wb");
        check_subject = path;
        CHECK(file != NULL);
        CHECK(fputc(0x1c | (n & 3) | (n & 4) << 3 | (n & 8) << 3, file) != EOF);
        CHECK_EQUAL(fwrite(program, sizeof(*program), count, file), count);
        CHECK_EQUAL(fclose(file), 0);
    }
    return 0;
}
