/* SPDX-License-Identifier: MIT */
/*
 * The reader of ELF files. Field names are those of the System V generic ABI
 * (chapters 4 and 5); the numbers of RISC-V come from the RISC-V ELF psABI
 * specification, "File Header" and "Program Header Table".
 *
 * Why ours: somebody must load the first program, and nobody is there yet but
 * the kernel. It only checks that the program headers describe something that
 * page tables can say exactly (whole pages, each with one set of rights), and
 * leaves allocating and mapping to its caller. Headers are copied before they
 * are read: the blob may be unaligned. No sum is formed before it is known to
 * fit.
 */
#include "kern/boot/elf.h"
#include "kern/abi/error.h"
#include "kern/abi/types.h"
#include "kern/string.h"

/* Elf64_Ehdr. Numbers are little-endian, as the machine has them. */
struct file_header {
    uint32_t magic;
    uint8_t class, data, ident_version, padding[9];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

/* Elf64_Phdr. */
struct program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* The types of program headers that mean something to us. */
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };

/* e_flags: RVC, and the two bits that name the floating-point ABI. */
#define EF_ACCEPTED 0x7U

/* What must hold, and why the file is refused if it does not. */
struct rule {
    bool holds;
    const char *otherwise;
};

static const char *
rules_check(const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].holds) {
            return rules[i].otherwise;
        }
    }
    return NULL;
}

#define RULES_CHECK(rules) rules_check(rules, sizeof(rules) / sizeof(*(rules)))

static const char *
header_check(struct elf *elf, struct file_header *h)
{
    if (elf->size < sizeof(*h)) {
        return "no ELF file: too short for a header";
    }
    memcpy(h, elf->blob, sizeof(*h));
    elf->table = h->phoff;
    elf->entry = h->entry;
    const struct rule rules[] = {
        {h->magic == 0x464c457f, "no ELF file: magic is not 7f 45 4c 46"},
        {h->class == 2, "not a 64-bit file"},
        {h->data == 1, "not little-endian"},
        {h->ident_version == 1 && h->version == 1, "its version is not 1"},
        {h->machine == 243, "not for RISC-V"},
        {h->type == 2,
         "not linked for fixed addresses: link with -static -no-pie"},
        {h->phentsize == sizeof(struct program_header),
         "its program headers are not of 56 bytes"},
        {(h->flags & ~EF_ACCEPTED) == 0,
         "e_flags has more than RVC and a floating-point ABI"},
        {h->phnum != 0 && h->phnum <= ELF_HEADERS_MAX,
         "no program headers, or too many"},
        {h->phoff <= elf->size &&
             h->phnum * sizeof(struct program_header) <= elf->size - h->phoff,
         "the program headers end outside the file"},
    };
    return RULES_CHECK(rules);
}

/* Entry `index` of the program header table, as a segment; returns its type. */
static uint32_t
segment_read(const struct elf *elf, uint32_t index, struct elf_segment *s)
{
    struct program_header h;

    memcpy(&h, elf->blob + elf->table + index * sizeof(h), sizeof(h));
    /* Linkers give an offset to what has no bytes, anywhere in or behind. */
    *s = (struct elf_segment){.vaddr = h.vaddr,
                              .memsz = h.memsz,
                              .offset = h.filesz == 0 ? 0 : h.offset,
                              .filesz = h.filesz,
                              .flags = h.flags};
    return h.type;
}

static const char *
segment_check(const struct elf *elf, const struct elf_segment *s,
              const struct elf_limits *limits)
{
    const struct rule rules[] = {
        {s->filesz <= s->memsz,
         "a segment has more bytes in the file than in memory"},
        {s->offset <= elf->size && s->filesz <= elf->size - s->offset,
         "a segment's bytes end outside the file"},
        {s->vaddr >= limits->low && s->vaddr <= limits->high &&
             s->memsz <= limits->high - s->vaddr,
         "a segment is not in the range for programs"},
        {s->filesz == 0 || (s->offset - s->vaddr) % FRAME_SIZE == 0,
         "a segment's offset and address differ within a page"},
        {(s->flags & ELF_R) != 0 && s->flags <= (ELF_R | ELF_W | ELF_X),
         "a segment is not readable, or has unknown flags"},
        {(s->flags & ELF_W) == 0 || (s->flags & ELF_X) == 0,
         "a segment is both writable and executable"},
    };
    return RULES_CHECK(rules);
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
segments_check(struct elf *elf, uint32_t count, const struct elf_limits *limits)
{
    uint64_t free_page = 0;
    bool has_entry = false;

    for (uint32_t i = 0; i < count; i++) {
        struct elf_segment s;
        uint32_t type = segment_read(elf, i, &s);
        const char *fault;

        elf->fault_at = elf->table + i * sizeof(struct program_header);
        if (type == PT_INTERP || type == PT_DYNAMIC) {
            return "dynamically linked: link with -static -no-pie";
        }
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
        has_entry = has_entry ||
                    ((s.flags & ELF_X) != 0 && elf->entry - s.vaddr < s.filesz);
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
    struct file_header header;
    const char *fault;

    *elf = (struct elf){.blob = blob, .size = blob == NULL ? 0 : size};
    fault = header_check(elf, &header);
    if (fault == NULL) {
        fault = segments_check(elf, header.phnum, limits);
    }
    if (fault != NULL) {
        *elf = (struct elf){.fault = fault, .fault_at = elf->fault_at};
        return -EINVAL;
    }
    return 0;
}

int
elf_segment_read(const struct elf *elf, uint32_t index,
                 struct elf_segment *segment)
{
    if (index >= elf->segments) {
        return -ENOENT;
    }
    (void)segment_read(elf, elf->header[index], segment);
    return 0;
}
