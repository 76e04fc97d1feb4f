/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic: in registers only, so nothing here can do harm. RISC-V differs
 * from RFC 9669 in three ways. Operations on 32 bits extend the sign of what
 * they leave, where the RFC has zeroes. A division by zero gives ones, where it
 * has zero. And there is nothing that swaps bytes.
 */
#include "kern/code/compile_part.h"

static const uint32_t operations[] = {
    [CODE_ADD >> 4] = ADD,  [CODE_SUB >> 4] = SUB,  [CODE_MUL >> 4] = MUL,
    [CODE_DIV >> 4] = DIVU, [CODE_OR >> 4] = OR,    [CODE_AND >> 4] = AND,
    [CODE_LSH >> 4] = SLL,  [CODE_RSH >> 4] = SRL,  [CODE_MOD >> 4] = REMU,
    [CODE_XOR >> 4] = XOR,  [CODE_ARSH >> 4] = SRA,
};

/* On as many bits as the instruction has. */
static uint32_t
operation_of(const struct code_instruction *i)
{
    uint32_t operation = operations[code_operation(i) >> 4];
    bool bitwise = operation == OR || operation == AND || operation == XOR;

    if (i->offset == 1) { /* DIVU becomes DIV, REMU REM */
        operation &= ~0x1000U;
    }
    return code_class(i) == CODE_ALU && !bitwise ? operation | ON_32
                                                 : operation;
}

/* Makes the result of an operation on 32 bits what the RFC has. */
static void
result_narrow(struct code_compiler *c, const struct code_instruction *i)
{
    if (code_class(i) == CODE_ALU) {
        emit_low(c, register_destination(i), register_destination(i), 32);
    }
}

/* The operation by a register that may be 0. */
static void
divide_emit(struct code_compiler *c, const struct code_instruction *i,
            unsigned by)
{
    unsigned to = register_destination(i);
    uint32_t done;

    /* 32 bits count, and the division must not change what is looked at. */
    if (code_class(i) == CODE_ALU) {
        emit_sign(c, T1, by, 32);
        by = T1;
    } else if (by == to) {
        emit_move(c, T1, by);
        by = T1;
    }
    emit_registers(c, operation_of(i), to, to, by);
    done = emit_forward(c, BNE, by, ZERO);
    emit_move(c, to, ZERO);
    emit_land(c, done);
}

static void
move_emit(struct code_compiler *c, const struct code_instruction *i,
          unsigned from)
{
    unsigned to = register_destination(i);
    unsigned bits = (unsigned)i->offset;

    if (code_class(i) == CODE_ALU64) {
        if (bits == 0) {
            emit_move(c, to, from);
        } else {
            emit_sign(c, to, from, bits);
        }
    } else if (bits == 0) {
        emit_low(c, to, from, 32);
    } else { /* to the upper end, down with the sign, and to the lower half */
        emit_immediate(c, SLLI, to, from, 64 - bits);
        emit_immediate(c, SRAI, to, to, 32 - bits);
        emit_immediate(c, SRLI, to, to, 32);
    }
}

static void
by_register(struct code_compiler *c, const struct code_instruction *i)
{
    unsigned to = register_destination(i);
    bool move = code_operation(i) == CODE_MOV;
    unsigned by = value_get(c, code_source(i), move ? to : T1);

    switch (code_operation(i)) {
    case CODE_MOV:
        move_emit(c, i, by);
        return;
    case CODE_DIV:
        divide_emit(c, i, by);
        break;
    default:
        emit_registers(c, operation_of(i), to, to, by);
        break;
    }
    result_narrow(c, i);
}

/* The exponent, if the number is a power of two; else 64. */
static unsigned
power_of_two(uint64_t value)
{
    unsigned exponent = 0;

    if (value == 0 || (value & (value - 1)) != 0) {
        return 64;
    }
    while (value >> exponent != 1) {
        exponent++;
    }
    return exponent;
}

static void
shift_by(struct code_compiler *c, const struct code_instruction *i,
         unsigned bits)
{
    static const uint32_t shifts[] = {[CODE_LSH >> 4] = SLLI,
                                      [CODE_RSH >> 4] = SRLI,
                                      [CODE_ARSH >> 4] = SRAI};
    uint32_t operation = shifts[code_operation(i) >> 4];
    unsigned to = register_destination(i);

    if (code_class(i) == CODE_ALU64) {
        if ((bits & 63) != 0) {
            emit_immediate(c, operation, to, to, bits & 63);
        }
        return;
    }
    bits &= 31;
    if (operation == SLLI && bits != 0) { /* up by 32 more, and down again */
        emit_immediate(c, SLLI, to, to, 32 + bits);
        emit_immediate(c, SRLI, to, to, 32);
    } else if (operation == SRLI && bits != 0) { /* there is no sign left */
        emit_immediate(c, SRLI | ON_32, to, to, bits);
    } else {
        if (bits != 0) {
            emit_immediate(c, SRAI | ON_32, to, to, bits);
        }
        result_narrow(c, i);
    }
}

/* Multiplies or divides by zero, or by a power of two and without a sign; which
   is that simple. */
