/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores and atomic operations. An access is one of two kinds:
 *
 * Proved: its base is r10, and the verifier has compared it with the frame. It
 * goes through the register that has the frame's real end, which nothing but
 * calls and returns changes.
 *
 * Guarded: the address is in t0, and the guard turns it into a real one there,
 * or ends the program. Between guard and access t0 is not written, but where
 * the access goes byte by byte nothing jumps in between either: a slot begins
 * before its guard.
 *
 * A guard is one comparison without a sign. The distance from the lowest byte
 * that may be accessed is compared with the number of places where an access
 * of that size can begin; an address below that byte has a distance that is too
 * large. That number must not be negative: the context has it for memory, and
 * of the stack there is nothing or eight bytes at least.
 *
 * Misaligned accesses are not left to the hardware, which may trap: a test
 * chooses between one access and one for each byte.
 */
#include "kern/code/compile_part.h"

/* Where an access goes: a register with a real address, and what is added. */
struct place {
    unsigned base;
    int64_t offset;
    bool proved;
};

/* t0 is a distance from the lowest byte of the memory; ends with it being a
   real address, or elsewhere. */
static void
memory_guard(struct code_compiler *c, unsigned order)
{
    emit_immediate(c, LD, T1, c->context, CONTEXT(limit) + 8L * order);
    emit_stop_if(c, BGEU, T0, T1, ROUTINE_ACCESS);
    emit_registers(c, ADD, T0, T0, A6);
}

/* t0 is a distance from the end of the stack, negative if all is well;
   likewise. The running frame's bottom is the lowest byte. */
static void
stack_guard(struct code_compiler *c, uint32_t at, unsigned order)
{
    int64_t frame = compile_function(c, at)->frame;

    if (c->stack == 0) { /* there is none */
        emit_jump(c, ZERO, c->routine[ROUTINE_ACCESS]);
        return;
    }
    emit_immediate(c, LD, T1, c->context, CONTEXT(stack));
    if (frame == 0) { /* and no caller may have one */
        emit_stop_if(c, BEQ, T1, c->frame, ROUTINE_ACCESS);
    }
    emit_registers(c, SUB, T2, T1, c->frame);
    emit_add(c, T2, T2, frame, T6); /* from the bottom to the end */
    emit_registers(c, ADD, A7, T0, T2);
    emit_add(c, T2, T2, 1 - (1 << order), T6);
    emit_stop_if(c, BGEU, A7, T2, ROUTINE_ACCESS);
    emit_registers(c, ADD, T0, T0, T1);
}

static struct place
guard_emit(struct code_compiler *c, uint32_t at, unsigned order)
{
    const struct code_instruction *i = &c->program[at];
    unsigned base = register_of(code_instruction_base(i));
    bool memory = (c->notes[at].marks & CODE_NOTE_MEMORY) != 0;
    bool stack = (c->notes[at].marks & CODE_NOTE_STACK) != 0;
    uint32_t other;
    uint32_t done;

    if (!stack) {
        emit_add(c, T0, base, i->offset - CODE_MEMORY_ADDRESS, T0);
        memory_guard(c, order);
    } else if (!memory) {
        emit_add(c, T0, base, i->offset - CODE_STACK_END, T0);
        stack_guard(c, at, order);
    } else {
        emit_add(c, T0, base, i->offset - CODE_MEMORY_ADDRESS, T0);
        emit_immediate(c, LD, T1, c->context, CONTEXT(limit) + 8L * order);
        other = emit_forward(c, BGEU, T0, T1);
        emit_registers(c, ADD, T0, T0, A6);
        done = emit_forward(c, JAL, ZERO, ZERO);
        c->spare += 2; /* the way to the stack is longer */
        emit_land(c, other);
        emit_add(c, T0, T0, CODE_MEMORY_ADDRESS - CODE_STACK_END, T1);
        stack_guard(c, at, order);
        emit_land(c, done);
    }
    return (struct place){.base = T0};
}

static struct place
place_emit(struct code_compiler *c, uint32_t at)
{
    const struct code_instruction *i = &c->program[at];

    if (code_instruction_base(i) == CODE_FRAME_POINTER) {
        return (struct place){c->frame, i->offset, true};
    }
    return guard_emit(c, at, access_order(i));
}

/* Whether it surely is misaligned; frames end at multiples of eight. */
static bool
place_odd(const struct place *place, unsigned order)
{
    return place->proved && (place->offset & ((1 << order) - 1)) != 0;
}

