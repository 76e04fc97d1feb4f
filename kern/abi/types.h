/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_TYPES_H
#define CHITIN_ABI_TYPES_H
/*
 * Scalars with a meaning, shared by the kernel and everything outside it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* a physical address, in bytes */
typedef uint64_t ppn_t;   /* a physical page number: paddr / FRAME_SIZE */

#define FRAME_SHIFT 12
#define FRAME_SIZE ((uint64_t)1 << FRAME_SHIFT)

#endif
