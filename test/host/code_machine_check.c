/* SPDX-License-Identifier: MIT */
/*
 * Whether compiled words are of those that are allowed, each alone and where it
 * stands.
 */
#include "test/host/check.h"
#include "test/host/code_machine_part.h"

/* Registers whose values are addresses that the compiler keeps. */
static bool
base_allowed(const struct code_machine *m, const struct decoded *d)
{
    unsigned size = d->kind & 3;

    return d->a == X_T0 || d->a == m->compiler->frame ||
           ((d->a == m->compiler->context || d->a == X_SP) && size == 3);
}

static bool
register_operation_known(const struct decoded *d)
{
    bool narrow = d->opcode == 0x3b;

    switch (d->upper) {
    case 0:
        return !narrow || d->kind == 0 || d->kind == 1 || d->kind == 5;
    case 1:
        return d->kind == 0 || d->kind >= 4;
    case 0x20:
        return d->kind == 0 || d->kind == 5;
    default:
        return false;
    }
}

static bool
immediate_operation_known(const struct decoded *d)
{
    unsigned bits = d->opcode == 0x1b ? 5 : 6;

    switch (d->kind) {
    case 1:
        return d->word >> (20 + bits) == 0;
    case 5:
        return (d->word >> (20 + bits) & ~(1U << (10 - bits))) == 0;
    case 2:
    case 3:
        return false;
    default:
        return d->opcode == 0x13 || d->kind == 0;
    }
}

static bool
atomic_known(const struct decoded *d)
{
    unsigned function = d->upper >> 2;

    return (d->upper & 3) == 3 && (d->kind == 2 || d->kind == 3) &&
           d->a == X_T0 && (function <= 4 || function == 8 || function == 12) &&
           (function != 2 || d->b == 0);
}

/* What a word may do to registers that the compiler keeps. */
static bool
target_allowed(const struct code_machine *m, const struct decoded *d)
{
    const struct code_compiler *c = m->compiler;
    bool add = d->opcode == 0x13 && d->kind == 0;
    bool load = d->opcode == 3 && d->kind == 3;

    if (d->to == X_SP) {
        return (add && d->a == X_SP && d->immediate % 16 == 0) ||
               (load && d->a == c->context &&
                d->immediate == offsetof(struct code_context, kept));
    }
    if (d->to == c->context) {
        return (add && d->a == X_A0 && d->immediate == 0) ||
               (load && d->a == X_SP);
    }
    if (d->to == c->frame) {
        return (add && d->a == c->frame) ||
               (load && (d->a == X_SP || d->a == c->context));
    }
    if (d->to == X_A6) {
        return load && d->a == c->context &&
               d->immediate == offsetof(struct code_context, memory);
    }
    if (d->to == X_RA) {
        return load && d->a == X_SP;
    }
    return (WRITABLE >> d->to & 1) != 0;
}

/* By word: the slot that it is of, counted from 1 (0: none), and whether a slot
   or the entry of a function begins there. */
static uint32_t owner[CODE_COMPILE_WORDS(CODE_INSTRUCTIONS_MAX)];
static bool begins[CODE_COMPILE_WORDS(CODE_INSTRUCTIONS_MAX)];

static void
owners_find(const struct code_machine *m)
{
    const struct code_compiler *c = m->compiler;
    uint32_t word = 0;
    uint32_t slot = 0;

    CHECK(m->length <= CODE_COMPILE_WORDS(c->count));
    memset(begins, 0, m->length * sizeof(*begins));
    for (uint32_t at = 0; at < c->count; at++) {
        const struct code_note *note = &c->notes[at];
        bool enters = at > 0 && (note->marks & CODE_NOTE_START) != 0;
        uint32_t entry = note->state - (enters ? note->waiting >> 8 : 0U);

        if ((note->marks & CODE_NOTE_REACHED) == 0) {
            continue;
        }
        CHECK(entry >= word && note->state < m->length);
        while (word < entry) {
            owner[word++] = slot;
        }
        begins[entry] = begins[note->state] = true;
        slot = at + 1;
    }
    while (word < m->length) {
        owner[word++] = slot;
    }
}

/* Only to what begins somewhere, if it is not in the same slot. */
static bool
lands(const struct code_machine *m, uint32_t at, const struct decoded *d)
{
    int64_t target = (int64_t)at * 4 + d->immediate;
    uint32_t place = (uint32_t)(target / 4);

    if (d->immediate % 4 != 0 || target < 0 ||
        target >= (int64_t)m->length * 4) {
        return false;
    }
    for (unsigned r = 0; r < COUNT(m->compiler->routine); r++) {
        if (owner[place] == 0 && place == m->compiler->routine[r]) {
            return true;
        }
    }
    return begins[place] || owner[place] == owner[at];
}

static bool
word_allowed(const struct code_machine *m, uint32_t at)
{
    struct decoded d = decode(m->words[at]);

    switch (d.opcode) {
    case 0x03:
        return d.kind != 7 && base_allowed(m, &d) && target_allowed(m, &d);
    case 0x13:
    case 0x1b:
        return immediate_operation_known(&d) && target_allowed(m, &d);
    case 0x23:
        return d.kind < 4 && base_allowed(m, &d);
    case 0x2f:
        return atomic_known(&d) && target_allowed(m, &d);
    case 0x33:
    case 0x3b:
        return register_operation_known(&d) && target_allowed(m, &d);
    case 0x37:
        return target_allowed(m, &d);
    case 0x63:
        return (d.kind < 2 || d.kind > 3) && lands(m, at, &d);
    case 0x67:
        return d.kind == 0 &&
               ((d.to == X_ZERO && (d.a == X_RA || d.a == X_T2) &&
                 d.immediate == 0) ||
                (d.to == X_RA && d.a == X_T0));
    case 0x6f:
        return (d.to == X_ZERO || d.to == X_RA || d.to == X_T2) &&
               lands(m, at, &d);
    default:
        return false;
    }
}

void
code_machine_check(const struct code_machine *m)
{
    struct decoded last;

    CHECK(m->length > 0);
    owners_find(m);
    for (uint32_t at = 0; at < m->length; at++) {
        if (!word_allowed(m, at)) {
            (void)fprintf(stderr, "word %u of %u: %#x\n", at, m->length,
                          m->words[at]);
            CHECK(false);
        }
    }
    last = decode(m->words[m->length - 1]); /* nothing runs off the end */
    CHECK((last.opcode == 0x67 || last.opcode == 0x6f) && last.to == X_ZERO);
}
