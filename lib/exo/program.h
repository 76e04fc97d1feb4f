/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_PROGRAM_H
#define CHITIN_LIB_EXO_PROGRAM_H
/*
 * Makes a new env of a program: a static ELF file for 64-bit RISC-V. Nothing of
 * processes: what the env may do, and when it runs, is the caller's to say.
 *
 *     exo_program_load     an address space: segments, stack, U-area
 *     ...                  the caller maps what it wants to share (child.map)
 *     exo_program_start    an env, with capabilities, that can be yielded to
 *     exo_program_end      it is gone, and its frames are free
 *
 * The new env finds in its registers what the first env does
 * (kern/abi/layout.h: stack, U-area, root, id), in a4 the entry of its
 * capability list for memory of its own, and in a5 the caller's argument. Its
 * stack and U-area are where those of the first env are, and one page above the
 * U-area is the code that starts it, EXO_START; nothing else is in the upper
 * part of its address space.
 *
 * All that has the guard of capability `cap` passes to the new env; pages that
 * the caller has mapped into it under other names stay whose they are. `cap` is
 * an entry of the caller's list with all rights on a name which nobody else has
 * (cap_fresh); the caller keeps it, and with it power over the env.
 */
#include "lib/exo/exo.h"
#include "lib/exo/map.h"

#define EXO_START (FIRST_UAREA + 0x1000)
#define EXO_STACK_PAGES FIRST_STACK_PAGES

/* A capability for the new env: the caller's entry `from`, with the rights in
   `keep`, becomes its entry `to`. */
struct exo_grant {
    uint64_t from;
    uint64_t to;
    uint64_t keep;
};

struct exo_child {
    struct exo_map map; /* its address space, and the name of what is its */
    uint64_t entry;
    uint64_t uarea;   /* its frame */
    uint64_t id;      /* 0: not started */
    uint64_t hart;    /* where it will run; load says this one */
    uint64_t account; /* 0, as load says: the caller's */
};

/*
 * Builds the address space of the program. Refused, with -EINVAL and nothing
 * made: what is no such file, segments outside of it, outside of USER_START to
 * EXO_WINDOW, in one page with another, not ascending, writable and executable
 * at once, or in all more than 1 GiB; an entry that is in no executable
 * segment. -EPERM or -EBADF if `cap` does not do; -ENOMEM. On errors all is
 * given back.
 */
int64_t exo_program_load(struct exo_child *child, uint64_t cap,
                         const void *file, size_t size);

/*
 * Makes it an env, which can run on child->hart, and at first runs when
 * somebody yields to it or it has a slot. `own` is the entry of its list that
 * gets all rights on its own name. On an error the child is gone.
 */
int64_t exo_program_start(struct exo_child *child, uint64_t own,
                          const struct exo_grant *grant, unsigned grants,
                          uint64_t argument);

/* Gives back an address space that was loaded, or ends the env. */
int64_t exo_program_end(struct exo_child *child);

#endif
