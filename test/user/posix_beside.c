/* SPDX-License-Identifier: MIT */
/*
 * A process, and its children, while a program that is none works beside them
 * (beside.h): memory, pipes and files are as ever, that program's memory is
 * out of reach, and it ends its work.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/exo/call.h"
#include "lib/exo/exo.h"
#include "lib/posix/layout.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "test/user/beside.h"
#include "test/user/posix_expect.h"

#define WORDS 16384
#define FILE_NAME "/tmp/beside"

static const volatile struct env_row *const envs =
    (const volatile struct env_row *)INFORMATION_ENVS;

/* The live env that is no process; 0 if there is none. */
static uint32_t
other_find(void)
{
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        uint32_t id = envs[i].id;
        int known = envs[i].state != ENV_LIVE;

        for (unsigned row = 0; row < POSIX_PROCESSES && !known; row++) {
            const struct process *p = &SHARED_OF->processes.process[row];

            known = p->state != PROCESS_FREE && p->env == id;
        }
        if (!known) {
            return id;
        }
    }
    return 0;
}

/* By each entry of the list that this process can have. */
static void
other_attack(struct beside_count *count, uint32_t other)
{
    posix_hold();
    for (uint64_t cap = 0; cap < POSIX_CAP_CHILDREN; cap++) {
        beside_attack(count, cap, other, 0);
        EXPECT(sys_env_destroy(cap, other) < 0, 1);
    }
    posix_release();
}

static void
child(unsigned round, int pipe_end)
{
    static uint64_t word[WORDS];
    uint64_t sum = 0;
    int file = open(FILE_NAME, O_CREAT | O_TRUNC | O_RDWR, 0600);

    EXPECT(file >= 0, 1);
    for (uint64_t i = 0; i < WORDS; i++) {
        word[i] = i * (round + 1);
    }
    EXPECT(write(file, word, sizeof(word)), sizeof(word));
    for (uint64_t i = 0; i < WORDS; i++) {
        sum += word[i];
    }
    EXPECT(write(pipe_end, &sum, sizeof(sum)), sizeof(sum));
    _exit((int)round);
}

static void
round_do(unsigned round)
{
    int ends[2];
    int status;
    int file;
    uint64_t sum;
    uint64_t word[64];
    pid_t process;

    EXPECT(pipe(ends), 0);
    process = fork();
    EXPECT(process >= 0, 1);
    if (process == 0) {
        child(round, ends[1]);
    }
    EXPECT(read(ends[0], &sum, sizeof(sum)), sizeof(sum));
    EXPECT(sum, (uint64_t)WORDS * (WORDS - 1) / 2 * (round + 1));
    EXPECT(waitpid(process, &status, 0), process);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == (int)round, 1);
    file = open(FILE_NAME, O_RDONLY);
    EXPECT(pread(file, word, sizeof(word), 8 * (WORDS - 64)), sizeof(word));
    EXPECT(word[63], (uint64_t)(WORDS - 1) * (round + 1));
    EXPECT(close(file) | close(ends[0]) | close(ends[1]), 0);
}

int
main(void)
{
    struct timespec moment = {0, 20000000};
    struct beside_count count = {0, 0};
    uint32_t other = other_find();
    unsigned round = 0;

    EXPECT(other != 0, 1);
    other_attack(&count, other);
    while (other_find() == other) {
        round_do(round++ % 100);
        EXPECT(nanosleep(&moment, NULL), 0);
    }
    EXPECT(round >= BESIDE_PROCESSES / 2, 1);
    EXPECT(unlink(FILE_NAME), 0);
    printf("posix: the other has ended; %u of its pages, %s\n", count.got,
           count.refused > 0 ? "and was refused" : "but never asked");
    return 0;
}
