/* SPDX-License-Identifier: MIT */
/*
 * The figures are counted in what compile_*.c emits. Of an instruction with
 * several ways through, such as a branch that may have to go far, it is the
 * longest; what leads out of the program is counted once, in the compiler's
 * cost. Nothing here knows where code lies.
 */
#include "kern/code/price.h"

/* Making r10 what the program sees of it. */
#define PRICE_FRAME_POINTER 4

/* The tries of a compare-and-exchange (COMPILE_RETRIES), and around them. */
#define PRICE_EXCHANGE (6 * 16 + 5)

/* A helper, but for its own work; and a plain one. */
#define PRICE_HELPER 10
#define PRICE_PLAIN 4

static bool
fits(int64_t value)
{
    return value >= -2048 && value < 2048;
}

static bool
is_indirect(const struct code_instruction *i)
{
    return (i->opcode & CODE_X) != 0;
}

static uint32_t
register_price(unsigned number)
{
    return number == CODE_FRAME_POINTER ? PRICE_FRAME_POINTER : 0;
}

/* A number in a register; zero is in one already. */
static uint32_t
number_price(int64_t number)
{
    return number == 0 ? 0 : fits(number) ? 1 : 2;
}

static uint32_t
swap_price(const struct code_instruction *i)
{
    if (code_class(i) != CODE_ALU64 && !is_indirect(i)) {
        return 2;
    }
    return i->immediate == 16 ? 5 : i->immediate == 32 ? 11 : 24;
}

static uint32_t
arithmetic_price(const struct code_instruction *i)
{
    bool narrow = code_class(i) == CODE_ALU;
    uint32_t price = narrow ? 3 : 1; /* the upper half becomes zero */
    unsigned operation = code_operation(i);

    if (operation == CODE_END) {
        return swap_price(i);
    }
    if (is_indirect(i)) {
        price += register_price(code_source(i));
        price += operation == CODE_DIV ? 3 : 0; /* by zero, perhaps */
        return price +
               (operation == CODE_MOV && i->offset != 0 && !narrow ? 1 : 0);
    }
    switch (operation) {
    case CODE_MUL:
    case CODE_DIV:
    case CODE_MOD:
        return price + 2;
    default: /* what is subtracted is its negative, added */
        return price +
               (fits(i->immediate) && fits(-(int64_t)i->immediate) ? 0 : 2);
    }
}

/* Comparison and branch; the latter takes two where it leads far. A jump back
   looks at the fuel. */
static uint32_t
jump_price(const struct code_instruction *i, uint32_t at)
{
    bool back = code_target(i, at) <= (int64_t)at;
    bool narrow = code_class(i) == CODE_JMP32;
    uint32_t price = 0;

    if (code_is_goto(i)) {
        return back ? 5 : 1;
    }
    price += register_price(code_destination(i)) + (narrow ? 1 : 0);
    if (is_indirect(i)) {
        price += register_price(code_source(i)) + (narrow ? 1 : 0);
    } else {
        price += number_price(i->immediate);
    }
    price += code_operation(i) == CODE_JSET ? 1 : 0;
    return price + (back ? 6 : 2);
}

/* From the address of a guarded access to a real one. */
static uint32_t
guard_price(const struct code_instruction *i, unsigned marks)
{
    uint32_t address = fits(i->offset - CODE_MEMORY_ADDRESS) ? 1 : 3;

    if ((marks & CODE_NOTE_STACK) == 0) {
        return address + 3;
    }
    return (marks & CODE_NOTE_MEMORY) == 0 ? 11 : address + 13;
}

static uint32_t
atomic_price(const struct code_instruction *i)
{
    uint32_t value = register_price(code_source(i));
    bool narrow = code_access_size(i) == 4;

    if (i->immediate == CODE_CMPXCHG) {
        return value + PRICE_EXCHANGE;
    }
    return value + ((i->immediate & CODE_FETCH) != 0 && narrow ? 3 : 1);
}

static uint32_t
access_price(const struct code_instruction *i, unsigned marks)
{
    bool proved = code_instruction_base(i) == CODE_FRAME_POINTER;
    uint32_t price = proved ? 0 : guard_price(i, marks);

    if (code_is_atomic(i)) { /* misaligned ones are stopped */
        return price + (proved ? 1 : 2) + atomic_price(i);
    }
    if (code_class(i) == CODE_ST) {
        price += number_price(i->immediate);
    } else if (code_class(i) == CODE_STX) {
        price += register_price(code_source(i));
    }
    return price + (proved || code_access_size(i) == 1 ? 1 : 3);
}

/* To save registers, or to restore them. */
static uint32_t
saves_price(const struct code_note *start)
{
    uint32_t count = (uint32_t)__builtin_popcount(start->waiting & 0x1f);

    return count == 0 ? 0 : count + 1;
}

static uint32_t
helper_price(const struct code_use *use, int32_t number)
{
    for (uint32_t h = 0; h < use->helper_count; h++) {
        if (use->helpers[h].number == (uint32_t)number) {
            return use->helpers[h].price +
                   (use->helpers[h].plain ? PRICE_PLAIN : PRICE_HELPER);
        }
    }
    return 0;
}

static uint32_t
immediate_price(const struct code_instruction *i)
{
    int64_t value = (int64_t)((uint32_t)i[0].immediate |
                              (uint64_t)(uint32_t)i[1].immediate << 32);

    return fits(value) ? 1 : value == (int32_t)value ? 2 : 8;
}

/* The program's own end restores all that any of its functions may save. */
static uint32_t
exit_price(const struct code_note *notes, uint32_t function)
{
    return function == 0 ? 12 : 1 + saves_price(&notes[function]);
}

uint32_t
code_price_slot(const struct code_instruction *program,
                const struct code_note *notes, const struct code_use *use,
                uint32_t at)
{
    const struct code_instruction *i = &program[at];

    if ((notes[at].marks & CODE_NOTE_REACHED) == 0) {
        return 0;
    }
    if (i->opcode == CODE_LD_IMM64) {
        return immediate_price(i);
    }
    if (code_is_arithmetic(i)) {
        return arithmetic_price(i);
    }
    if (code_instruction_accesses(i)) {
        return access_price(i, notes[at].marks);
    }
    if (code_is_exit(i)) {
        return exit_price(notes, notes[at].function);
    }
    if (code_is_call(i, CODE_LOCAL)) {
        return 3;
    }
    return code_is_call(i, CODE_HELPER) ? helper_price(use, i->immediate)
                                        : jump_price(i, at);
}

/* What is more than some words of a frame is zeroed in a loop. */
uint32_t
code_price_entry(const struct code_note *start)
{
    uint32_t frame = start->frame;
    uint32_t clear =
        frame <= 128 ? frame / 8 : frame % 64 / 8 + 2 + frame / 64 * 10;

    return 5 + saves_price(start) + clear;
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
