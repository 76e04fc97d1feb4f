/* SPDX-License-Identifier: MIT */
#include "test/host/posix_host.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/fs/fs.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/tree.h"
#include "test/host/check.h"

#define SPINS 10000000

char posix_host_typed[64];
char posix_host_shown[64];
unsigned posix_host_die;

struct process *process_self;
uint64_t exo_id; /* this process's pid on this machine */

/* A word for each row, counted up by each wake. */
static uint32_t *wakes;
static uint32_t wakes_seen;

void *
posix_host_share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED);
    return memory;
}

void
posix_host_begin(void)
{
    static void *shared;

    if (shared == NULL) {
        shared =
            mmap(SHARED_OF, sizeof(struct posix_shared), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(shared == SHARED_OF);
        wakes = posix_host_share(POSIX_PROCESSES * sizeof(*wakes));
    }
    memset(SHARED_OF, 0, sizeof(struct posix_shared));
    files_init();
    process_self = &SHARED_OF->processes.process[1];
    SHARED_OF->processes.taken = 2;
    process_self->state = PROCESS_LIVE;
    exo_id = (uint64_t)getpid();
    process_self->env = (uint32_t)exo_id;
    process_self->pid = 1;
    process_self->umask = 022;
    CHECK_EQUAL(files_begin(), 0);
}

int
posix_host_fork(void)
{
    struct process *p = SHARED_OF->processes.process + 2;
    int pid;

    while (p->state != PROCESS_FREE) {
        p++;
    }
    p->state = PROCESS_MAKING;
    p->pid = (int32_t)(p - SHARED_OF->processes.process);
    p->umask = process_self->umask;
    SHARED_OF->processes.taken |= (uint64_t)1 << p->pid;
    CHECK_EQUAL(file_fork(p), 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        process_self = p;
        exo_id = (uint64_t)getpid();
        p->env = (uint32_t)exo_id;
        p->state = PROCESS_LIVE;
    } else {
        p->env = (uint32_t)pid;
    }
    return pid;
}

_Noreturn void
posix_host_exit(int status)
{
    file_exit(process_self);
    _exit(status);
}

int
posix_host_wait(int pid)
{
    int status;
    unsigned i;

    CHECK_EQUAL(waitpid(pid, &status, 0), pid);
    for (i = 0; i < POSIX_PROCESSES; i++) {
        struct process *p = &SHARED_OF->processes.process[i];

        if (p->state != PROCESS_FREE && p->env == (uint32_t)pid) {
            file_exit(p);
            SHARED_OF->processes.taken &= ~((uint64_t)1 << i);
            p->state = PROCESS_FREE;
        }
    }
    return status;
}

/* Locks. A child that has ended and was not waited for counts as dead. */
static bool
alive(uint32_t pid)
{
    siginfo_t info = {0};

    if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        return info.si_pid == 0;
    }
    return kill((pid_t)pid, 0) == 0;
}

bool
lock_wait(struct lock *lock)
{
    unsigned i;

    CHECK(lock->holder != exo_id);
    for (i = 0; i < SPINS; i++) {
        uint32_t holder = lock->holder;

        if ((holder == 0 || !alive(holder)) &&
            __atomic_compare_exchange_n(&lock->holder, &holder,
                                        (uint32_t)exo_id, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return holder != 0;
        }
        (void)sched_yield();
    }
    check_fail(__FILE__, __LINE__, "who has a lock gives it back");
}

void
lock_hand_over(struct lock *lock)
{
    (void)lock;
}

bool
posix_host_lock_take(struct lock *lock)
{
    bool died = (lock_take)(lock);

    if (posix_host_die > 0 && --posix_host_die == 0) {
        (void)kill(getpid(), SIGKILL);
    }
    return died;
}

bool
lock_is_mine(const struct lock *lock)
{
    return lock->holder == exo_id;
}

/* The process table. */
void
process_lock(void)
{
    (void)lock_take(&SHARED_OF->processes.lock);
}

void
process_unlock(void)
{
    lock_drop(&SHARED_OF->processes.lock);
}

/* Waiting. */
void
process_wait_begin(void)
{
    wakes_seen =
        __atomic_load_n(&wakes[process_index(process_self)], __ATOMIC_SEQ_CST);
}

static uint64_t
now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int
process_wait(uint64_t deadline)
{
    uint32_t *word = &wakes[process_index(process_self)];
    struct timespec t = {0, 20000000};
    unsigned i;

    for (i = 0; i < 1000; i++) {
        if (process_self->signals != 0) {
            return -EINTR;
        }
        if (deadline != 0 && now() >= deadline) {
            return -ETIMEDOUT;
        }
        (void)syscall(SYS_futex, word, FUTEX_WAIT, wakes_seen, &t, NULL, 0);
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != wakes_seen) {
            process_wait_begin();
            return 0;
        }
    }
    check_fail(__FILE__, __LINE__, "somebody wakes who waits");
}

void
process_wait_end(void)
{
}

void
process_wake(struct process *p)
{
    uint32_t *word = &wakes[process_index(p)];

    (void)__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
    (void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void
process_wake_all(uint64_t *waiting)
{
    uint64_t set = __atomic_exchange_n(waiting, 0, __ATOMIC_SEQ_CST);
    unsigned i;

    for (i = 0; i < POSIX_PROCESSES; i++) {
        if ((set >> i & 1) != 0) {
            process_wake(&SHARED_OF->processes.process[i]);
        }
    }
}

void
signal_send(struct process *p, int signal)
{
    CHECK(lock_is_mine(&SHARED_OF->processes.lock));
    p->signals |= (uint64_t)1 << signal;
}

/* The terminal. */
int64_t
terminal_read(void *bytes, size_t count, int nonblocking)
{
    size_t there = strlen(posix_host_typed);
    size_t n = there < count ? there : count;

    if (there == 0) {
        return nonblocking != 0 ? -EAGAIN : 0;
    }
    memcpy(bytes, posix_host_typed, n);
    memmove(posix_host_typed, posix_host_typed + n, there - n + 1);
    return (int64_t)n;
}

int64_t
terminal_write(const void *bytes, size_t count, int nonblocking)
{
    size_t there = strlen(posix_host_shown);

    (void)nonblocking;
    CHECK(there + count < sizeof(posix_host_shown));
    memcpy(posix_host_shown + there, bytes, count);
    posix_host_shown[there + count] = 0;
    return (int64_t)count;
}

int
terminal_poll(int events, int wait)
{
    (void)wait;
    return events & ((posix_host_typed[0] != 0 ? POLLIN : 0) | POLLOUT);
}

int
terminal_claim(void)
{
    return 0;
}

int
terminal_is_own(void)
{
    return 1;
}

/* The tree. */
int64_t
tree_make(struct fs *fs, struct fs_volume *volume)
{
    static const struct cap_name nobody;

    return fs_make(fs, volume, &nobody, &nobody);
}
