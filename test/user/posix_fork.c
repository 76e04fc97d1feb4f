/* SPDX-License-Identifier: MIT */
/*
 * fork, exit and wait: private memory is the child's own from then on, both
 * ways; shared mappings are not; what is left when all are gone is what was
 * there before.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/posix/process.h"
#include "test/user/expect.h"
#include "test/user/posix_used.h"

#define PAGES 64
#define PAGE 4096
#define STORM 300
#define PROCESSES 70

static unsigned char memory[PAGES * PAGE];
static volatile unsigned *shared;

static int
status_of(pid_t child)
{
    int status = -1;

    EXPECT(waitpid(child, &status, 0), child);
    return status;
}

static void
simple(void)
{
    pid_t parent = getpid();
    pid_t child = fork();

    if (child == 0) {
        _exit(getppid() == parent && getpid() != parent ? 7 : 1);
    }
    EXPECT(child > parent, 1);
    EXPECT(status_of(child), 7 << 8);
    errno = 0;
    EXPECT(waitpid(-1, NULL, 0), -1);
    EXPECT(errno, ECHILD);
}

/* Whether all of the memory has this value. */
static int
all_is(unsigned char value)
{
    for (unsigned i = 0; i < sizeof(memory); i++) {
        if (memory[i] != value) {
            return 0;
        }
    }
    return 1;
}

static void
isolation(void)
{
    pid_t child;

    memset(memory, 1, sizeof(memory));
    *shared = 0;
    child = fork();
    if (child == 0) {
        int good = all_is(1);

        memset(memory, 2, sizeof(memory) / 2);
        *shared = 1;
        while (*shared != 2) { /* the parent has written everywhere */
            (void)sched_yield();
        }
        good = good && memory[0] == 2 && memory[sizeof(memory) - 1] == 1;
        _exit(good);
    }
    while (*shared != 1) {
        (void)sched_yield();
    }
    EXPECT(all_is(1), 1);
    memset(memory, 3, sizeof(memory));
    *shared = 2;
    EXPECT(status_of(child), 1 << 8);
    EXPECT(all_is(3), 1);
    /* The parent's copy again, when nobody shares it. */
    memset(memory, 4, sizeof(memory));
    EXPECT(all_is(4), 1);
}

/* A tree of processes: each adds one, and waits for its children. */
static void
tree(unsigned depth)
{
    for (unsigned i = 0; depth > 0 && i < 2; i++) {
        pid_t child = fork();

        EXPECT(child >= 0, 1);
        if (child == 0) {
            memory[depth] = (unsigned char)depth;
            tree(depth - 1);
            __atomic_fetch_add(shared, 1, __ATOMIC_RELAXED);
            _exit(memory[depth] == depth ? 0 : 1);
        }
    }
    for (unsigned i = 0; depth > 0 && i < 2; i++) {
        int status = -1;

        EXPECT(wait(&status) > 0, 1);
        EXPECT(status, 0);
    }
}

/* A child that outlives its parent, whose pages it then has alone. */
static void
orphan(void)
{
    pid_t child;

    *shared = 0;
    memset(memory, 5, sizeof(memory));
    child = fork();
    if (child == 0) {
        memset(memory, 6, sizeof(memory));
        if (fork() == 0) {
            while (getppid() != 1) {
                (void)sched_yield();
            }
            *shared = (unsigned)all_is(6);
            memset(memory, 7, sizeof(memory));
            *shared += (unsigned)all_is(7);
            _exit(9);
        }
        _exit(0);
    }
    EXPECT(status_of(child), 0);
    for (int status = 0;;) {
        EXPECT(wait(&status) > 0, 1);
        EXPECT(status, 9 << 8);
        break;
    }
    EXPECT(*shared, 2);
}

/* More than there may be. */
static void
bomb(void)
{
    pid_t child[PROCESSES];
    unsigned count = 0;
    pid_t made;

    *shared = 0;
    while ((made = fork()) > 0) {
        EXPECT(count < PROCESSES, 1);
        child[count++] = made;
    }
    if (made == 0) {
        while (*shared == 0) {
            (void)sched_yield();
        }
        _exit(0);
    }
    EXPECT(errno, EAGAIN);
    *shared = 1;
    for (unsigned i = 0; i < count; i++) {
        EXPECT(status_of(child[i]), 0);
    }
    printf("fork: %u at once\n", count);
}

/* A process all of whose descendants make processes until there can be no more.
   The first process can make one nevertheless, and end all. */
static void
bomb_of_others(void)
{
    pid_t leader;
    pid_t child;
    int status;
    unsigned killed = 0;

    *shared = 0;
    leader = fork();
    if (leader == 0) {
        while (setpgid(0, 0) != 0) {
        }
        for (;;) {
            if (fork() < 0) {
                *shared = (unsigned)errno;
            }
        }
    }
    while (*shared == 0) {
        (void)sched_yield();
    }
    EXPECT(*shared, EAGAIN);
    child = fork();
    if (child == 0) {
        _exit(3);
    }
    EXPECT(status_of(child), 3 << 8);
    while (kill(-leader, SIGKILL) == 0) {
        process_kill_all();
        while (waitpid(-1, &status, WNOHANG) > 0) {
            EXPECT(status, SIGKILL);
            killed++;
        }
    }
    EXPECT(errno, ESRCH);
    printf("fork: %u killed\n", killed);
}

int
main(void)
{
    uint64_t frames;
    unsigned envs = envs_live();

    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED, 1);
    printf("fork: begins\n");
    simple();
    isolation();
    printf("fork: isolated\n");
    frames = frames_used();
    tree(3);
    EXPECT(*shared, 2 + 14);
    orphan();
    printf("fork: a tree, an orphan\n");
    for (unsigned i = 0; i < STORM; i++) {
        simple();
    }
    printf("fork: frames %ld more\n", (long)(frames_used() - frames));
    bomb();
    bomb_of_others();
    printf("fork: frames %ld more\n", (long)(frames_used() - frames));
    EXPECT(envs_live(), envs);
    printf("fork: done\n");
    return 0;
}
