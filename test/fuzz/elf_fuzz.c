/* SPDX-License-Identifier: MIT */
/*
 * Opens any bytes as an ELF file, within several limits, and compares what the
 * reader says with a second reader, written in another way with the C library's
 * definitions and sums of 128 bits. test/host/elf_mutate.c calls this too.
 */
#include <elf.h>
#include <stdbool.h>

#include "kern/abi/error.h"
#include "kern/boot/elf.h"
#include "test/host/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Wide enough for every sum of two 64-bit numbers. */
typedef unsigned __int128 wide_t;

#define PAGE 4096U

static const struct elf_limits limits[] = {
    {0x10000, 0x4000000000, 1024},
    {0x11000, 0x20000, 8},
    {0, UINT64_MAX - (PAGE - 1), UINT64_MAX},
};

static wide_t
page_first(const struct elf_segment *s)
{
    return s->vaddr / PAGE;
}

static wide_t
page_last(const struct elf_segment *s)
{
    return ((wide_t)s->vaddr + s->memsz - 1) / PAGE;
}

/* What elf.h promises of each segment and of any two. */
static bool
segments_hold(const struct elf_segment *s, int count, size_t size,
              const struct elf_limits *l)
{
    wide_t pages = 0;

    for (int i = 0; i < count; i++) {
        uint32_t f = s[i].flags;
        if (s[i].memsz == 0 || s[i].filesz > s[i].memsz ||
            (wide_t)s[i].offset + s[i].filesz > size || s[i].vaddr < l->low ||
            (wide_t)s[i].vaddr + s[i].memsz > l->high ||
            (f != PF_R && f != (PF_R | PF_W) && f != (PF_R | PF_X)) ||
            (s[i].filesz > 0 && (s[i].offset - s[i].vaddr) % PAGE != 0)) {
            return false;
        }
        for (int k = 0; k < i; k++) {
            if (page_last(&s[k]) >= page_first(&s[i])) {
                return false;
            }
        }
        pages += page_last(&s[i]) - page_first(&s[i]) + 1;
    }
    return pages <= l->pages;
}

static bool
entry_holds(const struct elf_segment *s, int count, uint64_t entry)
{
    for (int i = 0; i < count; i++) {
        if ((s[i].flags & PF_X) != 0 && entry >= s[i].vaddr &&
            entry < (wide_t)s[i].vaddr + s[i].filesz) {
            return (entry & 1) == 0;
        }
    }
    return false;
}

static bool
header_holds(const Elf64_Ehdr *h, size_t size)
{
    return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
           h->e_ident[EI_CLASS] == ELFCLASS64 &&
           h->e_ident[EI_DATA] == ELFDATA2LSB &&
           h->e_ident[EI_VERSION] == EV_CURRENT && h->e_type == ET_EXEC &&
           h->e_machine == EM_RISCV && h->e_version == EV_CURRENT &&
           (h->e_flags & ~(unsigned)(EF_RISCV_RVC | EF_RISCV_FLOAT_ABI)) == 0 &&
           h->e_phentsize == sizeof(Elf64_Phdr) && h->e_phnum >= 1 &&
           h->e_phnum <= 16 &&
           h->e_phoff + (wide_t)h->e_phnum * sizeof(Elf64_Phdr) <= size;
}

/* Fills in the segments; returns how many, or -1 if the file is refused. */
static int
oracle(const uint8_t *data, size_t size, const struct elf_limits *l,
       struct elf_segment *s)
{
    Elf64_Ehdr h;
    Elf64_Phdr p;
    int count = 0;

    if (size < sizeof(h)) {
        return -1;
    }
    memcpy(&h, data, sizeof(h));
    if (!header_holds(&h, size)) {
        return -1;
    }
    for (size_t i = 0; i < h.e_phnum; i++) {
        memcpy(&p, data + h.e_phoff + i * sizeof(p), sizeof(p));
        if (p.p_type == PT_INTERP || p.p_type == PT_DYNAMIC) {
            return -1;
        }
        if (p.p_type == PT_LOAD && (p.p_memsz | p.p_filesz) != 0) {
            s[count++] = (struct elf_segment){
                .vaddr = p.p_vaddr,
                .memsz = p.p_memsz,
                .offset = p.p_filesz > 0 ? p.p_offset : 0,
                .filesz = p.p_filesz,
                .flags = p.p_flags,
            };
        }
    }
    return segments_hold(s, count, size, l) && entry_holds(s, count, h.e_entry)
               ? count
               : -1;
}

/* The bytes are copied as a loader would: a read outside is a fault. */
static void
segment_load(const uint8_t *data, const struct elf_segment *s)
{
    uint8_t *memory = malloc(s->filesz + 1);

    CHECK(memory != NULL);
    memcpy(memory, data + s->offset, s->filesz);
    free(memory);
}

static void
opened_check(const struct elf *elf, const uint8_t *data, size_t size,
             const struct elf_limits *l)
{
    struct elf_segment s[ELF_HEADERS_MAX] = {{0}};
    uint32_t count = elf->segments;
    wide_t pages = 0;

    CHECK(count > 0 && count <= ELF_HEADERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQUAL(elf_segment_read(elf, i, &s[i]), 0);
        pages += page_last(&s[i]) - page_first(&s[i]) + 1;
        segment_load(data, &s[i]);
    }
    CHECK(segments_hold(s, (int)count, size, l));
    CHECK(entry_holds(s, (int)count, elf->entry));
    CHECK(elf->pages == pages);
    CHECK_EQUAL(elf_segment_read(elf, count, &s[0]), -ENOENT);
    CHECK_EQUAL(elf_segment_read(elf, UINT32_MAX, &s[0]), -ENOENT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        struct elf_segment expected[ELF_HEADERS_MAX] = {{0}};
        struct elf_segment s = {0};
        int count = oracle(data, size, &limits[i], expected);
        struct elf elf;
        int error = elf_open(&elf, data, size, &limits[i]);

        CHECK_EQUAL(error, count >= 0 ? 0 : -EINVAL);
        if (error != 0) {
            CHECK(elf.fault != NULL);
            CHECK(elf.fault_at <= size);
            CHECK_EQUAL(elf.segments, 0);
            CHECK_EQUAL(elf_segment_read(&elf, 0, &s), -ENOENT);
            continue;
        }
        CHECK(elf.fault == NULL);
        CHECK_EQUAL(elf.segments, count);
        for (int k = 0; k < count; k++) {
            CHECK_EQUAL(elf_segment_read(&elf, (uint32_t)k, &s), 0);
            CHECK_EQUAL(s.vaddr, expected[k].vaddr);
            CHECK_EQUAL(s.memsz, expected[k].memsz);
            CHECK_EQUAL(s.offset, expected[k].offset);
            CHECK_EQUAL(s.filesz, expected[k].filesz);
            CHECK_EQUAL(s.flags, expected[k].flags);
        }
        opened_check(&elf, data, size, &limits[i]);
    }
    return 0;
}
