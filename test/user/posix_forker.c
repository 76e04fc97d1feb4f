/* SPDX-License-Identifier: MIT */
/*
 * Processes that are killed while they fork leave no process behind that never
 * runs: in the end nobody has the pipe open any more that all of them got.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/posix/layout.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "test/user/posix_expect.h"

#define ROUNDS 20
#define FORKERS 4
#define NANOSECONDS_MAX 2000000

static uint64_t state = 1;

static uint64_t
random_below(uint64_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % limit;
}

static _Noreturn void
forker(void)
{
    for (;;) {
        pid_t child = fork();

        if (child == 0) {
            _exit(0);
        }
        if (child > 0) {
            (void)waitpid(child, NULL, 0);
        }
    }
}

/* Some at once, who wait for each other's locks; killed one by one. */
static void
round_run(void)
{
    pid_t child[FORKERS];
    int ends[2];
    char byte;

    EXPECT(pipe(ends), 0);
    for (unsigned i = 0; i < FORKERS; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            forker();
        }
        EXPECT(child[i] > 0, 1);
    }
    EXPECT(close(ends[1]), 0);
    for (unsigned i = 0; i < FORKERS; i++) {
        struct timespec time = {0, (long)random_below(NANOSECONDS_MAX)};
        int status;

        EXPECT(nanosleep(&time, NULL), 0);
        env_end(POSIX_CAP_OWN, process_find(child[i])->env);
        EXPECT(waitpid(child[i], &status, 0), child[i]);
        EXPECT(WIFSIGNALED(status), 1);
    }
    process_kill_all(); /* as process 1 has to */
    EXPECT(read(ends[0], &byte, 1), 0);
    EXPECT(close(ends[0]), 0);
}

int
main(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        round_run();
    }
    printf("test: forker ok\n");
    return 0;
}