static bool
simple_by(struct code_compiler *c, const struct code_instruction *i)
{
    bool modulo = code_operation(i) == CODE_MOD;
    bool multiply = code_operation(i) == CODE_MUL;
    uint64_t by = code_class(i) == CODE_ALU ? (uint32_t)i->immediate
                                            : (uint64_t)(int64_t)i->immediate;
    unsigned to = register_destination(i);
    unsigned power = power_of_two(by);

    if (by == (modulo ? 1 : 0)) {
        emit_move(c, to, ZERO);
    } else if (by == (modulo ? 0 : 1)) {
        result_narrow(c, i);
    } else if (i->offset == 1 || power == 64) {
        return false;
    } else if (modulo) {
        emit_low(c, to, to, power);
    } else {
        shift_by(c,
                 &(struct code_instruction){
                     .opcode = (uint8_t)(code_class(i) |
                                         (multiply ? CODE_LSH : CODE_RSH)),
                     .registers = i->registers},
                 power);
    }
    return true;
}

/* The operation by a number: as an immediate, or through t1. The upper half of
   what 32 bits leave goes, unless the number had cleared it. */
static void
operate_by(struct code_compiler *c, const struct code_instruction *i,
           unsigned operation, int64_t number)
{
    static const uint32_t immediates[] = {[CODE_ADD >> 4] = ADDI,
                                          [CODE_OR >> 4] = ORI,
                                          [CODE_AND >> 4] = ANDI,
                                          [CODE_XOR >> 4] = XORI};
    const struct code_instruction like = {
        .opcode = (uint8_t)(code_class(i) | operation), .offset = i->offset};
    unsigned to = register_destination(i);

    if (operation == CODE_AND && number > 0 && (number & (number + 1)) == 0) {
        emit_low(c, to, to, power_of_two((uint64_t)number + 1));
    } else if (immediates[operation >> 4] != 0 && emit_fits(number)) {
        emit_immediate(
            c, immediates[operation >> 4] | (operation_of(&like) & ON_32), to,
            to, number);
    } else {
        emit_constant(c, T1, (uint64_t)number);
        emit_registers(c, operation_of(&like), to, to, T1);
    }
    if (operation != CODE_AND || number < 0) {
        result_narrow(c, i);
    }
}

static void
by_number(struct code_compiler *c, const struct code_instruction *i)
{
    unsigned operation = code_operation(i);
    int64_t number = i->immediate;

    switch (operation) {
    case CODE_MOV:
        emit_constant(c, register_destination(i),
                      code_class(i) == CODE_ALU ? (uint32_t)number
                                                : (uint64_t)number);
        return;
    case CODE_LSH:
    case CODE_RSH:
    case CODE_ARSH:
        shift_by(c, i, (unsigned)number);
        return;
    case CODE_SUB:
        operate_by(c, i, CODE_ADD, -number);
        return;
    case CODE_MUL:
    case CODE_DIV:
    case CODE_MOD: /* the number is not 0, or it is simple */
        if (simple_by(c, i)) {
            return;
        }
        break;
    default:
        break;
    }
    operate_by(c, i, operation, number);
}

/* Swaps in t1 what lies `by` bits apart, as `mask` says for one half of it. */
static void
swap_step(struct code_compiler *c, unsigned value, unsigned by, uint64_t mask)
{
    emit_constant(c, T1, mask);
    emit_immediate(c, SRLI, A7, value, by);
    emit_registers(c, AND, A7, A7, T1);
    emit_registers(c, AND, value, value, T1);
    emit_immediate(c, SLLI, value, value, by);
    emit_registers(c, OR, value, value, A7);
}

static void
swap_emit(struct code_compiler *c, unsigned to, unsigned bits)
{
    if (bits == 64) {
        swap_step(c, to, 8, 0x00ff00ff00ff00ff);
        swap_step(c, to, 16, 0x0000ffff0000ffff);
        emit_immediate(c, SRLI, A7, to, 32);
        emit_immediate(c, SLLI, to, to, 32);
    } else if (bits == 32) { /* nothing of the upper half comes through */
        swap_step(c, to, 8, 0x00ff00ff);
        emit_immediate(c, SRLI, A7, to, 16);
        emit_immediate(c, SLLI, to, to, 48);
        emit_immediate(c, SRLI, to, to, 32);
    } else {
        emit_immediate(c, SLLI, A7, to, 48);
        emit_immediate(c, SRLI, A7, A7, 56);
        emit_low(c, to, to, 8);
        emit_immediate(c, SLLI, to, to, 8);
    }
    emit_registers(c, OR, to, to, A7);
}

void
compile_arithmetic(struct code_compiler *c, const struct code_instruction *i)
{
    unsigned to = register_destination(i);
    unsigned bits = (unsigned)i->immediate;

    if (code_operation(i) == CODE_END) {
        if (code_class(i) == CODE_ALU64 || (i->opcode & CODE_X) != 0) {
            swap_emit(c, to, bits);
        } else if (bits < 64) {
            emit_low(c, to, to, bits);
        }
    } else if (code_operation(i) == CODE_NEG) {
        emit_registers(c,
                       code_class(i) == CODE_ALU ? SUB | ON_32 : (uint32_t)SUB,
                       to, ZERO, to);
        result_narrow(c, i);
    } else if ((i->opcode & CODE_X) != 0) {
        by_register(c, i);
    } else {
        by_number(c, i);
    }
}
