/* SPDX-License-Identifier: MIT */
/*
 * Damages the given archives in a repeatable way and hands what is left to the
 * fuzzer's function. The copies are as large as what is left and begin at an
 * odd address, so that the sanitizers see every read outside.
 */
#include "kern/boot/archive.h"
#include "test/host/mutate.h"

#define MUTATIONS 240000
#define HEADER_SIZE 110

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t opened;
static uint32_t refused;

static void
copy_open(const uint8_t *bytes, size_t size)
{
    uint8_t *buffer = malloc(size + 1);
    struct archive archive;

    CHECK(buffer != NULL);
    memcpy(buffer + 1, bytes, size);
    (void)LLVMFuzzerTestOneInput(buffer + 1, size);
    if (archive_open(&archive, buffer + 1, size) == 0) {
        opened++;
    } else {
        refused++;
    }
    free(buffer);
}

/* Some header at or after a random place, else the first. */
static size_t
header_choose(const uint8_t *bytes, size_t size, uint64_t *state)
{
    size_t at = random_below(state, size) & ~(size_t)3;

    for (; at + HEADER_SIZE <= size; at += 4) {
        if (memcmp(bytes + at, "07070", 5) == 0) {
            return at;
        }
    }
    return 0;
}

/* A field that is likely to be wrong in an interesting way. */
static void
field_damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint32_t special[] = {
        0,      1,      2,      3,      4,      11,     4096,       4097,
        040755, 100644, 0xfffc, 0xfffd, 0xffff, 0x8000, 0x7fffffff, UINT32_MAX,
    };
    static const uint32_t often[] = {1, 4, 6, 11, 12};
    size_t at = header_choose(bytes, size, state);
    uint64_t field = random_below(state, 2) == 0 ? often[random_below(state, 5)]
                                                 : random_below(state, 13);
    char digits[9];
    uint32_t value;

    if (size < HEADER_SIZE) {
        return;
    }
    value = special[random_below(state, sizeof(special) / sizeof(*special))];
    if (random_below(state, 2) == 0) {
        value = (uint32_t)random_below(state, size + 8);
    }
    (void)snprintf(digits, sizeof(digits), "%08x", value);
    memcpy(bytes + at + 6 + 8 * field, digits, 8);
}

static size_t
copy_damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const char likely[] = "0123456789abcdefABCDEFg/\0.T";
    size_t at = random_below(state, size);
    size_t length = 1 + random_below(state, size - at);

    switch (random_below(state, 8)) {
    case 0:
        bytes[at] = (uint8_t)random_next(state);
        return size;
    case 1:
        bytes[at] = (uint8_t)likely[random_below(state, sizeof(likely))];
        return size;
    case 2: /* cut off */
        return 1 + at;
    case 3: /* cut out, by words now and then so that entries stay whole */
        if (random_below(state, 2) == 0) {
            at &= ~(size_t)3;
            length &= ~(size_t)3;
        }
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length > 0 ? size - length : 1;
    case 4: /* one entry over another */
        at = header_choose(bytes, size, state);
        length = header_choose(bytes, size, state);
        memmove(bytes + at, bytes + length, size - (at > length ? at : length));
        return size;
    default:
        field_damage(bytes, size, state);
        return size;
    }
}

int
main(int argc, char **argv)
{
    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *archive = file_load(argv[i], &size);

        opened = refused = 0;
        copy_open(archive, size);
        CHECK_EQUAL(opened, 1);
        mutate(archive, size, MUTATIONS / (argc - 1) + 1, copy_damage,
               copy_open);
        CHECK(opened > 1 && refused > 0);
        printf("%s: %u opened, %u refused\n", argv[i], opened, refused);
        free(archive);
    }
    return 0;
}
