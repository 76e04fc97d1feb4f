/* SPDX-License-Identifier: MIT */
#include "test/host/code_target.h"

#include "kern/abi/code.h"
#include "kern/code/compile.h"

#define UART (*(volatile uint8_t *)0x10000000)
#define FINISHER (*(volatile uint32_t *)0x100000)
#define FINISHER_PASS 0x5555

void target_main(void);
void target_trap(uint64_t cause, uint64_t pc);

_Noreturn static void
answer(char what, uint64_t a, uint64_t b)
{
    uint64_t numbers[] = {a, b};

    UART = (uint8_t)what;
    for (unsigned n = 0; n < 2; n++) {
        UART = ' ';
        for (int shift = 60; shift >= 0; shift -= 4) {
            UART = (uint8_t) "0123456789abcdef"[numbers[n] >> shift & 0xf];
        }
    }
    UART = '\n';
    FINISHER = FINISHER_PASS;
    for (;;) {
    }
}

void
target_trap(uint64_t cause, uint64_t pc)
{
    answer(TARGET_TRAPPED, cause, pc);
}

void
target_main(void)
{
    static _Alignas(16) uint8_t stack[CODE_DEPTH_MAX * CODE_FRAME_MAX];
    const struct target_job *job = (const struct target_job *)TARGET_JOB;
    code_entry entry = (code_entry)TARGET_CODE;
    struct code_context context;
    struct code_result result;

    code_context_begin(&context, stack, (uint32_t)job->stack_size,
                       (int64_t)job->fuel);
    code_context_memory(&context, (void *)TARGET_MEMORY, job->memory_size);
    result = entry(&context, job->arguments[0], job->arguments[1], 0, 0, 0);
    answer(TARGET_RAN, result.stop, result.value);
}
