/* SPDX-License-Identifier: MIT */
/*
 * Signals between processes: ends by default, and what waitpid says of them;
 * stops; groups; a child that spins, sleeps or waits; a storm.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/posix/fork.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "test/user/posix_expect.h"
#include "test/user/posix_fault.h"

#define STORM 2000
#define ROUNDS 8
#define NAPS 200

static volatile sig_atomic_t count;

static void
counting(int signal)
{
    (void)signal;
    count++;
}

static void
handler_set(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    EXPECT(sigaction(signal, &action, NULL), 0);
}

static void
spin(void)
{
    for (;;) {
    }
}

static void
doze(void)
{
    for (;;) {
        (void)sleep(1000);
    }
}

static void
await(void)
{
    for (;;) {
        (void)pause();
    }
}

static void
pending_none(void)
{
    sigset_t pending;

    _exit(sigpending(&pending) != 0 || pending != 0);
}

static pid_t
child_make(void (*run)(void))
{
    pid_t child = fork();

    if (child == 0) {
        run();
        _exit(77);
    }
    EXPECT(child > 0, 1);
    return child;
}

static int
status_of(pid_t child, int options)
{
    int status = -1;
    pid_t got;

    do {
        got = waitpid(child, &status, options);
    } while (got < 0 && errno == EINTR);
    EXPECT(got, child);
    return status;
}

static void
nap(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    while (nanosleep(&time, &time) < 0) {
    }
}

/* Whatever it does, it ends, and says by what. */
static void
ends(void)
{
    void (*const what[])(void) = {spin, doze, await};
    static const int by[] = {SIGTERM, SIGKILL, SIGINT, SIGUSR1, SIGALRM};

    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < sizeof(by) / sizeof(by[0]); k++) {
            pid_t child = child_make(what[i]);
            int status;

            nap(i == 0 ? 5 : 1);
            EXPECT(kill(child, by[k]), 0);
            status = status_of(child, 0);
            EXPECT(WIFSIGNALED(status), 1);
            EXPECT(WTERMSIG(status), by[k]);
            EXPECT_ERROR(kill(child, 0), ESRCH);
        }
    }
}

static void
dereference(void)
{
    volatile int *volatile nowhere = (volatile int *)0x18;

    *nowhere = 1;
}

static void
bad_address(void)
{
    (void)sigpending((sigset_t *)0x28);
}

static void
aborting(void)
{
    abort();
}

static void
faults(void)
{
    static void (*const what[])(void) = {dereference, illegal, overflow,
                                         bad_address, aborting};
    static const int by[] = {SIGSEGV, SIGILL, SIGSEGV, SIGSEGV, SIGABRT};

    for (unsigned i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
        int status = status_of(child_make(what[i]), 0);

        EXPECT(WIFSIGNALED(status), 1);
        EXPECT(WTERMSIG(status), by[i]);
    }
    /* With the signal ignored or masked, too. */
    (void)signal(SIGSEGV, SIG_IGN);
    EXPECT(WTERMSIG(status_of(child_make(dereference), 0)), SIGSEGV);
    (void)signal(SIGSEGV, SIG_DFL);
}

