/* SPDX-License-Identifier: MIT */
/*
 * Compiled code on this machine, which has another instruction set: on the
 * machine of code_machine.h. test/user/code_compiled.c is its sibling, where
 * the code runs by itself.
 */
#include "kern/abi/error.h"
#include "kern/code/price.h"
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/host/code_machine.h"

/* What a run takes beyond its prices: to enter with all there is to save, and
   to end in the midst. */
#define MARGIN 48

static const uint64_t *
helpers_list(const struct code_use *use)
{
    static uint64_t helpers[64];

    CHECK(use->helper_count <= sizeof(helpers) / sizeof(*helpers));
    for (uint32_t row = 0; row < use->helper_count; row++) {
        helpers[row] = code_machine_helper(row);
    }
    return helpers;
}

/* In one go into what it said that it needs, then from new notes step by step
   into too little at first: the words are the same. The caller frees them. */
static uint32_t *
program_compile(struct code_trial *t, struct code_verifier *v,
                struct code_compiler *c)
{
    struct code_compiler d;
    uint32_t *words;
    uint32_t *others;
    uint64_t steps = 0;
    int error;

    code_compile_begin(c, v, NULL, 0, helpers_list(v->use));
    CHECK_EQUAL(code_compile_step(c, UINT32_MAX), -ENOSPC);
    CHECK(c->length > 0 && c->length <= CODE_COMPILE_WORDS(v->count));
    CHECK_EQUAL(code_compile_step(c, UINT32_MAX), -ENOSPC);
    t->words = c->length;
    words = malloc(c->length * sizeof(*words));
    others = malloc(c->length * sizeof(*others));
    CHECK(words != NULL && others != NULL);
    c->output = words;
    c->capacity = c->length;
    CHECK_EQUAL(code_compile_step(c, UINT32_MAX), 0);
    CHECK_EQUAL(c->length, t->words);

    code_verify_begin(v, v->program, v->count, v->use, v->notes);
    CHECK_EQUAL(code_verify_step(v, UINT32_MAX), 0);
    code_compile_begin(&d, v, others, t->words - 1, helpers_list(v->use));
    while ((error = code_compile_step(&d, 1)) != 0) {
        if (error == -ENOSPC) {
            CHECK_EQUAL(d.capacity, t->words - 1);
            d.capacity = t->words;
        } else {
            CHECK_EQUAL(error, -EAGAIN);
            steps++;
            CHECK(steps <= CODE_COMPILE_STEPS(v->count));
        }
    }
    CHECK_EQUAL(d.length, t->words);
    CHECK(memcmp(words, others, t->words * sizeof(*words)) == 0);
    free(others);
    return words;
}

/* Compiled, it ends as it did before. */
static void
machine_run(const struct code_trial *t, struct code_compiler *c,
            const uint32_t *words, uint64_t poison, uint64_t *executed)
{
    enum code_stop wish = CODE_STOP_EXIT;
    struct code_machine m = {
        .words = words,
        .length = c->length,
        .compiler = c,
        .memory = code_trial_copy(t->memory, t->memory_size),
        .memory_size = t->memory_size,
        .memory_odd = t->odd,
        .stack = malloc(t->stack + (t->stack == 0)),
        .stack_size = t->stack,
        .fuel = t->fuel,
        .poison = poison,
        .disturbance = c->length % 5,
        .arguments = {CODE_MEMORY_ADDRESS, t->memory_size},
        .helper = t->helper,
        .wish = &wish,
    };

    CHECK(m.stack != NULL);
    memset(m.stack, (int)(poison & 0xff), t->stack);
    code_machine_run(&m);
    CHECK_EQUAL(m.result.stop, t->stop);
    CHECK_EQUAL(m.result.value, t->stop == CODE_STOP_EXIT ? t->result : 0);
    CHECK(t->memory_size == 0 ||
          memcmp(m.memory, t->after, t->memory_size) == 0);
    CHECK(t->stop != CODE_STOP_EXIT || m.fuel == t->fuel_left);
    CHECK(m.executed <=
          code_price_entry(c->notes) +
              code_price_function(c->program, c->notes, c->use, 0) + MARGIN +
              (t->fuel - t->fuel_left));
    *executed = m.executed;
    free(m.memory);
    free(m.stack);
}

void
code_trial_compiled(struct code_trial *t, const struct code_trial *other,
                    struct code_verifier *v)
{
    struct code_compiler c;
    uint32_t *words = program_compile(t, v, &c);
    uint64_t executed;

    machine_run(t, &c, words, 0, &t->machine);
    if (!code_trial_exchanges(v)) {
        machine_run(other, &c, words, 0xdeadbeef5a5a77ee, &executed);
    }
    free(words);
}
