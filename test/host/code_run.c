/* SPDX-License-Identifier: MIT */
#include "test/host/code_run.h"

#include "kern/code/price.h"

#include "test/host/check.h"

/* What a local call sets aside. */
struct call {
    uint32_t back;     /* the slot to return to */
    uint32_t function; /* of the caller */
    uint64_t saved[4]; /* r6 to r9 */
};

/* One run under way. */
struct machine {
    struct code_run *run;
    const struct code_use *use;
    uint64_t *r;
    uint32_t at;
    uint32_t function;
    uint32_t depth;
    struct call calls[CODE_DEPTH_MAX];
};

static uint64_t
sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = 1ULL << (bits - 1);
    uint64_t low = bits == 64 ? value : value & ((1ULL << bits) - 1);

    return (low ^ sign) - sign;
}

static uint64_t
low_bits(uint64_t value, unsigned bits)
{
    return bits == 64 ? value : value & ((1ULL << bits) - 1);
}

/* Operands and result have `bits` bits; the result may have more set. */
static uint64_t
divide_signed(uint64_t a, uint64_t b, unsigned bits, bool modulo)
{
    int64_t x = (int64_t)sign_extend(a, bits);
    int64_t y = (int64_t)sign_extend(b, bits);

    if (y == 0) {
        return modulo ? a : 0;
    }
    if (y == -1) { /* the lowest number has no positive one */
        return modulo ? 0 : 0 - a;
    }
    return (uint64_t)(modulo ? x % y : x / y);
}

static uint64_t
divide(uint64_t a, uint64_t b, bool modulo)
{
    if (b == 0) {
        return modulo ? a : 0;
    }
    return modulo ? a % b : a / b;
}

static uint64_t
bytes_swap(uint64_t value, unsigned bits)
{
    uint64_t result = 0;

    for (unsigned i = 0; i < bits; i += 8) {
        result = result << 8 | (value >> i & 0xff);
    }
    return result;
}

static uint64_t
shift(unsigned operation, uint64_t a, unsigned by, unsigned bits)
{
    switch (operation) {
    case CODE_LSH:
        return a << by;
    case CODE_RSH:
        return a >> by;
    default:
        return (uint64_t)((int64_t)sign_extend(a, bits) >> by);
    }
}

/* dst = a OPERATION b, operands of `bits` bits and no more. */
static uint64_t
operate(const struct code_instruction *i, uint64_t a, uint64_t b, unsigned bits)
{
    switch (code_operation(i)) {
    case CODE_ADD:
        return a + b;
    case CODE_SUB:
        return a - b;
    case CODE_MUL:
        return a * b;
    case CODE_OR:
        return a | b;
    case CODE_AND:
        return a & b;
    case CODE_XOR:
        return a ^ b;
    case CODE_NEG:
        return 0 - a;
    case CODE_MOV:
        return i->offset == 0 ? b : sign_extend(b, (unsigned)i->offset);
    case CODE_DIV:
    case CODE_MOD:
        return i->offset == 1
                   ? divide_signed(a, b, bits, code_operation(i) == CODE_MOD)
                   : divide(a, b, code_operation(i) == CODE_MOD);
    default:
        return shift(code_operation(i), a, (unsigned)b & (bits - 1), bits);
    }
}

static uint64_t
operand(const struct machine *m, const struct code_instruction *i)
{
    return (i->opcode & CODE_X) != 0 ? m->r[code_source(i)]
                                     : (uint64_t)(int64_t)i->immediate;
}

static void
arithmetic_run(struct machine *m, const struct code_instruction *i)
{
    unsigned bits = code_class(i) == CODE_ALU64 ? 64 : 32;
    uint64_t *destination = &m->r[code_destination(i)];

    if (code_operation(i) == CODE_END) {
        bool swap = bits == 64 || (i->opcode & CODE_X) != 0;
        unsigned width = (unsigned)i->immediate;

        *destination = swap ? bytes_swap(*destination, width)
                            : low_bits(*destination, width);
        return;
    }
    *destination = low_bits(operate(i, low_bits(*destination, bits),
                                    low_bits(operand(m, i), bits), bits),
                            bits);
}

