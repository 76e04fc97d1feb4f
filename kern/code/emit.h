/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_EMIT_H
#define CHITIN_KERN_CODE_EMIT_H
/*
 * RV64IMA as words (RISC-V Unprivileged, chapter 24), and how the parts of the
 * compiler put them behind each other. What is not in these tables is never
 * emitted: no CSR, no fence, no ecall, no compressed instruction.
 */
#include "kern/code/compile.h"

enum machine_register {
    ZERO,
    RA,
    SP,
    T0 = 5,
    T1,
    T2,
    A0 = 10,
    A1,
    A6 = 16,
    A7,
    S2,
    S6 = 22,
    S7,
    S8,
    T3 = 28,
    T4,
    T5,
    T6
};

/* Register and register. The word that all of a kind have in common; the same
   with ON_32 is its sibling on 32 bits, whose sign is extended. */
enum operation {
    ADD = 0x33,
    SUB = 0x40000033,
    SLL = 0x1033,
    SRL = 0x5033,
    SRA = 0x40005033,
    SLTU = 0x3033,
    XOR = 0x4033,
    OR = 0x6033,
    AND = 0x7033,
    MUL = 0x2000033,
    DIV = 0x2004033,
    DIVU = 0x2005033,
    REM = 0x2006033,
    REMU = 0x2007033
};
#define ON_32 0x8U

/* Register and 12 bits with a sign; shifts, of which SRAI has a bit more. */
enum immediate_operation {
    ADDI = 0x13,
    SLLI = 0x1013,
    SRLI = 0x5013,
    SRAI = 0x40005013,
    XORI = 0x4013,
    ORI = 0x6013,
    ANDI = 0x7013,
    LB = 0x3,
    LH = 0x1003,
    LW = 0x2003,
    LD = 0x3003,
    LBU = 0x4003,
    LHU = 0x5003,
    LWU = 0x6003,
    JALR = 0x67
};

enum store_operation { SB = 0x23, SH = 0x1023, SW = 0x2023, SD = 0x3023 };

/* Each next to its contrary, BRANCH_CONTRARY apart. */
enum branch_operation {
    BEQ = 0x63,
    BNE = 0x1063,
    BLT = 0x4063,
    BGE = 0x5063,
    BLTU = 0x6063,
    BGEU = 0x7063
};
#define BRANCH_CONTRARY 0x1000U

/* Of 64 bits, with aq and rl; ATOMIC_32 makes it 32. */
enum atomic_operation {
    AMOADD = 0x600302f,
    AMOSWAP = 0xe00302f,
    LR = 0x1600302f,
    SC = 0x1e00302f,
    AMOXOR = 0x2600302f,
    AMOOR = 0x4600302f,
    AMOAND = 0x6600302f
};
#define ATOMIC_32 0x1000U

#define LUI 0x37U
#define JAL 0x6fU

/* Also atomic operations. */
static inline uint32_t
encode_registers(uint32_t operation, unsigned to, unsigned a, unsigned b)
{
    return operation | to << 7 | a << 15 | b << 20;
}

static inline uint32_t
encode_immediate(uint32_t operation, unsigned to, unsigned a, int32_t immediate)
{
    return operation | to << 7 | a << 15 | (uint32_t)immediate << 20;
}

static inline uint32_t
encode_store(uint32_t operation, unsigned from, unsigned base, int32_t offset)
{
    uint32_t bits = (uint32_t)offset;

    return operation | (bits & 0x1f) << 7 | base << 15 | from << 20 |
           (bits >> 5 & 0x7f) << 25;
}

/* `distance` is in bytes, as in jumps. */
static inline uint32_t
encode_branch(uint32_t operation, unsigned a, unsigned b, int32_t distance)
{
    uint32_t bits = (uint32_t)distance;

    return operation | (bits >> 11 & 1) << 7 | (bits >> 1 & 0xf) << 8 |
           a << 15 | b << 20 | (bits >> 5 & 0x3f) << 25 |
           (bits >> 12 & 1) << 31;
}

/* `page` is what goes into the bits from 12 on. */
static inline uint32_t
encode_lui(unsigned to, uint32_t page)
{
    return LUI | to << 7 | page << 12;
}

static inline uint32_t
encode_jump(unsigned link, int32_t distance)
{
    uint32_t bits = (uint32_t)distance;

    return JAL | link << 7 | (bits >> 12 & 0xff) << 12 |
           (bits >> 11 & 1) << 20 | (bits >> 1 & 0x3ff) << 21 |
           (bits >> 20 & 1) << 31;
}

/*
 * Emitting: the next word of the output, or while only lengths are looked for
 * nothing but its length. Places are indexes of words.
 */
enum compile_pass {
    COMPILE_SURVEY, /* what the program uses */
    COMPILE_ROUGH,  /* where slots are at most */
    COMPILE_LAYOUT, /* where they are */
    COMPILE_EMIT,
    COMPILE_DONE,
    COMPILE_WRONG /* a rule of the compiler's own is broken: nothing may run */
};

void emit(struct code_compiler *c, uint32_t word);
void emit_registers(struct code_compiler *c, uint32_t operation, unsigned to,
                    unsigned a, unsigned b);
void emit_immediate(struct code_compiler *c, uint32_t operation, unsigned to,
                    unsigned a, int64_t immediate);
void emit_store(struct code_compiler *c, uint32_t operation, unsigned from,
                unsigned base, int64_t offset);

/* Whether it is an immediate. */
static inline bool
emit_fits(int64_t value)
{
    return value >= -2048 && value < 2048;
}

/* to = from; nothing if that is the same. */
void emit_move(struct code_compiler *c, unsigned to, unsigned from);
/* to = value, in at most eight instructions. */
void emit_constant(struct code_compiler *c, unsigned to, uint64_t value);
/* to = from + value, through `scratch`, which may be `to` if that is not
   `from`. */
void emit_add(struct code_compiler *c, unsigned to, unsigned from,
              int64_t value, unsigned scratch);
/* to = the lowest `bits` of from (1 to 63), with zeroes or their sign before
   them. */
void emit_low(struct code_compiler *c, unsigned to, unsigned from,
              unsigned bits);
void emit_sign(struct code_compiler *c, unsigned to, unsigned from,
               unsigned bits);

/* A branch (or with operation JAL a jump) that is to lead where emit_land is
   called with what this returns; at most 200 words on. */
uint32_t emit_forward(struct code_compiler *c, uint32_t operation, unsigned a,
                      unsigned b);
void emit_land(struct code_compiler *c, uint32_t from);

/* A jump, or if `near`, which says that it is within 4 KiB, a branch. */
void emit_jump(struct code_compiler *c, unsigned link, uint32_t place);
void emit_branch(struct code_compiler *c, uint32_t operation, unsigned a,
                 unsigned b, uint32_t place, bool near);

/* The words up to which a branch leads anywhere, whatever lies in the slot
   itself. */
#define EMIT_NEAR 900

#endif
