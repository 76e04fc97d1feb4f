/* SPDX-License-Identifier: MIT */
/*
 * Processes that are asked for more frames than they can do without, on a disk
 * with swap: they give them, and find every byte again; after fork, after
 * execve; and what one had there that is destroyed at any moment is free.
 *
 *     sort=MEBIBYTES   instead: sort is asked for frames all the time
 *     large            it uses more memory than the machine has
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/abi/account.h"
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
#define LARGE_MORE 1000
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
        held += swap->place[i].holder != 0 && env_lives(swap->place[i].holder);
    }
    return held;
}

/* Whether an env has, or had when it ended, one that was being written. */
static bool
is_writing(uint32_t env)
{
    const struct swap *swap = &SHARED_OF->swap;

    for (unsigned i = 0; i < swap->count; i++) {
        if (swap->place[i].holder == env && swap->place[i].writing != 0) {
            return true;
        }
    }
    return false;
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
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

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

/* Destroyed at a moment of no choice, while it writes or reads; whether it
   wrote. */
static bool
killed(unsigned round)
{
    struct talk *talk = memory_make(PAGE, MAP_SHARED);
    const struct timespec time = {0, 200000 * (round + 1)};
    pid_t child = fork();
    uint64_t control;
    uint32_t env;
    bool wrote;
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
        (void)nanosleep(&time, NULL);
    }
    env_end(control, env);
    wrote = is_writing(env);
    status = end_of(child);
    EXPECT(WIFSIGNALED(status), 1);
    EXPECT(places_held(), 0);
    EXPECT(munmap(talk, PAGE), 0);
    return wrote;
}

/*
 * sort.
 */
#define LINE 17 /* 16 digits */
/* For each MiB of lines: pages that it needs; how many are asked for at a time,
   if so many or fewer are on the disk. */
#define SORT_PAGES 384
#define SORT_ASKED 64
#define SORT_HELD 128
static char unsorted[] = "/tmp/unsorted";
static char sorted[] = "/tmp/sorted";

/* Numbers that follow no order, and their sum. */
static uint64_t
lines_make(uint64_t lines)
{
    FILE *file = fopen(unsorted, "w");
    uint64_t sum = 0;

    EXPECT(file != NULL, 1);
    for (uint64_t i = 0; i < lines; i++) {
        sum += word_of(i, 5);
        EXPECT(fprintf(file, "%016lx\n", word_of(i, 5)), LINE);
    }
    EXPECT(fclose(file), 0);
    return sum;
}

/* As many, in order, with that sum. */
static void
lines_check(uint64_t lines, uint64_t sum)
{
    FILE *file = fopen(sorted, "r");
    char line[LINE + 2];
    uint64_t before = 0;

    EXPECT(file != NULL, 1);
    for (uint64_t i = 0; i < lines; i++) {
        uint64_t number;

        EXPECT(fgets(line, sizeof(line), file) != NULL, 1);
        EXPECT(strlen(line), LINE);
        number = strtoul(line, NULL, 16);
        EXPECT(number >= before, 1);
        before = number;
        sum -= number;
    }
    EXPECT(sum, 0);
    EXPECT(fgets(line, sizeof(line), file) == NULL, 1);
    EXPECT(fclose(file), 0);
}

/* Whenever it has little on the disk, the process is asked for more; for what
   it could not give before, again. In *given how many frames it gave. */
static int
revoke_until_end(pid_t child, uint64_t mebibytes, uint64_t *given)
{
    uint64_t control;
    uint32_t env = env_of(child, &control);
    uint64_t count = SORT_ASKED * mebibytes;
    int status;

    while (waitpid(child, &status, WNOHANG) != child) {
        uint32_t owed = row_of(env)->owed;

        *given = row_of(env)->asked - owed;
        if (places_held() <= SORT_HELD * mebibytes) {
            (void)sys_revoke(control, env, RESOURCE_FRAME, REVOKE_ANY,
                             owed < count ? count - owed : 1, FOREVER);
        }
        for (unsigned i = 0; i < 10; i++) {
            pause_short();
        }
    }
    return status;
}

static int
sort(uint64_t mebibytes)
{
    static char memory[16];
    static char name[] = SORT;
    static char option_memory[] = "-S";
    static char option_output[] = "-o";
    static char *const words[] = {name,   option_memory, memory, option_output,
                                  sorted, unsorted,      NULL};
    uint64_t lines = (mebibytes << 20) / LINE;
    uint64_t sum = lines_make(lines);
    uint64_t given = 0;
    pid_t child;
    int status;

    (void)snprintf(memory, sizeof(memory), "%luM", 2 * mebibytes);
    child = fork();
    EXPECT(child >= 0, 1);
    if (child == 0) {
        (void)execv(SORT, words);
        _exit(127);
    }
    status = revoke_until_end(child, mebibytes, &given);
    EXPECT(status, 0);
    lines_check(lines, sum);
    printf("swap: sorted %lu lines, %lu frames given\n", lines, given);
    EXPECT(given > 2 * SORT_PAGES * mebibytes, 1);
    return 0;
}

/* More memory than there is: what is not in frames is on the disk, whether
   somebody asked for it or it had to make room itself. */
static int
large(void)
{
    const volatile struct account *account =
        (const volatile struct account *)INFORMATION_ACCOUNTS + ACCOUNT_FIRST;
    uint64_t pages = account->limit[ACCOUNT_FRAMES] -
                     account->used[ACCOUNT_FRAMES] + LARGE_MORE;
    uint64_t *memory = memory_make(pages * PAGE, MAP_PRIVATE);

    fill(memory, pages, 4);
    EXPECT(is_right(memory, pages, 4), 1);
    fill(memory, pages, 6);
    EXPECT(is_right(memory, pages, 6), 1);
    EXPECT(row_of((uint32_t)exo_id)->asked > 0, 1);
    EXPECT(places_held() > LARGE_MORE / 2, 1);
    printf("swap: large ok\n");
    return 0;
}

int
main(int count, char **words)
{
    unsigned wrote = 0;

    if (count > 1 && strcmp(words[1], "after") == 0) {
        return after();
    }
    EXPECT(SHARED_OF->swap.count > PAGES, 1);
    if (count > 1 && strcmp(words[1], "large") == 0) {
        return large();
    }
    if (count > 1 && strncmp(words[1], "sort=", 5) == 0) {
        return sort(strtoul(words[1] + 5, NULL, 10));
    }
    bytes_stay();
    for (unsigned i = 0; i < KILLED; i++) {
        wrote += killed(i);
    }
    EXPECT(wrote > 0, 1);
    bytes_stay(); /* all places are there */
    printf("swap: ok\n");
    fflush(stdout);
    return 0;
}
