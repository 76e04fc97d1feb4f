/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_ASKED_H
#define CHITIN_TEST_USER_ASKED_H
/*
 * An env of which frames and slots are asked, and how it answers. It takes its
 * frames itself, maps each in its page table at SHARED, and guarantees its
 * stack and the last few of them: those that the kernel would take first. It is
 * charged to an account of its own.
 */
#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define ASKED_FRAMES 300 /* at most */
#define ASKED_LOSSES 256
#define ASKED_FIRST 3 /* the index of frame 0 in the page table */

/* What it does about events. */
enum answer {
    ANSWER_HANDLED, /* looks in its event handler, which interrupts it */
    ANSWER_AWAKE,   /* sleeps, and looks when it is awake */
    ANSWER_NEVER,   /* has them masked, and does not look */
    ANSWER_YIELDED  /* neither: it yields to the parent for ever */
};

/* The page that it shares with the parent. */
struct asked {
    /* From the parent. */
    uint64_t parent;
    uint64_t id;
    uint64_t leaf;
    uint64_t frames;           /* that it is to take */
    uint64_t large;            /* and then so many of 2 MiB */
    uint64_t guaranteed;       /* of them, the last ones; ~0: not its stack */
    volatile uint64_t answer;  /* enum answer */
    volatile uint64_t willing; /* how many it will free when it is asked */

    /* From the env. */
    volatile uint64_t ready;
    volatile uint64_t turns; /* while it runs, but for its handler */
    volatile uint64_t freed;
    volatile uint64_t events; /* bits of pending that it has seen */
    volatile uint64_t wrong;  /* a line of asked.c, or 0 */
    volatile uint64_t losses;
    volatile uint64_t loss[ASKED_LOSSES];
    volatile uint32_t frame[ASKED_FRAMES + 4];

    volatile uint64_t rounds[3]; /* of others, which only count */
};

_Static_assert(sizeof(struct asked) <= 4096, "one page");

#define ASKED ((struct asked *)SHARED)
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define ACCOUNTS ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define ROWS ((const volatile struct env_row *)INFORMATION_ENVS)
#define VECTOR ((const volatile uint32_t *)INFORMATION_SLOTS) /* of hart 0 */

/* Waits for it ten seconds at most, and demands it. */
#define WAIT_UNTIL(condition)                                                  \
    do {                                                                       \
        uint64_t until = time_now() + 10000UL * MILLISECOND;                   \
                                                                               \
        while (!(condition) && time_now() < until) {                           \
            harts_wait(1);                                                     \
        }                                                                      \
        EXPECT(condition, true);                                               \
    } while (0)

/* What is to be known of the one that is there. */
extern uint64_t asked_page;
extern struct child asked_child;
extern volatile struct uarea *asked_uarea;

/* Makes the page that is shared and the parent's slots; how many harts there
   are. */
uint64_t asked_open(void);

/* Forgets what the page says of the last, and sets what one is asked: for
   asked_begin, which makes it and waits until it has its frames. It has of each
   eight slots of the hart those up to `eighths`. */
void asked_prepare(uint64_t frames, uint64_t guaranteed, enum answer answer,
                   uint64_t willing);
void asked_begin(uint64_t hart, uint64_t eighths);

/* Checks that it has done nothing wrong, ends it, and that all that its account
   was charged for is given back. */
void asked_end(void);

/* Asks it, by a deadline in ticks of `time`. */
int64_t asked_ask(uint64_t kind, uint64_t name, uint64_t count,
                  uint64_t deadline);

/* How many requests stand in its U-area; what its account is charged for. */
uint64_t asked_requests(void);
uint64_t asked_used(enum account_kind kind);

/* How many of its frames it owns still; whether a frame is one of them. */
uint64_t asked_owned(void);
bool asked_owns(uint64_t number);

#endif
