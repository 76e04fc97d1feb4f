/* SPDX-License-Identifier: MIT */
/*
 * lib/exo's readers of archives and programs: on good files they agree with the
 * kernel's, and whatever is damaged, they stay inside. Arguments: archives,
 * "--", programs.
 */
#include "kern/boot/archive.h"
#include "kern/boot/elf.h"
#include "lib/exo/archive.h"
#include "lib/exo/elf.h"
#include "test/host/mutate.h"

#define MUTATIONS 20000
#define HIGH 0x3f40000000

static uint64_t good;
static uint64_t bad;

static size_t
damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint64_t odd[] = {0,      1,         0x7f,      0xff,
                                   0xffff, 1UL << 31, 1UL << 63, ~0UL};
    size_t reach = random_below(state, 4) == 0 || size < 400 ? size : 400;
    size_t at = reach == 0 ? 0 : random_below(state, reach);
    uint64_t value = odd[random_below(state, 8)] + random_below(state, 3) - 1;
    size_t width = (size_t)1 << random_below(state, 4);

    if (random_below(state, 8) == 0) {
        return at;
    }
    if (random_below(state, 2) == 0 && at < size) {
        bytes[at] = (uint8_t) "0123456789abcdefF/.\0"[random_below(state, 20)];
    } else if (width <= size - at) {
        memcpy(bytes + at, &value, width);
    }
    return size;
}

/* A copy that ends where its memory does. */
static uint8_t *
exact(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    CHECK(copy != NULL);
    memcpy(copy + 1, bytes, size);
    return copy;
}

static void
archive_try(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = exact(bytes, size);
    const void *file = NULL;
    size_t length = 0;

    if (exo_archive_find(copy + 1, size, "gcc-text", &file, &length) == 0) {
        good++;
        CHECK((const uint8_t *)file > copy &&
              length <= size - (size_t)((const uint8_t *)file - copy - 1));
    } else {
        bad++;
    }
    free(copy);
}

static void
program_try(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = exact(bytes, size);
    struct exo_segment segment;
    uint64_t low = 0x1000;
    uint64_t entry;

    if (exo_elf_check(copy + 1, size, &entry) == 0) {
        good++;
        for (unsigned i = 0; exo_elf_segment(copy + 1, i, &segment); i++) {
            CHECK(segment.address >= low);
            CHECK(segment.memory_size >= segment.file_size);
            low = segment.address + segment.memory_size;
            CHECK(low > segment.address && low <= HIGH);
            CHECK(segment.offset + segment.file_size <= size);
        }
    } else {
        bad++;
    }
    free(copy);
}

static void
archive_compare(const uint8_t *bytes, size_t size)
{
    struct archive archive;
    struct archive_file file = {0};

    CHECK(archive_open(&archive, bytes, size) == 0);
    while (archive_next(&archive, &file)) {
        struct archive_file last;
        const void *data;
        size_t length;

        CHECK(archive_find(&archive, file.name, &last) == 0);
        CHECK(exo_archive_find(bytes, size, file.name, &data, &length) == 0);
        CHECK(data == last.data && length == last.size);
    }
    CHECK(exo_archive_find(bytes, size, "no such", &(const void *){NULL},
                           &(size_t){0}) < 0);
}

static void
program_compare(const uint8_t *bytes, size_t size)
{
    const struct elf_limits limits = {0x1000, HIGH, 0x40000};
    struct elf elf;
    struct exo_segment mine;
    uint64_t entry;

    if (elf_open(&elf, bytes, size, &limits) < 0) {
        return; /* one that is to lie higher */
    }
    CHECK(exo_elf_check(bytes, size, &entry) == 0 && entry == elf.entry);
    for (uint32_t i = 0; i < elf.segments; i++) {
        struct elf_segment segment;

        CHECK(elf_segment_read(&elf, i, &segment) == 0);
        CHECK(exo_elf_segment(bytes, i, &mine));
        CHECK(mine.address == segment.vaddr);
        CHECK(mine.memory_size == segment.memsz);
        CHECK(mine.file_size == segment.filesz);
        CHECK(mine.file_size == 0 || mine.offset == segment.offset);
        CHECK_EQUAL(mine.bits,
                    (segment.flags & 1) << 3 | (segment.flags & 2) << 1 | 2);
    }
    CHECK(!exo_elf_segment(bytes, elf.segments, &mine));
}

int
main(int argc, char **argv)
{
    bool programs = false;

    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        uint8_t *bytes;
        size_t size;

        if (strcmp(argv[i], "--") == 0) {
            CHECK(good > 0 && bad > 0);
            good = bad = 0;
            programs = true;
            continue;
        }
        check_subject = argv[i];
        bytes = file_load(argv[i], &size);
        (programs ? program_compare : archive_compare)(bytes, size);
        mutate(bytes, size, MUTATIONS, damage,
               programs ? program_try : archive_try);
        free(bytes);
    }
    CHECK(good > 0 && bad > 0);
    return 0;
}
