/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_CAP_H
#define CHITIN_ABI_CAP_H
/*
 * Capabilities as an env sees them: names, rights, and the entries of its
 * capability list, which it can read and never write. It presents an entry
 * with a request by the entry's number. Assembly includes this too.
 *
 * A name is up to eight components of 16 bits, the first in the lowest bits of
 * word 0; unused components are 0.
 *
 *            63        48 47        32 31        16 15         0
 *   word 0  | component 3| component 2| component 1| component 0|
 *   word 1  | component 7| component 6| component 5| component 4|
 *
 *   0                 ends the name: no component
 *   0x0001 to 0x7fff  chosen by whoever derives
 *   0x8000 to 0xfffe  half of a serial, which takes two components, the more
 *                     significant half first; only the kernel makes them
 *   0xffff            never
 */
#define CAP_COMPONENTS 8
#define CAP_CHOSEN_MAX 0x7fff
#define CAP_SERIAL_BASE 0x8000
/* The component that is the name of the console: to read it and to write it. */
#define CAP_CONSOLE 0x7fff
/* How many values one half of a serial has, and both: the square. */
#define CAP_SERIAL_HALF 0x7fff
#define CAP_SERIALS 0x3fff0001

/* Rights: bits of a set. */
#define CAP_READ (1 << 0)
#define CAP_WRITE (1 << 1)
#define CAP_CONTROL (1 << 2)
#define CAP_FRESH (1 << 3) /* make a child whose name nobody else has */
#define CAP_PASS (1 << 4)  /* grant to another env */
#define CAP_RIGHTS_ALL 0x1f

/*
 * No name has this as its word 0, under any mask, nor has a word of ones: it
 * has components, but not the first. It stands wherever a word 0 must not
 * match.
 */
#define CAP_POISON 0xffffffffffff0000

/*
 * Bits of a Sv39 leaf PTE. The kernel forces V, R and U in every PTE that an
 * env supplies. What no capability allows: G (5) and what lies above the
 * physical page number, which is reserved (54 to 60), PBMT (61, 62) and N (63).
 * What any does not care about: A (6), D (7), the two software bits (8, 9).
 */
#define CAP_PTE_FORCED 0x13              /* U, R, V */
#define CAP_PTE_NEED_READ 0x0a           /* X, R */
#define CAP_PTE_NEED_WRITE 0x04          /* W */
#define CAP_PTE_NEVER 0xffc0000000000020 /* N, PBMT, reserved, G */

/* The list is one frame; entry n begins at n << CAP_SHIFT. */
#define CAP_SHIFT 6
#define CAP_SIZE (1 << CAP_SHIFT)
#define CAP_LIST_ENTRIES 64

/* Offsets into struct cap; kern/cap.c asserts them. */
#define CAP_OFFSET_WORD0 0
#define CAP_OFFSET_WORD1 8
#define CAP_OFFSET_MASK0 16
#define CAP_OFFSET_MASK1 24
#define CAP_OFFSET_READ_WORD0 32
#define CAP_OFFSET_WRITE_WORD0 40
#define CAP_OFFSET_PTE_FORBIDDEN 48
#define CAP_OFFSET_RIGHTS 56

#ifndef __ASSEMBLER__
#include "kern/abi/types.h"

struct cap_name {
    uint64_t word[2];
};

/*
 * An entry of a list, laid out for tests of a few instructions. It dominates a
 * guard if
 *
 *     (guard.word[0] & mask.word[0]) == word0
 *     (guard.word[1] & mask.word[1]) == name.word[1]
 *
 * where word0 is name.word[0], or read_word0 or write_word0 to ask for that
 * right in the same step. An empty entry has CAP_POISON for all three, forbids
 * every PTE and has no rights.
 */
struct cap {
    struct cap_name name;
    struct cap_name mask;   /* ones over the components of the name */
    uint64_t read_word0;    /* name.word[0] with CAP_READ, else CAP_POISON */
    uint64_t write_word0;   /* the same with CAP_WRITE */
    uint64_t pte_forbidden; /* bits that a PTE made with it may not have */
    union {
        struct {
            uint8_t rights; /* 0 if the entry is empty */
            uint8_t length; /* components of the name */
            uint8_t held;   /* 1, or 0 if the entry is empty */
            uint8_t zero[5];
        };
        uint64_t last; /* written last */
    };
};

struct cap_list {
    struct cap entry[CAP_LIST_ENTRIES];
};
#endif

#endif
