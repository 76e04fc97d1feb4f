/* SPDX-License-Identifier: MIT */
/*
 * The reader of ELF files. Field names are those of the System V generic ABI
 * (chapters 4 and 5); the numbers of RISC-V come from the RISC-V ELF psABI
 * specification, "File Header" and "Program Header Table".
 *
 * Why ours: somebody must load the first program, and nobody is there yet but
 * the kernel. It only checks that the program headers describe something that
 * page tables can say exactly (whole pages, each with one set of rights), and
 * leaves allocating and mapping to its caller. All numbers are read bytewise:
 * the blob may be unaligned. No sum is formed before it is known to fit.
 */
#include "kern/elf.h"
#include "kern/abi/error.h"
#include "kern/abi/types.h"

/* Offsets in the file header, Elf64_Ehdr. */
enum {
    E_MAGIC = 0,
    E_CLASS = 4,
    E_DATA = 5,
    E_IDENT_VERSION = 6,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_FLAGS = 48,
    E_PHENTSIZE = 54,
    E_PHNUM = 56,
    E_END = 64,
};

/* Offsets in a program header, Elf64_Phdr. */
enum {
    P_TYPE = 0,
    P_FLAGS = 4,
    P_OFFSET = 8,
    P_VADDR = 16,
    P_FILESZ = 32,
    P_MEMSZ = 40,
    P_END = 56,
};

/* The types of program headers that mean something to us. */
enum {
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    PT_INTERP = 3,
};

/* e_flags: RVC, and the two bits that name the floating-point ABI. */
#define EF_ACCEPTED 0x7U

/* The fields of the file header that have one right value. */
static const struct {
    uint8_t at;
    uint8_t width;
    uint32_t value;
    const char *fault;
} header_rules[] = {
    {E_MAGIC, 4, 0x464c457f, "no ELF file: magic is not 7f 45 4c 46"},
    {E_CLASS, 1, 2, "not a 64-bit file"},
    {E_DATA, 1, 1, "not little-endian"},
    {E_IDENT_VERSION, 1, 1, "its version is not 1"},
    {E_VERSION, 4, 1, "its version is not 1"},
    {E_MACHINE, 2, 243, "not for RISC-V"},
    {E_TYPE, 2, 2, "not linked for fixed addresses: link with -static -no-pie"},
    {E_PHENTSIZE, 2, P_END, "its program headers are not of 56 bytes"},
};

static uint64_t
number_read(const uint8_t *p, uint32_t width)
{
    uint64_t number = 0;

    while (width > 0) {
        number = number << 8 | p[--width];
    }
    return number;
}

static const char *
header_check(struct elf *elf)
{
    const uint8_t *header = elf->blob;
    uint64_t table, count;

    if (elf->size < E_END) {
        return "no ELF file: too short for a header";
    }
    for (size_t i = 0; i < sizeof(header_rules) / sizeof(*header_rules); i++) {
        if (number_read(header + header_rules[i].at, header_rules[i].width) !=
            header_rules[i].value) {
            return header_rules[i].fault;
        }
    }
    if ((number_read(header + E_FLAGS, 4) & ~(uint64_t)EF_ACCEPTED) != 0) {
        return "e_flags has more than RVC and a floating-point ABI";
    }
    table = number_read(header + E_PHOFF, 8);
    count = number_read(header + E_PHNUM, 2);
    if (count == 0 || count > ELF_HEADERS_MAX) {
        return "no program headers, or too many";
    }
    if (table > elf->size || count * P_END > elf->size - table) {
        return "the program headers end outside the file";
    }
    elf->table = table;
    elf->entry = number_read(header + E_ENTRY, 8);
    return NULL;
}

static void
segment_read(const uint8_t *header, struct elf_segment *s)
{
    s->vaddr = number_read(header + P_VADDR, 8);
    s->memsz = number_read(header + P_MEMSZ, 8);
    s->filesz = number_read(header + P_FILESZ, 8);
    /* Linkers give an offset to what has no bytes, anywhere in or behind. */
    s->offset = s->filesz == 0 ? 0 : number_read(header + P_OFFSET, 8);
    s->flags = (uint32_t)number_read(header + P_FLAGS, 4);
}

