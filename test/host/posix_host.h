/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_POSIX_HOST_H
#define CHITIN_TEST_HOST_POSIX_HOST_H
/*
 * What files, paths and pipes of lib/posix stand on, on this machine: the
 * shared memory at its address, processes made by this machine's fork, locks
 * that see whether their holder lives, waiting and waking. Signals are only
 * noted; the terminal is two buffers.
 */
#include <stddef.h>
#include <stdint.h>

/* Clears the shared memory, and this process is the first. */
void posix_host_begin(void);
/* Memory that forked processes share. */
void *posix_host_share(size_t bytes);
/* fork: 0 in the child, whose row is there; else its pid on this machine. */
int posix_host_fork(void);
/* Ends a child: all that it has open is closed. */
_Noreturn void posix_host_exit(int status);
/* Waits for the end of a child, which may have been killed, and buries it: its
   status as this machine's waitpid has it. */
int posix_host_wait(int pid);

/* What the terminal gives, and what was written to it. */
extern char posix_host_typed[64];
extern char posix_host_shown[64];

/* So many calls of a lock from now on, it ends the process on the spot, with
   the lock. 0: never. */
extern unsigned posix_host_die;

#endif
