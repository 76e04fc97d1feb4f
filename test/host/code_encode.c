/* SPDX-License-Identifier: MIT */
/*
 * The words of emit.h, against those that the cross assembler makes of the same
 * instructions: `code_encode` prints them as text, `code_encode FILE` compares
 * with what came of it.
 */
#include "kern/code/emit.h"
#include "test/host/check.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define ROWS_MAX 40000

static const unsigned registers[] = {ZERO, RA, SP, T0, T2, A0, A7, S2, S8, T6};
static const int32_t immediates[] = {0, 1, -1, 5, 1024, -1365, 2047, -2048};

static uint32_t words[ROWS_MAX];
static uint32_t count;
static bool silent;

__attribute__((format(printf, 2, 3))) static void
row(uint32_t word, const char *format, ...)
{
    __builtin_va_list arguments;

    CHECK(count < ROWS_MAX);
    words[count++] = word;
    if (!silent) {
        __builtin_va_start(arguments, format);
        (void)vprintf(format, arguments);
        __builtin_va_end(arguments);
        printf("\n");
    }
}

struct name {
    const char *name;
    uint32_t operation;
};

static void
register_rows(void)
{
    static const struct name names[] = {
        {"add", ADD},          {"sub", SUB},
        {"sll", SLL},          {"srl", SRL},
        {"sra", SRA},          {"sltu", SLTU},
        {"xor", XOR},          {"or", OR},
        {"and", AND},          {"mul", MUL},
        {"div", DIV},          {"divu", DIVU},
        {"rem", REM},          {"remu", REMU},
        {"addw", ADD | ON_32}, {"subw", SUB | ON_32},
        {"sllw", SLL | ON_32}, {"srlw", SRL | ON_32},
        {"sraw", SRA | ON_32}, {"mulw", MUL | ON_32},
        {"divw", DIV | ON_32}, {"divuw", DIVU | ON_32},
        {"remw", REM | ON_32}, {"remuw", REMU | ON_32},
    };

    for (size_t n = 0; n < COUNT(names); n++) {
        for (size_t i = 0; i < COUNT(registers); i++) {
            unsigned to = registers[i];
            unsigned a = registers[(i + 3) % COUNT(registers)];
            unsigned b = registers[(i * 7 + 5) % COUNT(registers)];

            row(encode_registers(names[n].operation, to, a, b),
                "%s x%u, x%u, x%u", names[n].name, to, a, b);
        }
    }
}

static void
immediate_rows(void)
{
    static const struct name names[] = {
        {"addi", ADDI}, {"addiw", ADDI | ON_32}, {"xori", XORI},
        {"ori", ORI},   {"andi", ANDI},
    };
    static const struct name loads[] = {
        {"lb", LB},   {"lh", LH},   {"lw", LW},   {"ld", LD},
        {"lbu", LBU}, {"lhu", LHU}, {"lwu", LWU}, {"jalr", JALR},
    };
    static const struct name stores[] = {
        {"sb", SB}, {"sh", SH}, {"sw", SW}, {"sd", SD}};

    for (size_t i = 0; i < COUNT(registers) * COUNT(immediates); i++) {
        unsigned to = registers[i % COUNT(registers)];
        unsigned a = registers[i / COUNT(immediates)];
        int32_t value = immediates[i % COUNT(immediates)];

        for (size_t n = 0; n < COUNT(names); n++) {
            row(encode_immediate(names[n].operation, to, a, value),
                "%s x%u, x%u, %d", names[n].name, to, a, value);
        }
        for (size_t n = 0; n < COUNT(loads); n++) {
            row(encode_immediate(loads[n].operation, to, a, value),
                "%s x%u, %d(x%u)", loads[n].name, to, value, a);
        }
        for (size_t n = 0; n < COUNT(stores); n++) {
            row(encode_store(stores[n].operation, to, a, value),
                "%s x%u, %d(x%u)", stores[n].name, to, value, a);
        }
    }
}

static void
shift_rows(void)
{
    static const struct name names[] = {
        {"slli", SLLI},          {"srli", SRLI},
        {"srai", SRAI},          {"slliw", SLLI | ON_32},
        {"srliw", SRLI | ON_32}, {"sraiw", SRAI | ON_32},
    };

    for (size_t n = 0; n < COUNT(names); n++) {
        for (int32_t by = 1; by < (n < 3 ? 64 : 32); by++) {
            row(encode_immediate(names[n].operation, A0, T6, by),
                "%s x%u, x%u, %d", names[n].name, A0, T6, by);
        }
    }
}

