/* SPDX-License-Identifier: MIT */
/*
 * Processes whose envs are ended at any instruction, in the middle of what they
 * do to the terminal and to signals: those that are left go on, nothing stays
 * locked, and each death is told.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "lib/posix/posix.h"
#include "test/user/posix_expect.h"

#define ROUNDS 300
#define WORKERS 3

static uint64_t state = 1;

static uint64_t
random_below(uint64_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % limit;
}

static void
nothing(int signal)
{
    (void)signal;
}

/* Never ends by itself. */
static void
work(unsigned number)
{
    struct termios modes;
    struct winsize size = {.ws_row = 24};

    (void)signal(SIGUSR1, nothing);
    (void)signal(SIGWINCH, nothing);
    (void)signal(SIGTTOU, SIG_IGN);
    for (;;) {
        struct timespec time = {0, 1000 * (long)random_below(50)};

        EXPECT(tcgetattr(STDIN_FILENO, &modes), 0);
        EXPECT(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
        EXPECT(tcflush(STDIN_FILENO, TCIFLUSH), 0);
        size.ws_col = (unsigned short)random_below(100);
        EXPECT(ioctl(STDIN_FILENO, TIOCSWINSZ, &size), 0);
        EXPECT(kill(0, SIGUSR1), 0);
        EXPECT(kill(getpid(), SIGUSR1), 0);
        if (number == 0) {
            EXPECT(write(STDOUT_FILENO, "", 0), 0);
            (void)nanosleep(&time, NULL);
        } else {
            EXPECT(write(STDOUT_FILENO, ".", 1), 1);
        }
    }
}

static pid_t
worker_make(unsigned number)
{
    pid_t child = fork();

    if (child == 0) {
        state = (uint64_t)getpid();
        work(number);
    }
    EXPECT(child > 0, 1);
    return child;
}

int
main(void)
{
    pid_t worker[WORKERS];
    int status;

    (void)signal(SIGUSR1, nothing);
    for (unsigned i = 0; i < WORKERS; i++) {
        worker[i] = worker_make(i);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = (unsigned)random_below(WORKERS);
        struct timespec time = {0, 1000 * (long)random_below(3000)};
        struct process *p;
        pid_t got;

        (void)nanosleep(&time, NULL);
        /* Without a word to it: its env is ended where it stands. */
        posix_hold();
        process_lock();
        p = process_find(worker[i]);
        EXPECT(p != NULL, 1);
        p->kill = 1;
        process_unlock();
        process_kill_all();
        posix_release();
        do {
            got = waitpid(worker[i], &status, 0);
        } while (got < 0 && errno == EINTR);
        EXPECT(got, worker[i]);
        EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1);
        worker[i] = worker_make(i);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        EXPECT(kill(worker[i], SIGKILL), 0);
        while (waitpid(worker[i], &status, 0) < 0) {
            EXPECT(errno, EINTR);
        }
    }
    printf("\ntest: killed ok\n");
    return 0;
}