/* For a place that may be odd: if it is not, the branch to be landed where the
   access is one. */
static uint32_t
place_test(struct code_compiler *c, const struct place *place, unsigned order)
{
    if (place->proved) {
        emit_add(c, T0, place->base, place->offset, T0);
        return 0;
    }
    emit_immediate(c, ANDI, A7, T0, (1 << order) - 1);
    return emit_forward(c, BEQ, A7, ZERO);
}

static bool
place_single(const struct place *place, unsigned order)
{
    return order == 0 || (place->proved && !place_odd(place, order));
}

/* Where what a store writes is. */
static unsigned
store_value(struct code_compiler *c, const struct code_instruction *i)
{
    if (code_class(i) == CODE_STX) {
        return value_get(c, code_source(i), T1);
    }
    if (i->immediate == 0) {
        return ZERO;
    }
    emit_constant(c, T1, (uint64_t)(int64_t)i->immediate);
    return T1;
}

/* The access as one, from or to `value`. */
static void
whole_emit(struct code_compiler *c, const struct code_instruction *i,
           const struct place *place, unsigned value)
{
    static const uint32_t loads[] = {LBU, LHU, LWU, LD, LB, LH, LW, LD};
    static const uint32_t stores[] = {SB, SH, SW, SD};
    unsigned order = access_order(i);

    if (code_class(i) == CODE_LDX) {
        order += code_mode(i) == CODE_MEMSX ? 4 : 0;
        emit_immediate(c, loads[order], value, place->base, place->offset);
    } else {
        emit_store(c, stores[order], value, place->base, place->offset);
    }
}

static void
plain_emit(struct code_compiler *c, const struct code_instruction *i,
           const struct place *place)
{
    unsigned order = access_order(i);
    bool load = code_class(i) == CODE_LDX;
    unsigned value = load ? register_destination(i) : store_value(c, i);
    bool odd = place_odd(place, order);
    uint32_t whole;
    uint32_t begin;
    uint32_t done;

    if (place_single(place, order)) {
        whole_emit(c, i, place, value);
        return;
    }
    whole = place_test(c, place, order);
    begin = c->length;
    if (!load) {
        emit_move(c, T1, value);
    }
    emit_jump(c, T2,
              c->routine[(load ? ROUTINE_LOAD : ROUTINE_STORE) + order - 1]);
    if (load && code_mode(i) == CODE_MEMSX) {
        emit_sign(c, value, T1, 8U << order);
    } else if (load) {
        emit_move(c, value, T1);
    }
    done = odd ? 0 : emit_forward(c, JAL, ZERO, ZERO);
    c->spare += c->length - begin; /* paid for when it happens */
    if (!odd) {
        emit_land(c, whole);
        whole_emit(c, i, place, value);
        emit_land(c, done);
    }
}

/* What was there; on 32 bits it comes with its sign. */
static void
old_narrow(struct code_compiler *c, const struct code_instruction *i,
           unsigned to)
{
    if (code_access_size(i) == 4) {
        emit_low(c, to, to, 32);
    }
}

/*
 * Load, compare, store what is there if nobody wrote it in between. The loop
 * is one that the specification says gets on (Unprivileged 14.3), if others do
 * not write there without end; and as they may, it is tried only so often.
 */
static void
exchange_emit(struct code_compiler *c, const struct code_instruction *i,
              unsigned value)
{
    uint32_t narrow = code_access_size(i) == 4 ? ATOMIC_32 : 0;
    unsigned expected = register_of(0);
    uint32_t different;
    uint32_t done;
    uint32_t again;

    if (narrow != 0) { /* as the load has it */
        emit_sign(c, expected, expected, 32);
    }
    emit_constant(c, T2, COMPILE_RETRIES);
    again = c->length;
    emit_registers(c, LR ^ narrow, A7, T0, ZERO);
    different = emit_forward(c, BNE, A7, expected);
    emit_registers(c, SC ^ narrow, T6, T0, value);
    done = emit_forward(c, BEQ, T6, ZERO);
    emit_immediate(c, ADDI, T2, T2, -1);
    emit_branch(c, BNE, T2, ZERO, again, true);
    emit_jump(c, ZERO, c->routine[ROUTINE_FUEL]);
    c->spare++;
    emit_land(c, different);
    emit_land(c, done);
    emit_move(c, expected, A7);
    old_narrow(c, i, expected);
}

