/* SPDX-License-Identifier: MIT */
/*
 * A table of opcodes would have 256 entries, most of them empty. Instead each
 * class says which of the four fields an instruction uses, or that there is no
 * such instruction; what is not used must be zero, as RFC 9669 section 3.2
 * demands. Then come the few fields that allow only some values.
 */
#include "kern/code/instruction.h"

#define BIT(n) (1U << (n))

/* The fields that an instruction uses; USES_NOTHING has its own bit, so that
   0 is left for what does not exist. */
enum {
    USES_NOTHING = 1,
    USES_DESTINATION = 2,
    USES_SOURCE = 4,
    USES_OFFSET = 8,
    USES_IMMEDIATE = 16
};

/* The second operand. */
static unsigned
operand_uses(const struct code_instruction *i)
{
    return (i->opcode & CODE_X) != 0 ? USES_SOURCE : USES_IMMEDIATE;
}

static unsigned
arithmetic_uses(const struct code_instruction *i)
{
    bool x = (i->opcode & CODE_X) != 0;

    switch (code_operation(i)) {
    case CODE_NEG:
        return x ? 0 : USES_DESTINATION;
    case CODE_END:
        return x && code_class(i) == CODE_ALU64
                   ? 0
                   : USES_DESTINATION | USES_IMMEDIATE;
    case CODE_MOV:
        return USES_DESTINATION | operand_uses(i) | (x ? USES_OFFSET : 0);
    case CODE_DIV:
    case CODE_MOD:
        return USES_DESTINATION | operand_uses(i) | USES_OFFSET;
    default:
        return code_operation(i) > CODE_END
                   ? 0
                   : USES_DESTINATION | operand_uses(i);
    }
}

static unsigned
jump_uses(const struct code_instruction *i)
{
    bool wide = code_class(i) == CODE_JMP32;
    unsigned operation = code_operation(i);

    if (operation != CODE_JA && operation != CODE_CALL &&
        operation != CODE_EXIT) {
        return operation > CODE_JSLE
                   ? 0
                   : USES_DESTINATION | USES_OFFSET | operand_uses(i);
    }
    if ((i->opcode & CODE_X) != 0 || (wide && operation != CODE_JA)) {
        return 0;
    }
    if (operation == CODE_JA) {
        return wide ? USES_IMMEDIATE : USES_OFFSET;
    }
    return operation == CODE_CALL ? USES_SOURCE | USES_IMMEDIATE : USES_NOTHING;
}

static unsigned
memory_uses(const struct code_instruction *i)
{
    unsigned address = USES_DESTINATION | USES_OFFSET;
    unsigned size = code_access_size(i);

    switch (code_class(i) | code_mode(i)) {
    case CODE_LD | CODE_IMM:
        return size == 8 ? USES_DESTINATION | USES_SOURCE | USES_IMMEDIATE : 0;
    case CODE_LDX | CODE_MEM:
    case CODE_STX | CODE_MEM:
        return address | USES_SOURCE;
    case CODE_LDX | CODE_MEMSX:
        return size < 8 ? address | USES_SOURCE : 0;
    case CODE_ST | CODE_MEM:
        return address | USES_IMMEDIATE;
    case CODE_STX | CODE_ATOMIC:
        return size >= 4 ? address | USES_SOURCE | USES_IMMEDIATE : 0;
    default:
        return 0;
    }
}

static unsigned
fields_used(const struct code_instruction *i)
{
    if (code_is_arithmetic(i)) {
        return arithmetic_uses(i);
    }
    return code_is_jump(i) ? jump_uses(i) : memory_uses(i);
}

/* Whether the fields that it does not use are zero. */
static bool
rest_zero(const struct code_instruction *i, unsigned uses)
{
    return ((uses & USES_DESTINATION) != 0 || code_destination(i) == 0) &&
           ((uses & USES_SOURCE) != 0 || code_source(i) == 0) &&
           ((uses & USES_OFFSET) != 0 || i->offset == 0) &&
           ((uses & USES_IMMEDIATE) != 0 || i->immediate == 0);
}

