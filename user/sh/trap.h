/* SPDX-License-Identifier: MIT */
/*
 * Signals. A handler only notes them; what they are to do is done between
 * commands, by traps_run.
 */
#ifndef USER_SH_TRAP_H
#define USER_SH_TRAP_H

#include <stdbool.h>

/* When the shell begins: what is ignored already stays so if nobody types. */
void traps_begin(void);

/* Runs what came. Ctrl-C without a trap skips all. */
void traps_run(void);

/* Runs the EXIT trap, once. */
void trap_run_exit(void);

/* Whether anything is trapped: then the shell must outlive its last command. */
bool traps_any(void);

/* A signal with a trap that has not run yet, or 0. */
int trap_waiting(void);

/* As if Ctrl-C had been typed at the shell. */
void trap_interrupt(void);

/* Ctrl-C was typed and nothing has been done yet. */
bool trap_interrupted(void);
void trap_interrupt_clear(void);

void trap_ignore(int signal);

/* In a child: what is trapped is as it was, what is ignored stays. */
void traps_reset(void);

/* In a child of a person's shell: what that kept from itself is as usual. */
void traps_restore(void);

int builtin_trap(int count, char **words);

#endif
