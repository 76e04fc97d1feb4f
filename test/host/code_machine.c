/* SPDX-License-Identifier: MIT */
#include "test/host/check.h"
#include "test/host/code_machine_part.h"

/* Where things really are. */
#define CONTEXT 0x5000000000ULL
#define MEMORY 0xffffffd012345000ULL
#define STACK 0x6000000000ULL
#define SAVED 0x6100000000ULL
#define CODE 0x1000000ULL
#define BACK 0x777770ULL /* of the caller */
#define HELPERS 0xffffffffc0001f2cULL

struct run {
    struct code_machine *m;
    struct code_context context;
    uint8_t saved[CODE_COMPILE_STACK];
    uint64_t x[32];
    uint64_t pc; /* in words */
    uint64_t stack_end;
    bool reserved;
    uint64_t reservation;
    uint32_t disturbance;
};

uint64_t
code_machine_helper(uint32_t row)
{
    return HELPERS + row * 0x800ULL;
}

/* The bytes that an access is about, of those that its base is for. */
static uint8_t *
bytes_find(struct run *r, const struct decoded *d, uint64_t address,
           unsigned size, bool store)
{
    struct code_machine *m = r->m;
    uint64_t memory = MEMORY + m->memory_odd;

    CHECK(address % size == 0);
    if (d->a == m->compiler->context) {
        uint64_t at = address - CONTEXT;

        CHECK(at + size <= sizeof(r->context));
        CHECK(!store || at == offsetof(struct code_context, bottom) ||
              at == offsetof(struct code_context, fuel) ||
              at == offsetof(struct code_context, kept));
        return (uint8_t *)&r->context + at;
    }
    if (d->a == X_SP) {
        CHECK(address >= SAVED && address - SAVED + size <= sizeof(r->saved));
        return r->saved + (address - SAVED);
    }
    if (d->a == X_T0 && address >= memory &&
        address - memory + size <= m->memory_size) {
        return m->memory + (address - memory);
    }
    CHECK(address >= STACK && address - STACK + size <= m->stack_size);
    return m->stack + (address - STACK);
}

static uint64_t
load(struct run *r, const struct decoded *d)
{
    unsigned size = 1U << (d->kind & 3);
    uint64_t value = 0;

    memcpy(&value,
           bytes_find(r, d, r->x[d->a] + (uint64_t)d->immediate, size, false),
           size);
    return d->kind < 3 ? (uint64_t)code_machine_extend(value, size * 8) : value;
}

static void
store(struct run *r, const struct decoded *d)
{
    unsigned size = 1U << d->kind;

    memcpy(bytes_find(r, d, r->x[d->a] + (uint64_t)d->immediate, size, true),
           &r->x[d->b], size);
}

static uint64_t
atomic_result(unsigned function, uint64_t old, uint64_t with)
{
    switch (function) {
    case 0:
        return old + with;
    case 1:
        return with;
    case 4:
        return old ^ with;
    case 8:
        return old | with;
    default:
        return old & with;
    }
}

static uint64_t
atomic(struct run *r, const struct decoded *d)
{
    unsigned size = d->kind == 2 ? 4 : 8;
    unsigned function = d->upper >> 2;
    uint64_t address = r->x[d->a];
    uint8_t *bytes = bytes_find(r, d, address, size, true);
    uint64_t old = 0;
    uint64_t new;

    memcpy(&old, bytes, size);
    old = (uint64_t)code_machine_extend(old, size * 8);
    if (function == 2) {
        r->reserved = true;
        r->reservation = address;
        return old;
    }
    if (function == 3) {
        bool succeeds = r->reserved && r->reservation == address;

        r->reserved = false;
        if (r->disturbance > 0) {
            r->disturbance--;
            return 1;
        }
        if (succeeds) {
            memcpy(bytes, &r->x[d->b], size);
        }
        return succeeds ? 0 : 1;
    }
    new = atomic_result(function, old, r->x[d->b]);
    memcpy(bytes, &new, size);
    return old;
}