static const char *
segment_check(const struct elf *elf, const struct elf_segment *s,
              const struct elf_limits *limits)
{
    if (s->filesz > s->memsz) {
        return "a segment has more bytes in the file than in memory";
    }
    if (s->offset > elf->size || s->filesz > elf->size - s->offset) {
        return "a segment's bytes end outside the file";
    }
    if (s->vaddr < limits->low || s->vaddr > limits->high ||
        s->memsz > limits->high - s->vaddr) {
        return "a segment is not in the range for programs";
    }
    if (s->filesz != 0 && s->offset % FRAME_SIZE != s->vaddr % FRAME_SIZE) {
        return "a segment's offset and address differ within a page";
    }
    if ((s->flags & ELF_R) == 0 || s->flags > (ELF_R | ELF_W | ELF_X)) {
        return "a segment is not readable, or has unknown flags";
    }
    if ((s->flags & ELF_W) != 0 && (s->flags & ELF_X) != 0) {
        return "a segment is both writable and executable";
    }
    return NULL;
}

static bool
segment_has_entry(const struct elf_segment *s, uint64_t entry)
{
    return (s->flags & ELF_X) != 0 && entry >= s->vaddr &&
           entry - s->vaddr < s->filesz;
}

/*
 * Adds a checked PT_LOAD. *free_page, a page number, is the first behind all
 * segments before it.
 */
static const char *
segment_add(struct elf *elf, const struct elf_segment *s,
            const struct elf_limits *limits, uint64_t *free_page)
{
    uint64_t first = s->vaddr / FRAME_SIZE;
    uint64_t last = (s->vaddr + s->memsz - 1) / FRAME_SIZE;

    if (first < *free_page) {
        return "a segment is not in order, or shares a page with another";
    }
    if (last - first >= limits->pages - elf->pages) {
        return "the segments take more pages than a program may";
    }
    elf->pages += last - first + 1;
    elf->segments++;
    *free_page = last + 1;
    return NULL;
}

static const char *
segments_check(struct elf *elf, const struct elf_limits *limits)
{
    uint64_t count = number_read(elf->blob + E_PHNUM, 2);
    uint64_t free_page = 0;
    bool has_entry = false;

    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *header = elf->blob + elf->table + i * P_END;
        uint64_t type = number_read(header + P_TYPE, 4);
        const char *fault;
        struct elf_segment s;

        elf->fault_at = (size_t)(header - elf->blob);
        if (type == PT_INTERP || type == PT_DYNAMIC) {
            return "dynamically linked: link with -static -no-pie";
        }
        segment_read(header, &s);
        if (type != PT_LOAD || (s.memsz == 0 && s.filesz == 0)) {
            continue;
        }
        fault = segment_check(elf, &s, limits);
        if (fault == NULL) {
            elf->header[elf->segments] = (uint8_t)i;
            fault = segment_add(elf, &s, limits, &free_page);
        }
        if (fault != NULL) {
            return fault;
        }
        has_entry = has_entry || segment_has_entry(&s, elf->entry);
    }
    elf->fault_at = 0;
    /* Hardware would drop the lowest bit of a pc without a word. */
    return has_entry && elf->entry % 2 == 0
               ? NULL
               : "its entry is odd or lies in no executable segment";
}

int
elf_open(struct elf *elf, const void *blob, size_t size,
         const struct elf_limits *limits)
{
    const char *fault;

    *elf = (struct elf){.blob = blob, .size = blob == NULL ? 0 : size};
    fault = header_check(elf);
    if (fault == NULL) {
        fault = segments_check(elf, limits);
    }
    if (fault != NULL) {
        *elf = (struct elf){.fault = fault, .fault_at = elf->fault_at};
        return -EINVAL;
    }
    return 0;
}

uint32_t
elf_segment_count(const struct elf *elf)
{
    return elf->segments;
}

int
elf_segment_read(const struct elf *elf, uint32_t index,
                 struct elf_segment *segment)
{
    if (index >= elf->segments) {
        return -ENOENT;
    }
    segment_read(elf->blob + elf->table + (size_t)elf->header[index] * P_END,
                 segment);
    return 0;
}
