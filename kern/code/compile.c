/* SPDX-License-Identifier: MIT */
/*
 * Why compiled code can do no harm, given a program that the verifier passed
 * (verify.c says why that one cannot):
 *
 * Memory. Nothing is accessed but by what compile_access.c emits, proved or
 * behind a guard; the context, by its register; the run's own saved registers,
 * by sp; and a new frame, which is zeroed. Registers of the program (a0 to a5,
 * s2 to s5) are never context, base, frame, fuel or sp, so no value of it gets
 * there.
 *
 * Control. Every branch and jump leads into its own slot, to the first word of
 * a slot that is reached, to the entry of a function, or to a routine at the
 * front. Unreached slots have no words. Slots lie behind each other in their
 * order, so what falls out of one is where the verifier said that it falls. No
 * register of the program is jumped to: the only indirect jumps are `ret`, by
 * a ra that only calls wrote and that lies where no program can write; the way
 * back from a routine; and a helper's address, which is a constant.
 *
 * State. It leaves by a return to its caller only, with every register that the
 * calling convention preserves as it was: a function restores what it saved,
 * and who stops a run in the midst restores what the first saved, which is all
 * that any of them writes. There is no CSR, no fence and no ecall among the
 * words of emit.h.
 *
 * Time. The words of a slot that can run, with the zeroing of a frame and the
 * bounded tries of an exchange, are held against its price (price.h). Fuel is
 * taken for that before each jump back, when a function is entered, and for an
 * access that goes byte by byte.
 *
 * Secrets. Real addresses are in registers that no instruction of the program
 * names; unset registers are not read; r10 is computed anew, as the program is
 * to see it, wherever it is read.
 *
 * Output: entry of the first function; ways out; routines; then each slot that
 * is reached, functions with their entries before their first slot. Branches
 * are a word longer if what they lead to is far, so first all are taken for far
 * (ROUGH), which gives upper bounds for distances, then those that are surely
 * near get short (LAYOUT), and then nothing moves any more (EMIT).
 *
 * In the notes, `state` becomes the place of a slot. In the first slot of a
 * function `waiting` has from bit 8 on the length of its entry.
 */
#include "kern/abi/error.h"
#include "kern/code/compile_part.h"

void
compile_pay(struct code_compiler *c, uint32_t begin, uint32_t loops,
            uint32_t price)
{
    if (c->length - begin - c->spare + loops > price) {
        c->pass = COMPILE_WRONG;
    }
}

unsigned
value_get(struct code_compiler *c, unsigned number, unsigned scratch)
{
    if (number != CODE_FRAME_POINTER) {
        return register_of(number);
    }
    emit_immediate(c, LD, T6, c->context, CONTEXT(stack));
    emit_registers(c, SUB, scratch, c->frame, T6);
    emit(c, encode_lui(T6, CODE_STACK_END >> 12));
    emit_registers(c, ADD, scratch, scratch, T6);
    return scratch;
}

void
emit_stop_if(struct code_compiler *c, uint32_t operation, unsigned a,
             unsigned b, enum routine stop)
{
    uint32_t place = c->routine[stop];
    bool near = c->length - place < EMIT_NEAR;

    emit_branch(c, operation, a, b, place, near);
    c->spare += near ? 0 : 1;
}

void
compile_fuel(struct code_compiler *c, uint32_t amount)
{
    emit_add(c, c->fuel, c->fuel, -(int64_t)amount, T0);
}

/* Whether a branch reaches the slot: decided once, when upper bounds of places
   ahead are known. */
static bool
slot_near(struct code_compiler *c, uint32_t at, uint32_t target)
{
    struct code_note *note = &c->notes[at];
    uint32_t place = c->notes[target].state;

    if (c->pass == COMPILE_ROUGH) {
        return false;
    }
    if (c->pass == COMPILE_LAYOUT) {
        uint32_t distance = target > at ? place - c->rough : c->length - place;

        note->marks = (uint8_t)(note->marks & ~COMPILE_FAR) |
                      (distance < EMIT_NEAR ? 0 : COMPILE_FAR);
    }
    return (note->marks & COMPILE_FAR) == 0;
}

