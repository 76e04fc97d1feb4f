/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SIGNAL_H
#define CHITIN_LIB_POSIX_SIGNAL_H
/*
 * Signals of the process itself; those of others are sent by posix.h's
 * functions. A set of signals is a word, as sigset_t: bit n is signal n.
 *
 *     pending, in the row ----- set by anybody, taken by the process
 *     masked, in the row  ----- the process's own
 *     ignored, in the row ----- the process's own: what needs not be sent
 *     actions             ----- private
 *
 * Handlers run with nothing held: at the last posix_release, or, when the
 * program is in its own code, by the upcall for the event that the sender's
 * process_wake posts. They run on the program's stack, like functions that it
 * calls; so they may end by longjmp.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define SIGNAL_BIT(signal) ((uint64_t)1 << (signal))

/* What can neither be caught, masked nor ignored. */
#define SIGNAL_ALWAYS (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* Sets the action, if `action` is not NULL, and gives the old one, if `old` is
   not. -EINVAL. */
int signal_action(int signal, const struct sigaction *action,
                  struct sigaction *old);

/* Sets the mask, and gives the old one. */
uint64_t signal_mask(uint64_t mask);

/* How many handlers have run: whoever waits for one looks whether that has
   changed. */
uint64_t signal_handled(void);

/* Waits with that mask until a handler has run. With nothing held. */
void signal_suspend(uint64_t mask);

/* Takes one of a set that is pending, and waits for it if `deadline` (of
   `time`; 0: none) is not past: its number, -EINTR, -EAGAIN past it. Held. */
int64_t signal_take(uint64_t set, uint64_t deadline);

/* The other stack: as sigaltstack. -EPERM, -EINVAL, -ENOMEM. */
int signal_stack(const stack_t *stack, stack_t *old);

#endif
