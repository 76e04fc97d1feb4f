/* SPDX-License-Identifier: MIT */
/*
 * Why a program that passed can do no harm:
 *
 * Memory. Registers hold any numbers; nothing rests on what they hold, so
 * arithmetic on pointers is free. An access whose base is r10 is compared with
 * the frame here, once: r10 is written by no instruction (code_instruction_
 * check) and so always the top of the call's frame, which the stack has room
 * for, since the frames along every chain of calls were added up. Every other
 * access has a guard that looks at the very address when it is used. Guards let
 * through the memory of the use, and the stack from the running call's frame
 * upwards: bytes that were zeroed or written in this run, never what an earlier
 * one left. Where control returns to, and what calls save, is not on this
 * stack.
 *
 * Control. Every jump and call leads to the first slot of an instruction of the
 * program; the slot behind an instruction that does not always jump belongs to
 * the same function; only `exit` leaves one. So induction over a run shows that
 * control is always on an instruction that was checked, in a function whose
 * frame is the current one.
 *
 * Time. In a function control only moves forward, over each slot once, but for
 * jumps back, which are paid for with the slots between; and a call pays for
 * the slots of its function. A chain of calls is at most CODE_DEPTH_MAX long:
 * recursion is refused, because the depth of a function that calls itself has
 * no bound.
 *
 * Residue. A register is read only if every way to the instruction wrote it.
 * What addresses a program gets to see is for its use and compiler to decide.
 *
 * The types are what remains: they refuse what is surely a mistake, an access
 * through a number that no pointer went into, and say which guard is enough.
 * They are sets, of what a register may be made of, and only grow; a slot is
 * looked at again only when its sets grew, which bounds the work. Were a set
 * too small the guard would stop a program that is right, no more.
 */
#include "kern/code/verify.h"

#include "kern/abi/error.h"
#include "kern/code/price.h"

/* What a register may be made of: three bits of `state`, ten apart, r0's the
   lowest of each ten; none for a number. So a set of registers, a bit for each,
   times such a type is the type of all of them; and the lowest ten bits are the
   set of those that may be unset. */
#define REGISTERS 10
#define REGISTERS_ALL ((1U << REGISTERS) - 1)
#define TYPE_UNSET 1U
#define TYPE_MEMORY (1U << REGISTERS)
#define TYPE_STACK (1U << 2 * REGISTERS)
#define TYPE_NUMBER 0U
#define TYPE_ANY (TYPE_MEMORY | TYPE_STACK)
#define TYPE_MASK (TYPE_UNSET | TYPE_ANY)

#define ARGUMENTS 0x3eU /* r1 to r5 */

_Static_assert(CODE_DEPTH_MAX *CODE_FRAME_MAX <= UINT16_MAX,
               "note.stack holds every sum");

static void
fault_set(struct code_verifier *v, uint32_t at, enum code_fault fault)
{
    if (v->fault == CODE_FAULT_NONE && fault != CODE_FAULT_NONE) {
        v->fault = fault;
        v->fault_at = at;
    }
}

/* Whether the slot has a jump with a target: conditional or not, or a call. */
static bool
slot_branches(const struct code_instruction *i)
{
    return code_is_jump(i) && !code_is_exit(i) &&
           (code_operation(i) != CODE_CALL || code_is_call(i, CODE_LOCAL));
}

/* First pass: notes begin empty. */
static void
slot_clear(struct code_verifier *v, uint32_t at)
{
    v->notes[at] = (struct code_note){.marks = at == 0 ? CODE_NOTE_START : 0};
}

/* Second: each instruction by itself; where 64-bit immediates go on. */
static void
slot_check(struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];
    bool last = at + 1 == v->count;

    fault_set(v, at, code_instruction_check(i, last ? NULL : i + 1));
    if (i->opcode == CODE_LD_IMM64 && !last) {
        v->notes[at + 1].marks |= CODE_NOTE_HALF;
    }
}

/* Third: where jumps and calls lead; a call makes a function. */
static void
slot_target(struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];
    int64_t target;

    if (!slot_branches(i)) {
        return;
    }
    target = code_target(i, at);
    if (target < 0 || target >= v->count ||
        (v->notes[target].marks & CODE_NOTE_HALF) != 0) {
        fault_set(v, at, CODE_FAULT_TARGET);
        return;
    }
    v->notes[target].marks |=
        code_is_call(i, CODE_LOCAL) ? CODE_NOTE_START : CODE_NOTE_TARGET;
}

/* Whether control can go from the slot, or its other half, to the one behind.
 */
