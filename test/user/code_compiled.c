/* SPDX-License-Identifier: MIT */
/*
 * Compiled code where it is at home. The rows and random programs of test/host
 * are linked with this, so what each does here is compared with the
 interpreter. test/host/code_compiled.c is the sibling that
 * looks at each instruction.
 */
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/user/code_output.h"

#define ROWS 4

static const struct code_trial *running;
static enum code_stop wish;

static uint64_t
helper_call(struct code_context *context, uint32_t row,
            const uint64_t *arguments)
{
    uint64_t result =
        running->helper(&wish, running->use->helpers[row].number, arguments);

    context->stop = wish;
    return result;
}

/* A function for each row of a list of helpers. */
#define HELPER(row)                                                            \
    static uint64_t helper_##row(struct code_context *context, uint64_t r1,    \
                                 uint64_t r2, uint64_t r3, uint64_t r4,        \
                                 uint64_t r5)                                  \
    {                                                                          \
        return helper_call(context, row, (uint64_t[]){r1, r2, r3, r4, r5});    \
    }
HELPER(0)
HELPER(1)
HELPER(2)
HELPER(3)

static code_entry
program_compile(struct code_trial *t, struct code_verifier *v,
                struct code_compiler *c)
{
    static const code_helper_function functions[ROWS] = {helper_0, helper_1,
                                                         helper_2, helper_3};
    uint64_t helpers[ROWS];

    CHECK(v->use->helper_count <= ROWS);
    for (unsigned row = 0; row < ROWS; row++) {
        helpers[row] = (uint64_t)(uintptr_t)functions[row];
    }
    running = t;
    return code_output_make(c, v, helpers);
}

static void
program_run(const struct code_trial *t, code_entry entry, int poison)
{
    unsigned odd = t->odd;
    _Alignas(16) static uint8_t memory[sizeof(t->after) + 16];
    _Alignas(16) static uint8_t stack[CODE_DEPTH_MAX * CODE_FRAME_MAX];
    struct code_context context;
    struct code_result result;
    uint64_t arguments[CODE_ARGUMENTS] = {CODE_MEMORY_ADDRESS, t->memory_size};

    for (unsigned a = 0; a < CODE_ARGUMENTS; a++) {
        if (t->use->arguments[a] == CODE_ABSENT) {
            arguments[a] = (uint64_t)poison;
        }
    }
    memset(memory, poison, sizeof(memory));
    if (t->memory_size > 0) {
        memcpy(memory + odd, t->memory, t->memory_size);
    }
    memset(stack, poison, sizeof(stack));
    wish = CODE_STOP_EXIT;
    code_context_begin(&context, stack, t->stack, (int64_t)t->fuel);
    code_context_memory(&context, memory + odd, t->memory_size);
    result = entry(&context, arguments[0], arguments[1], arguments[2],
                   arguments[3], arguments[4]);
    CHECK_EQUAL(result.stop, t->stop);
    CHECK_EQUAL(result.value, t->stop == CODE_STOP_EXIT ? t->result : 0);
    CHECK(t->stop != CODE_STOP_EXIT || (uint64_t)context.fuel == t->fuel_left);
    CHECK(t->memory_size == 0 ||
          memcmp(memory + odd, t->after, t->memory_size) == 0);
    for (unsigned i = 0; i < sizeof(memory); i++) {
        CHECK((i >= odd && i < odd + t->memory_size) ||
              memory[i] == (uint8_t)poison);
    }
    for (unsigned i = t->stack; i < sizeof(stack); i++) {
        CHECK_EQUAL(stack[i], (uint8_t)poison);
    }
}

void
code_trial_compiled(struct code_trial *t, const struct code_trial *other,
                    struct code_verifier *v)
{
    struct code_compiler c;
    code_entry entry = program_compile(t, v, &c);

    t->words = c.length;
    program_run(t, entry, 0);
    if (!code_trial_exchanges(v)) {
        program_run(other, entry, 0xa5);
    }
    code_output_end(&c);
}