/* A branch to a slot. One that leads back takes fuel. */
static void
slot_branch(struct code_compiler *c, uint32_t at, uint32_t operation,
            unsigned a, unsigned b)
{
    uint32_t target = (uint32_t)code_target(&c->program[at], at);
    uint32_t place = c->notes[target].state;
    bool near = slot_near(c, at, target);
    bool always = operation == JAL;
    uint32_t skip = 0;

    if (target > at) {
        if (always) {
            emit_jump(c, ZERO, place);
        } else {
            emit_branch(c, operation, a, b, place, near);
        }
        return;
    }
    if (!always) {
        skip = emit_forward(c, operation ^ BRANCH_CONTRARY, a, b);
    }
    compile_fuel(c, code_price_run(c->program, c->notes, c->use, target, at));
    emit_branch(c, BGE, c->fuel, ZERO, place, near);
    emit_jump(c, ZERO, c->routine[ROUTINE_FUEL]);
    c->spare++;
    if (!always) {
        emit_land(c, skip);
    }
}

/* The operand of a comparison, on 32 bits with its sign: in this order they
   compare as they do without one. */
static unsigned
compare_operand(struct code_compiler *c, unsigned number, bool narrow,
                unsigned scratch)
{
    unsigned value = value_get(c, number, scratch);

    if (narrow) {
        emit_sign(c, scratch, value, 32);
        return scratch;
    }
    return value;
}

static void
jump_emit(struct code_compiler *c, uint32_t at)
{
    /* Of a and b; the others, those of b and a. */
    static const uint32_t branches[] = {
        [CODE_JEQ >> 4] = BEQ,  [CODE_JNE >> 4] = BNE,  [CODE_JGE >> 4] = BGEU,
        [CODE_JLT >> 4] = BLTU, [CODE_JSGE >> 4] = BGE, [CODE_JSLT >> 4] = BLT,
        [CODE_JGT >> 4] = BLTU, [CODE_JLE >> 4] = BGEU, [CODE_JSGT >> 4] = BLT,
        [CODE_JSLE >> 4] = BGE, [CODE_JSET >> 4] = BNE,
    };
    const struct code_instruction *i = &c->program[at];
    unsigned operation = code_operation(i);
    bool narrow = code_class(i) == CODE_JMP32;
    bool swap = operation == CODE_JGT || operation == CODE_JLE ||
                operation == CODE_JSGT || operation == CODE_JSLE;
    unsigned a;
    unsigned b = ZERO;

    if (code_target(i, at) == (int64_t)at + 1) {
        return; /* it goes on there anyway */
    }
    if (operation == CODE_JA) {
        slot_branch(c, at, JAL, ZERO, ZERO);
        return;
    }
    a = compare_operand(c, code_destination(i), narrow, T0);
    if ((i->opcode & CODE_X) != 0) {
        b = compare_operand(c, code_source(i), narrow, T1);
    } else if (operation == CODE_JSET && emit_fits(i->immediate)) {
        emit_immediate(c, ANDI, T0, a, i->immediate);
        slot_branch(c, at, BNE, T0, ZERO);
        return;
    } else if (i->immediate != 0) {
        emit_constant(c, T1, (uint64_t)(int64_t)i->immediate);
        b = T1;
    }
    if (operation == CODE_JSET) {
        emit_registers(c, AND, T0, a, b);
        a = T0;
        b = ZERO;
    }
    slot_branch(c, at, branches[operation >> 4], swap ? b : a, swap ? a : b);
}

static void
slot_emit(struct code_compiler *c, uint32_t at)
{
    const struct code_instruction *i = &c->program[at];

    if (i->opcode == CODE_LD_IMM64) {
        emit_constant(c, register_destination(i),
                      (uint32_t)i[0].immediate |
                          (uint64_t)(uint32_t)i[1].immediate << 32);
    } else if (code_is_arithmetic(i)) {
        compile_arithmetic(c, i);
    } else if (code_instruction_accesses(i)) {
        compile_access(c, at);
    } else if (code_is_exit(i)) {
        compile_exit(c, at);
    } else if (code_is_call(i, CODE_LOCAL)) {
        compile_local(c, at);
    } else if (code_is_call(i, CODE_HELPER)) {
        compile_helper(c, at);
    } else {
        jump_emit(c, at);
    }
}

