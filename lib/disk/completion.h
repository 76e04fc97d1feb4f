/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_COMPLETION_H
#define CHITIN_LIB_DISK_COMPLETION_H
/*
 * Waiting for what the kernel will post to the completion ring of the U-area.
 * A waiter gives a request its cookie, then waits; whoever looks at the ring
 * hands every entry to its waiter, and entries whose cookies are not ours
 * (alarms, for one) to completion_other.
 *
 *     completion_begin(&w);
 *     error = sys_disk_read(..., w.cookie);
 *     if (error == 0) error = completion_wait(&w); else completion_cancel(&w);
 *
 * One hart and its U-area; one user at a time. While it waits the interrupt
 * level is masked; events other than completions go to exo_event_handler.
 */
#include "lib/exo/exo.h"

#define COMPLETIONS_MAX UAREA_RING_ENTRIES

struct completion {
    uint64_t cookie;
    int64_t value;
    bool done;
};

/* What becomes of entries of others; NULL: they are dropped. It must not wait.
 */
extern void (*completion_other)(uint64_t cookie, uint64_t value);

/* Called before each sleep, if it is not NULL: for what must not wait as long.
 */
extern void (*completion_before_sleep)(void);

/* Gives `c` a cookie, until it is waited for or cancelled. False if as many are
   under way as the ring has entries. */
bool completion_begin(struct completion *c);

/* The request was refused: nothing will be posted. */
void completion_cancel(struct completion *c);

/* Sleeps until the entry is there; its value. */
int64_t completion_wait(struct completion *c);

/* Takes what is in the ring; how many entries there were. */
unsigned completion_poll(void);

/* Sleeps until something is posted, or another event comes. */
void completion_sleep(void);

#endif
