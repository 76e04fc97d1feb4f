/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_FRAME_ORACLE_H
#define CHITIN_TEST_FRAME_ORACLE_H
/*
 * What the parts of the random test share: frames (frame_oracle.c, which also
 * runs it), owners (frame_oracle_own.c) and page tables (frame_oracle_pt.c).
 */
#include "check.h"
#include "frame_model.h"

#define MASK(type) (1u << (type))
#define MASK_TABLES                                                            \
    (MASK(FRAME_TABLE_0) | MASK(FRAME_TABLE_1) | MASK(FRAME_TABLE_2))

extern uint64_t oracle_seed;

static inline uint64_t
below(uint64_t limit)
{
    return random_below(&oracle_seed, limit);
}

static inline bool
chance(unsigned percent)
{
    return below(100) < percent;
}

/* A page, with luck the head of one of the types of the mask. */
ppn_t page_any(unsigned mask);

/* Owners; that of the id, or the first. */
extern struct machine_owner owners[MODEL_OWNERS];
struct frame_list *list_of(uint32_t owner);

/* Accounts for them, and the comparison with the model's. */
void accounts_init(void);
void accounts_compare(void);

/* Page tables, found without searching. */
#define TABLES_MAX 64
extern ppn_t tables[TABLES_MAX];
extern unsigned table_count;
ppn_t page_table(void);

/* What the run came across. */
extern unsigned fence_count;
extern unsigned partial_count;
extern unsigned longest_chain;
extern unsigned one_count; /* calls that pt_one.h did */

/* Around a call that may fence: what it fences is noted, and that the maps of
   the frames held stand until then, and are right after it, or not: dropped. */
void call_begin(void);
void hold(ppn_t n);
void hold_drop(void);
void call_end(void);

/* Everything out of a table, and it out of everything; breaks a frame. */
void table_destroy(ppn_t table);
void frame_break(ppn_t n);

/* The first and the last word of a page tell whose contents it has: 0, or its
   guard's number plus 1. */
uint64_t *page_word(ppn_t n, unsigned last);
void contents_guard(ppn_t n, unsigned guard);

/* One call each: what it returned. */
int do_give(void);
int do_release(void);
int do_set_guard(void);
int do_idle(void);
int do_die(void);
int do_carve(void);
int do_close(void);
int do_charge(void);
int do_make(void);
int do_unmake(void);
int do_destroy(void);
int do_insert(void);
int do_link(void);
int do_remove(void);
int do_protect(void);
int do_copy(void);
int do_break(void);
int do_hardware(void);

#endif
