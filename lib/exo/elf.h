/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_ELF_H
#define CHITIN_LIB_EXO_ELF_H
/* Reads a static ELF program for the loader (lib/exo/program.h says what is
   refused). The file may stand at any address. */
#include "kern/abi/types.h"

struct exo_segment {
    uint64_t address;
    uint64_t memory_size; /* at least 1 */
    uint64_t offset;
    uint64_t file_size; /* at most memory_size: zeroes follow */
    uint64_t bits;      /* EXO_R, with EXO_W or EXO_X */
};

/* Checks all that the loader relies on. 0 and the entry, or -EINVAL. */
int64_t exo_elf_check(const void *file, size_t size, uint64_t *entry);

/* The same of a file of which only the first `count` bytes are at hand. What
   comes behind them it does not look at; its program headers must not. */
int64_t exo_elf_check_head(const void *head, size_t count, uint64_t size,
                           uint64_t *entry);

/* The segment of that number, in a file that was checked; false behind the
   last. */
bool exo_elf_segment(const void *file, unsigned number,
                     struct exo_segment *segment);

#endif
