/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_FORK_H
#define CHITIN_LIB_POSIX_FORK_H
#include <stdint.h>

#include "lib/posix/process.h"

/* In the parent the child's pid, or the negative of an errno: -EAGAIN if there
   are as many processes as may be, -ENOMEM. In the child 0. Within posix_hold,
   in both. -EINTR, where nothing else is held, if a signal is to be delivered
   first: then one for the group is not the parent's alone. */
int64_t process_fork(void);

/* In switch.S: calls fork_make with the place of the registers that C
   preserves, on the stack, and returns what that returns; in the env that was
   made, where a yield that it never made seems to end, 0. */
int64_t fork_switch(void);
int64_t fork_make(uint64_t stack);

/* The capability with power over a process of whom this one is the parent, or,
   if this is the first one, over any. */
uint64_t process_control(const struct process *p);

/* A child is gone, and with it the need for that. */
void process_control_drop(const struct process *p);

#endif
