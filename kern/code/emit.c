/* SPDX-License-Identifier: MIT */
/*
 * Every word of the output is written here, below the capacity and with fields
 * that hold their values, or the compiler ends as wrong. A branch or jump leads
 * to a place that its caller names: emit_jump and emit_branch let none out of
 * what was laid out.
 */
#include "kern/code/emit.h"

static void
emit_expect(struct code_compiler *c, bool condition)
{
    if (!condition) {
        c->pass = COMPILE_WRONG;
    }
}

void
emit(struct code_compiler *c, uint32_t word)
{
    if (c->pass == COMPILE_EMIT) {
        emit_expect(c, c->length < c->capacity);
    }
    if (c->pass == COMPILE_EMIT) {
        c->output[c->length] = word;
    }
    c->length++;
}

void
emit_registers(struct code_compiler *c, uint32_t operation, unsigned to,
               unsigned a, unsigned b)
{
    emit(c, encode_registers(operation, to, a, b));
}

void
emit_immediate(struct code_compiler *c, uint32_t operation, unsigned to,
               unsigned a, int64_t immediate)
{
    emit_expect(c, emit_fits(immediate));
    emit(c, encode_immediate(operation, to, a, (int32_t)immediate));
}

void
emit_store(struct code_compiler *c, uint32_t operation, unsigned from,
           unsigned base, int64_t offset)
{
    emit_expect(c, emit_fits(offset));
    emit(c, encode_store(operation, from, base, (int32_t)offset));
}

void
emit_move(struct code_compiler *c, unsigned to, unsigned from)
{
    if (to != from) {
        emit_immediate(c, ADDI, to, from, 0);
    }
}

/* The lowest twelve bits, with their sign. */
static int64_t
low_part(uint64_t value)
{
    return (int64_t)((value & 0xfff) ^ 0x800) - 0x800;
}

/*
 * A constant is some upper bits, shifted and with twelve bits added until all
 * are there. The steps are found from the last to the first: what is left when
 * the lowest twelve bits are subtracted has zeroes at its end.
 */
struct constant {
    int64_t upper; /* 32 bits, with a sign */
    unsigned count;
    struct {
        uint8_t shift;
        int16_t add;
    } step[4];
};

static struct constant
constant_split(int64_t value)
{
    struct constant constant = {.upper = value};

    while (constant.upper != (int32_t)constant.upper) {
        int64_t low = low_part((uint64_t)constant.upper);
        int64_t rest = (int64_t)((uint64_t)constant.upper - (uint64_t)low);
        uint8_t shift = 12;

        for (rest >>= 12; (rest & 1) == 0; rest >>= 1) {
            shift++;
        }
        constant.step[constant.count].shift = shift;
        constant.step[constant.count++].add = (int16_t)low;
        constant.upper = rest;
    }
    return constant;
}

/* How many instructions that is. */
static unsigned
constant_length(const struct constant *constant)
{
    bool both =
        !emit_fits(constant->upper) && low_part((uint64_t)constant->upper);
    unsigned length = both ? 2 : 1;

    for (unsigned i = 0; i < constant->count; i++) {
        length += constant->step[i].add != 0 ? 2 : 1;
    }
    return length;
}

static void
constant_emit(struct code_compiler *c, unsigned to,
              const struct constant *constant)
{
    int64_t low = low_part((uint64_t)constant->upper);

    if (emit_fits(constant->upper)) {
        emit_immediate(c, ADDI, to, ZERO, constant->upper);
    } else {
        emit(c, encode_lui(to, (uint32_t)((constant->upper - low) >> 12)));
        if (low != 0) {
            emit_immediate(c, ADDI | ON_32, to, to, low);
        }
    }
    for (unsigned i = constant->count; i-- > 0;) {
        emit_immediate(c, SLLI, to, to, constant->step[i].shift);
        if (constant->step[i].add != 0) {
            emit_immediate(c, ADDI, to, to, constant->step[i].add);
        }
    }
}

void
emit_constant(struct code_compiler *c, unsigned to, uint64_t value)
{
    struct constant plain = constant_split((int64_t)value);
    struct constant high;
    int64_t zeroes = 0;

    /* With zeroes before it, it may be less to make the same at the upper end
       (and ones behind it, that make it shorter), and shift it down. */
    if (plain.count == 0 || (int64_t)value < 0) {
        constant_emit(c, to, &plain);
        return;
    }
    while (value << zeroes >> 63 == 0) {
        zeroes++;
    }
    high = constant_split((int64_t)(value << zeroes | ((1ULL << zeroes) - 1)));
    if (constant_length(&high) + 1 < constant_length(&plain)) {
        constant_emit(c, to, &high);
        emit_immediate(c, SRLI, to, to, zeroes);
    } else {
        constant_emit(c, to, &plain);
    }
}

void
emit_add(struct code_compiler *c, unsigned to, unsigned from, int64_t value,
         unsigned scratch)
{
    if (value == 0) {
        emit_move(c, to, from);
    } else if (emit_fits(value)) {
        emit_immediate(c, ADDI, to, from, value);
    } else {
        emit_constant(c, scratch, (uint64_t)value);
        emit_registers(c, ADD, to, from, scratch);
    }
}

void
emit_low(struct code_compiler *c, unsigned to, unsigned from, unsigned bits)
{
    if (bits < 12) {
        emit_immediate(c, ANDI, to, from, (1 << bits) - 1);
    } else {
        emit_immediate(c, SLLI, to, from, 64 - bits);
        emit_immediate(c, SRLI, to, to, 64 - bits);
    }
}

void
emit_sign(struct code_compiler *c, unsigned to, unsigned from, unsigned bits)
{
    if (bits == 32) {
        emit_immediate(c, ADDI | ON_32, to, from, 0);
        return;
    }
    emit_immediate(c, SLLI, to, from, 64 - bits);
    emit_immediate(c, SRAI, to, to, 64 - bits);
}

uint32_t
emit_forward(struct code_compiler *c, uint32_t operation, unsigned a,
             unsigned b)
{
    emit(c, operation == JAL ? encode_jump(ZERO, 0)
                             : encode_branch(operation, a, b, 0));
    return c->length - 1;
}

void
emit_land(struct code_compiler *c, uint32_t from)
{
    int32_t distance = (int32_t)(c->length - from) * 4;

    emit_expect(c, distance <= 800);
    if (c->pass == COMPILE_EMIT) {
        c->output[from] |= (c->output[from] & 0x7f) == JAL
                               ? encode_jump(ZERO, distance) & ~JAL
                               : encode_branch(0, 0, 0, distance);
    }
}

void
emit_jump(struct code_compiler *c, unsigned link, uint32_t place)
{
    emit(c, encode_jump(link, (int32_t)((place - c->length) * 4)));
}

void
emit_branch(struct code_compiler *c, uint32_t operation, unsigned a, unsigned b,
            uint32_t place, bool near)
{
    int32_t distance = (int32_t)place - (int32_t)c->length;

    if (near) {
        emit_expect(c, c->pass != COMPILE_EMIT ||
                           (distance >= -1024 && distance < 1024));
        emit(c, encode_branch(operation, a, b, distance * 4));
    } else {
        emit(c, encode_branch(operation ^ BRANCH_CONTRARY, a, b, 8));
        emit_jump(c, ZERO, place);
    }
}
