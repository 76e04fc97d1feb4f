/* SPDX-License-Identifier: MIT */
#include "test/host/code_generate.h"

#include "test/host/check.h"

#define FUNCTIONS_MAX 4
#define BODY_MAX 40

const struct code_helper code_generate_helpers[CODE_GENERATE_HELPERS] = {
    {7, 2, 1, false},
    {0x80000001, 5, 0, false},
    {11, 0, 30, false},
    {12, 3, 20, true}};

#define CHOOSE(array, state)                                                   \
    ((array)[random_below(state, sizeof(array) / sizeof(*(array)))])

struct generator {
    struct code_instruction *program;
    uint32_t count;
    uint32_t size; /* of the memory */
    bool helpers;
    bool joined; /* to what is before: no jump leads in between */
    uint64_t *state;
    uint32_t start; /* of the function being written */
    uint32_t function;
    uint32_t functions;
    /* By slot: what is still to be aimed. */
    bool starts[CODE_GENERATE_MAX];   /* an instruction */
    uint8_t calls[CODE_GENERATE_MAX]; /* of that function, if not 0 */
};

static void
slot_put(struct generator *g, unsigned opcode, unsigned registers,
         int64_t offset, int64_t immediate)
{
    CHECK(g->count < CODE_GENERATE_MAX);
    g->starts[g->count] = !g->joined;
    g->program[g->count++] =
        (struct code_instruction){(uint8_t)opcode, (uint8_t)registers,
                                  (int16_t)offset, (int32_t)immediate};
}

static int64_t
immediate_choose(struct generator *g)
{
    static const int64_t special[] = {
        0,         1,   2,   7,      8,      15,         16, 31,
        32,        33,  63,  64,     -1,     -2,         -8, INT32_MIN,
        INT32_MAX, 255, 256, 0xffff, -32768, 0x12345678,
    };

    return random_below(g->state, 3) == 0
               ? (int32_t)(uint32_t)random_next(g->state)
               : CHOOSE(special, g->state);
}

static void
constant_put(struct generator *g, unsigned destination)
{
    static const uint64_t special[] = {
        0,          1,
        INT64_MAX,  (uint64_t)INT64_MIN,
        UINT64_MAX, 0x80000000,
        0xffffffff, 0x100000000,
        0x7fffffff, 0x8000000080000000,
    };
    uint64_t value;

    if (random_below(g->state, 2) == 0) {
        slot_put(g, CODE_ALU64 | CODE_MOV, destination, 0, immediate_choose(g));
        return;
    }
    value = random_below(g->state, 2) == 0 ? random_next(g->state)
                                           : CHOOSE(special, g->state);
    slot_put(g, CODE_LD_IMM64, destination, 0, (int32_t)(uint32_t)value);
    slot_put(g, 0, 0, 0, (int32_t)(uint32_t)(value >> 32));
    g->starts[g->count - 1] = false;
}

/* r1 and r6 keep the address of memory. */
static unsigned
destination_choose(struct generator *g)
{
    static const uint8_t registers[] = {0, 0, 2, 3, 4, 5, 7, 8, 9};

    return CHOOSE(registers, g->state);
}

static void
arithmetic_put(struct generator *g)
{
    static const uint8_t operations[] = {
        CODE_ADD, CODE_SUB, CODE_MUL, CODE_DIV, CODE_OR,   CODE_AND, CODE_LSH,
        CODE_RSH, CODE_MOD, CODE_XOR, CODE_MOV, CODE_ARSH, CODE_DIV, CODE_MOD,
    };
    unsigned operation = CHOOSE(operations, g->state);
    unsigned class = random_below(g->state, 2) == 0 ? CODE_ALU : CODE_ALU64;
    unsigned destination = destination_choose(g);
    bool is_signed = (operation == CODE_DIV || operation == CODE_MOD) &&
                     random_below(g->state, 2) == 0;

    if (random_below(g->state, 2) == 0) {
        slot_put(g, class | operation, destination, is_signed,
                 immediate_choose(g));
        return;
    }
    slot_put(g, class | operation | CODE_X,
             destination | (unsigned)random_below(g->state, 10) << 4, is_signed,
             0);
    if (operation == CODE_MOV) {
        static const int16_t widths[] = {0, 8, 16, 32};

        g->program[g->count - 1].offset =
            widths[random_below(g->state, class == CODE_ALU ? 3 : 4)];
    }
}

static void
unary_put(struct generator *g)
{
    static const uint8_t opcodes[] = {
        CODE_ALU | CODE_NEG,   CODE_ALU64 | CODE_NEG,
        CODE_ALU | CODE_END,   CODE_ALU | CODE_END | CODE_X,
        CODE_ALU64 | CODE_END,
    };
    unsigned opcode = CHOOSE(opcodes, g->state);
    bool swap = (opcode & CODE_OPERATION) == CODE_END;

    slot_put(g, opcode, destination_choose(g), 0,
             swap ? 16 << random_below(g->state, 3) : 0);
}