/* RISC-V Unprivileged 7.2: by zero, and the lowest number by -1. */
static uint64_t
divide(unsigned kind, uint64_t a, uint64_t b)
{
    int64_t x = (int64_t)a;
    int64_t y = (int64_t)b;

    if (b == 0) {
        return kind < 6 ? UINT64_MAX : a;
    }
    switch (kind) {
    case 4:
        return y == -1 ? 0 - a : (uint64_t)(x / y);
    case 5:
        return a / b;
    case 6:
        return y == -1 ? 0 : (uint64_t)(x % y);
    default:
        return a % b;
    }
}

/* Operations of 64 bits; `upper` as in the word. */
static uint64_t
operate(unsigned kind, unsigned upper, uint64_t a, uint64_t b)
{
    if (upper == 1) {
        return kind == 0 ? a * b : divide(kind, a, b);
    }
    switch (kind) {
    case 0:
        return upper == 0x20 ? a - b : a + b;
    case 1:
        return a << (b & 63);
    case 2:
        return (int64_t)a < (int64_t)b;
    case 3:
        return a < b;
    case 4:
        return a ^ b;
    case 5:
        return upper == 0x20 ? (uint64_t)((int64_t)a >> (b & 63))
                             : a >> (b & 63);
    case 6:
        return a | b;
    default:
        return a & b;
    }
}

static uint64_t
operate_32(unsigned kind, unsigned upper, uint64_t a, uint64_t b)
{
    bool without =
        (upper == 1 && (kind == 5 || kind == 7)) || (kind == 5 && upper == 0);
    uint64_t x = without ? (uint32_t)a : (uint64_t)(int32_t)(uint32_t)a;
    uint64_t y = without ? (uint32_t)b : (uint64_t)(int32_t)(uint32_t)b;

    if (upper != 1 && (kind == 1 || kind == 5)) {
        y &= 31;
    }
    return (uint64_t)code_machine_extend(
        operate(kind, upper, x, y) & 0xffffffff, 32);
}

static bool
compare(unsigned kind, uint64_t a, uint64_t b)
{
    switch (kind) {
    case 0:
        return a == b;
    case 1:
        return a != b;
    case 4:
        return (int64_t)a < (int64_t)b;
    case 5:
        return (int64_t)a >= (int64_t)b;
    case 6:
        return a < b;
    default:
        return a >= b;
    }
}

/* A call of C: it may leave anything where it need not preserve. */
static void
helper_call(struct run *r, uint64_t address)
{
    const struct code_use *use = r->m->compiler->use;
    uint64_t arguments[CODE_ARGUMENTS];
    uint64_t result;
    uint32_t row = 0;

    while (row < use->helper_count && code_machine_helper(row) != address) {
        row++;
    }
    CHECK(row < use->helper_count);
    CHECK_EQUAL(r->x[X_A0], CONTEXT);
    CHECK(r->x[X_SP] % 16 == 0);
    memcpy(arguments, &r->x[X_A1], sizeof(arguments));
    result = r->m->helper(r->m->wish, use->helpers[row].number, arguments);
    r->context.stop = *r->m->wish;
    for (unsigned x = 1; x < 32; x++) {
        if ((x >= X_T0 && x <= X_T2) || (x >= X_A0 && x <= X_A7) || x >= X_T3 ||
            x == X_RA) {
            r->x[x] = r->m->poison + x;
        }
    }
    r->x[X_A0] = result;
}

