/* SPDX-License-Identifier: MIT */
/*
 * What the libOS costs, in the first process of a domain: scripts/bench makes a
 * table of the lines that this prints. Every measurement is taken eight times;
 * the least counts.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/posix/process.h"
#include "test/bench/mark.h"
#include "test/bench/posix.h"

#define ROUNDS 8
#define CALLS 100
#define TURNS 1000
#define PAGE 4096
#define PAGES 64
#define PAGES_WRITTEN 4

static unsigned char memory[PAGES][PAGE];
static volatile uint64_t sum;

/* How many, besides, to begin and end the count. */
static uint64_t
nothing(void)
{
    uint64_t begin = COUNT_BEGIN();

    return COUNT_END() - begin;
}

static uint64_t
getpid_row(void)
{
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < CALLS; i++) {
        sum += (uint64_t)getpid();
    }
    return (COUNT_END() - begin) / CALLS;
}

/* The loop around that, which is not part of it. */
static uint64_t
loop(void)
{
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < CALLS; i++) {
        sum += i;
    }
    return (COUNT_END() - begin) / CALLS;
}

static uint64_t
fork_exit_wait(void)
{
    uint64_t begin;

    memset(memory, 1, sizeof(memory));
    begin = COUNT_BEGIN();
    if (fork() == 0) {
        for (unsigned i = 0; i < PAGES_WRITTEN; i++) {
            memory[i * (PAGES / PAGES_WRITTEN)][0] = 2;
        }
        _exit(0);
    }
    (void)wait(NULL);
    return COUNT_END() - begin;
}

/* A tiny program, from the file system. */
static uint64_t
fork_exec_wait(void)
{
    static char name[] = "nothing";
    static char *words[] = {name, NULL};
    uint64_t begin = COUNT_BEGIN();

    if (fork() == 0) {
        (void)execv("/bin/bench_nothing", words);
        _exit(1);
    }
    (void)wait(NULL);
    return COUNT_END() - begin;
}

struct shared {
    uint64_t turn;
    uint64_t waiting;
};

/* Waits for its turn, and gives it to the other. */
static void
turns_take(struct shared *shared, uint64_t mine)
{
    for (unsigned i = 0; i < TURNS; i++) {
        posix_hold();
        process_wait_begin();
        __atomic_fetch_or(&shared->waiting,
                          (uint64_t)1 << process_index(process_self),
                          __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST) % 2 != mine) {
            (void)process_wait(0);
        }
        process_wait_end();
        __atomic_fetch_add(&shared->turn, 1, __ATOMIC_SEQ_CST);
        process_wake_all(&shared->waiting);
        posix_release();
    }
}

/* One process wakes another, and is woken by it. */
static uint64_t
wake_roundtrip(void)
{
    struct shared *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t begin;

    if (fork() == 0) {
        turns_take(shared, 1);
        _exit(0);
    }
    begin = COUNT_BEGIN();
    turns_take(shared, 0);
    begin = COUNT_END() - begin;
    (void)wait(NULL);
    (void)munmap(shared, PAGE);
    return begin / TURNS;
}

void
posix_row(const char *name, uint64_t (*run)(void), uint64_t less)
{
    uint64_t least = ~(uint64_t)0;
    uint64_t most = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t count = run() - less;

        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    printf("bench: %s %lu %lu 1\n", name, least, most);
}

int
main(void)
{
    posix_row("getpid", getpid_row, loop());
    posix_row("fork_exit_wait", fork_exit_wait, nothing());
    posix_row("fork_exec_wait", fork_exec_wait, nothing());
    posix_row("wake_roundtrip", wake_roundtrip, nothing());
    posix_file_rows();
    printf("bench: done\n");
    return 0;
}