static bool
atomic_known(int32_t operation)
{
    switch (operation & ~CODE_FETCH) {
    case CODE_ADD:
    case CODE_OR:
    case CODE_AND:
    case CODE_XOR:
        return true;
    default:
        return operation == CODE_XCHG || operation == CODE_CMPXCHG;
    }
}

/* Whether the fields that allow only some values have one of these. */
static bool
values_known(const struct code_instruction *i)
{
    bool wide = code_class(i) == CODE_ALU64;

    if (code_is_atomic(i)) {
        return atomic_known(i->immediate);
    }
    if (!code_is_arithmetic(i)) {
        return i->opcode != (CODE_JMP | CODE_CALL) ||
               code_source(i) <= CODE_BTF;
    }
    switch (code_operation(i)) {
    case CODE_DIV:
    case CODE_MOD:
        return i->offset == 0 || i->offset == 1;
    case CODE_MOV:
        return i->offset == 0 || i->offset == 8 || i->offset == 16 ||
               (i->offset == 32 && wide);
    case CODE_END:
        return i->immediate == 16 || i->immediate == 32 || i->immediate == 64;
    default:
        return true;
    }
}

/* Of a 64-bit immediate, whose source field says what it is. */
static enum code_fault
immediate_check(const struct code_instruction *i,
                const struct code_instruction *next)
{
    if (code_source(i) != 0) {
        return code_source(i) <= CODE_IMM64_LAST ? CODE_FAULT_MAP
                                                 : CODE_FAULT_RESERVED;
    }
    return next != NULL && next->opcode == 0 && next->registers == 0 &&
                   next->offset == 0
               ? CODE_FAULT_NONE
               : CODE_FAULT_HALF;
}

enum code_fault
code_instruction_check(const struct code_instruction *i,
                       const struct code_instruction *next)
{
    unsigned uses = fields_used(i);
    unsigned mode = code_mode(i);

    if (uses == 0) {
        return code_class(i) == CODE_LD && code_access_size(i) < 8 &&
                       (mode == CODE_ABS || mode == CODE_IND)
                   ? CODE_FAULT_PACKET
                   : CODE_FAULT_OPCODE;
    }
    if (code_destination(i) > CODE_FRAME_POINTER ||
        code_source(i) > CODE_FRAME_POINTER) {
        return CODE_FAULT_REGISTER;
    }
    if (!rest_zero(i, uses) || !values_known(i)) {
        return CODE_FAULT_RESERVED;
    }
    if ((code_instruction_writes(i) & BIT(CODE_FRAME_POINTER)) != 0) {
        return CODE_FAULT_READ_ONLY;
    }
    if (code_is_call(i, CODE_BTF)) {
        return CODE_FAULT_BTF;
    }
    return i->opcode == CODE_LD_IMM64 ? immediate_check(i, next)
                                      : CODE_FAULT_NONE;
}

uint32_t
code_instruction_reads(const struct code_instruction *i)
{
    uint32_t destination = BIT(code_destination(i));
    uint32_t source = BIT(code_source(i));
    unsigned uses = fields_used(i);

    if (code_is_atomic(i)) {
        return destination | source | (i->immediate == CODE_CMPXCHG ? 1 : 0);
    }
    if ((uses & USES_SOURCE) == 0 || code_class(i) == CODE_LD) {
        source = 0;
    }
    if ((uses & USES_DESTINATION) == 0 || code_class(i) <= CODE_LDX ||
        (code_is_arithmetic(i) && code_operation(i) == CODE_MOV)) {
        destination = 0;
    }
    return code_operation(i) == CODE_CALL && code_is_jump(i)
               ? 0
               : destination | source;
}

uint32_t
code_instruction_writes(const struct code_instruction *i)
{
    if (code_is_atomic(i)) {
        if (i->immediate == CODE_CMPXCHG) {
            return 1;
        }
        return (i->immediate & CODE_FETCH) != 0 ? BIT(code_source(i)) : 0;
    }
    return code_is_arithmetic(i) || code_class(i) <= CODE_LDX
               ? BIT(code_destination(i))
               : 0;
}