static void
atomic_emit(struct code_compiler *c, const struct code_instruction *i,
            const struct place *place)
{
    static const uint32_t operations[] = {
        [CODE_ADD >> 4] = AMOADD,   [CODE_OR >> 4] = AMOOR,
        [CODE_AND >> 4] = AMOAND,   [CODE_XOR >> 4] = AMOXOR,
        [CODE_XCHG >> 4] = AMOSWAP,
    };
    unsigned order = access_order(i);
    unsigned value;
    uint32_t operation;

    if (place->proved) {
        emit_add(c, T0, place->base, place->offset, T0);
    } else {
        emit_immediate(c, ANDI, T1, T0, (1 << order) - 1);
        emit_stop_if(c, BNE, T1, ZERO, ROUTINE_ALIGNMENT);
    }
    value = value_get(c, code_source(i), T1);
    if (i->immediate == CODE_CMPXCHG) {
        exchange_emit(c, i, value);
        return;
    }
    operation = operations[i->immediate >> 4] ^ (order == 2 ? ATOMIC_32 : 0);
    if ((i->immediate & CODE_FETCH) == 0) {
        emit_registers(c, operation, ZERO, T0, value);
    } else {
        emit_registers(c, operation, value, T0, value);
        old_narrow(c, i, value);
    }
}

void
compile_access(struct code_compiler *c, uint32_t at)
{
    const struct code_instruction *i = &c->program[at];
    struct place place = place_emit(c, at);

    if (code_is_atomic(i)) {
        atomic_emit(c, i, &place);
    } else {
        plain_emit(c, i, &place);
    }
}

uint32_t
access_uses(const struct code_compiler *c, uint32_t at)
{
    const struct code_instruction *i = &c->program[at];
    unsigned marks = c->notes[at].marks;
    unsigned order = access_order(i);
    struct place place = {.proved =
                              code_instruction_base(i) == CODE_FRAME_POINTER,
                          .offset = i->offset};
    uint32_t uses = 0;

    if (code_is_atomic(i)) {
        uses = 1U << ROUTINE_ALIGNMENT;
    } else if (!place_single(&place, order)) {
        uses =
            1U << ROUTINE_FUEL |
            1U << ((code_class(i) == CODE_LDX ? ROUTINE_LOAD : ROUTINE_STORE) +
                   order - 1);
    }
    if ((marks & (CODE_NOTE_MEMORY | CODE_NOTE_STACK)) != 0) {
        uses |= 1U << ROUTINE_ACCESS;
    }
    return uses | ((marks & CODE_NOTE_MEMORY) != 0 ? 1U << USES_MEMORY : 0);
}

/* Byte by byte costs more than the price of a slot. Who needs no fuel otherwise
   has it in the context. */
static void
misaligned_pay(struct code_compiler *c, unsigned size)
{
    uint32_t price = code_price_misaligned(size);

    if (compile_uses(c, USES_FUEL)) {
        compile_fuel(c, price);
        emit_stop_if(c, BLT, c->fuel, ZERO, ROUTINE_FUEL);
        return;
    }
    emit_immediate(c, LD, A7, c->context, CONTEXT(fuel));
    emit_immediate(c, ADDI, A7, A7, -(int64_t)price);
    emit_store(c, SD, A7, c->context, CONTEXT(fuel));
    emit_stop_if(c, BLT, A7, ZERO, ROUTINE_FUEL);
}

/* The address is in t0, the value in t1, and t2 leads back. */
void
access_routine(struct code_compiler *c, enum routine routine)
{
    bool store = routine >= ROUTINE_STORE;
    unsigned size = 2U << (routine - (store ? ROUTINE_STORE : ROUTINE_LOAD));

    misaligned_pay(c, size);
    if (!store) {
        emit_immediate(c, LBU, T1, T0, 0);
    }
    for (unsigned byte = 0; byte < size; byte++) {
        if (store) {
            emit_store(c, SB, T1, T0, byte);
            if (byte + 1 < size) {
                emit_immediate(c, SRLI, T1, T1, 8);
            }
        } else if (byte > 0) {
            emit_immediate(c, LBU, A7, T0, byte);
            emit_immediate(c, SLLI, A7, A7, 8L * byte);
            emit_registers(c, OR, T1, T1, A7);
        }
    }
    emit_immediate(c, JALR, ZERO, T2, 0);
}
