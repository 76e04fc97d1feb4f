/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_POSIX_H
#define CHITIN_LIB_POSIX_POSIX_H
/*
 * The parts of the libOS to each other. Functions give 0 or more, or the
 * negative of an errno; the functions of the C library, in the files call_*.c,
 * hold, call one of these, release, and set errno.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/posix/process.h"

struct stat;

/* An error as errno has it, of one as the kernel, lib/disk and lib/fs say it:
   some numbers differ. What is not negative stays. */
int64_t posix_error(int64_t error);

/* files: descriptors, open files, paths (file*.c, pipe.c, path.c) */
int64_t file_open(const char *path, int flags, mode_t mode);
/* The path begins at an open directory, or at AT_FDCWD. */
int64_t file_open_at(int directory, const char *path, int flags, mode_t mode);
int64_t file_close(int descriptor);
int64_t file_read(int descriptor, void *bytes, size_t count);
int64_t file_write(int descriptor, const void *bytes, size_t count);
int64_t file_pread(int descriptor, void *bytes, size_t count, off_t offset);
int64_t file_pwrite(int descriptor, const void *bytes, size_t count,
                    off_t offset);
int64_t file_seek(int descriptor, off_t offset, int whence);
int64_t file_duplicate(int descriptor, int least, int flags);
int64_t file_stat(const char *path, struct stat *status, int follow);
int64_t file_stat_at(int directory, const char *path, struct stat *status,
                     int follow);
/* The child's row has the same descriptors and directory: they are used once
   more. */
int64_t file_fork(struct process *child);
/* After execve: what is close-on-exec is closed. */
void file_exec(void);
/* All that a process had open is closed: its own exit, or a dead one's, before
   its row is FREE. No lock is held. */
void file_exit(struct process *p);
/* 0 if what the descriptor leads to is the terminal; -EBADF, -ENOTTY. */
int file_terminal(int descriptor);

/* signals */
/* Sends a signal to one process; the table's lock is held. */
void signal_send(struct process *p, int signal);
/* Sends it to all of a group; the table's lock is held. -ESRCH. */
int signal_send_group(int32_t group, int signal);
/* Sends it to all but the first process and the caller; the same. */
int signal_send_all(int signal);
/* Tells the parent of a process whose state has just changed: SIGCHLD, unless
   it wants none for those that stop, and it is woken. The table's lock is
   held. */
void signal_parent(const struct process *p);
/* Whether no live member of a group, but for `without`, has a parent in another
   group of its session. The table's lock is held. */
bool signal_is_orphaned(int32_t group, const struct process *without);
/* Whether one is pending that is neither masked nor ignored. */
int signal_is_due(void);
/* Delivers what is due: called by the last posix_release, and by the upcall for
   events when nothing is held. */
void signal_deliver(void);
/* A fault that is nobody's: as a signal to the process itself, at once. */
struct uarea;
void signal_fault(struct uarea *uarea);
/* What execve leaves of handlers: none; what is ignored stays so. */
void signal_exec(void);
/* The process's faults and events come to the libOS from now on. Once, in a
   program that has not been forked, before anything is held. */
void signal_begin(void);

/* terminal */
/* Under the shared memory's first clearing. */
void terminal_begin(void);
int64_t terminal_read(void *bytes, size_t count, int nonblocking);
int64_t terminal_write(const void *bytes, size_t count, int nonblocking);
/* Which of the POLL events hold now; if `wait`, the process is woken when that
   may have changed (between process_wait_begin and _end). */
int terminal_poll(int events, int wait);
/* A leader of a session that opens the terminal, without O_NOCTTY, makes it
   that session's, if it is nobody's: 0, -EPERM. */
int terminal_claim(void);
/* Whether it is that of the caller's session. */
int terminal_is_own(void);
/* A process ends, whose row is still there: if it led the terminal's session,
   that has no terminal any more, and its foreground SIGHUP. The table's lock is
   held. */
void terminal_exit(const struct process *p);
/* The first process's: takes what was typed, answers with what is to be seen of
   it, and wakes readers. Whoever calls it has PENDING_CONSOLE in the next
   byte's case, and sleeps till then. Holds, and releases. */
void terminal_pump(void);

/* time */
/* The env has one alarm, for waiting and for SIGALRM: it is set to the earlier
   of `deadline` (of `time`; 0: none) and the time when that is due. Whoever
   waits sets it before each sleep; entries of the ring that it makes have
   cookie 0, and are dropped by whoever finds them. */
void timer_arm(uint64_t deadline);

/* processes and memory */
/* A page fault at an address: true if it was the libOS's own (a page to be
   copied, the stack growing, a page of a mapping) and the program can go on. */
int memory_fault(uint64_t cause, uint64_t address);
/* Ends the process with a status as waitpid has it. */
_Noreturn void process_exit(int status);
/* Stops it, until SIGCONT. */
void process_stop(int signal);

#endif
