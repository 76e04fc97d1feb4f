/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SPACE_H
#define CHITIN_LIB_POSIX_SPACE_H
/*
 * Private pages of the process's own address space, by ranges of whole pages.
 * All frames are made under POSIX_CAP_OWN. 0, or the negative of an error.
 */
#include <stdint.h>

/* Maps frames of the process's own, cleared, where nothing is mapped. -ENOMEM:
   then none is. */
int64_t space_make(uint64_t address, uint64_t pages, uint64_t bits);

/* Unmaps all of [from, to), and gives back the frames that are the process's
   own. Page tables stay. */
int64_t space_clear(uint64_t from, uint64_t to);

/* What is mapped in the range loses the bits, and gets others. */
int64_t space_protect(uint64_t address, uint64_t pages, uint64_t clear,
                      uint64_t set);

#endif