static bool
slot_falls(const struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];

    return (v->notes[at].marks & CODE_NOTE_HALF) != 0 ||
           (!code_is_exit(i) && !code_is_goto(i));
}

/* Fourth: which slots are one function, and how it ends. */
static void
slot_function(struct code_verifier *v, uint32_t at)
{
    bool wide = v->program[at].opcode == CODE_LD_IMM64;
    uint32_t behind = at + (wide ? 2 : 1);

    if ((v->notes[at].marks & CODE_NOTE_START) != 0) {
        v->function = at;
    }
    if ((behind == v->count ||
         (v->notes[behind].marks & CODE_NOTE_START) != 0) &&
        slot_falls(v, behind - 1)) {
        fault_set(v, at, CODE_FAULT_FALL);
    }
    v->notes[v->function].length = (uint16_t)(behind - v->function);
    v->notes[at].function = (uint16_t)v->function;
}

static uint32_t
type_get(uint32_t state, unsigned number)
{
    return number == CODE_FRAME_POINTER ? TYPE_STACK
                                        : state >> number & TYPE_MASK;
}

/* Gives a set of registers one type. */
static uint32_t
types_set(uint32_t state, uint32_t set, uint32_t type)
{
    return (state & ~(set * TYPE_MASK)) | set * type;
}

/* Adds to what registers may be before the slot, and if that is news has it
   looked at. */
static void
slot_flow(struct code_verifier *v, uint32_t at, uint32_t state)
{
    struct code_note *note = &v->notes[at];

    if ((note->marks & CODE_NOTE_REACHED) != 0 && (state & ~note->state) == 0) {
        return;
    }
    note->state |= state;
    note->marks |= CODE_NOTE_REACHED;
    if ((note->marks & CODE_NOTE_WAITING) == 0) {
        note->marks |= CODE_NOTE_WAITING;
        v->notes[v->waiting++].waiting = (uint16_t)at;
    }
}

static void
registers_check(struct code_verifier *v, uint32_t at, uint32_t state,
                uint32_t reads)
{
    if ((reads & REGISTERS_ALL & state) != 0) {
        fault_set(v, at, CODE_FAULT_UNSET);
    }
}

/* The type of what the instruction, which is no call, puts into a register. */
static uint32_t
result_type(const struct code_instruction *i, uint32_t state)
{
    uint32_t source = type_get(state, code_source(i));
    uint32_t destination = type_get(state, code_destination(i));

    switch (code_class(i)) {
    case CODE_LDX:
    case CODE_STX: /* a pointer may have been stored, but only whole */
        return code_access_size(i) == 8 ? TYPE_ANY : TYPE_NUMBER;
    case CODE_ALU64:
        break;
    default:
        return TYPE_NUMBER;
    }
    switch (i->opcode & (CODE_OPERATION | CODE_X)) {
    case CODE_MOV:
    case CODE_END:
        return TYPE_NUMBER;
    case CODE_MOV | CODE_X:
        return i->offset == 0 ? source : TYPE_NUMBER;
    default:
        return (i->opcode & CODE_X) != 0 ? source | destination : destination;
    }
}

static void
access_note(struct code_verifier *v, uint32_t at, uint32_t state)
{
    unsigned base = code_instruction_base(&v->program[at]);
    uint32_t type = type_get(state, base);

    if (base == CODE_FRAME_POINTER) {
        return;
    }
    if (type == TYPE_NUMBER) {
        fault_set(v, at, CODE_FAULT_POINTER);
    }
    if (v->use->read_only && code_class(&v->program[at]) != CODE_LDX) {
        type &= ~TYPE_MEMORY;
        fault_set(v, at,
                  type == TYPE_NUMBER ? CODE_FAULT_WRITE : CODE_FAULT_NONE);
    }
    v->notes[at].marks |=
        (uint8_t)(((type & TYPE_MEMORY) != 0 ? CODE_NOTE_MEMORY : 0) |
                  ((type & TYPE_STACK) != 0 ? CODE_NOTE_STACK : 0));
}

/* The registers that the call of a helper reads; none is as bad as all. */
static uint32_t
helper_reads(struct code_verifier *v, uint32_t at)
{
    uint32_t number = (uint32_t)v->program[at].immediate;

    for (uint32_t h = 0; h < v->use->helper_count; h++) {
        if (v->use->helpers[h].number == number) {
            return ((1U << v->use->helpers[h].arguments) - 1) << 1;
        }
    }
    fault_set(v, at, CODE_FAULT_HELPER);
    return 0;
}

