/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_CODE_H
#define CHITIN_ABI_CODE_H
/*
 * Downloaded code: programs that the kernel runs for an env, in the
 * instruction set of RFC 9669, little-endian. Offered are the conformance
 * groups base32, base64, divmul32, divmul64, atomic32 and atomic64, and
 * program-local calls. Not offered: maps and platform variables, helpers by
 * BTF id, and the historical group packet.
 *
 *    63              32 31        16 15   12 11    8 7        0
 *   |    immediate     |   offset   | source| dest. |  opcode  |
 *
 *   opcode of arithmetic and jumps   | operation:4 | X:1  | class:3 |
 *   opcode of loads and stores       | mode:3 | size:2    | class:3 |
 *
 * What the RFC leaves open:
 *  - A program is entered at its first instruction. A function is what lies
 *    from there, or from the target of a local call, to the next such place;
 *    control leaves it by `exit` and calls only.
 *  - Each call has a frame of its own below r10. The frame is as large as the
 *    function's accesses through r10 need, and as `mov rN, r10` directly
 *    followed by `add rN, -K` says; CODE_FRAME_MAX if it copies or uses r10 in
 *    any other way. Bytes of a frame are zero until they are written.
 *  - A local call clears r0 and leaves r1 to r5 unset, as a helper does.
 *  - An access where the program has nothing ends the program. So does an
 *    atomic operation on an address that is no multiple of its size; other
 *    accesses need no alignment.
 *  - Fuel counts instructions of the machine. Each instruction has a price, as
 *    many as it takes at most (docs/code.md). A jump from instruction i back to
 *    t, t <= i, takes the prices of all from t to i; a local call those of the
 *    function, and of entering it. An access to an address that is no multiple
 *    of its size takes 8 and 3 a byte more. What would need more than is left
 *    ends the program instead. So a run takes no more than the prices of its
 *    first function and the fuel that it has beside these.
 */
#include "kern/abi/types.h"

#define CODE_INSTRUCTIONS_MAX 4096
#define CODE_FRAME_MAX 512 /* bytes below r10 in one call */
#define CODE_DEPTH_MAX 8   /* calls in one another, the program's one of them */
#define CODE_ARGUMENTS 5   /* r1 to r5 */
#define CODE_FRAME_POINTER 10

/* Where a program finds its memory, and the end of its stack, which is r10 in
   the first function: not where they really are. */
#define CODE_MEMORY_ADDRESS 0x800
#define CODE_MEMORY_MAX (1U << 29) /* bytes */
#define CODE_STACK_END 0x40000000

struct code_instruction {
    uint8_t opcode;
    uint8_t registers;
    int16_t offset;
    int32_t immediate;
};

_Static_assert(sizeof(struct code_instruction) == 8, "as the RFC has it");

#define CODE_CLASS 0x07
/* ALU is arithmetic on 32 bits, the upper half becoming zero; ALU64 on 64. */
enum code_class {
    CODE_LD,
    CODE_LDX,
    CODE_ST,
    CODE_STX,
    CODE_ALU,
    CODE_JMP,
    CODE_JMP32,
    CODE_ALU64
};

/* Arithmetic and jumps: the operand is the source register. Of END in class
   ALU: to big-endian. */
#define CODE_X 0x08

#define CODE_OPERATION 0xf0
/* DIV and MOD are signed with offset 1. MOV with an offset takes so many bits
   and extends their sign. END is of `immediate` bits. */
enum code_arithmetic {
    CODE_ADD = 0x00,
    CODE_SUB = 0x10,
    CODE_MUL = 0x20,
    CODE_DIV = 0x30,
    CODE_OR = 0x40,
    CODE_AND = 0x50,
    CODE_LSH = 0x60,
    CODE_RSH = 0x70,
    CODE_NEG = 0x80,
    CODE_MOD = 0x90,
    CODE_XOR = 0xa0,
    CODE_MOV = 0xb0,
    CODE_ARSH = 0xc0,
    CODE_END = 0xd0
};
/* JA goes by `immediate` in class JMP32. For CALL see enum code_call. */
enum code_jump {
    CODE_JA = 0x00,
    CODE_JEQ = 0x10,
    CODE_JGT = 0x20,
    CODE_JGE = 0x30,
    CODE_JSET = 0x40,
    CODE_JNE = 0x50,
    CODE_JSGT = 0x60,
    CODE_JSGE = 0x70,
    CODE_CALL = 0x80,
    CODE_EXIT = 0x90,
    CODE_JLT = 0xa0,
    CODE_JLE = 0xb0,
    CODE_JSLT = 0xc0,
    CODE_JSLE = 0xd0
};

/* The source field of a call. */
enum code_call { CODE_HELPER, CODE_LOCAL, CODE_BTF };

#define CODE_SIZE 0x18
enum code_size { CODE_W = 0x00, CODE_H = 0x08, CODE_B = 0x10, CODE_DW = 0x18 };