/* Where the word leads. */
static uint64_t
control(struct run *r, const struct decoded *d)
{
    uint64_t next = r->pc + 1;
    uint64_t target = r->x[d->a] + (uint64_t)d->immediate;

    if (d->opcode == 0x63) {
        return compare(d->kind, r->x[d->a], r->x[d->b])
                   ? r->pc + (uint64_t)(d->immediate / 4)
                   : next;
    }
    if (d->opcode == 0x67 && d->to == X_RA) {
        helper_call(r, target);
        return next;
    }
    if (d->to != X_ZERO) {
        r->x[d->to] = CODE + next * 4;
    }
    if (d->opcode == 0x6f) {
        return r->pc + (uint64_t)(d->immediate / 4);
    }
    CHECK(target % 4 == 0);
    if (target == BACK) {
        return UINT64_MAX;
    }
    return (target - CODE) / 4;
}

static uint64_t
value_of(struct run *r, const struct decoded *d)
{
    uint64_t a = r->x[d->a];
    uint64_t immediate = (uint64_t)d->immediate;
    unsigned upper = 0;

    switch (d->opcode) {
    case 0x03:
        return load(r, d);
    case 0x13:
    case 0x1b:
        if (d->kind == 1 || d->kind == 5) {
            immediate &= 63;
            upper = d->word >> 30 != 0 ? 0x20 : 0;
        }
        return d->opcode == 0x13 ? operate(d->kind, upper, a, immediate)
                                 : operate_32(d->kind, upper, a, immediate);
    case 0x2f:
        return atomic(r, d);
    case 0x33:
        return operate(d->kind, d->upper, a, r->x[d->b]);
    case 0x37:
        return (uint64_t)code_machine_extend(d->word & 0xfffff000, 32);
    default:
        CHECK(d->opcode == 0x3b);
        return operate_32(d->kind, d->upper, a, r->x[d->b]);
    }
}

static void
step(struct run *r)
{
    struct decoded d;
    uint64_t value;

    CHECK(r->pc < r->m->length);
    d = decode(r->m->words[r->pc]);
    r->m->executed++;
    if (d.opcode == 0x63 || d.opcode == 0x67 || d.opcode == 0x6f) {
        r->pc = control(r, &d);
        return;
    }
    if (d.opcode == 0x23) {
        store(r, &d);
    } else {
        value = value_of(r, &d);
        if (d.to != X_ZERO) {
            r->x[d.to] = value;
        }
    }
    r->pc++;
}

void
code_machine_run(struct code_machine *m)
{
    struct run r = {.m = m, .disturbance = m->disturbance};
    uint64_t before[32];

    code_machine_check(m);
    CHECK(m->stack_size % 8 == 0);
    for (unsigned x = 1; x < 32; x++) {
        r.x[x] = m->poison + x;
    }
    memset(r.saved, (int)(m->poison & 0xff), sizeof(r.saved));
    code_context_begin(&r.context, m->stack, (uint32_t)m->stack_size,
                       (int64_t)m->fuel);
    code_context_memory(&r.context, m->memory, m->memory_size);
    r.context.stack = (uint8_t *)(uintptr_t)(STACK + m->stack_size);
    r.context.bottom = r.context.stack;
    r.context.memory = (uint8_t *)(uintptr_t)(MEMORY + m->memory_odd);
    r.x[X_RA] = BACK;
    r.x[X_SP] = SAVED + sizeof(r.saved);
    r.x[X_A0] = CONTEXT;
    for (unsigned a = 0; a < CODE_ARGUMENTS; a++) {
        if (m->compiler->use->arguments[a] != CODE_ABSENT) {
            r.x[X_A1 + a] = m->arguments[a];
        }
    }
    memcpy(before, r.x, sizeof(before));
    for (m->executed = 0; r.pc != UINT64_MAX;) {
        step(&r);
    }
    for (unsigned x = 0; x < 32; x++) {
        if (x <= 4 || x == 8 || x == 9 || (x >= X_S2 && x < X_T3)) {
            CHECK(x == X_RA || r.x[x] == before[x]);
        }
    }
    m->result = (struct code_result){r.x[X_A0], r.x[X_A1]};
    m->fuel = (uint64_t)r.context.fuel;
}