/* Of a call, the state behind it; a local one begins its function. */
static uint32_t
call_flow(struct code_verifier *v, uint32_t at, uint32_t state)
{
    const struct code_instruction *i = &v->program[at];

    if (code_is_call(i, CODE_LOCAL)) {
        uint32_t others = REGISTERS_ALL & ~(ARGUMENTS | 1);
        uint32_t entry = types_set(state, others, TYPE_UNSET);

        slot_flow(v, (uint32_t)code_target(i, at),
                  types_set(entry, 1, TYPE_NUMBER));
    } else {
        registers_check(v, at, state, helper_reads(v, at));
    }
    return types_set(types_set(state, ARGUMENTS, TYPE_UNSET), 1, TYPE_ANY);
}

/* Where a jump goes, with what it has in registers. */
static void
jump_flow(struct code_verifier *v, uint32_t at, uint32_t state)
{
    uint32_t target = (uint32_t)code_target(&v->program[at], at);

    if (v->notes[target].function != v->notes[at].function) {
        fault_set(v, at, CODE_FAULT_FUNCTION);
    }
    slot_flow(v, target, state);
}

/* Fifth, as long as some slot waits: from the types before an instruction to
   those before its successors. What is never looked at never runs, such as a
   function that nobody calls. */
static void
slot_type(struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];
    uint32_t state = v->notes[at].state;
    uint32_t writes = code_instruction_writes(i);

    v->notes[at].marks &= (uint8_t)~CODE_NOTE_WAITING;
    registers_check(v, at, state, code_instruction_reads(i));
    if (code_instruction_accesses(i)) {
        access_note(v, at, state);
    }
    if (code_is_exit(i)) {
        /* Only the program's own result must be there: calls clear r0. */
        registers_check(v, at, state, v->notes[at].function == 0 ? 1 : 0);
    } else if (i->opcode == (CODE_JMP | CODE_CALL)) {
        state = call_flow(v, at, state);
    } else if (slot_branches(i)) {
        jump_flow(v, at, state);
    } else if (writes != 0) {
        state = types_set(state, writes, result_type(i, state));
    }
    if (slot_falls(v, at)) {
        slot_flow(v, at + (i->opcode == CODE_LD_IMM64 ? 2 : 1), state);
    }
}

/* The bytes below r10 that the slot needs. */
static uint32_t
frame_need(struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];
    bool base = code_instruction_accesses(i) &&
                code_instruction_base(i) == CODE_FRAME_POINTER;
    uint32_t size = code_access_size(i);

    if (base && (i->offset < -CODE_FRAME_MAX || i->offset + (int)size > 0)) {
        fault_set(v, at, CODE_FAULT_FRAME);
        return 0;
    }
    if (base && code_is_atomic(i) && i->offset % (int)size != 0) {
        fault_set(v, at, CODE_FAULT_ALIGNMENT);
    }
    if ((code_instruction_reads(i) >> CODE_FRAME_POINTER & 1) == 0) {
        return 0;
    }
    if (base &&
        (code_class(i) != CODE_STX || code_source(i) != CODE_FRAME_POINTER)) {
        return (uint32_t)-i->offset;
    }
    /* A copy, of which the next slot says how far down it is for. */
    if (i->opcode == (CODE_ALU64 | CODE_MOV | CODE_X) && i->offset == 0 &&
        at + 1 < v->count && i[1].opcode == (CODE_ALU64 | CODE_ADD) &&
        code_destination(&i[1]) == code_destination(i) && i[1].immediate < 0 &&
        i[1].immediate >= -CODE_FRAME_MAX) {
        return (uint32_t)-i[1].immediate;
    }
    return CODE_FRAME_MAX;
}

/* Sixth, of what control reaches: the frames, and what a function saves. */
static void
slot_frame(struct code_verifier *v, uint32_t at)
{
    struct code_note *function = &v->notes[v->notes[at].function];
    const struct code_instruction *i = &v->program[at];
    uint32_t need = (frame_need(v, at) + 7) & ~7U;

    if ((v->notes[at].marks & CODE_NOTE_START) != 0) {
        function->waiting = 0;
    }
    function->waiting =
        (uint16_t)(function->waiting | (code_instruction_writes(i) >> 6 & 0xf));
    if (i->opcode == (CODE_JMP | CODE_CALL)) {
        function->waiting |= CODE_NOTE_CALLS;
    }
    if (need > function->frame) {
        function->frame = (uint16_t)need;
    }
}

/* The function is called from there, that deep, with so much stack taken by its
   callers. */
