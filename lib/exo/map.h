/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_MAP_H
#define CHITIN_LIB_EXO_MAP_H
/*
 * Address spaces: a libOS's way to its page tables, its own and those of an env
 * that it builds. The tables themselves are the only record: what is in them is
 * read where the hardware reads it, through a window of this env in which
 * tables are mapped read-only. So what the kernel took away is seen as gone.
 *
 *     EXO_WINDOW + 4096 * n    n < 256: a table whose number is n modulo 256
 *                              from EXO_WINDOW_FREE on: the libOS's own
 *                              510: a frame that is borrowed
 *                              511: the window's own table
 *
 * The window is one entry of the root; it is made, of four frames, when it is
 * first needed. Which frame goes where is the caller's to say.
 *
 * Functions give 0 or more, or the negative of an error (kern/abi/error.h).
 * They use the batch words of the U-area, and are for one user at a time: they
 * do not switch threads, and must not be called from where an upcall
 * interrupted one of them.
 */
#include "kern/abi/types.h"

#define EXO_WINDOW 0x3f40000000
#define EXO_WINDOW_FREE 256
#define EXO_WINDOW_FREE_END 510

/* Bits of an entry (RISC-V Privileged 4.3.1). Leaves get A, and D with W. */
#define EXO_R ((uint64_t)0x02)
#define EXO_W ((uint64_t)0x04)
#define EXO_X ((uint64_t)0x08)
#define EXO_AD ((uint64_t)0xc0)

/* An address space. The tables have the name of capability `cap`, or one that
   it dominates; new ones are made under it. */
struct exo_map {
    uint64_t root;
    uint64_t cap;
};

/* The window's table; 0: it was not made yet. Who hands the env over to another
   copy of this library, or builds an address space with a window in it, says so
   there. */
extern uint64_t exo_map_window;

/* The one that this env runs in. */
struct exo_map exo_map_own(void);

/* An empty one, whose root is made under `cap`. */
int64_t exo_map_new(struct exo_map *map, uint64_t cap);

/* A frame of this env's under `cap`, which may hold what this name's holders
   left there but nothing of others'. Its number, or -EBADF, -EPERM, -ENOMEM. */
int64_t exo_frame_alloc(uint64_t cap, uint64_t order);
int64_t exo_frame_free(uint64_t frame);

/* The leaf that translates `address`, and its level; or 0, and the level at
   which nothing is. */
int64_t exo_map_find(const struct exo_map *map, uint64_t address,
                     unsigned *level);

/* The number of the table that holds the small page at `address`, or 0. */
int64_t exo_map_table(const struct exo_map *map, uint64_t address);

/* The entries of that table, in the window until other tables are looked at; or
   NULL. */
const volatile uint64_t *exo_map_view(const struct exo_map *map,
                                      uint64_t address);

/* `count` pages of a level (4 KiB, 2 MiB, 1 GiB) from `address` on. */
struct exo_range {
    uint64_t address;
    uint64_t count;
    unsigned level;
};

/* Maps frame[0] and so on, which capability `cap` allows with the rights of
   `bits`, making the tables that are missing. All or nothing, but that tables
   stay: -EINVAL if the range is not aligned or not below USER_END, -EBUSY where
   something is mapped. */
int64_t exo_map_insert(const struct exo_map *map, const struct exo_range *range,
                       uint64_t cap, const uint64_t *frame, uint64_t bits);

/* Unmaps all pages of the range; holes are passed over. The frames stay whose
   they are. How many were mapped; -EINVAL, with nothing changed, if the range
   is not aligned or has a part of a larger page. */
int64_t exo_map_remove(const struct exo_map *map, uint64_t address,
                       uint64_t size);

/* Clears, then sets bits of all pages of the range, the same way; `cap` is for
   rights that are new. On -EPERM those before have changed. */
int64_t exo_map_protect(const struct exo_map *map, uint64_t address,
                        uint64_t size, uint64_t cap, uint64_t clear,
                        uint64_t set);

/* Maps the small pages of a range of one address space in another as well, at
   `to_address`, with those of the bits that are in `keep` (pt_copy). */
int64_t exo_map_copy(const struct exo_map *from, const struct exo_range *range,
                     const struct exo_map *to, uint64_t to_address,
                     uint64_t keep);

/* Calls `visit` for every entry of the env's, those of a table before the one
   that points to it, until one returns an error. It may clear the entry. */
struct exo_entry {
    uint64_t address;
    uint64_t table;
    unsigned index;
    unsigned level;
    uint64_t entry;
};
int64_t exo_map_visit(const struct exo_map *map,
                      int64_t (*visit)(void *context, const struct exo_entry *),
                      void *context);

/* Clears the entry, and makes the empty table that it pointed to two frames
   again, which are freed, if it is this env's. */
int64_t exo_map_unlink(const struct exo_map *map, const struct exo_entry *e);

/* Gives back the tables in the range that have become empty; how many. */
int64_t exo_map_trim(const struct exo_map *map, uint64_t address,
                     uint64_t size);

/* Makes the empty root two frames again, which are freed. */
int64_t exo_map_free(const struct exo_map *map);

/* Maps a frame that `cap` allows, to be written, until exo_map_return or the
   next call. NULL if that cannot be. */
void *exo_map_borrow(uint64_t cap, uint64_t frame);
void exo_map_return(void);

/* Empties the window: no table stays mapped in it, as somebody who wants to
   change its type may need. */
void exo_map_forget(void);

#endif
