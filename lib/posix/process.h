/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_PROCESS_H
#define CHITIN_LIB_POSIX_PROCESS_H
/*
 * The process table, in shared memory: all that others must know of a process,
 * and all that must be given back for it when it dies without a word. What only
 * the process itself needs is in its own memory.
 *
 *     FREE -- fork --> MAKING --> LIVE <-- stop, continue --> STOPPED
 *      ^                |          |  exit, or its env has died
 *      '----- wait -----'------- ZOMBIE
 *
 * Each row is under the lock of the table, but for what is said to be its own.
 */
#include "kern/abi/uarea.h"
#include "lib/posix/lock.h"

#define POSIX_PROCESSES 64 /* a set of them is a word, a bit for each row */
#define POSIX_DESCRIPTORS 64
#define POSIX_PROCESS_NAME 32

enum process_state {
    PROCESS_FREE,
    PROCESS_MAKING,
    PROCESS_LIVE,
    PROCESS_STOPPED,
    PROCESS_ZOMBIE
};

struct process {
    uint32_t state; /* enum process_state */
    uint32_t env;
    int32_t pid;
    int32_t parent;
    int32_t group;
    int32_t session;
    int32_t status;   /* of a zombie or of who stopped, as waitpid has it */
    uint32_t report;  /* stopped or continued, and the parent has not
                         been told */
    uint64_t signals; /* pending: a bit for each; set by anybody,
                         atomically, then process_wake */
    uint64_t signals_masked; /* its own: what it does not take now */
    uint64_t signals_ignored;
    uint32_t kill; /* SIGKILL: the first process ends its env */
    uint32_t umask;
    uint64_t started;      /* ticks of `time` */
    uint64_t slept;        /* so many ticks of that */
    uint32_t stop_quietly; /* it wants no SIGCHLD for children that stop */
    uint32_t continued;    /* SIGCONT came after what last stopped it */
    uint32_t executed;     /* it has made an execve */
    uint64_t children;     /* rows whose parent this is; found again by
                              process_repair when a holder of the lock has died */
    uint32_t files;        /* its descriptors are counted: file_fork is done */
    uint32_t abandoned;    /* MAKING, and its maker has died */
    uint32_t burier;       /* the env that closes what a dead one had open */
    /* Waiting; anybody's, by single stores. */
    uint32_t waiting; /* between process_wait_begin and _end */
    uint32_t asleep;  /* perhaps: the kernel must be told to wake it */
    uint32_t woken;   /* somebody wants it to look again */
    /* Its own to change; what a dead process had open is closed by whoever
       buries it. Index into the open files, -1: none. */
    _Alignas(8) int16_t descriptor[POSIX_DESCRIPTORS];
    uint64_t close_on_exec; /* a bit for each */
    int16_t directory;      /* the open file that is the working directory */
    char name[POSIX_PROCESS_NAME];
};

/* Rows that only the children of the first process can have: the shell of a
   terminal can start something when its user's processes are as many as there
   may be. */
#define POSIX_PROCESSES_SPARE 8

struct process_table {
    struct lock lock;
    int32_t pid_last;
    uint64_t taken; /* rows that are not FREE; as `children` */
    struct process process[POSIX_PROCESSES];
};

/* The row of the running process. In private memory; fork and exec set it. */
extern struct process *process_self;

/* A row is found by its pid: pid % POSIX_PROCESSES is its number. */

/* The caller becomes process 1, of a table that is all zeroes: its env has
   control over all that will be made in the domain. */
void process_begin(void);

/* The table's lock. Whoever takes it after one that died with it makes the
   table whole first. */
void process_lock(void);
void process_unlock(void);

/* The row's number, as in sets of processes. */
static inline unsigned
process_index(const struct process *p)
{
    return (unsigned)p->pid % POSIX_PROCESSES;
}

/* The process with that pid, not FREE, or NULL. Under the table's lock. */
struct process *process_find(int32_t pid);

/*
 * Between the two no handler of a signal runs and the process is not stopped;
 * may be nested. Every function of the C library that touches shared memory
 * works between them. The last release delivers what has come.
 */
extern uint32_t posix_held;
extern uint32_t posix_posted; /* events of POSIX_POSTED that came, and were not
                                 looked at */
#define POSIX_POSTED (PENDING_DEATH | PENDING_REQUEST | PENDING_LOSS)
void posix_release_due(void);

static inline void
posix_hold(void)
{
    posix_held++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void
posix_release(void)
{
    /* An event that comes before this is looked for behind it; one that comes
       after finds nothing held. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    posix_held--;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (posix_held == 0 &&
        (posix_posted |
         (process_self->signals & ~process_self->signals_masked)) != 0) {
        posix_release_due();
    }
}

bool posix_is_held(void);

/*
 * Releases after a call that may have waited, and says whether it is to be made
 * again: when it gave -EINTR, and every handler that ran now wants that
 * (SA_RESTART), or none ran (the process was stopped, and goes on).
 *
 *     do {
 *         posix_hold();
 *         result = file_read(descriptor, bytes, count);
 *     } while (posix_again(result));
 */
bool posix_again(int64_t result);

/*
 * Waiting, within posix_hold, and with no lock held:
 *
 *     process_wait_begin();
 *     atomic_or(&object->waiting, 1 << process_index(process_self));
 *     while (!(condition)) {
 *         if ((error = process_wait(deadline)) < 0) break;
 *     }
 *     process_wait_end();
 *
 * A wake between begin and the sleep is not lost, whatever is called in between
 * that waits, too. process_wait returns 0 when
 * somebody woke the process (or for no reason), -EINTR if a signal is to be
 * delivered, -ETIMEDOUT past the deadline (`time`; 0: none).
 */
void process_wait_begin(void);
int process_wait(uint64_t deadline);
/* The same, whatever is pending: once, until something comes. */
void process_sleep(uint64_t deadline);
void process_wait_end(void);

/*
 * Wakes a process, or all of a set, which is emptied. One that waits looks at
 * its condition again, soon: when the caller waits too, gives the hart to it,
 * or is at the end of its slice. One that runs gets an event (PENDING_NOTIFY <<
 * POSIX_GATE_WAKE), at once. Who sends a signal sets the bit, then wakes.
 */
void process_wake(struct process *p);
void process_wake_all(uint64_t *waiting);

/* What the handler for events found in `pending` and took out. What is to be
   done about it, the next posix_release does, or process_wait. */
void process_event(uint64_t pending);

/* Children whose env has ended without an exit are buried: their parent is
   told, what they had open is closed. posix_release does it when a death was
   posted. */
void process_bury_all(void);

/* The first process's turn, besides: whoever has SIGKILL pending is ended, and
   buried with the children that were left to it. */
void process_kill_all(void);

#endif