static bool
condition(const struct machine *m, const struct code_instruction *i)
{
    unsigned bits = code_class(i) == CODE_JMP ? 64 : 32;
    uint64_t a = low_bits(m->r[code_destination(i)], bits);
    uint64_t b = low_bits(operand(m, i), bits);
    int64_t x = (int64_t)sign_extend(a, bits);
    int64_t y = (int64_t)sign_extend(b, bits);

    switch (code_operation(i)) {
    case CODE_JA:
        return true;
    case CODE_JEQ:
        return a == b;
    case CODE_JGT:
        return a > b;
    case CODE_JGE:
        return a >= b;
    case CODE_JSET:
        return (a & b) != 0;
    case CODE_JNE:
        return a != b;
    case CODE_JSGT:
        return x > y;
    case CODE_JSGE:
        return x >= y;
    case CODE_JLT:
        return a < b;
    case CODE_JLE:
        return a <= b;
    case CODE_JSLT:
        return x < y;
    default:
        CHECK(code_operation(i) == CODE_JSLE);
        return x <= y;
    }
}

/* The bytes of a region that are meant, or NULL. */
static uint8_t *
region_find(uint8_t *bytes, uint64_t start, uint64_t region_size,
            uint64_t address, unsigned size)
{
    return region_size >= size && address - start <= region_size - size
               ? bytes + (address - start)
               : NULL;
}

/* Where the access goes, and whether that is misaligned; NULL if it is stopped.
 */
static uint8_t *
address_find(struct machine *m, const struct code_instruction *i, bool *odd)
{
    struct code_run *run = m->run;
    unsigned base = code_instruction_base(i);
    unsigned marks = run->notes[m->at].marks;
    unsigned size = code_access_size(i);
    uint64_t address = m->r[base] + (uint64_t)(int64_t)i->offset;
    uint64_t low = m->r[CODE_FRAME_POINTER] - run->notes[m->function].frame;
    uint64_t height = run->stack_address + run->stack_size - low;
    uint8_t *bottom = run->stack + (low - run->stack_address);
    uint8_t *found = NULL;

    run->address = address;
    *odd = address % size != 0;
    if (base == CODE_FRAME_POINTER) {
        CHECK(address >= low && address + size <= m->r[CODE_FRAME_POINTER]);
        return bottom + (address - low);
    }
    CHECK((marks & (CODE_NOTE_MEMORY | CODE_NOTE_STACK)) != 0);
    if ((marks & CODE_NOTE_MEMORY) != 0) {
        found = region_find(run->memory, run->memory_address, run->memory_size,
                            address, size);
        *odd = (address + (found != NULL ? run->memory_odd : 0)) % size != 0;
    }
    if (found == NULL && (marks & CODE_NOTE_STACK) != 0) {
        found = region_find(bottom, low, height, address, size);
    }
    return found;
}

static uint64_t
bytes_load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, bytes, size);
    return value;
}

static void
atomic_run(struct machine *m, const struct code_instruction *i, uint8_t *bytes)
{
    unsigned size = code_access_size(i);
    uint64_t *source = &m->r[code_source(i)];
    uint64_t old = bytes_load(bytes, size);
    uint64_t new = *source;

    switch (i->immediate & ~CODE_FETCH) {
    case CODE_ADD:
        new = old + *source;
        break;
    case CODE_OR:
        new = old | *source;
        break;
    case CODE_AND:
        new = old &*source;
        break;
    case CODE_XOR:
        new = old ^ *source;
        break;
    default:
        break;
    }
    if (i->immediate == CODE_CMPXCHG) {
        if (low_bits(m->r[0], size * 8) != old) {
            new = old;
        }
        m->r[0] = old;
    } else if ((i->immediate & CODE_FETCH) != 0) {
        *source = old;
    }
    memcpy(bytes, &new, size);
}

static bool
fuel_take(struct machine *m, uint64_t amount)
{
    if (m->run->fuel < amount) {
        return false;
    }
    m->run->fuel -= amount;
    return true;
}

static enum code_stop
access_run(struct machine *m, const struct code_instruction *i)
{
    unsigned size = code_access_size(i);
    bool odd;
    uint8_t *bytes = address_find(m, i, &odd);
    uint64_t value;

    if (bytes == NULL) {
        return CODE_STOP_ACCESS;
    }
    if (code_is_atomic(i)) {
        if (m->run->address % size != 0) {
            return CODE_STOP_ALIGNMENT;
        }
        atomic_run(m, i, bytes);
        return CODE_RUNNING;
    }
    if (odd && !fuel_take(m, code_price_misaligned(size))) {
        return CODE_STOP_FUEL;
    }
    if (code_class(i) == CODE_LDX) {
        value = bytes_load(bytes, size);
        m->r[code_destination(i)] =
            code_mode(i) == CODE_MEMSX ? sign_extend(value, size * 8) : value;
    } else {
        value = code_class(i) == CODE_ST ? (uint64_t)(int64_t)i->immediate
                                         : m->r[code_source(i)];
        memcpy(bytes, &value, size);
    }
    return CODE_RUNNING;
}

