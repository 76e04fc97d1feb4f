/* SPDX-License-Identifier: MIT */
/*
 * A process that is asked for frames: it gives what it can make again, by name
 * any page; while it computes, and while it sleeps. What it had stays as it
 * was. If something is taken, it ends and says so.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/abi/call.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/posix/fork.h"
#include "lib/posix/posix.h"
#include "lib/posix/table.h"
#include "test/user/posix_expect.h"

#define FRAMES ((const volatile struct frame *)INFORMATION_FRAMES)
#define PAGES 200
#define FILLED 60 /* the first of them; the others are zero */
#define DEEP 40
#define ASKED_COUNT 100
#define ROUNDS 5
#define FOREVER (~(uint64_t)0)

/* What the child tells, and is told, in memory of both. */
struct talk {
    volatile uint64_t ready;
    volatile uint64_t stop;
    volatile uint64_t name; /* the frame of a page */
};

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

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

static struct process
process_of(pid_t pid, uint64_t *control)
{
    struct process copy;

    posix_hold();
    process_lock();
    copy = *process_find(pid);
    *control = process_control(process_find(pid));
    process_unlock();
    posix_release();
    return copy;
}

/* Asks, and waits till nothing is owed. */
static void
ask(pid_t pid, uint64_t name, uint64_t count, uint64_t deadline)
{
    uint64_t control;
    struct process p = process_of(pid, &control);

    EXPECT(sys_revoke(control, p.env, RESOURCE_FRAME, name, count, deadline),
           0);
    for (unsigned i = 0;
         row_of(p.env)->owed != 0 && row_of(p.env)->state == ENV_LIVE; i++) {
        EXPECT(i < 1000 ? 0 : row_of(p.env)->owed, 0);
        pause_short();
    }
}

static unsigned
pages_of(uint32_t env)
{
    const volatile struct information *boot =
        (const volatile struct information *)INFORMATION_BOOT;
    unsigned count = 0;

    for (uint64_t i = 0, seen = 0; seen < boot->frames; i++) {
        seen += FRAMES[i].type != FRAME_ABSENT;
        count += FRAMES[i].owner == env;
    }
    return count;
}

static void
fill(uint64_t *memory)
{
    for (unsigned i = 0; i < PAGES; i++) {
        memory[i * (PAGE / 8)] = i < FILLED ? i + 1 : 0;
    }
}

static int
is_right(const uint64_t *memory)
{
    for (unsigned i = 0; i < PAGES * (PAGE / 8); i++) {
        unsigned page = i / (PAGE / 8);

        if (memory[i] !=
            (i % (PAGE / 8) == 0 && page < FILLED ? page + 1 : 0)) {
            return 0;
        }
    }
    return 1;
}

/* Leaves pages of the stack behind. */
static unsigned
deep(unsigned depth)
{
    volatile unsigned char here[PAGE];

    here[depth] = 1;
    return depth == 0 ? here[0] : deep(depth - 1) + here[depth];
}

static uint64_t *
memory_make(void)
{
    uint64_t *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(memory != MAP_FAILED, 1);
    fill(memory);
    EXPECT(deep(DEEP), DEEP + 1);
    return memory;
}

static _Noreturn void
compute(struct talk *talk)
{
    uint64_t *memory = memory_make();

    talk->name =
        PTE_FRAME(table_entry(table_find((uint64_t)memory), (uint64_t)memory));
    talk->ready = 1;
    while (!talk->stop) { /* no call of the libOS */
    }
    _exit(is_right(memory) ? 0 : 1);
}

static _Noreturn void
sleep_in(struct talk *talk, int in)
{
    uint64_t *memory = memory_make();
    char byte;

    talk->ready = 1;
    EXPECT(read(in, &byte, 1), 0);
    _exit(is_right(memory) ? 0 : 1);
}

static struct talk *
talk_make(void)
{
    struct talk *talk = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(talk != MAP_FAILED, 1);
    *talk = (struct talk){0};
    return talk;
}

static void
ready_wait(const struct talk *talk)
{
    while (!talk->ready) {
        pause_short();
    }
}

static int
end_of(pid_t child)
{
    int status;

    EXPECT(waitpid(child, &status, 0), child);
    return status;
}

static void
computing(void)
{
    struct talk *talk = talk_make();
    pid_t child = fork();
    uint64_t control;
    uint32_t env;
    unsigned before;

    if (child == 0) {
        compute(talk);
    }
    ready_wait(talk);
    env = process_of(child, &control).env;
    before = pages_of(env);
    ask(child, REVOKE_ANY, ASKED_COUNT, FOREVER);
    EXPECT(pages_of(env) + ASKED_COUNT <= before, 1);
    EXPECT(FRAMES[talk->name].owner, env);
    ask(child, talk->name, 1, FOREVER);
    EXPECT(FRAMES[talk->name].owner != env, 1);
    EXPECT(row_of(env)->lost, 0);
    talk->stop = 1;
    EXPECT(end_of(child), 0);
    EXPECT(munmap(talk, PAGE), 0);
}

static void
sleeping(void)
{
    struct talk *talk = talk_make();
    int ends[2];
    pid_t child;

    EXPECT(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        sleep_in(talk, ends[0]);
    }
    close(ends[0]);
    ready_wait(talk);
    for (unsigned i = 0; i < 10; i++) {
        pause_short();
    }
    ask(child, REVOKE_ANY, ASKED_COUNT, FOREVER);
    close(ends[1]);
    EXPECT(end_of(child), 0);
    EXPECT(munmap(talk, PAGE), 0);
}

/* Past the deadline it is taken, and not by halves. */
static void
taken(void)
{
    struct talk *talk = talk_make();
    pid_t child = fork();
    int status;

    if (child == 0) {
        compute(talk);
    }
    ready_wait(talk);
    ask(child, REVOKE_ANY, ASKED_COUNT + PAGES, time_now() + 1000000);
    status = end_of(child);
    EXPECT(WIFSIGNALED(status), 1);
    EXPECT(munmap(talk, PAGE), 0);
}

int
main(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        computing();
        sleeping();
    }
    taken();
    printf("revoke: ok\n");
    fflush(stdout);
    return 0;
}
