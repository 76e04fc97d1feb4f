/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as text for the assembler, and as an object file for the loader.
 * What the assembler makes of text is an instruction that can be written again.
 */
#include "lib/code/code.h"
#include "test/host/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct code_instruction program[CODE_INSTRUCTIONS_MAX];

static void
text_try(const uint8_t *data, size_t size)
{
    struct code_instruction again[2];
    struct code_error error;
    char *text = malloc(size + 1);
    int64_t count;
    uint32_t length = 0;

    CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    count = code_assemble(text, program, 64, &error);
    CHECK(count <= 64 && (count < 0) == (error.fault != NULL));
    for (uint32_t at = 0; (int64_t)at < count; at += length) {
        char line[80];

        length =
            code_disassemble(program, (uint32_t)count, at, line, sizeof(line));
        check_subject = line;
        CHECK(length > 0);
        CHECK_EQUAL(code_assemble(line, again, 2, &error), length);
        CHECK(memcmp(again, &program[at], length * sizeof(*again)) == 0);
    }
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct code_error error;
    int64_t count;

    count = code_object_load(data, size, NULL, program, CODE_INSTRUCTIONS_MAX,
                             &error);
    CHECK(count <= CODE_INSTRUCTIONS_MAX &&
          (count > 0) == (error.fault == NULL));
    text_try(data, size < 2000 ? size : 2000);
    return 0;
}
