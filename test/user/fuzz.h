/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_FUZZ_H
#define CHITIN_TEST_USER_FUZZ_H
/*
 * What the two halves of the call fuzzer share: fuzz.c makes the calls and
 * checks what they leave; fuzz_arguments.c makes up their arguments.
 */
#include "kern/abi/account.h"
#include "kern/abi/call_numbers.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

/* Boot arguments, decimal: seed= for another run, calls= for a longer one (of
   all harts), harts= for how many make them, and under -icount longest=, what
   no call may take. */
#define SEED 73815234405742
#define CALLS 1000000

/* Calls between two consistency checks, after each of which all other envs are
   destroyed and each hart gets a new puppet. */
#define ROUND 1000

#define SMALL 512 /* frames of order 0 in the pool */
#define LARGE 2   /* of order 9: all their pages are in the pool */
#define PAGES ((LARGE + 1) * 512)
#define FREE_ROOT 8
#define FREE_ROOT_END 200
#define IDS 2048
#define TAKE_TICKS 4000 /* how far ahead deadlines of requests are */
#define RECORDS (1UL << 23)
#define LOOK_INDEX 440 /* of the window: 64 places to look at frames */

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

/* A hart of the fuzzer: its own, but for what others look at. */
struct worker {
    _Alignas(64) uint64_t stream; /* of its random numbers */
    struct uarea *uarea;
    volatile struct shared *shared; /* with its puppet, */
    uint64_t page;                  /* and the frame of that */
    struct child puppet;
    uint64_t hart;
    uint64_t calls; /* made so far, entries of batches included */
    uint64_t faults;
    uint64_t good_of[CALL_MAX];
    uint64_t longest_of[CALL_MAX]; /* instructions, if QEMU counts them */
    volatile uint64_t arrived;     /* in which round it stands still */
    volatile uint64_t passes;      /* how often it looked meanwhile */
};

extern struct worker workers[INFORMATION_HARTS];
extern _Thread_local struct worker *me;
extern unsigned hart_count; /* of the fuzzer */

extern uint64_t base[LARGE + 1]; /* of the pool's parts */
extern uint64_t window;          /* the page table at SHARED */
extern uint64_t ids[IDS];
extern unsigned id_count;

/* An env that nobody has power over but the fuzzer's own calls, which leave it
   alone; the puppets' do not. A frame of its own, with a pattern. */
extern struct child witness;
extern uint64_t witness_page;
#define WITNESS_SLOT 1023 /* of hart 0 */
#define WITNESS_INDEX 20  /* of the window: the frame */
#define WITNESS_WORD(i) ((i)*0x9e3779b97f4a7c15UL)

/* One random call, or what else there is to do. The exception handler. */
void step_random(void);
void skip(struct uarea *uarea);

/* Sleeps for a time; takes what events there are. */
void nap(uint64_t ticks);
void events_take(struct uarea *uarea);

/* In fuzz_entry.S. */
#define OWN_TP 24
#define OWN_CALL 25
void fuzz_prologue(void);
void fuzz_hart_entry(void);
int64_t fuzz_transfer(uint64_t binding, struct uarea *uarea, uint64_t call);

/* While all other harts stand still. Slots that belong to others than this env
   and the witness go back, and what is dying or may soon be is ended; then
   check. Ends all other envs and takes back what they had; ends everything. */
void slots_check(void);
void slots_take_back(void);
void dying_end(void);
void takes_end(void);
void check(void);
void check_machine(void);
void others_end(void);
void end(void);
void versions_write(void);

/* Downloaded code (fuzz_code.c): a page of programs, once; what a call returned
   that loads one; arguments that such a call may well accept; sleep on one for
   a while; the end of all that this env has loaded. */
#define SLEEP_TICKS 20000
void codes_begin(void);
void code_note(int64_t code);
void code_arguments(uint64_t number, uint64_t a[6]);
int64_t code_sleep(const uint64_t a[6]);
void codes_end(void);

/* Disks (fuzz_disk.c), if there are any: made once; arguments that a call may
   well accept, and such as do no harm; what a call returned; the end of all
   that is on its way. How many frames of this env are not always its own; and,
   of each env by its index, the pages of the registry that it holds. */
void disks_begin(void);
void disk_arguments(uint64_t number, uint64_t a[6]);
void disk_tame(uint64_t number, uint64_t a[6], bool puppets);
void disk_note(uint64_t number, int64_t result);
void disks_settle(void);
uint64_t disk_frames(void);
void disk_pages_count(uint64_t pages[ENVS_MAX]);

/* The value of a boot argument, `name` with its =, or what it is without. */
uint64_t argument(const char *name, uint64_t without);

/* Begins the stream of this hart's numbers anew for its call `number`, made of
   the seed, the hart and that: what a hart wants with it is the same, however
   the others keep pace. Any number, and one below a limit. */
extern uint64_t seed;
void stream_begin(uint64_t number);
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
uint64_t time_now(void);

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
