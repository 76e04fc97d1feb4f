/* SPDX-License-Identifier: MIT */
/*
 * The figures are counted in what compile_*.c emits. Of an instruction with
 * several ways through, such as a branch that may have to go far, it is the
 * longest; what leads out of the program is counted once, in the compiler's
 * cost. Nothing here knows where code lies.
 */
#include "kern/code/price.h"

/* The tries of a compare-and-exchange (COMPILE_RETRIES), and around them. */
#define PRICE_EXCHANGE (6 * 16 + 5)

static bool
fits(int64_t value)
{
    return value >= -2048 && value < 2048;
}

/* A number in a register; zero is in one already. */
static uint32_t
number_price(int64_t number)
{
    return number == 0 ? 0 : fits(number) ? 1 : 2;
}

/* A register as an operand: r10 is made what the program sees of it. */
static uint32_t
register_price(unsigned number)
{
    return number == CODE_FRAME_POINTER ? 4 : 0;
}

static uint32_t
arithmetic_price(const struct code_instruction *i)
{
    bool narrow = code_class(i) == CODE_ALU; /* the upper half becomes zero */
    bool by_register = (i->opcode & CODE_X) != 0;
    unsigned operation = code_operation(i);
    uint32_t price = narrow ? 3 : 1;

    if (operation == CODE_END) {
        return narrow && !by_register ? 2
               : i->immediate == 16   ? 5
               : i->immediate == 32   ? 11
                                      : 24;
    }
    if (by_register) {
        bool extends = operation == CODE_MOV && i->offset != 0 && !narrow;

        return price + register_price(code_source(i)) +
               (operation == CODE_DIV ? 3 : extends); /* by zero, perhaps */
    }
    if (operation == CODE_MUL || operation == CODE_DIV ||
        operation == CODE_MOD || !fits(i->immediate) || i->immediate == -2048) {
        price += 2;
    }
    return price;
}

/* Comparison and branch; the latter takes two where it leads far. A jump back
   looks at the fuel. */
static uint32_t
jump_price(const struct code_instruction *i, uint32_t at)
{
    bool back = code_target(i, at) <= (int64_t)at;
    uint32_t narrow = code_class(i) == CODE_JMP32;
    uint32_t price = back ? 6 : 2;

    if (code_is_goto(i)) {
        return price - 1;
    }
    price += register_price(code_destination(i)) + narrow +
             (code_operation(i) == CODE_JSET);
    return price + ((i->opcode & CODE_X) != 0
                        ? register_price(code_source(i)) + narrow
                        : number_price(i->immediate));
}

/* From the address of a guarded access to a real one. */
static uint32_t
guard_price(const struct code_instruction *i, unsigned marks)
{
    uint32_t address = fits(i->offset - CODE_MEMORY_ADDRESS) ? 1 : 3;

    return (marks & CODE_NOTE_STACK) == 0    ? address + 3
           : (marks & CODE_NOTE_MEMORY) == 0 ? 11
                                             : address + 13;
}

static uint32_t
access_price(const struct code_instruction *i, unsigned marks)
{
    bool proved = code_instruction_base(i) == CODE_FRAME_POINTER;
    uint32_t price = proved ? 0 : guard_price(i, marks);
    bool fetch = (i->immediate & CODE_FETCH) != 0;

    if (code_class(i) == CODE_ST) {
        price += number_price(i->immediate);
    } else if (code_class(i) == CODE_STX) {
        price += register_price(code_source(i));
    }
    if (!code_is_atomic(i)) {
        return price + (proved || code_access_size(i) == 1 ? 1 : 3);
    }
    return price + (proved ? 1 : 2) + /* misaligned ones are stopped */
           (i->immediate == CODE_CMPXCHG        ? PRICE_EXCHANGE
            : fetch && code_access_size(i) == 4 ? 3
                                                : 1);
}

/* To save registers, or to restore them. */
static uint32_t
saves_price(const struct code_note *start)
{
    uint32_t count = (uint32_t)__builtin_popcount(start->waiting & 0x1f);

    return count == 0 ? 0 : count + 1;
}

/* To call it, and what it does itself. */
static uint32_t
helper_price(const struct code_use *use, int32_t number)
{
    const struct code_helper *row = use->helpers;

    while (row->number != (uint32_t)number) {
        row++;
    }
    return row->price + (row->plain ? 4 : 10);
}

static uint32_t
immediate_price(const struct code_instruction *i)
{
    int64_t value = (int64_t)((uint32_t)i[0].immediate |
                              (uint64_t)(uint32_t)i[1].immediate << 32);

    return fits(value) ? 1 : value == (int32_t)value ? 2 : 8;
}

uint32_t
code_price_slot(const struct code_instruction *program,
                const struct code_note *notes, const struct code_use *use,
                uint32_t at)
{
    const struct code_instruction *i = &program[at];
    const struct code_note *note = &notes[at];

    if ((note->marks & CODE_NOTE_REACHED) == 0) {
        return 0;
    }
    if (i->opcode == CODE_LD_IMM64) {
        return immediate_price(i);
    }
    if (code_is_arithmetic(i)) {
        return arithmetic_price(i);
    }
    if (code_instruction_accesses(i)) {
        return access_price(i, note->marks);
    }
    if (code_is_exit(i)) { /* the program's own restores what any may save */
        return note->function == 0 ? 12
                                   : 1 + saves_price(&notes[note->function]);
    }
    return code_is_call(i, CODE_LOCAL)    ? 3
           : code_is_call(i, CODE_HELPER) ? helper_price(use, i->immediate)
                                          : jump_price(i, at);
}

/* What is more than some words of a frame is zeroed in a loop. */
uint32_t
code_price_entry(const struct code_note *start)
{
    uint32_t frame = start->frame;

    return 5 + saves_price(start) +
           (frame <= 128 ? frame / 8 : frame % 64 / 8 + 2 + frame / 64 * 10);
}

/* What the slots of its function before it cost. */
static uint32_t
before(const struct code_note *note)
{
    return (note->marks & CODE_NOTE_START) != 0 ? 0 : note->price;
}

uint32_t
code_price_run(const struct code_instruction *program,
               const struct code_note *notes, const struct code_use *use,
               uint32_t first, uint32_t last)
{
    return before(&notes[last]) + code_price_slot(program, notes, use, last) -
           before(&notes[first]);
}
