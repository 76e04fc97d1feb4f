/* SPDX-License-Identifier: MIT */
/*
 * Signals within one process: actions and their flags, masks, what is pending,
 * faults, alarms, calls that are interrupted, jumps out of handlers, the other
 * stack.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "test/user/posix_expect.h"
#include "test/user/posix_fault.h"

static volatile sig_atomic_t count;
static volatile sig_atomic_t last;
static volatile sig_atomic_t depth;
static volatile sig_atomic_t depth_most;
static volatile sig_atomic_t raised;
static sigjmp_buf jump;
static siginfo_t told;
static volatile uintptr_t stack_of_handler;

static void
counting(int signal)
{
    errno = 77; /* is put right again */
    count++;
    last = signal;
}

static void
action_set(int signal, void (*handler)(int), int flags, sigset_t mask)
{
    struct sigaction action = {
        .sa_handler = handler, .sa_mask = mask, .sa_flags = flags};

    EXPECT(sigaction(signal, &action, NULL), 0);
}

static void
sets(void)
{
    sigset_t set;

    EXPECT(sigemptyset(&set), 0);
    EXPECT(sigismember(&set, SIGINT), 0);
    EXPECT(sigaddset(&set, SIGUSR2), 0);
    EXPECT(sigismember(&set, SIGUSR2), 1);
    EXPECT(sigismember(&set, SIGUSR1), 0);
    EXPECT(sigdelset(&set, SIGUSR2), 0);
    EXPECT(sigismember(&set, SIGUSR2), 0);
    EXPECT(sigfillset(&set), 0);
    EXPECT(sigismember(&set, SIGHUP) && sigismember(&set, SIGUSR2), 1);
    EXPECT_ERROR(sigaddset(&set, 0), EINVAL);
    EXPECT_ERROR(sigaddset(&set, NSIG), EINVAL);
    EXPECT_ERROR(sigdelset(&set, -1), EINVAL);
    EXPECT_ERROR(sigismember(&set, 64), EINVAL);
}

static void
actions(void)
{
    struct sigaction old;

    action_set(SIGUSR1, counting, 0, 0);
    errno = 5;
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(count, 1);
    EXPECT(last, SIGUSR1);
    EXPECT(errno, 5);
    EXPECT(kill(getpid(), SIGUSR1), 0);
    EXPECT(count, 2);
    EXPECT(sigaction(SIGUSR1, NULL, &old), 0);
    EXPECT(old.sa_handler == counting, 1);
    EXPECT(signal(SIGUSR1, SIG_IGN) == counting, 1);
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(count, 2);
    EXPECT(signal(SIGCHLD, counting) == SIG_DFL, 1);
    EXPECT(raise(SIGCHLD), 0);
    EXPECT(count, 3);
    EXPECT(signal(SIGCHLD, SIG_DFL) == counting, 1);
    EXPECT(raise(SIGCHLD), 0);
    EXPECT(count, 3);

    action_set(SIGUSR1, counting, SA_RESETHAND, 0);
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(count, 4);
    EXPECT(sigaction(SIGUSR1, NULL, &old), 0);
    EXPECT(old.sa_handler == SIG_DFL, 1);

    EXPECT_ERROR(sigaction(0, NULL, &old), EINVAL);
    EXPECT_ERROR(sigaction(NSIG, NULL, &old), EINVAL);
    EXPECT_ERROR(sigaction(SIGKILL, &old, NULL), EINVAL);
    EXPECT_ERROR(sigaction(SIGSTOP, &old, NULL), EINVAL);
    EXPECT(sigaction(SIGKILL, NULL, &old), 0);
    EXPECT(signal(SIGKILL, SIG_IGN) == SIG_ERR, 1);
    EXPECT_ERROR(kill(getpid(), NSIG), EINVAL);
    EXPECT_ERROR(kill(getpid(), -1), EINVAL);
    EXPECT_ERROR(kill(12345, 0), ESRCH);
    EXPECT_ERROR(kill(-12345, SIGTERM), ESRCH);
    EXPECT(kill(getpid(), 0), 0);
    EXPECT(kill(0, 0), 0);
}

static void
nesting(int signal)
{
    depth++;
    depth_most = depth > depth_most ? depth : depth_most;
    if (raised < 2) {
        raised++;
        EXPECT(raise(signal), 0);
    }
    depth--;
    count++;
}

