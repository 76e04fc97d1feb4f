/* SPDX-License-Identifier: MIT */
/*
 * Damages the given trees in a repeatable way and opens and walks what is
 * left. The copies are as large as the tree and begin at an odd address, so
 * that the sanitizers see every read outside; that the test ends shows that
 * the walks do.
 */
#include "kern/boot/fdt.h"
#include "test/host/check.h"
#include "test/host/fdt_walk.h"

#define MUTATIONS 8000
#define SEED 0x43686974696eULL

enum {
    HEADER_SIZE = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_STRINGS_SIZE = 32,
    HEADER_STRUCTURE_SIZE = 36,
    HEADER_END = 40,
};

struct counts {
    uint32_t opened;
    uint32_t refused;
};

static void
word_put(uint8_t *at, uint64_t word)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

static uint32_t
word_get(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void
copy_open(const uint8_t *copy, size_t size, uint32_t stride,
          struct counts *counts)
{
    struct fdt tree;

    if (fdt_open(&tree, copy, size) == 0) {
        counts->opened++;
        CHECK(tree.fault == NULL);
        fdt_walk(&tree, stride);
    } else {
        counts->refused++;
        CHECK(tree.fault != NULL);
        CHECK(tree.fault_at <= size);
        CHECK_EQUAL(tree.root, FDT_NONE);
    }
}

/* A value that is likely to be wrong in an interesting way. */
static uint32_t
word_choose(uint64_t *state, size_t size)
{
    static const uint32_t special[] = {
        0,          1,  2,          3,          4,          5,
        8,          9,  16,         17,         0x7fffffff, 0x80000000,
        0xfffffff0, 40, 0xfffffff8, 0xfffffffc, 0xffffffff,
    };
    uint64_t choice = random_below(state, 4);

    if (choice == 0) {
        return (uint32_t)random_next(state);
    }
    if (choice == 1) {
        return (uint32_t)random_below(state, size + 8);
    }
    return special[random_below(state, sizeof(special) / sizeof(special[0]))];
}

static void
copy_damage(uint8_t *copy, size_t size, uint64_t *state)
{
    uint64_t times = 1 + random_below(state, 4);
    size_t limit = random_below(state, 8) == 0 ? HEADER_END : size;

    for (; times > 0; times--) {
        size_t at = random_below(state, limit);
        if (random_below(state, 2) == 0) {
            copy[at] = (uint8_t)random_next(state);
        } else if (at + 4 <= size) {
            word_put(copy + at - at % 4, word_choose(state, size));
        }
    }
}

static void
mutate(const uint8_t *blob, size_t size, struct counts *counts)
{
    uint64_t state = SEED;

    for (int i = 0; i < MUTATIONS; i++) {
        uint8_t *buffer = malloc(size + 1);
        CHECK(buffer != NULL);
        memcpy(buffer + 1, blob, size);
        copy_damage(buffer + 1, size, &state);
        copy_open(buffer + 1, size, 1 + (uint32_t)random_below(&state, 16),
                  counts);
        free(buffer);
    }
}

/*
 * Cuts the blob off. The header says so in none, one or both of its places,
 * and in the last case the structure block is cut off, not only its strings.
 */
static void
truncate_at(const uint8_t *blob, size_t length, struct counts *counts)
{
    uint8_t *buffer = malloc(length + 1);
    uint8_t *copy = buffer + 1;

    CHECK(buffer != NULL);
    memcpy(copy, blob, length);
    copy_open(copy, length, 1, counts);
    if (length >= HEADER_END) {
        uint32_t structure = word_get(copy + HEADER_STRUCTURE);
        word_put(copy + HEADER_SIZE, length);
        copy_open(copy, length, 1, counts);
        if (length >= structure) {
            word_put(copy + HEADER_STRUCTURE_SIZE, length - structure);
        }
        word_put(copy + HEADER_STRINGS, HEADER_END);
        word_put(copy + HEADER_STRINGS_SIZE, 0);
        copy_open(copy, length, 1, counts);
    }
    free(buffer);
}

int
main(int argc, char **argv)
{
    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *blob = file_load(argv[i], &size);
        struct counts cut = {0, 0};
        struct counts damaged = {0, 0};

        for (size_t length = 0; length < size; length++) {
            truncate_at(blob, length, &cut);
        }
        mutate(blob, size, &damaged);
        CHECK(damaged.opened > 0 && damaged.refused > 0);
        printf("%s: damaged: %u opened, %u refused; cut off: %u opened, "
               "%u refused\n",
               argv[i], damaged.opened, damaged.refused, cut.opened,
               cut.refused);
        free(blob);
    }
    return 0;
}
