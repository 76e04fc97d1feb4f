/* SPDX-License-Identifier: MIT */
/*
 * Processes that are asked for more frames than they can do without, on a disk
 * with swap: they give them, and find every byte again; after fork, after
 * execve; and what one had there that is destroyed at any moment is free.
 *
 *     sort=MEBIBYTES   instead: sort has frames taken from it all the time
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/abi/call.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/posix/fork.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/shared.h"
#include "lib/posix/table.h"
#include "test/user/posix_expect.h"

#define SELF "/bin/posix_swap"
#define SORT "/bin/sort"
#define PAGES 2048
#define WORDS (PAGE / 8)
#define ASKED (PAGES / 2)
#define ROUNDS 4
#define KILLED 30
#define AFTER_EXEC 400 /* pages */
#define WAIT_TRIES 5000
#define FOREVER (~(uint64_t)0)

/* What the child tells, and is told, in memory of both. */
struct talk {
    volatile uint64_t ready;
    volatile uint64_t stop;
};

static void
pause_short(void)
{
    static const struct timespec time = {0, 2000000};

    (void)nanosleep(&time, NULL);
}

static const volatile struct env_row *
row_of(uint32_t env)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;

    return &rows[env >> 20 & (ENVS_MAX - 1)];
}

static uint32_t
env_of(pid_t pid, uint64_t *control)
{
    uint32_t env;

    posix_hold();
    process_lock();
    env = process_find(pid)->env;
    *control = process_control(process_find(pid));
    process_unlock();
    posix_release();
    return env;
}

/* Asks, and waits till nothing is owed. */
static void
ask(pid_t pid, uint64_t count)
{
    uint64_t control;
    uint32_t env = env_of(pid, &control);

    EXPECT(sys_revoke(control, env, RESOURCE_FRAME, REVOKE_ANY, count, FOREVER),
           0);
    for (unsigned i = 0; row_of(env)->owed != 0; i++) {
        EXPECT(row_of(env)->state, ENV_LIVE);
        EXPECT(i < WAIT_TRIES ? 0 : row_of(env)->owed, 0);
        pause_short();
    }
    EXPECT(row_of(env)->lost, 0);
}

/* Places whose holder lives. */
static unsigned
places_held(void)
{
    const struct swap *swap = &SHARED_OF->swap;
    unsigned held = 0;

    for (unsigned i = 0; i < swap->count; i++) {
        held += swap->place[i].holder != 0 &&
                env_lives(swap->place[i].holder);
    }
    return held;
}

static uint64_t
word_of(uint64_t i, uint64_t seed)
{
    return (i + seed) * 0x9e3779b97f4a7c15;
}

static void
fill(uint64_t *memory, uint64_t pages, uint64_t seed)
{
    for (uint64_t i = 0; i < pages * WORDS; i++) {
        memory[i] = word_of(i, seed);
    }
}

static int
is_right(const uint64_t *memory, uint64_t pages, uint64_t seed)
{
    for (uint64_t i = 0; i < pages * WORDS; i++) {
        if (memory[i] != word_of(i, seed)) {
            return 0;
        }
    }
    return 1;
}

static void *
memory_make(uint64_t size, int flags)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        flags | MAP_ANONYMOUS, -1, 0);

    EXPECT(memory != MAP_FAILED, 1);
    return memory;
}

static void
said_wait(const volatile uint64_t *word, uint64_t value)
{
    while (*word != value) {
        pause_short();
    }
}

static int
end_of(pid_t child)
{
    int status;
    pid_t got;

    do { /* a death interrupts */
        got = waitpid(child, &status, 0);
    } while (got < 0 && errno == EINTR);
    EXPECT(got, child);
    return status;
}

/* A child of the one that was asked finds all of it, and what either writes the
   other does not see. */
static void
family(uint64_t *memory)
{
    pid_t child = fork();

    EXPECT(child >= 0, 1);
    if (child == 0) {
        EXPECT(is_right(memory, PAGES, 1), 1);
        fill(memory, PAGES / 2, 2);
        EXPECT(is_right(memory, PAGES / 2, 2), 1);
        _exit(0);
    }
    EXPECT(end_of(child), 0);
    EXPECT(is_right(memory, PAGES, 1), 1);
}

