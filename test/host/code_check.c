/* SPDX-License-Identifier: MIT */
#include "test/host/code_check.h"

#include "kern/abi/error.h"
#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/code_machine.h"

static const struct code_use use_memory = {
    .stack = CODE_DEPTH_MAX * CODE_FRAME_MAX,
    .arguments = {CODE_POINTER, CODE_NUMBER},
};

static void *
copy_make(const void *from, size_t size)
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
        }
    } else {
        CHECK(v.fault_at < count || count == 0);
    }
    free(others);
    *verifier = v;
}

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
    CHECK_EQUAL(d.cost, c->cost);
    CHECK(memcmp(words, others, t->words * sizeof(*words)) == 0);
    free(others);
    return words;
}

static bool
program_exchanges(const struct code_verifier *v)
{
    for (uint32_t at = 0; at < v->count; at++) {
        if (code_is_atomic(&v->program[at])) {
            return true;
        }
    }
    return false;
}

/* Compiled, it ends as it did before. */
static void
machine_run(const struct code_trial *t, struct code_compiler *c,
            const uint32_t *words, unsigned odd, uint64_t poison,
            uint64_t *executed)
{
    enum code_stop wish = CODE_STOP_EXIT;
    struct code_machine m = {
        .words = words,
        .length = c->length,
        .compiler = c,
        .memory = copy_make(t->memory, t->memory_size),
        .memory_size = t->memory_size,
        .memory_odd = odd,
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
    CHECK(m.executed <= (uint64_t)c->cost * (1 + c->notes[0].length +
                                             (t->fuel - t->fuel_left)));
    *executed = m.executed;
    free(m.memory);
    free(m.stack);
}

static void
program_execute(struct code_trial *t, struct code_verifier *v)
{
    struct code_compiler c;
    uint32_t *words = program_compile(t, v, &c);
    uint64_t executed;

    machine_run(t, &c, words, 0, 0, &t->machine);
    if (!program_exchanges(v)) {
        machine_run(t, &c, words, 1 + t->words % 7, 0xdeadbeef5a5a77ee,
                    &executed);
    }
    free(words);
}

/* One run with that in all that the program must not see. */
static void
program_run(struct code_trial *t, const struct code_instruction *program,
            const struct code_note *notes, uint64_t poison)
{
    struct code_run run = {
        .program = program,
        .notes = notes,
        .memory = copy_make(t->memory, t->memory_size),
        .memory_size = t->memory_size,
        .memory_address = CODE_MEMORY_ADDRESS,
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

void
code_trial_run(struct code_trial *t, const struct code_instruction *program,
               uint32_t count)
{
    struct code_instruction *copy =
        copy_make(program, count * sizeof(*program));
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
        program_run(t, copy, notes, 0);
        program_run(&again, copy, notes, 0xdeadbeef5a5a77ee);
        CHECK_EQUAL(t->stop, again.stop);
        CHECK_EQUAL(t->executed, again.executed);
        CHECK(t->stop != CODE_STOP_EXIT || t->result == again.result);
        CHECK(memcmp(t->after, again.after, t->memory_size) == 0);
        program_execute(t, &verifier);
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
