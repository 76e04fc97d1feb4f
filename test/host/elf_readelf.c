/* SPDX-License-Identifier: MIT */
/*
 * Compares what the reader finds in real programs with what `readelf -hlW` says
 * of them:
 *
 *     elf_readelf [FILE TEXT REASON]...
 *
 * REASON is a part of the reason to refuse the file, or "-" to accept it; TEXT
 * is what readelf printed, and is only read of an accepted one.
 */
#include "kern/boot/elf.h"
#include <stdbool.h>

#include "kern/abi/error.h"
#include "test/host/check.h"

static const struct elf_limits limits = {0x1000, 0x4000000000, 512};

/* The number at *text, which is moved behind it. */
static uint64_t
number_parse(char **text)
{
    char *end = *text;
    uint64_t number = strtoull(*text, &end, 16);

    CHECK(end != *text);
    *text = end;
    return number;
}

/* A line "LOAD offset vaddr paddr filesz memsz R E 0xalign". */
static void
line_compare(char *line, const struct elf_segment *s)
{
    uint64_t offset, vaddr, filesz;
    uint32_t flags = 0;

    offset = number_parse(&line);
    vaddr = number_parse(&line);
    (void)number_parse(&line);
    filesz = number_parse(&line);
    CHECK_EQUAL(s->vaddr, vaddr);
    CHECK_EQUAL(s->filesz, filesz);
    CHECK_EQUAL(s->offset, filesz > 0 ? offset : 0);
    CHECK_EQUAL(s->memsz, number_parse(&line));
    for (; *line != '0'; line++) {
        flags |= *line == 'R' ? ELF_R : 0;
        flags |= *line == 'W' ? ELF_W : 0;
        flags |= *line == 'E' ? ELF_X : 0;
    }
    CHECK_EQUAL(s->flags, flags);
}

static void
text_compare(char *text, const struct elf *elf)
{
    uint32_t count = 0;
    bool has_entry = false;

    for (char *line = strtok(text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        char *entry = strstr(line, "Entry point address:");
        char *load = strstr(line, "  LOAD ");
        struct elf_segment s;
        if (entry != NULL) {
            entry += strlen("Entry point address:");
            CHECK_EQUAL(elf->entry, number_parse(&entry));
            has_entry = true;
        }
        if (load != NULL) {
            CHECK_EQUAL(elf_segment_read(elf, count++, &s), 0);
            line_compare(load + strlen("  LOAD "), &s);
        }
    }
    CHECK(has_entry);
    CHECK_EQUAL(elf->segments, count);
}

/* As many pages as there are is just enough. */
static void
pages_check(const void *blob, size_t size, uint64_t pages)
{
    struct elf_limits tight = limits;
    struct elf elf;

    tight.pages = pages;
    CHECK_EQUAL(elf_open(&elf, blob, size, &tight), 0);
    tight.pages--;
    CHECK_EQUAL(elf_open(&elf, blob, size, &tight), -EINVAL);
    CHECK(strstr(elf.fault, "more pages") != NULL);
}

static void
file_check(const char *path, const char *text_path, const char *reason)
{
    size_t size = 0;
    void *blob = file_load(path, &size);
    struct elf elf;
    int error = elf_open(&elf, blob, size, &limits);

    if (strcmp(reason, "-") != 0) {
        CHECK_EQUAL(error, -EINVAL);
        printf("%s: refused: %s\n", path, elf.fault);
        CHECK(strstr(elf.fault, reason) != NULL);
    } else {
        size_t text_size = 0;
        char *text = file_load(text_path, &text_size);

        check_subject = error == 0 ? path : elf.fault;
        CHECK_EQUAL(error, 0);
        text[text_size - 1] = '\0';
        text_compare(text, &elf);
        pages_check(blob, size, elf.pages);
        printf("%s: %u segments, %u pages\n", path, elf.segments,
               (unsigned)elf.pages);
        free(text);
    }
    free(blob);
}

int
main(int argc, char **argv)
{
    /* Whatever this machine is, a test of it is no program of Chitin's. */
    file_check(argv[0], "", "RISC-V");
    CHECK_EQUAL(argc % 3, 1);
    for (int i = 1; i < argc; i += 3) {
        file_check(argv[i], argv[i + 1], argv[i + 2]);
    }
    return 0;
}
