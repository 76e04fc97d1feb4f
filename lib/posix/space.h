/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SPACE_H
#define CHITIN_LIB_POSIX_SPACE_H
/*
 * Private pages of the process's own address space, by ranges of whole pages,
 * in the tables of table.h. All frames are made under POSIX_CAP_OWN. `bits` are
 * of lib/exo/map.h. 0, or the negative of an error.
 */
#include <stdbool.h>
#include <stdint.h>

/* Maps frames of the process's own, cleared, where nothing is mapped. -ENOMEM:
   then none is. */
int64_t space_make(uint64_t address, uint64_t pages, uint64_t bits);

/* One page of them; resident, for the handler of faults. */
int64_t space_page(uint64_t address, uint64_t bits);

/* Maps frames that the caller has filled, where nothing is mapped. */
int64_t space_place(uint64_t address, const uint64_t *frame, uint64_t pages,
                    uint64_t bits);

/* Unmaps all of [from, to), and gives back the frames that are the process's
   own. Page tables stay. */
int64_t space_clear(uint64_t from, uint64_t to);

/* What is mapped in the range loses the bits, and gets others. A page gets W
   only at its first store, if it has to be copied then. */
int64_t space_protect(uint64_t address, uint64_t pages, uint64_t clear,
                      uint64_t set);

/* The same for pages that processes share: W is given at once. */
int64_t space_protect_shared(uint64_t address, uint64_t pages, uint64_t clear,
                             uint64_t set);

/* Whether anything is mapped in the range, or swapped out (swap.h), as all of
   these mean it. */
bool space_used(uint64_t from, uint64_t to);

#endif