/* The frame of the function, whose top is r10, is made. */
static void
frame_clear(struct machine *m)
{
    struct code_run *run = m->run;
    uint64_t height = m->r[CODE_FRAME_POINTER] - run->stack_address;
    uint64_t frame = run->notes[m->function].frame;

    CHECK(height <= run->stack_size && frame <= height && frame % 8 == 0);
    memset(run->stack + (height - frame), 0, frame);
}

static enum code_stop
call_local(struct machine *m, uint32_t target)
{
    struct call *call = &m->calls[m->depth];
    const struct code_note *notes = m->run->notes;

    if (!fuel_take(m, code_price_entry(&notes[target]) +
                          code_price_function(m->run->program, notes, m->use,
                                              target))) {
        return CODE_STOP_FUEL;
    }
    CHECK(m->depth + 1 < CODE_DEPTH_MAX);
    m->depth++;
    call->back = m->at + 1;
    call->function = m->function;
    memcpy(call->saved, &m->r[6], sizeof(call->saved));
    m->r[CODE_FRAME_POINTER] -= m->run->notes[m->function].frame;
    m->function = m->at = target;
    m->r[0] = 0;
    for (unsigned r = 6; r < CODE_FRAME_POINTER; r++) {
        m->r[r] = m->run->poison;
    }
    frame_clear(m);
    return CODE_RUNNING;
}

static void
arguments_unset(struct machine *m)
{
    for (unsigned r = 1; r <= CODE_ARGUMENTS; r++) {
        m->r[r] = m->run->poison;
    }
}

static void
call_return(struct machine *m)
{
    struct call *call = &m->calls[--m->depth];

    m->at = call->back;
    m->function = call->function;
    memcpy(&m->r[6], call->saved, sizeof(call->saved));
    m->r[CODE_FRAME_POINTER] += m->run->notes[m->function].frame;
    arguments_unset(m);
}

/* A jump, call or exit; moves on. */
static enum code_stop
jump_run(struct machine *m, const struct code_instruction *i)
{
    uint32_t target = (uint32_t)code_target(i, m->at);

    if (code_is_exit(i)) {
        if (m->depth == 0) {
            return CODE_STOP_EXIT;
        }
        call_return(m);
        return CODE_RUNNING;
    }
    if (code_is_call(i, CODE_LOCAL)) {
        return call_local(m, target);
    }
    if (code_operation(i) == CODE_CALL) {
        m->r[0] =
            m->run->helper(m->run->context, (uint32_t)i->immediate, &m->r[1]);
        arguments_unset(m);
        if (m->run->wish != CODE_STOP_EXIT) {
            return m->run->wish;
        }
        m->at++;
        return CODE_RUNNING;
    }
    if (!condition(m, i)) {
        m->at++;
        return CODE_RUNNING;
    }
    if (target <= m->at &&
        !fuel_take(m, code_price_run(m->run->program, m->run->notes, m->use,
                                     target, m->at))) {
        return CODE_STOP_FUEL;
    }
    m->at = target;
    return CODE_RUNNING;
}

static enum code_stop
instruction_run(struct machine *m)
{
    const struct code_instruction *i = &m->run->program[m->at];
    enum code_stop stop = CODE_RUNNING;

    if (code_is_jump(i)) {
        return jump_run(m, i);
    }
    if (code_is_arithmetic(i)) {
        arithmetic_run(m, i);
    } else if (code_class(i) == CODE_LD) {
        m->r[code_destination(i)] = (uint64_t)(uint32_t)i[0].immediate |
                                    (uint64_t)(uint32_t)i[1].immediate << 32;
        m->at++;
    } else {
        stop = access_run(m, i);
    }
    m->at += stop == CODE_RUNNING;
    return stop;
}

enum code_stop
code_run(struct code_run *run, const struct code_use *use)
{
    struct machine m = {.run = run, .use = use, .r = run->registers};
    enum code_stop stop = CODE_RUNNING;

    for (unsigned r = 0; r < CODE_FRAME_POINTER; r++) {
        if (r == 0 || r > CODE_ARGUMENTS ||
            use->arguments[r - 1] == CODE_ABSENT) {
            m.r[r] = run->poison;
        }
    }
    m.r[CODE_FRAME_POINTER] = run->stack_address + run->stack_size;
    frame_clear(&m);
    for (run->executed = 0; stop == CODE_RUNNING; run->executed++) {
        const struct code_note *note = &run->notes[m.at];

        CHECK((note->marks & CODE_NOTE_REACHED) != 0);
        CHECK((note->marks & CODE_NOTE_HALF) == 0);
        CHECK_EQUAL(note->function, m.function);
        run->at = m.at;
        stop = instruction_run(&m);
    }
    return stop;
}
