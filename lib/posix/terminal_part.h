/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TERMINAL_PART_H
#define CHITIN_LIB_POSIX_TERMINAL_PART_H
/* The files of the terminal among themselves. */
#include "lib/posix/shared.h"
#include "lib/posix/terminal.h"

#define TERMINAL (&SHARED_OF->terminal)

/* Its lock; whoever takes it after one that died makes the state whole. */
void terminal_lock(void);
void terminal_unlock(void);

/* Whether the caller may do now what only the foreground does: 0, or an error
   after its group was sent the signal (SIGTTIN, SIGTTOU). */
int terminal_background(int signal);

#endif