/* A pointer to the stack into a register, and how far below the frame's end. */
static int64_t
stack_pointer_put(struct generator *g, unsigned to)
{
    int64_t below = 8 * (int64_t)(1 + random_below(g->state, 64));

    slot_put(g, CODE_ALU64 | CODE_MOV | CODE_X, to | CODE_FRAME_POINTER << 4, 0,
             0);
    g->joined = true;
    slot_put(g, CODE_ALU64 | CODE_ADD, to, 0, -below);
    return below;
}

/* Instead of such a place, one through a pointer to the stack, or through one
   that was on the stack, of which nobody knows what it is. */
static void
pointer_choose(struct generator *g, unsigned size, unsigned *base,
               int64_t *offset)
{
    unsigned from = *base;
    int64_t below;

    if (random_below(g->state, 2) == 0) {
        *base = 7 + (unsigned)random_below(g->state, 3);
        below = stack_pointer_put(g, *base);
        *offset = (int64_t)random_below(g->state, (uint64_t)below);
        if (random_below(g->state, 8) != 0) {
            *offset = below - (int64_t)size;
        }
        from = *base;
    }
    if (random_below(g->state, 2) == 0 && from != CODE_FRAME_POINTER) {
        slot_put(g, CODE_STX | CODE_MEM | CODE_DW,
                 CODE_FRAME_POINTER | from << 4, -8, 0);
        g->joined = true;
        *base = 7 + (unsigned)random_below(g->state, 3);
        slot_put(g, CODE_LDX | CODE_MEM | CODE_DW,
                 *base | CODE_FRAME_POINTER << 4, -8, 0);
    }
}

/* Where an access of that size goes: base and offset, mostly inside. */
static void
address_choose(struct generator *g, unsigned size, unsigned *base,
               int64_t *offset)
{
    *base = random_below(g->state, 2) == 0 ? 1 : 6;
    if (random_below(g->state, 3) == 0) {
        *base = CODE_FRAME_POINTER;
        *offset = -(int64_t)(size * (1 + random_below(g->state, 512 / size)));
        if (random_below(g->state, 2) == 0) {
            *offset = -(int64_t)size;
        }
    } else if (random_below(g->state, 60) == 0 || g->size < size) {
        *offset = (int64_t)random_below(g->state, g->size + 16) - 8;
    } else {
        *offset = (int64_t)random_below(g->state, g->size - size + 1);
    }
    if (random_below(g->state, 4) == 0) {
        pointer_choose(g, size, base, offset);
    }
}

static void
access_put(struct generator *g)
{
    static const uint8_t sizes[] = {CODE_B, CODE_H, CODE_W, CODE_DW};
    unsigned size = CHOOSE(sizes, g->state);
    unsigned bytes = size == CODE_DW ? 8 : size == CODE_W ? 4 : 1;
    unsigned source = (unsigned)random_below(g->state, 10);
    unsigned base = 0;
    int64_t offset = 0;

    address_choose(g, size == CODE_H ? 2 : bytes, &base, &offset);
    switch (random_below(g->state, 5)) {
    case 0:
    case 1:
        slot_put(g, CODE_LDX | CODE_MEM | size,
                 base << 4 | destination_choose(g), offset, 0);
        return;
    case 2:
        slot_put(g, CODE_LDX | (size == CODE_DW ? CODE_MEM : CODE_MEMSX) | size,
                 base << 4 | destination_choose(g), offset, 0);
        return;
    case 3:
        slot_put(g, CODE_ST | CODE_MEM | size, base, offset,
                 immediate_choose(g));
        return;
    default:
        slot_put(g, CODE_STX | CODE_MEM | size, base | source << 4, offset, 0);
        return;
    }
}

static void
atomic_put(struct generator *g)
{
    static const uint8_t operations[] = {
        CODE_ADD,
        CODE_OR,
        CODE_AND,
        CODE_XOR,
        CODE_ADD | CODE_FETCH,
        CODE_OR | CODE_FETCH,
        CODE_AND | CODE_FETCH,
        CODE_XOR | CODE_FETCH,
        CODE_XCHG,
        CODE_CMPXCHG,
    };
    unsigned size = random_below(g->state, 2) == 0 ? CODE_W : CODE_DW;
    unsigned bytes = size == CODE_DW ? 8 : 4;
    unsigned base = 0;
    int64_t offset = 0;

    address_choose(g, bytes, &base, &offset);
    slot_put(g, CODE_STX | CODE_ATOMIC | size,
             base | destination_choose(g) << 4,
             random_below(g->state, 30) == 0 ? offset : offset & -(int)bytes,
             CHOOSE(operations, g->state));
}

/* Aimed when the function is complete. */
static void
jump_put(struct generator *g)
{
    static const uint8_t operations[] = {
        CODE_JEQ,  CODE_JGT, CODE_JGE, CODE_JSET, CODE_JNE,  CODE_JSGT,
        CODE_JSGE, CODE_JLT, CODE_JLE, CODE_JSLT, CODE_JSLE, CODE_JA,
    };
    unsigned operation = CHOOSE(operations, g->state);
    unsigned class = random_below(g->state, 2) == 0 ? CODE_JMP : CODE_JMP32;

    if (operation == CODE_JA) {
        slot_put(g, class, 0, 0, 0);
    } else if (random_below(g->state, 2) == 0) {
        slot_put(g, class | operation, (unsigned)random_below(g->state, 10), 0,
                 immediate_choose(g));
    } else {
        slot_put(g, class | operation | CODE_X,
                 (unsigned)(random_below(g->state, 10) |
                            random_below(g->state, 10) << 4),
                 0, 0);
    }
}

