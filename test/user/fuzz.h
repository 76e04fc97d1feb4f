/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_FUZZ_H
#define CHITIN_TEST_USER_FUZZ_H
/*
 * What the two halves of the call fuzzer share: fuzz.c makes the calls and
 * checks what they leave; fuzz_arguments.c makes up their arguments.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

/* Boot arguments, decimal: seed= for another run, calls= for a longer one, and
   under -icount longest=, what no call may take. */
#define SEED 73815234405742
#define CALLS 1000000

/* Calls between two consistency checks, after each of which all other envs are
   destroyed and a new puppet is made. */
#define ROUND 1000

#define SMALL 512 /* frames of order 0 in the pool */
#define LARGE 2   /* of order 9: all their pages are in the pool */
#define PAGES ((LARGE + 1) * 512)
#define FREE_ROOT 8
#define FREE_ROOT_END 200
#define IDS 2048
#define RECORDS (1UL << 23)
#define SLOT 510 /* of the window: where tables are read */

#define R 0x02
#define W 0x04
#define AD 0xc0

#define IS(type) (1u << (type))
#define ANY_TABLE (IS(FRAME_TABLE_0) | IS(FRAME_TABLE_1) | IS(FRAME_TABLE_2))

/* The page that the puppet shares. */
struct shared {
    uint64_t parent;
    uint64_t number;
    uint64_t argument[6];
    int64_t result;
};

extern uint64_t base[LARGE + 1]; /* of the pool's parts */
extern uint64_t ids[IDS];
extern unsigned id_count;
extern struct child puppet;
extern uint64_t page;

/* The value of a boot argument, `name` with its =, or what it is without. */
uint64_t argument(const char *name, uint64_t without);

/* Each hart has a stream of numbers of its own, made of the seed and the number
   of the hart: what one does is the same, however the others keep pace. Any
   number, and one below a limit. */
void streams_seed(uint64_t seed);
uint64_t random64(void);
uint64_t below(uint64_t limit);

/* The record of a page; page i of the pool, and whether a page is in it. */
const volatile struct frame *record(uint64_t number);
uint64_t pool_page(unsigned i);
bool in_pool(uint64_t number);

/* A page of the pool, if possible of one of those types; the same, mostly one
   that this env owns and nothing holds; the id of an env, current or not; any
   number that might mean something. */
uint64_t frame_pick(unsigned types);
uint64_t idle_pick(unsigned types);
uint64_t id_pick(void);
uint64_t anything(void);

/* A number that is some call's. */
uint64_t number_pick(void);

/* Arguments for a call: such as it may well accept; changed where they would
   end the test or take away what it stands on; and words for the batch. */
void arguments_likely(uint64_t number, uint64_t a[6]);
void arguments_tame(uint64_t number, uint64_t a[6], bool puppets);
void batch_fill(void);

/* Writes entries for a batch, tamed, and sometimes broken ones; how many, and
   the word of the first. */
uint64_t batch_make(uint64_t *first);

#endif