static void
function_raise(struct code_verifier *v, uint32_t from, uint32_t at,
               uint32_t depth, uint32_t callers)
{
    struct code_note *function = &v->notes[at];
    uint32_t stack = callers + function->frame;

    if (depth > CODE_DEPTH_MAX) {
        fault_set(v, from, CODE_FAULT_DEPTH);
        return;
    }
    if (stack > v->use->stack) {
        fault_set(v, from, CODE_FAULT_STACK);
        return;
    }
    v->stack = stack > v->stack ? stack : v->stack;
    if (depth > function->depth || stack > function->stack) {
        function->depth =
            (uint8_t)(depth > function->depth ? depth : function->depth);
        function->stack =
            (uint16_t)(stack > function->stack ? stack : function->stack);
        v->again = true;
    }
}

/* Seventh, of what control reaches, again until nothing changes: how deep calls
   are. Each time one call more is right, and there are at most eight. */
static void
slot_call(struct code_verifier *v, uint32_t at)
{
    const struct code_instruction *i = &v->program[at];
    const struct code_note *caller = &v->notes[v->notes[at].function];

    if (at == 0) {
        v->again = false;
        function_raise(v, 0, 0, 1, 0);
    }
    if (code_is_call(i, CODE_LOCAL) && caller->depth > 0) {
        function_raise(v, at, (uint32_t)code_target(i, at), caller->depth + 1U,
                       caller->stack);
    }
}

/* Last: what the slots of each function cost. */
static void
slot_price(struct code_verifier *v, uint32_t at)
{
    if ((v->notes[at].marks & CODE_NOTE_START) != 0) {
        v->price = 0;
    } else {
        v->notes[at].price = v->price;
    }
    v->price += code_price_slot(v->program, v->notes, v->use, at);
}

static void
types_begin(struct code_verifier *v)
{
    uint32_t state = REGISTERS_ALL * TYPE_UNSET;

    for (unsigned r = 0; r < CODE_ARGUMENTS; r++) {
        enum code_argument argument = v->use->arguments[r];

        if (argument != CODE_ABSENT) {
            state =
                types_set(state, 2U << r,
                          argument == CODE_POINTER ? TYPE_MEMORY : TYPE_NUMBER);
        }
    }
    v->waiting = 0;
    slot_flow(v, 0, state);
}

enum {
    PASS_CLEAR,
    PASS_CHECK,
    PASS_TARGET,
    PASS_FUNCTION,
    PASS_TYPE,
    PASS_FRAME,
    PASS_CALL,
    PASS_PRICE,
    PASSES
};

static void (*const passes[])(struct code_verifier *v, uint32_t at) = {
    slot_clear, slot_check, slot_target, slot_function,
    slot_type,  slot_frame, slot_call,   slot_price,
};

_Static_assert(sizeof(passes) / sizeof(*passes) == PASSES, "all of them");

static void
pass_end(struct code_verifier *v)
{
    v->at = 0;
    if (v->pass == PASS_CALL && v->again) {
        return;
    }
    v->pass++;
    if (v->pass == PASS_TYPE) {
        types_begin(v);
    }
}

/* The next slot of a pass. Halves of immediates are no part of any but the
   first, and the last; nor of the late ones what control does not reach. */
static void
pass_step(struct code_verifier *v)
{
    unsigned marks;
    uint32_t at;

    if (v->pass == PASS_TYPE) {
        slot_type(v, v->notes[--v->waiting].waiting);
        if (v->waiting == 0) {
            pass_end(v);
        }
        return;
    }
    at = v->at++;
    marks = v->notes[at].marks;
    if (v->pass == PASS_CLEAR || v->pass == PASS_PRICE ||
        ((marks & CODE_NOTE_HALF) == 0 &&
         (v->pass < PASS_TYPE || (marks & CODE_NOTE_REACHED) != 0))) {
        passes[v->pass](v, at);
    }
    if (v->at == v->count) {
        pass_end(v);
    }
}

void
code_verify_begin(struct code_verifier *v,
                  const struct code_instruction *program, uint32_t count,
                  const struct code_use *use, struct code_note *notes)
{
    *v = (struct code_verifier){
        .program = program, .use = use, .notes = notes, .count = count};
    if (count == 0) {
        v->fault = CODE_FAULT_EMPTY;
    } else if (count > CODE_INSTRUCTIONS_MAX) {
        v->fault = CODE_FAULT_LONG;
        v->fault_at = CODE_INSTRUCTIONS_MAX;
    }
}

int
code_verify_step(struct code_verifier *v, uint32_t steps)
{
    for (; v->fault == CODE_FAULT_NONE && v->pass < PASSES; steps--) {
        if (steps == 0) {
            return -EAGAIN;
        }
        pass_step(v);
    }
    return v->fault == CODE_FAULT_NONE ? 0 : -EINVAL;
}