/* What a call left unset is set again. */
static void
arguments_put(struct generator *g)
{
    slot_put(g, CODE_ALU64 | CODE_MOV | CODE_X, 6 << 4 | 1, 0, 0);
    for (unsigned r = 2; r <= CODE_ARGUMENTS; r++) {
        constant_put(g, r);
    }
}

static void
helper_put(struct generator *g)
{
    const struct code_helper *helper = &CHOOSE(code_generate_helpers, g->state);

    slot_put(g, CODE_JMP | CODE_CALL, 0, 0, (int32_t)helper->number);
    arguments_put(g);
}

/* A call of a later function, r3 a pointer to the stack. */
static void
call_put(struct generator *g)
{
    if (g->helpers && random_below(g->state, 2) == 0) {
        helper_put(g);
        return;
    }
    if (g->function + 1 >= g->functions) {
        return;
    }
    (void)stack_pointer_put(g, 3);
    g->calls[g->count] =
        (uint8_t)(g->function + 1 +
                  random_below(g->state, g->functions - g->function - 1));
    slot_put(g, CODE_JMP | CODE_CALL, CODE_LOCAL << 4, 0, 0);
    g->joined = false;
    arguments_put(g);
}

static void
jumps_aim(struct generator *g)
{
    for (uint32_t at = g->start; at < g->count; at++) {
        struct code_instruction *i = &g->program[at];
        uint64_t target = at + 1 + random_below(g->state, g->count - at);
        int64_t distance;

        if (!g->starts[at] || !code_is_jump(i) || code_is_exit(i) ||
            i->opcode == (CODE_JMP | CODE_CALL)) {
            continue;
        }
        if (random_below(g->state, 12) == 0) {
            target = g->start + random_below(g->state, at - g->start + 1);
        }
        while (target >= g->count || !g->starts[target]) {
            target--;
        }
        distance = (int64_t)target - at - 1;
        if (i->opcode == (CODE_JMP32 | CODE_JA)) {
            i->immediate = (int32_t)distance;
        } else {
            i->offset = (int16_t)distance;
        }
    }
}

static void
function_put(struct generator *g)
{
    uint64_t length = 1 + random_below(g->state, BODY_MAX);

    g->start = g->count;
    slot_put(g, CODE_ALU64 | CODE_MOV | CODE_X, 1 << 4 | 6, 0, 0);
    if (g->function > 0) { /* its caller's frame */
        slot_put(g, CODE_LDX | CODE_MEM | CODE_DW, 3 << 4, 0, 0);
        slot_put(g, CODE_STX | CODE_MEM | CODE_H, 3,
                 (int64_t)random_below(g->state, 8), 0);
    }
    for (unsigned r = 0; r < CODE_FRAME_POINTER; r++) {
        if (r != 1 && r != 6 && (r != 2 || random_below(g->state, 2) == 0)) {
            constant_put(g, r);
        }
    }
    for (uint64_t n = 0; n < length && g->count < g->start + 100; n++) {
        static void (*const kinds[])(struct generator *) = {
            arithmetic_put, arithmetic_put, arithmetic_put, unary_put,
            access_put,     access_put,     atomic_put,     jump_put,
        };

        CHOOSE(kinds, g->state)(g);
        g->joined = false;
        if (random_below(g->state, 20) == 0) {
            call_put(g);
        }
    }
    slot_put(g, CODE_JMP | CODE_EXIT, 0, 0, 0);
    jumps_aim(g);
}

uint32_t
code_generate(struct code_instruction *program, uint32_t size, uint64_t *state,
              bool helpers)
{
    struct generator g = {
        .program = program, .size = size, .helpers = helpers, .state = state};
    uint32_t starts[FUNCTIONS_MAX] = {0};

    g.functions = 1 + (uint32_t)random_below(state, FUNCTIONS_MAX);
    for (; g.function < g.functions; g.function++) {
        starts[g.function] = g.count;
        function_put(&g);
    }
    for (uint32_t at = 0; at < g.count; at++) {
        if (g.calls[at] != 0) {
            program[at].immediate =
                (int32_t)((int64_t)starts[g.calls[at]] - at - 1);
        }
    }
    return g.count;
}

uint64_t
code_generate_helper(void *context, uint32_t number, const uint64_t *arguments)
{
    uint64_t result = number;
    uint32_t row = 0;

    while (code_generate_helpers[row].number != number) {
        row++;
    }
    for (uint32_t a = 0; a < code_generate_helpers[row].arguments; a++) {
        result = (result ^ arguments[a]) * 0x9e3779b97f4a7c15;
    }
    if (result >> 60 == 0 && !code_generate_helpers[row].plain) {
        *(enum code_stop *)context =
            (enum code_stop)(CODE_STOP_HELPER + (result >> 59 & 1));
    }
    return result;
}
