/* SPDX-License-Identifier: MIT */
/*
 * Damages the headers of the given ELF files in a repeatable way and hands what
 * is left to the fuzzer's function. The copies are as large as what is left and
 * begin at an odd address, so that the sanitizers see every read outside.
 */
#include "kern/boot/elf.h"
#include "test/host/mutate.h"

#define MUTATIONS 300000

enum {
    HEADER_SIZE = 64,
    PROGRAM_HEADER_SIZE = 56,
    PHNUM = 56,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t opened;
static uint32_t refused;

static void
copy_open(const uint8_t *bytes, size_t size)
{
    static const struct elf_limits limits = {0x1000, 0x4000000000, 4096};
    uint8_t *buffer = malloc(size + 1);
    struct elf elf;

    CHECK(buffer != NULL);
    memcpy(buffer + 1, bytes, size);
    (void)LLVMFuzzerTestOneInput(buffer + 1, size);
    if (elf_open(&elf, buffer + 1, size, &limits) == 0) {
        opened++;
    } else {
        refused++;
    }
    free(buffer);
}

static uint64_t
number_get(const uint8_t *at, int width)
{
    uint64_t number = 0;

    while (width > 0) {
        number = number << 8 | at[--width];
    }
    return number;
}

static void
number_put(uint8_t *at, int width, uint64_t number)
{
    for (int i = 0; i < width; i++) {
        at[i] = (uint8_t)(number >> 8 * i);
    }
}

/* A number that is likely to be wrong in an interesting way. */
static uint64_t
number_choose(uint64_t *state, size_t size, uint64_t old)
{
    static const uint64_t special[] = {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        16,
        17,
        4095,
        4096,
        4097,
        0x10000,
        0x3fff,
        0x11000,
        0x12000,
        0x7fff,
        0xffff,
        UINT32_MAX,
        UINT64_MAX,
        UINT64_MAX - 4095,
        INT64_MAX,
        0x4000000000,
        0x3ffffff000,
    };
    uint64_t distance = random_below(state, 5) - 2;

    switch (random_below(state, 4)) {
    case 0:
        return random_next(state);
    case 1:
        return random_below(state, size + 8);
    case 2: /* beside the right one, in units that matter */
        return old + distance * (random_below(state, 2) == 0 ? 1 : 4096);
    default:
        return special[random_below(state, sizeof(special) / 8)];
    }
}

/* Changes a field of the file header or, mostly, of a program header. */
static void
field_damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint8_t file_fields[][2] = {
        {0, 4},  {4, 1},  {5, 1},  {6, 1},  {16, 2}, {18, 2}, {20, 4},
        {24, 8}, {24, 8}, {32, 8}, {48, 4}, {52, 2}, {54, 2}, {56, 2},
    };
    static const uint8_t program_fields[][2] = {
        {0, 4}, {4, 4}, {8, 8}, {16, 8}, {24, 8}, {32, 8}, {40, 8}, {48, 8},
    };
    const uint8_t *field = file_fields[random_below(state, 14)];
    size_t at = field[0];

    if (random_below(state, 8) != 0) {
        field = program_fields[random_below(state, 8)];
        at = HEADER_SIZE + field[0] +
             PROGRAM_HEADER_SIZE * random_below(state, 1 + bytes[PHNUM]);
    }
    if (at + field[1] <= size) {
        uint64_t old = number_get(bytes + at, field[1]);
        number_put(bytes + at, field[1], number_choose(state, size, old));
    }
}

/* Also an empty file is a possible outcome. */
static size_t
copy_damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    switch (random_below(state, 16)) {
    case 0:
        return random_below(state, size + 1);
    case 1:
        if (size > HEADER_SIZE + 8 * PROGRAM_HEADER_SIZE) {
            bytes[random_below(state, HEADER_SIZE + 8 * PROGRAM_HEADER_SIZE)] =
                (uint8_t)random_next(state);
        }
        return size;
    default:
        if (size > HEADER_SIZE) {
            field_damage(bytes, size, state);
        }
        return size;
    }
}

int
main(int argc, char **argv)
{
    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *file = file_load(argv[i], &size);

        opened = refused = 0;
        for (size_t length = 0; length < size; length++) {
            copy_open(file, length);
        }
        printf("%s: cut off: %u opened, %u refused; ", argv[i], opened,
               refused);
        opened = refused = 0;
        copy_open(file, size);
        CHECK_EQUAL(opened, 1);
        mutate(file, size, MUTATIONS / (argc - 1) + 1, copy_damage, copy_open);
        CHECK(opened > 1 && refused > 0);
        printf("damaged: %u opened, %u refused\n", opened, refused);
        free(file);
    }
    return 0;
}
