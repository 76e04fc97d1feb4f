/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SIGNAL_PART_H
#define CHITIN_LIB_POSIX_SIGNAL_PART_H
/* The files of signals among themselves. */
#include "lib/posix/process.h"
#include "lib/posix/signal.h"

#define SIGNAL_STOPS                                                           \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) |         \
     SIGNAL_BIT(SIGTTOU))

/* The row says what is ignored while there are no actions yet. */
void signal_defaults(void);

/* Whether a handler would run for it now. */
bool signal_is_caught(int signal);

/* Whether its handler has another stack; from where to where. */
bool signal_on_other_stack(int signal, uint64_t *stack, uint64_t *end);

/* Runs the handler of a signal. With nothing held. */
void signal_run(int signal, siginfo_t *information);

/* Whether nobody is there to bring the caller's group to the foreground again:
   no member has a parent in another group of its session. */
bool signal_group_is_orphaned(void);

/* Whether a group has a process that has not ended. The table's lock is held.
 */
bool signal_group_lives(int32_t group);

/* A process is about to be a zombie: stopped groups that only it could bring to
   the foreground go on, and get SIGHUP. The table's lock is held. */
void signal_orphans(const struct process *gone);

/* In signal_entry.S. */
void signal_entry(void);
void signal_end_entry(void);
void signal_call(uint64_t stack_end, void (*handler)(int, siginfo_t *, void *),
                 int signal, siginfo_t *information);

#endif
