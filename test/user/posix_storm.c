/* SPDX-License-Identifier: MIT */
/*
 * Processes that make processes, share memory and talk through pipes, and are
 * killed at any instruction of that: those that are left go on, what is left of
 * the dead is the first process's to wait for, and in the end no env and no
 * frame is there that was not there before.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "test/user/posix_expect.h"
#include "test/user/posix_used.h"

#define WORKERS 4
#ifndef ROUNDS
#define ROUNDS 300
#endif
#define PAGE 4096
#define PAGES 16

struct counts {
    uint64_t rounds[WORKERS];
};

static volatile struct counts *counts;
static unsigned char memory[PAGES * PAGE];
static uint64_t state = 1;

static uint64_t
random_below(uint64_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % limit;
}

/* A child that gets bytes through one pipe and gives them back through another,
   and has a child of its own now and then. */
static void
child_work(const int to[2], const int from[2])
{
    unsigned char byte;

    (void)close(to[1]);
    (void)close(from[0]);
    if (random_below(4) == 0) {
        pid_t child = fork();

        if (child == 0) {
            memory[0] = 9;
            _exit(1);
        }
        if (random_below(2) == 0) { /* else it is left alone */
            (void)waitpid(child, NULL, 0);
        }
    }
    while (read(to[0], &byte, 1) == 1) {
        memory[random_below(sizeof(memory))] = byte;
        byte++;
        if (write(from[1], &byte, 1) != 1) {
            break;
        }
    }
    _exit(7);
}

static void
round_make(void)
{
    int to[2];
    int from[2];
    int status = 0;
    pid_t child;

    EXPECT(pipe(to), 0);
    EXPECT(pipe(from), 0);
    memset(memory, 1, sizeof(memory));
    child = fork();
    if (child == 0) {
        state += (uint64_t)getpid();
        child_work(to, from);
    }
    EXPECT(child > 0, 1);
    (void)close(to[0]);
    (void)close(from[1]);
    for (unsigned char i = 0; i < 5; i++) {
        unsigned char byte = i;

        EXPECT(write(to[1], &byte, 1), 1);
        EXPECT(read(from[0], &byte, 1), 1);
        EXPECT(byte, i + 1);
    }
    (void)close(to[1]);
    (void)close(from[0]);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 7 << 8);
    for (unsigned i = 0; i < sizeof(memory); i += PAGE / 4) {
        EXPECT(memory[i], 1);
    }
}

static pid_t
worker_make(unsigned number)
{
    pid_t child = fork();

    if (child == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        state = (uint64_t)getpid();
        for (;;) {
            round_make();
            counts->rounds[number]++;
        }
    }
    EXPECT(child > 0, 1);
    return child;
}

/* What is the first process's to wait for, and is no worker. */
static void
orphans_wait(pid_t *worker)
{
    pid_t got;
    int status;

    while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < WORKERS; i++) {
            if (worker[i] == got) {
                EXPECT(WIFSIGNALED(status) ? WTERMSIG(status) : status,
                       SIGKILL);
                worker[i] = 0;
            }
        }
    }
}

static void
sleep_for(long microseconds)
{
    struct timespec time = {0, 1000 * microseconds};

    (void)nanosleep(&time, NULL);
}

/* Ends the process where it stands. */
static void
end(pid_t pid)
{
    struct process *p;

    posix_hold();
    process_lock();
    p = process_find(pid);
    if (p != NULL) {
        p->kill = 1;
    }
    process_unlock();
    process_kill_all();
    posix_release();
}

static void
storm(void)
{
    pid_t worker[WORKERS] = {0};

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned victim = (unsigned)random_below(WORKERS);
        uint64_t before;

        for (unsigned i = 0; i < WORKERS; i++) {
            worker[i] = worker[i] != 0 ? worker[i] : worker_make(i);
        }
        do { /* those that were left alone have to get to their end */
            sleep_for((long)random_below(3000));
            orphans_wait(worker);
        } while (__builtin_popcountl(SHARED_OF->processes.taken) > 3 * WORKERS);
        end(worker[victim]);
        orphans_wait(worker);
        EXPECT(worker[victim], 0);
        if (round % 50 != 0) {
            continue;
        }
        /* The others go on. */
        victim = (victim + 1) % WORKERS;
        before = counts->rounds[victim];
        for (unsigned i = 0; counts->rounds[victim] == before; i++) {
            EXPECT(i < 10000, 1);
            sleep_for(1000);
            orphans_wait(worker);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        if (worker[i] != 0) {
            end(worker[i]);
        }
    }
    /* Whoever is left finds its pipes closed, and ends. */
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    EXPECT(errno, ECHILD);
}

int
main(void)
{
    uint64_t frames = 0;
    unsigned envs = envs_live();

    counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(counts != MAP_FAILED, 1);
    for (unsigned i = 0; i < 3; i++) {
        round_make();
        storm();
        printf("storm: %ld envs, %ld frames more\n", (long)(envs_live() - envs),
               frames == 0 ? 0 : (long)(frames_used() - frames));
        EXPECT(envs_live(), envs);
        EXPECT(SHARED_OF->processes.taken, 2);
        frames = frames == 0 ? frames_used() : frames;
    }
    printf("storm: ok\n");
    return 0;
}
