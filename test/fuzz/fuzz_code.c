/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a program, under each of several uses: what the verifier accepts
 * is run, interpreted and compiled, and test/host/code_check.h looks that it
 * ends in time, accesses nothing but what it has, and sees nothing that it
 * should not; that no other word is emitted than may be, and none behind the
 * output. The first byte chooses use, memory and fuel.
 */
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/host/code_generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct code_use uses[] = {
    {.stack = 512, .arguments = {CODE_POINTER, CODE_NUMBER}},
    {.stack = 4096, .arguments = {CODE_POINTER, CODE_NUMBER}},
    {.stack = 64, .arguments = {CODE_ABSENT, CODE_NUMBER}},
    {.stack = 0, .arguments = {CODE_POINTER}},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct code_instruction program[CODE_INSTRUCTIONS_MAX + 1];
    static const uint8_t memory[40] = "what a program may find in its memory";
    static struct code_use use;
    struct code_trial t = {.memory = memory, .helper = code_generate_helper};
    size_t count;

    if (size == 0) {
        return 0;
    }
    use = uses[data[0] & 3];
    if ((data[0] & 0x40) != 0) {
        use.helpers = code_generate_helpers;
        use.helper_count = CODE_GENERATE_HELPERS;
    }
    use.read_only = data[0] >> 7 != 0;
    t.use = &use;
    t.memory_size = (size_t)(data[0] >> 2 & 7) * 5;
    t.fuel = (data[0] & 0x20) != 0 ? 3000 : 100;
    count = (size - 1) / sizeof(*program);
    if (count > CODE_INSTRUCTIONS_MAX + 1) {
        count = CODE_INSTRUCTIONS_MAX + 1;
    }
    memcpy(program, data + 1, count * sizeof(*program));
    code_trial_run(&t, program, (uint32_t)count);
    return 0;
}