/* What the slot uses. */
static void
slot_survey(struct code_compiler *c, uint32_t at)
{
    const struct code_instruction *i = &c->program[at];
    const struct code_note *note = &c->notes[at];

    if ((note->marks & CODE_NOTE_START) != 0) {
        c->saves |= note->waiting;
    }
    if (code_instruction_accesses(i)) {
        c->uses |= access_uses(c, at);
        if (code_is_atomic(i) && i->immediate == CODE_CMPXCHG) {
            c->uses |= 1U << ROUTINE_FUEL;
        }
    } else if (i->opcode == (CODE_JMP | CODE_CALL)) {
        c->uses |= code_is_call(i, CODE_LOCAL)
                       ? 1U << USES_LOCAL | 1U << USES_FUEL | 1U << ROUTINE_FUEL
                       : 1U << ROUTINE_HELPER;
    } else if (code_is_jump(i) && !code_is_exit(i) &&
               code_target(i, at) <= at) {
        c->uses |= 1U << USES_FUEL | 1U << ROUTINE_FUEL;
    }
}

/* The slot in the passes that emit, or would. */
static void
slot_place(struct code_compiler *c, uint32_t at)
{
    struct code_note *note = &c->notes[at];
    bool exchange = code_is_atomic(&c->program[at]) &&
                    c->program[at].immediate == CODE_CMPXCHG;
    uint32_t begin;

    c->rough = note->state;
    if ((note->marks & CODE_NOTE_START) != 0 && at != 0) {
        compile_enter(c, at);
    }
    if (c->pass == COMPILE_EMIT && note->state != c->length) {
        c->pass = COMPILE_WRONG; /* something moved */
    }
    note->state = begin = c->length;
    c->spare = 0;
    slot_emit(c, at);
    compile_pay(c, begin, exchange ? 6 * (COMPILE_RETRIES - 1) : 0,
                code_price_slot(c->program, c->notes, c->use, at));
}

/* What each pass begins with. */
static void
pass_begin(struct code_compiler *c)
{
    if (c->pass == COMPILE_SURVEY) {
        return;
    }
    if (c->pass == COMPILE_ROUGH && compile_uses(c, ROUTINE_HELPER)) {
        c->context = S6;
        c->frame = S7;
        c->fuel = S8;
    }
    c->length = 0;
    compile_head(c);
}

static void
step(struct code_compiler *c)
{
    uint32_t at;

    if (c->at == 0) {
        pass_begin(c);
        c->at = 1;
        return;
    }
    at = c->at++ - 1;
    if ((c->notes[at].marks & CODE_NOTE_REACHED) != 0) {
        if (c->pass == COMPILE_SURVEY) {
            slot_survey(c, at);
        } else {
            slot_place(c, at);
        }
    }
    if (c->at > c->count && c->pass < COMPILE_DONE) {
        c->at = 0;
        c->pass++;
    }
}

void
code_compile_begin(struct code_compiler *c, const struct code_verifier *v,
                   uint32_t *output, uint32_t capacity, const uint64_t *helpers)
{
    *c = (struct code_compiler){
        .program = v->program,
        .use = v->use,
        .notes = v->notes,
        .helpers = helpers,
        .output = output,
        .capacity = capacity,
        .count = v->count,
        .stack = v->stack,
        .context = T3,
        .frame = T5,
        .fuel = T4,
    };
}

int
code_compile_step(struct code_compiler *c, uint32_t steps)
{
    for (; c->pass < COMPILE_DONE; steps--) {
        if (c->pass == COMPILE_EMIT && c->at == 0 && c->length > c->capacity) {
            return -ENOSPC;
        }
        if (steps == 0) {
            return -EAGAIN;
        }
        step(c);
    }
    return c->pass == COMPILE_DONE ? 0 : -EINVAL;
}