#define CODE_MODE 0xe0
/* IMM, of class LD, has the upper 32 of its 64 bits in a second slot. */
enum code_mode {
    CODE_IMM = 0x00,
    CODE_ABS = 0x20,
    CODE_IND = 0x40,
    CODE_MEM = 0x60,
    CODE_MEMSX = 0x80,
    CODE_ATOMIC = 0xc0
};
/* `immediate` of ATOMIC: ADD, OR, AND, XOR, or one of these. */
enum code_atomic { CODE_FETCH = 0x01, CODE_XCHG = 0xe1, CODE_CMPXCHG = 0xf1 };

#define CODE_LD_IMM64 (CODE_LD | CODE_IMM | CODE_DW)
/* The last source field that means something there; all but 0 name a map, a
   variable or code. */
#define CODE_IMM64_LAST 6

/* How a run ends. */
enum code_stop {
    CODE_STOP_EXIT,   /* by itself; its result is in r0 */
    CODE_STOP_ACCESS, /* it accessed what it does not have */
    CODE_STOP_ALIGNMENT,
    CODE_STOP_FUEL,
    CODE_STOP_HELPER /* a helper ended it; further reasons follow */
};

/* Why a program is refused: X(name, meaning), the first of what applies. */
#define CODE_FAULTS(X)                                                         \
    X(NONE, "nothing is wrong")                                                \
    X(EMPTY, "the program has no instructions")                                \
    X(LONG, "the program has more than 4096 instructions")                     \
    X(OPCODE, "no such instruction")                                           \
    X(REGISTER, "there is no such register")                                   \
    X(RESERVED, "a field has a value that the instruction does not allow")     \
    X(READ_ONLY, "r10 is read-only")                                           \
    X(PACKET, "legacy packet access is not offered")                           \
    X(MAP, "maps, platform variables and code addresses are not offered")      \
    X(HALF, "the second half of a 64-bit immediate is missing or malformed")   \
    X(BTF, "helpers by BTF id are not offered")                                \
    X(HELPER, "a helper that is not offered here")                             \
    X(TARGET, "it leads out of the program or into a 64-bit immediate")        \
    X(FALL, "control runs off the end of the function")                        \
    X(FUNCTION, "a jump leads into another function")                          \
    X(FRAME, "an access through r10 outside the 512 bytes below it")           \
    X(ALIGNMENT, "an atomic operation on a misaligned address")                \
    X(DEPTH, "calls are more than 8 deep, or without end")                     \
    X(STACK, "the frames need more stack than there is here")                  \
    X(UNSET, "a register may be read before it is written")                    \
    X(POINTER, "the address is made of no pointer")                            \
    X(WRITE, "the memory is only to be read here")                             \
    X(SLOW, "a run might take longer than it may here")

#define CODE_FAULT_NAME(name, meaning) CODE_FAULT_##name,
enum code_fault { CODE_FAULTS(CODE_FAULT_NAME) };
#undef CODE_FAULT_NAME

static inline unsigned
code_class(const struct code_instruction *i)
{
    return i->opcode & CODE_CLASS;
}

static inline unsigned
code_operation(const struct code_instruction *i)
{
    return i->opcode & CODE_OPERATION;
}

static inline unsigned
code_mode(const struct code_instruction *i)
{
    return i->opcode & CODE_MODE;
}

static inline unsigned
code_destination(const struct code_instruction *i)
{
    return i->registers & 0xf;
}

static inline unsigned
code_source(const struct code_instruction *i)
{
    return i->registers >> 4;
}

static inline bool
code_is_arithmetic(const struct code_instruction *i)
{
    return code_class(i) == CODE_ALU || code_class(i) == CODE_ALU64;
}

/* Also calls and exit. */
static inline bool
code_is_jump(const struct code_instruction *i)
{
    return code_class(i) == CODE_JMP || code_class(i) == CODE_JMP32;
}

static inline bool
code_is_atomic(const struct code_instruction *i)
{
    return code_class(i) == CODE_STX && code_mode(i) == CODE_ATOMIC;
}

static inline bool
code_is_call(const struct code_instruction *i, enum code_call kind)
{
    return i->opcode == (CODE_JMP | CODE_CALL) && code_source(i) == kind;
}

static inline bool
code_is_exit(const struct code_instruction *i)
{
    return i->opcode == (CODE_JMP | CODE_EXIT);
}

/* An unconditional jump. */
static inline bool
code_is_goto(const struct code_instruction *i)
{
    return code_is_jump(i) && code_operation(i) == CODE_JA;
}

/* The bytes that a load or store moves. */
static inline unsigned
code_access_size(const struct code_instruction *i)
{
    static const uint8_t sizes[] = {4, 2, 1, 8};

    return sizes[(i->opcode & CODE_SIZE) >> 3];
}

/* Where a jump or local call at `at` leads; may lie outside the program. */
static inline int64_t
code_target(const struct code_instruction *i, uint32_t at)
{
    bool wide = i->opcode == (CODE_JMP32 | CODE_JA) ||
                i->opcode == (CODE_JMP | CODE_CALL);

    return (int64_t)at + 1 + (wide ? i->immediate : i->offset);
}

#endif
