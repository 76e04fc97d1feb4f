/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SET_H
#define CHITIN_LIB_POSIX_SET_H
/*
 * Sets of up to 64 things, a bit for each: of processes, by their rows.
 *
 *     for (uint64_t set = all; set != 0; set &= set - 1) {
 *         ... set_first(set) ...
 *     }
 */
#include <stdint.h>

/* The least member of a set that is not empty: by a product that differs for
   each bit. Without an instruction for it, libgcc's function costs five times
   as much. */
static inline unsigned
set_first(uint64_t set)
{
    static const uint8_t number[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,
        62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
        63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
        46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};

    return number[(set & -set) * 0x03f79d71b4cb0a89 >> 58];
}

#endif