/* Distances by which each bit of the field is alone once. */
static void
jump_rows(void)
{
    static const struct name names[] = {
        {"beq", BEQ}, {"bne", BNE},   {"blt", BLT},
        {"bge", BGE}, {"bltu", BLTU}, {"bgeu", BGEU},
    };

    for (int32_t bit = 4; bit <= 1 << 20; bit *= 2) {
        for (int sign = -1; sign <= 1; sign += 2) {
            int32_t distance = sign * bit;

            if (bit < 4096 || distance == -4096) {
                for (size_t n = 0; n < COUNT(names); n++) {
                    row(encode_branch(names[n].operation, T0, A7, distance),
                        "%s x%u, x%u, .%+d", names[n].name, T0, A7, distance);
                }
            }
            if (bit < 1 << 20 || distance < 0) {
                row(encode_jump(ZERO, distance), "jal x0, .%+d", distance);
                row(encode_jump(RA, distance), "jal x1, .%+d", distance);
            }
        }
    }
    for (uint32_t page = 1; page < 1U << 20; page *= 2) {
        row(encode_lui(T1, page), "lui x%u, %u", T1, page);
    }
    row(encode_lui(T6, 0xfffff), "lui x31, 0xfffff");
}

static void
atomic_rows(void)
{
    static const struct name names[] = {
        {"amoadd", AMOADD}, {"amoswap", AMOSWAP}, {"amoxor", AMOXOR},
        {"amoor", AMOOR},   {"amoand", AMOAND},   {"sc", SC},
    };

    for (size_t n = 0; n < COUNT(names); n++) {
        row(encode_registers(names[n].operation, A0, T0, S2),
            "%s.d.aqrl x%u, x%u, (x%u)", names[n].name, A0, S2, T0);
        row(encode_registers(names[n].operation ^ ATOMIC_32, ZERO, T0, A7),
            "%s.w.aqrl x0, x%u, (x%u)", names[n].name, A7, T0);
    }
    row(encode_registers(LR, A7, T0, ZERO), "lr.d.aqrl x%u, (x%u)", A7, T0);
    row(encode_registers(LR ^ ATOMIC_32, A7, T0, ZERO), "lr.w.aqrl x%u, (x%u)",
        A7, T0);
}

/* Constants have no text of their own: the machine that they are made for is
   small enough to be here. */
static uint64_t
constant_value(const uint32_t *word, uint32_t length)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < length; i++) {
        int64_t immediate = (int32_t)word[i] >> 20;

        CHECK((word[i] >> 7 & 31) == T1);
        switch (word[i] & 0x707f) {
        case ADDI:
            value = ((word[i] >> 15 & 31) == ZERO ? 0 : value) +
                    (uint64_t)immediate;
            break;
        case ADDI | ON_32:
            value = (uint64_t)(int64_t)(int32_t)(uint32_t)(value +
                                                           (uint64_t)immediate);
            break;
        case SLLI:
            value <<= immediate & 63;
            break;
        case SRLI:
            value >>= immediate & 63;
            break;
        default:
            CHECK((word[i] & 0x7f) == LUI);
            value = (uint64_t)(int64_t)(int32_t)(word[i] & 0xfffff000);
        }
    }
    return value;
}

static uint32_t
constant_check(uint64_t value)
{
    uint32_t output[8];
    struct code_compiler c = {
        .pass = COMPILE_EMIT, .output = output, .capacity = 8};

    emit_constant(&c, T1, value);
    CHECK_EQUAL(c.pass, COMPILE_EMIT);
    CHECK_EQUAL(constant_value(output, c.length), value);
    return c.length;
}

static void
constants_check(void)
{
    static const struct {
        uint64_t value;
        uint32_t length;
    } lengths[] = {
        {0, 1},
        {2047, 1},
        {(uint64_t)-2048, 1},
        {2048, 2},
        {0x12345000, 1},
        {0x12345678, 2},
        {0x7fffffff, 2},
        {0xffffffff, 2},
        {0x80000000, 2},
        {1ULL << 63, 2},
        {UINT64_MAX >> 1, 2},
        {0x00ff00ff00ff00ff, 6},
        {1ULL << 40, 2},
        {(uint64_t)INT32_MIN, 1},
    };
    uint64_t state = 7;

    for (size_t i = 0; i < COUNT(lengths); i++) {
        CHECK(constant_check(lengths[i].value) <= lengths[i].length);
    }
    for (unsigned low = 0; low < 64; low++) {
        for (unsigned high = low; high < 64; high++) {
            uint64_t ones = UINT64_MAX >> (63 - high) & UINT64_MAX << low;

            CHECK(constant_check(ones) <= 8);
            CHECK(constant_check(~ones) <= 8);
        }
    }
    for (unsigned i = 0; i < 100000; i++) {
        CHECK(constant_check(random_next(&state) >> random_below(&state, 64)) <=
              8);
    }
}

int
main(int argc, char **argv)
{
    uint32_t *made;
    size_t size = 0;

    silent = argc > 1;
    if (!silent) {
        printf(".option norelax\n.option norvc\n");
    }
    register_rows();
    immediate_rows();
    shift_rows();
    jump_rows();
    atomic_rows();
    if (!silent) {
        return 0;
    }
    made = file_load(argv[1], &size);
    CHECK_EQUAL(size, count * sizeof(*made));
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQUAL(words[i], made[i]);
    }
    free(made);
    constants_check();
    printf("%u instructions\n", count);
    return 0;
}