/* Rights last, and what is not there any more is not found again. */
static void
ranges(uint64_t *memory)
{
    EXPECT(mprotect(memory, PAGES / 4 * PAGE, PROT_READ), 0);
    EXPECT(is_right(memory, PAGES / 4, 1), 1);
    EXPECT(mprotect(memory, PAGES / 4 * PAGE, PROT_READ | PROT_WRITE), 0);
    EXPECT(munmap(memory + PAGES / 2 * WORDS, PAGES / 2 * PAGE), 0);
    EXPECT(mmap(memory + PAGES / 2 * WORDS, PAGES / 2 * PAGE,
                PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                -1, 0) == memory + PAGES / 2 * WORDS,
           1);
    for (uint64_t i = PAGES / 2 * WORDS; i < PAGES * WORDS; i++) {
        EXPECT(memory[i], 0);
    }
}

/* Asked `ROUNDS` times, then as a parent, then with pieces gone; then it is
   another program, which is asked again. */
static _Noreturn void
asked(struct talk *talk)
{
    static char self[] = SELF;
    static char word[] = "after";
    static char *const words[] = {self, word, NULL};
    uint64_t *memory = memory_make(PAGES * PAGE, MAP_PRIVATE);

    fill(memory, PAGES, 1);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        talk->ready = i;
        while (talk->stop != i) { /* no call of the libOS */
        }
        EXPECT(is_right(memory, PAGES, 1), 1);
    }
    talk->ready = ROUNDS + 1;
    said_wait(&talk->stop, ROUNDS + 1);
    family(memory);
    talk->ready = ROUNDS + 2;
    said_wait(&talk->stop, ROUNDS + 2);
    ranges(memory);
    talk->ready = ROUNDS + 3;
    said_wait(&talk->stop, ROUNDS + 3);
    (void)execv(SELF, words);
    _exit(1);
}

/* What it is executed as. */
static int
after(void)
{
    uint64_t *memory = memory_make(AFTER_EXEC * PAGE, MAP_PRIVATE);

    fill(memory, AFTER_EXEC, 3);
    for (unsigned i = 0; i < 100; i++) {
        pause_short();
    }
    EXPECT(is_right(memory, AFTER_EXEC, 3), 1);
    return 0;
}

static void
bytes_stay(void)
{
    struct talk *talk = memory_make(PAGE, MAP_SHARED);
    pid_t child = fork();

    EXPECT(child >= 0, 1);
    if (child == 0) {
        asked(talk);
    }
    for (unsigned i = 1; i <= ROUNDS + 3; i++) {
        said_wait(&talk->ready, i);
        ask(child, ASKED);
        EXPECT(places_held() > ASKED / 2 || i > ROUNDS, 1);
        talk->stop = i;
    }
    for (unsigned i = 0; i < 25; i++) { /* it has begun anew */
        pause_short();
    }
    ask(child, AFTER_EXEC / 2);
    EXPECT(end_of(child), 0);
    EXPECT(places_held(), 0);
    EXPECT(munmap(talk, PAGE), 0);
}

/* Destroyed at a moment of no choice, while it writes or reads. */
static void
killed(unsigned round)
{
    struct talk *talk = memory_make(PAGE, MAP_SHARED);
    pid_t child = fork();
    uint64_t control;
    uint32_t env;
    int status;

    EXPECT(child >= 0, 1);
    if (child == 0) {
        uint64_t *memory = memory_make(PAGES / 4 * PAGE, MAP_PRIVATE);

        fill(memory, PAGES / 4, 1);
        talk->ready = 1;
        for (;;) {
            EXPECT(is_right(memory, PAGES / 4, 1), 1);
        }
    }
    said_wait(&talk->ready, 1);
    env = env_of(child, &control);
    for (unsigned i = 0; i <= round % 4; i++) {
        EXPECT(sys_revoke(control, env, RESOURCE_FRAME, REVOKE_ANY, PAGES / 8,
                          FOREVER),
               0);
        for (volatile unsigned spin = 0; spin < round * 20000; spin++) {
        }
        (void)sched_yield();
    }
    env_end(control, env);
    status = end_of(child);
    EXPECT(WIFSIGNALED(status), 1);
    EXPECT(places_held(), 0);
    EXPECT(munmap(talk, PAGE), 0);
}

int
main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "after") == 0) {
        return after();
    }
    EXPECT(SHARED_OF->swap.count > PAGES, 1);
    bytes_stay();
    for (unsigned i = 0; i < KILLED; i++) {
        killed(i);
    }
    printf("swap: ok\n");
    fflush(stdout);
    return 0;
}