static void
stops(void)
{
    void (*const what[])(void) = {spin, doze, await};

    for (unsigned i = 0; i < 3; i++) {
        pid_t child = child_make(what[i]);
        int status;

        nap(2);
        for (unsigned k = 0; k < 3; k++) {
            EXPECT(kill(child, SIGSTOP), 0);
            status = status_of(child, WUNTRACED);
            EXPECT(WIFSTOPPED(status), 1);
            EXPECT(WSTOPSIG(status), SIGSTOP);
            EXPECT(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
            EXPECT(kill(child, SIGCONT), 0);
            status = status_of(child, WCONTINUED);
            EXPECT(WIFCONTINUED(status), 1);
        }
        EXPECT(kill(child, SIGSTOP), 0);
        (void)status_of(child, WUNTRACED);
        EXPECT(kill(child, SIGTERM), 0); /* kept until it goes on */
        nap(2);
        EXPECT(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
        if (i == 0) {
            EXPECT(kill(child, SIGKILL), 0);
            EXPECT(WTERMSIG(status_of(child, 0)), SIGKILL);
        } else {
            EXPECT(kill(child, SIGCONT), 0);
            EXPECT(WTERMSIG(status_of(child, 0)), SIGTERM);
        }
    }
}

static void
children(void)
{
    pid_t child;

    count = 0;
    handler_set(SIGCHLD, counting, SA_RESTART);
    child = child_make(spin);
    EXPECT(kill(child, SIGSTOP), 0);
    (void)status_of(child, WUNTRACED);
    EXPECT(count, 1);
    EXPECT(kill(child, SIGCONT), 0);
    EXPECT(count, 2);
    handler_set(SIGCHLD, counting, SA_RESTART | SA_NOCLDSTOP);
    EXPECT(kill(child, SIGSTOP), 0);
    (void)status_of(child, WUNTRACED);
    EXPECT(count, 2);
    EXPECT(kill(child, SIGKILL), 0);
    (void)status_of(child, 0);
    EXPECT(count, 3);
    (void)signal(SIGCHLD, SIG_DFL);
}

static void
groups(void)
{
    pid_t child[4];

    EXPECT(getpgrp(), 1);
    EXPECT(getpgid(0), 1);
    for (unsigned i = 0; i < 4; i++) {
        child[i] = child_make(await);
        EXPECT(setpgid(child[i], child[0]), 0);
        EXPECT(getpgid(child[i]), child[0]);
        EXPECT(getsid(child[i]), getsid(0));
    }
    EXPECT_ERROR(setpgid(child[0], 12345), EPERM);
    EXPECT_ERROR(setpgid(12345, 0), ESRCH);
    EXPECT_ERROR(setpgid(-1, 0), EINVAL);
    EXPECT_ERROR(setsid(), EPERM);
    EXPECT(kill(-child[0], 0), 0);
    EXPECT(killpg(child[0], SIGHUP), 0);
    for (unsigned i = 0; i < 4; i++) {
        int status = -1;

        EXPECT(waitpid(-child[0], &status, 0) > 0, 1);
        EXPECT(WTERMSIG(status), SIGHUP);
    }
}

/* A call that waits is made again after a handler that says so, or fails. */
static void
restarts(void)
{
    pid_t child;
    pid_t self = getpid();
    int status;

    for (int again = 0; again < 2; again++) {
        handler_set(SIGUSR1, counting, again ? SA_RESTART : 0);
        count = 0;
        child = fork();
        if (child == 0) {
            nap(5);
            (void)kill(self, SIGUSR1);
            nap(5);
            _exit(3);
        }
        if (again) {
            EXPECT(waitpid(child, &status, 0), child);
        } else {
            EXPECT_ERROR(waitpid(child, &status, 0), EINTR);
            EXPECT(waitpid(child, &status, 0), child);
        }
        EXPECT(count, 1);
        EXPECT(status, 3 << 8);
    }
}

/* Two that send each other signals, one for one, and one that stops and
   continues the other all the while: nothing is lost, nobody hangs. */
struct shared {
    volatile int ready[2];
    volatile int received[2];
};

static struct shared *shared;
static int own;

static void
receiving(int signal)
{
    (void)signal;
    shared->received[own]++;
}

static void
storm_run(pid_t other, int number)
{
    sigset_t masked;
    sigset_t none;

    own = number;
    sigemptyset(&none);
    sigemptyset(&masked);
    sigaddset(&masked, SIGUSR2);
    EXPECT(sigprocmask(SIG_BLOCK, &masked, NULL), 0);
    handler_set(SIGUSR2, receiving, 0);
    shared->ready[number] = 1;
    while (!shared->ready[1 - number]) {
        nap(1);
    }
    for (int i = 0; i < STORM; i++) {
        if (number == 0) {
            EXPECT(kill(other, SIGUSR2), 0);
        }
        while (shared->received[number] <= i) {
            (void)sigsuspend(&none);
        }
        if (number == 1) {
            EXPECT(kill(other, SIGUSR2), 0);
        }
    }
}

static void
storm(void)
{
    pid_t parent = getpid();
    pid_t child;
    pid_t disturber;

    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED, 1);
    child = fork();
    if (child == 0) {
        storm_run(parent, 1);
        _exit(0);
    }
    disturber = fork();
    if (disturber == 0) {
        for (;;) {
            nap(1);
            (void)kill(child, SIGSTOP);
            nap(1);
            (void)kill(child, SIGCONT);
        }
    }
    storm_run(child, 0);
    EXPECT(status_of(child, 0), 0);
    EXPECT(kill(disturber, SIGKILL), 0);
    EXPECT(WTERMSIG(status_of(disturber, 0)), SIGKILL);
}

/* Process 1 is there for all. */
static void
first(void)
{
    EXPECT_ERROR(kill(1, SIGKILL), EPERM);
    EXPECT_ERROR(kill(1, SIGSTOP), EPERM);
    EXPECT(kill(1, 0), 0);
}

/* A signal for a group one of which forks comes before the fork, or both get
   it. In the middle of one: the row is there, the child is not. */
static void
forks(void)
{
    struct process *p;
    int before = count;
    sigset_t mask;
    sigset_t all;

    handler_set(SIGUSR2, counting, 0);
    posix_hold();
    process_lock();
    p = process_new();
    EXPECT(p != NULL, 1);
    EXPECT(signal_send_group(getpgrp(), SIGUSR2), 0);
    EXPECT(p->signals, process_self->signals);
    EXPECT(p->signals != 0, 1);
    process_free(p);
    process_unlock();
    EXPECT(process_fork(), -EINTR); /* first the handler */
    EXPECT(count, before);
    posix_release();
    EXPECT(count, before + 1);

    /* What waits for the parent to take it is not the child's. */
    EXPECT(sigfillset(&all), 0);
    EXPECT(sigprocmask(SIG_SETMASK, &all, &mask), 0);
    EXPECT(raise(SIGUSR2), 0);
    EXPECT(status_of(child_make(pending_none), 0), 0);
    EXPECT(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    EXPECT(count, before + 2);
}

static void
multiply(void)
{
    for (;;) {
        (void)fork();
    }
}

/* All but who asks and the first process; those, too, that are being made. */
static void
everybody(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned naps = 0;

        (void)child_make(multiply);
        nap(20 + 7 * (long)round);
        EXPECT(kill(-1, SIGKILL), 0);
        do {
            while (waitpid(-1, NULL, WNOHANG) > 0 || errno == EINTR) {
            }
            nap(10);
        } while (kill(-1, 0) == 0 && ++naps < NAPS);
        EXPECT_ERROR(kill(-1, 0), ESRCH);
    }
}

int
main(void)
{
    ends();
    first();
    printf("test: ends\n");
    faults();
    printf("test: faults\n");
    stops();
    printf("test: stops\n");
    children();
    groups();
    restarts();
    printf("test: restarts\n");
    forks();
    storm();
    everybody();
    printf("test: kill ok\n");
    return 0;
}
