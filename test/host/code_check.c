/* SPDX-License-Identifier: MIT */
#include "test/host/code_check.h"

#include "kern/abi/error.h"
#include "lib/code/code.h"
#include "test/host/check.h"

static const struct code_use use_memory = {
    .stack = CODE_DEPTH_MAX * CODE_FRAME_MAX,
    .arguments = {CODE_POINTER, CODE_NUMBER},
};

void *
code_trial_copy(const void *from, size_t size)
{
    void *copy = malloc(size + (size == 0));

    CHECK(copy != NULL);
    if (size > 0) {
        memcpy(copy, from, size);
    }
    return copy;
}

/* What a note promises of the slot it belongs to. */
static void
notes_check(const struct code_verifier *v)
{
    CHECK((v->notes[0].marks & CODE_NOTE_START) != 0);
    CHECK((v->notes[0].marks & CODE_NOTE_REACHED) != 0);
    for (uint32_t i = 0; i < v->count; i++) {
        const struct code_note *n = &v->notes[i];

        CHECK((n->marks & CODE_NOTE_WAITING) == 0);
        if ((n->marks & CODE_NOTE_HALF) != 0) {
            CHECK((n->marks & (CODE_NOTE_REACHED | CODE_NOTE_TARGET |
                               CODE_NOTE_START)) == 0);
            continue;
        }
        CHECK(n->function <= i);
        CHECK((v->notes[n->function].marks & CODE_NOTE_START) != 0);
        if ((n->marks & CODE_NOTE_START) != 0) {
            CHECK_EQUAL(n->function, i);
            CHECK(n->length >= 1 && i + n->length <= v->count);
            CHECK(n->frame <= CODE_FRAME_MAX && n->frame % 8 == 0);
            CHECK(n->depth <= CODE_DEPTH_MAX && n->stack <= v->stack);
        }
    }
    CHECK(v->stack <= v->use->stack);
}

/* In one go and step by step: the verdict and the notes are the same. */
static void
program_verify(struct code_trial *t, struct code_verifier *verifier,
               const struct code_instruction *program, uint32_t count,
               struct code_note *notes)
{
    size_t size = count * sizeof(*notes);
    struct code_note *others = malloc(size + 1);
    struct code_verifier v;
    struct code_verifier w;
    uint64_t steps = 0;
    int error;

    CHECK(others != NULL);
    memset(notes, 0xa5, size);
    memset(others, 0x5a, size);
    code_verify_begin(&v, program, count, t->use, notes);
    error = code_verify_step(&v, UINT32_MAX);
    code_verify_begin(&w, program, count, t->use, others);
    while (code_verify_step(&w, 1) == -EAGAIN) {
        steps++;
        CHECK(steps <= CODE_VERIFY_STEPS(count));
    }
    CHECK_EQUAL(v.fault, w.fault);
    CHECK_EQUAL(v.fault_at, w.fault_at);
    CHECK_EQUAL(error, v.fault == CODE_FAULT_NONE ? 0 : -EINVAL);
    t->fault = v.fault;
    t->fault_at = v.fault_at;
    t->stack = v.stack;
    if (error == 0) {
        notes_check(&v);
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQUAL(notes[i].state, others[i].state);
            CHECK_EQUAL(notes[i].marks, others[i].marks);
            CHECK_EQUAL(notes[i].function, others[i].function);
            CHECK_EQUAL(notes[i].price, others[i].price);
        }
    } else {
        CHECK(v.fault_at < count || count == 0);
    }
    free(others);
    *verifier = v;
}

/* One run with that in all that the program must not see. */
static void
program_run(struct code_trial *t, const struct code_instruction *program,
            const struct code_note *notes, uint64_t poison, unsigned odd)
{
    struct code_run run = {
        .program = program,
        .notes = notes,
        .memory = code_trial_copy(t->memory, t->memory_size),
        .memory_size = t->memory_size,
        .memory_address = CODE_MEMORY_ADDRESS,
        .memory_odd = odd,
        .stack = malloc(t->stack + (t->stack == 0)),
        .stack_size = t->stack,
        .stack_address = CODE_STACK_END - t->stack,
        .fuel = t->fuel,
        .poison = poison,
        .helper = t->helper,
        .registers = {0, CODE_MEMORY_ADDRESS, t->memory_size},
    };

    CHECK(run.stack != NULL);
    run.context = &run.wish;
    memset(run.stack, (int)(poison & 0xff), t->stack);
    t->stop = code_run(&run, t->use);
    CHECK(t->stop != CODE_RUNNING);
    CHECK(run.executed <= notes[0].length + (t->fuel - run.fuel));
    t->stop_at = run.at;
    t->result = run.registers[0];
    t->executed = run.executed;
    t->fuel_left = run.fuel;
    if (t->memory_size > 0) {
        memcpy(t->after, run.memory, t->memory_size);
    }
    free(run.memory);
    free(run.stack);
}

bool
code_trial_exchanges(const struct code_verifier *v)
{
    for (uint32_t at = 0; at < v->count; at++) {
        if (code_is_atomic(&v->program[at])) {
            return true;
        }
    }
    return false;
}

void
code_trial_run(struct code_trial *t, const struct code_instruction *program,
               uint32_t count)
{
    struct code_instruction *copy =
        code_trial_copy(program, count * sizeof(*program));
    struct code_note *notes = malloc(count * sizeof(*notes) + 1);
    struct code_verifier verifier;
    struct code_trial again;

    CHECK(notes != NULL && t->memory_size <= sizeof(t->after));
    if (t->use == NULL) {
        t->use = &use_memory;
    }
    program_verify(t, &verifier, copy, count, notes);
    if (t->fault == CODE_FAULT_NONE) {
        again = *t;
        program_run(t, copy, notes, 0, 0);
        program_run(&again, copy, notes, 0xdeadbeef5a5a77ee, 0);
        CHECK_EQUAL(t->stop, again.stop);
        CHECK_EQUAL(t->executed, again.executed);
        CHECK(t->stop != CODE_STOP_EXIT || t->result == again.result);
        CHECK(memcmp(t->after, again.after, t->memory_size) == 0);
        again.odd = 1 + count % 7;
        program_run(&again, copy, notes, 0, again.odd);
        code_trial_compiled(t, &again, &verifier);
    }
    free(notes);
    free(copy);
}

void
code_trial_text(struct code_trial *t, const char *text)
{
    static struct code_instruction program[CODE_INSTRUCTIONS_MAX];
    struct code_error error;
    int64_t count = code_assemble(text, program, CODE_INSTRUCTIONS_MAX, &error);

    check_subject = text;
    if (count < 0) {
        (void)fprintf(stderr, "%s\nline %u: %s\n", text, error.line,
                      error.fault);
    }
    CHECK(count >= 0);
    code_trial_run(t, program, (uint32_t)count);
}