static void
masks(void)
{
    sigset_t set;
    sigset_t old;

    count = 0;
    action_set(SIGUSR1, counting, 0, 0);
    action_set(SIGUSR2, counting, 0, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGKILL);
    EXPECT(sigprocmask(SIG_BLOCK, &set, &old), 0);
    EXPECT(old, 0);
    EXPECT(sigprocmask(SIG_BLOCK, NULL, &old), 0);
    EXPECT(old, (sigset_t)1 << SIGUSR1); /* SIGKILL is not in it */
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(raise(SIGUSR2), 0);
    EXPECT(count, 1);
    EXPECT(sigpending(&set), 0);
    EXPECT(set, (sigset_t)1 << SIGUSR1);
    EXPECT(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
    EXPECT(count, 2); /* twice is once */
    EXPECT(sigpending(&set), 0);
    EXPECT(set, 0);
    EXPECT_ERROR(sigprocmask(77, &set, NULL), EINVAL);

    /* What is ignored is not kept. */
    sigaddset(&set, SIGUSR1);
    EXPECT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    EXPECT(raise(SIGUSR1), 0);
    (void)signal(SIGUSR1, SIG_IGN);
    (void)signal(SIGUSR1, counting);
    EXPECT(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    sigemptyset(&set);
    EXPECT(sigprocmask(SIG_SETMASK, &set, NULL), 0);
    EXPECT(count, 2);

    action_set(SIGUSR1, nesting, 0, 0);
    count = 0;
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(depth_most, 1); /* masked while its handler runs */
    EXPECT(count, 3);
    depth_most = count = raised = 0;
    action_set(SIGUSR1, nesting, SA_NODEFER, 0);
    EXPECT(raise(SIGUSR1), 0);
    EXPECT(depth_most, 3);
    EXPECT(count, 3);
}

static void
jumping(int signal)
{
    siglongjmp(jump, signal);
}

static void
jumps(void)
{
    sigset_t set;
    volatile int rounds = 0;

    action_set(SIGUSR1, jumping, 0, 0);
    for (int i = 0; i < 100; i++) {
        if (sigsetjmp(jump, 1) == 0) {
            EXPECT(raise(SIGUSR1), 0);
            EXPECT(0, 1); /* not reached */
        }
        rounds++;
        EXPECT(sigprocmask(SIG_BLOCK, NULL, &set), 0);
        EXPECT(set, 0);
    }
    EXPECT(rounds, 100);
    if (sigsetjmp(jump, 0) == 0) {
        (void)raise(SIGUSR1);
    }
    EXPECT(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    EXPECT(set, (sigset_t)1 << SIGUSR1);
    EXPECT(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

static void
informed(int signal, siginfo_t *information, void *context)
{
    (void)context;
    told = *information;
    stack_of_handler = (uintptr_t)__builtin_frame_address(0);
    siglongjmp(jump, signal);
}

static void
fault_expect(void (*make)(void), int signal, int code, uintptr_t address)
{
    struct sigaction action = {.sa_sigaction = informed,
                               .sa_flags = SA_SIGINFO};
    int got;

    EXPECT(sigaction(signal, &action, NULL), 0);
    got = sigsetjmp(jump, 1);
    if (got == 0) {
        make();
        EXPECT(0, 1);
    }
    EXPECT(got, signal);
    EXPECT(told.si_signo, signal);
    EXPECT(told.si_code, code);
    if (address != 0) {
        EXPECT((uintptr_t)told.si_addr, address);
    }
    EXPECT(signal == last || signal != 0, 1);
    (void)signal;
}

static void
store_low(void)
{
    volatile int *volatile low = (volatile int *)0x18;

    *low = 1;
}

static void
jump_nowhere(void)
{
    void (*volatile nowhere)(void) = (void (*)(void))0x2000;

    nowhere();
}

static void
break_point(void)
{
    __asm__ volatile("ebreak");
}

/* A fault's handler may return when it has mended what was wrong. */
static volatile int mended;

static void
mend(int signal)
{
    (void)signal;
    mended++;
    __asm__ volatile("" ::: "memory");
    siglongjmp(jump, 1);
}

static void
faults(void)
{
    static char other[SIGSTKSZ];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
    stack_t old;
    struct sigaction action = {.sa_sigaction = informed,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    for (int i = 0; i < 3; i++) {
        fault_expect(store_low, SIGSEGV, SEGV_MAPERR, 0x18);
        fault_expect(jump_nowhere, SIGSEGV, SEGV_MAPERR, 0x2000);
        fault_expect(break_point, SIGTRAP, TRAP_BRKPT, 0);
        fault_expect(illegal, SIGILL, ILL_ILLOPC, 0);
    }
    EXPECT(sigaltstack(&stack, &old), 0);
    EXPECT(old.ss_flags, SS_DISABLE);
    EXPECT(sigaction(SIGSEGV, &action, NULL), 0);
    if (sigsetjmp(jump, 1) == 0) {
        overflow();
    }
    EXPECT(told.si_signo, SIGSEGV);
    EXPECT(stack_of_handler >= (uintptr_t)other &&
               stack_of_handler < (uintptr_t)other + sizeof(other),
           1);
    action.sa_sigaction = informed;
    EXPECT(sigaction(SIGUSR1, &action, NULL), 0);
    if (sigsetjmp(jump, 1) == 0) {
        (void)raise(SIGUSR1);
    }
    EXPECT(stack_of_handler >= (uintptr_t)other &&
               stack_of_handler < (uintptr_t)other + sizeof(other),
           1);
    stack.ss_size = 100;
    EXPECT_ERROR(sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_flags = 77;
    EXPECT_ERROR(sigaltstack(&stack, NULL), EINVAL);
    stack.ss_flags = SS_DISABLE;
    EXPECT(sigaltstack(&stack, NULL), 0);
    (void)signal(SIGSEGV, mend);
    if (sigsetjmp(jump, 1) == 0) {
        store_low();
    }
    EXPECT(mended, 1);
}

static void
ticking(int signal)
{
    (void)signal;
    count++;
}

static uint64_t
milliseconds(void)
{
    struct timespec time;

    EXPECT(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Every register lives through a signal that comes at any time. */
static uint64_t
hash_work(uint64_t rounds)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;

    __asm__ volatile("" : "+r"(a)); /* it is to be done each time */
    for (uint64_t i = 0; i < rounds; i++) {
        a = a * 6364136223846793005u + b;
        b ^= c + (a >> 7);
        c += d * 3;
        d ^= e << 3;
        e += f ^ a;
        f -= g + i;
        g ^= h >> 5;
        h += a ^ c;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}

static void
alarms(void)
{
    struct itimerval timer = {{0, 2000}, {0, 2000}};
    struct itimerval old;
    uint64_t wanted = hash_work(3000000);
    uint64_t begun;

    action_set(SIGALRM, ticking, 0, 0);
    count = 0;
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    for (int i = 0; i < 3; i++) {
        EXPECT(hash_work(3000000) == wanted, 1);
    }
    EXPECT(count > 3, 1);
    memset(&timer, 0, sizeof(timer));
    EXPECT(setitimer(ITIMER_REAL, &timer, &old), 0);
    EXPECT(old.it_interval.tv_usec, 2000);
    count = 0;
    EXPECT(hash_work(3000000) == wanted, 1);
    EXPECT(count, 0);
    EXPECT_ERROR(setitimer(77, &timer, NULL), EINVAL);
    timer.it_value.tv_usec = 1000000;
    EXPECT_ERROR(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);

    begun = milliseconds();
    EXPECT(alarm(100), 0);
    EXPECT(alarm(1), 100);
    EXPECT_ERROR(pause(), EINTR);
    EXPECT(count, 1);
    EXPECT(milliseconds() - begun >= 1000, 1);
    EXPECT(alarm(0), 0);
}

static void
sleeps(void)
{
    const struct timespec soon = {0, 5000000};
    const struct timespec wrong = {0, 1000000000};
    siginfo_t information;
    struct timespec time = {0, 30000000};
    struct timespec left = {7, 7};
    struct itimerval timer = {{0, 0}, {0, 20000}};
    uint64_t begun = milliseconds();
    sigset_t set = 0;
    int got;

    EXPECT(nanosleep(&time, &left), 0);
    EXPECT(milliseconds() - begun >= 29, 1);
    time.tv_nsec = 1000000000;
    EXPECT_ERROR(nanosleep(&time, &left), EINVAL);
    time = (struct timespec){-1, 0};
    EXPECT_ERROR(nanosleep(&time, &left), EINVAL);

    /* Sleep is interrupted whatever the action says, and tells what is left. */
    action_set(SIGALRM, ticking, SA_RESTART, 0);
    time = (struct timespec){5, 0};
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    EXPECT_ERROR(nanosleep(&time, &left), EINTR);
    EXPECT(left.tv_sec, 4);
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    EXPECT(sleep(5), 5);
    EXPECT(usleep(1000), 0);

    /* The shorter of two waits does not lose the longer one. */
    timer.it_value.tv_usec = 60000;
    count = 0;
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    time = (struct timespec){0, 20000000};
    EXPECT(nanosleep(&time, NULL), 0);
    EXPECT(count, 0);
    while (count == 0) {
    }

    /* sigsuspend sets the mask, and puts it back. */
    sigaddset(&set, SIGALRM);
    EXPECT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    timer.it_value.tv_usec = 1000;
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    EXPECT(hash_work(3000000) != 0, 1);
    EXPECT(count, 1);
    sigemptyset(&set);
    EXPECT_ERROR(sigsuspend(&set), EINTR);
    EXPECT(count, 2);
    EXPECT(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    EXPECT(sigismember(&set, SIGALRM), 1);
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    EXPECT(sigwait(&set, &got), 0);
    EXPECT(got, SIGALRM);
    EXPECT_ERROR(sigtimedwait(&set, NULL, &soon), EAGAIN);
    EXPECT_ERROR(sigtimedwait(&set, NULL, &wrong), EINVAL);
    EXPECT(setitimer(ITIMER_REAL, &timer, NULL), 0);
    EXPECT(sigwaitinfo(&set, &information), SIGALRM);
    EXPECT(information.si_signo, SIGALRM);
    EXPECT(raise(SIGALRM), 0);
    EXPECT(sigtimedwait(&set, &information, &soon), SIGALRM);
    EXPECT(count, 2);
    EXPECT(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

int
main(void)
{
    sets();
    actions();
    masks();
    jumps();
    faults();
    alarms();
    sleeps();
    printf("test: signals ok\n");
    return 0;
}
