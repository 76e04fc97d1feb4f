/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_ELF_H
#define CHITIN_KERN_BOOT_ELF_H
/*
 * Reads the first environment's program: a statically linked ELF file for
 * 64-bit RISC-V at fixed addresses (ET_EXEC). elf_open() checks once that the
 * kernel can load it as it stands; every other function here is total on an
 * opened file. The blob may stand at any address and must not change while the
 * file is in use.
 *
 * No policy hides in here: position-independent programs, interpreters and
 * relocation are the business of a libOS, which loads every later program.
 */
#include <stddef.h>
#include <stdint.h>

/* Entries of the program header table; a file with more is refused. */
#define ELF_HEADERS_MAX 16

/* The flags of a segment (PF_X, PF_W and PF_R of the generic ABI). */
#define ELF_X 1U
#define ELF_W 2U
#define ELF_R 4U

/* Where a program may be, and how large; both addresses on page bounds. */
struct elf_limits {
    uint64_t low;   /* the first address that a segment may take */
    uint64_t high;  /* the first behind them that it may not */
    uint64_t pages; /* of 4 KiB that all segments together may take */
};

/*
 * What is to be in memory at [vaddr, vaddr + memsz): first filesz bytes from
 * the offset in the blob, then zeroes. What is left of its first and last page
 * belongs to no segment; clearing it is the loader's business.
 */
struct elf_segment {
    uint64_t vaddr;
    uint64_t memsz;  /* at least 1 */
    uint64_t offset; /* 0 if filesz is */
    uint64_t filesz; /* at most memsz */
    uint32_t flags;  /* ELF_R, alone or with one of ELF_W and ELF_X */
};

struct elf {
    const uint8_t *blob;
    size_t size;
    uint64_t entry;    /* even, and in bytes that the file has, with ELF_X */
    uint64_t pages;    /* of 4 KiB that the segments touch */
    size_t table;      /* offset of the program header table in the blob */
    uint32_t segments; /* at least one in a file that opened */
    uint8_t header[ELF_HEADERS_MAX]; /* of each segment, index in the table */
    const char *fault; /* why elf_open() refused the blob, else NULL */
    size_t fault_at;   /* and the offset in it of the header at fault */
};

/*
 * Checks the file and sets up *elf. What it then promises of the segments:
 * they lie in the limits, their bytes in the blob; they ascend and no two have
 * a page in common; none can be both written and executed; where there are
 * bytes, offset and vaddr are equal modulo the page size.
 *
 * Refused besides what is broken or breaks this: PT_INTERP and PT_DYNAMIC;
 * flags in e_flags other than compressed instructions and a floating-point ABI
 * (the embedded ABI or TSO are not what the kernel offers); a segment without
 * ELF_R. Tolerated: an empty PT_LOAD, which is no segment; all other kinds of
 * program headers, which are not looked at, PT_GNU_STACK among them since the
 * program makes its own stack; sections, which are not looked at either.
 *
 * Returns 0, or -EINVAL with elf->fault and fault_at set and no segments.
 * Cost: linear in the number of program headers.
 */
int elf_open(struct elf *elf, const void *blob, size_t size,
             const struct elf_limits *limits);

/* The segment, by ascending address. Returns 0, or -ENOENT if no such one. */
int elf_segment_read(const struct elf *elf, uint32_t index,
                     struct elf_segment *segment);

#endif
