/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_CHILD_H
#define CHITIN_TEST_USER_CHILD_H
/*
 * A second env for tests, made by hand of frames and page tables. It has the
 * parent's text, a stack of one page, a U-area and one page shared with the
 * parent; none of the parent's data, nor a handler of exceptions and events. In
 * entry 3 of its list is the root's name
 * with the right to read, in entry CHILD_CAP_OWN its own name with all rights.
 */
#include "lib/exo/exo.h"

/* In both address spaces. */
#define SHARED 0x40000000UL
/* In the child's. */
#define CHILD_UAREA 0x40001000UL
#define CHILD_STACK 0x40002000UL

/* The parent's entry with the child's guard and all rights. */
#define CAP_CHILD 1
#define CHILD_CAP_OWN 5

struct child {
    uint64_t id;
    uint64_t leaf; /* its page table at SHARED */
    uint64_t uarea;
    uint64_t frames[3]; /* that the parent gave, to look for later */
};

/* The account that children are charged to; 0: the parent's. */
extern uint64_t child_account;

/* A frame of the caller's under capability `cap`, zeroed; an empty page table.
 */
uint64_t frame_clean(uint64_t cap);
uint64_t table_new(uint64_t cap, uint64_t level);

/* Maps `page` at SHARED in the parent, mints CAP_CHILD, and returns the page
   table that the parent uses there. */
uint64_t window_open(uint64_t page);

/* Makes a child that runs `run` when it is first yielded to. */
struct child child_make(uint64_t shared, void (*run)(struct uarea *uarea));

/* The same on another hart, where it runs once it has a slot. */
struct child child_make_on(uint64_t shared, void (*run)(struct uarea *uarea),
                           uint64_t hart);

/* Where a resume enters it: t0 is its U-area, t1 its stack, and own[24] the
   function. */
void child_start(void);

/* Destroys it, and checks that nothing of it is left. */
void child_end(const struct child *child);

#endif
