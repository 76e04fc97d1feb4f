/* SPDX-License-Identifier: MIT */
/*
 * Pipes between processes: bytes in order, ends, room, writers at once, poll
 * and select; and who is killed in the middle of it all.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "test/user/posix_expect.h"

#define BYTES 300000
#define WRITERS 4
#define RECORDS 200
#define RECORD 100

static unsigned char bytes[BYTES];

static void
child_end(pid_t child)
{
    int status = -1;

    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
}

static void
alone(void)
{
    struct stat status;
    char byte = 0;
    int p[2];
    int d;

    EXPECT(pipe(p), 0);
    EXPECT(write(p[1], "abc", 3), 3);
    EXPECT(fstat(p[0], &status), 0);
    EXPECT(S_ISFIFO(status.st_mode) != 0, 1);
    EXPECT(read(p[0], &byte, 1), 1);
    EXPECT(byte, 'a');
    EXPECT(read(p[0], bytes, 10), 2);
    EXPECT_ERROR(read(p[1], &byte, 1), EBADF);
    EXPECT_ERROR(write(p[0], &byte, 1), EBADF);
    EXPECT_ERROR(lseek(p[0], 0, SEEK_SET), ESPIPE);
    EXPECT_ERROR(pread(p[0], &byte, 1, 0), ESPIPE);
    EXPECT(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    EXPECT_ERROR(read(p[0], &byte, 1), EAGAIN);
    d = dup(p[1]);
    EXPECT(close(p[1]), 0);
    EXPECT_ERROR(read(p[0], &byte, 1), EAGAIN);
    EXPECT(close(d), 0);
    EXPECT(read(p[0], &byte, 1), 0);
    EXPECT(close(p[0]), 0);

    EXPECT(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    EXPECT(fcntl(p[0], F_GETFD), FD_CLOEXEC);
    memset(bytes, 1, sizeof(bytes));
    EXPECT(write(p[1], bytes, sizeof(bytes)), 16384);
    EXPECT_ERROR(write(p[1], bytes, 1), EAGAIN);
    EXPECT(read(p[0], bytes, 100), 100);
    EXPECT_ERROR(write(p[1], bytes, 101), EAGAIN);
    EXPECT(write(p[1], bytes, 100), 100);
    EXPECT(close(p[0]), 0);
    EXPECT(signal(SIGPIPE, SIG_IGN) != SIG_ERR, 1);
    EXPECT_ERROR(write(p[1], bytes, 1), EPIPE);
    EXPECT(signal(SIGPIPE, SIG_DFL) != SIG_ERR, 1);
    EXPECT(close(p[1]), 0);
    EXPECT_ERROR(pipe2(p, O_APPEND), EINVAL);
}

static void
through(void)
{
    static unsigned char got[BYTES];
    size_t done = 0;
    pid_t child;
    ssize_t n;
    int p[2];

    EXPECT(pipe(p), 0);
    child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < BYTES; i++) {
            bytes[i] = (unsigned char)(i * 2654435761u >> 11);
        }
        (void)close(p[0]);
        EXPECT(write(p[1], bytes, BYTES), BYTES);
        _exit(0);
    }
    EXPECT(close(p[1]), 0);
    while ((n = read(p[0], got + done, 777)) > 0) {
        done += (size_t)n;
    }
    EXPECT(n, 0);
    EXPECT(done, BYTES);
    for (unsigned i = 0; i < BYTES; i++) {
        if (got[i] != (unsigned char)(i * 2654435761u >> 11)) {
            EXPECT(i, BYTES);
            break;
        }
    }
    EXPECT(close(p[0]), 0);
    child_end(child);
}

/* What is written at once comes at once, whoever else writes. */
static void
records(void)
{
    unsigned char record[RECORD];
    unsigned count[WRITERS] = {0};
    pid_t child[WRITERS];
    int p[2];

    EXPECT(pipe(p), 0);
    for (int i = 0; i < WRITERS; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            memset(record, i, sizeof(record));
            for (int k = 0; k < RECORDS; k++) {
                EXPECT(write(p[1], record, RECORD), RECORD);
            }
            _exit(0);
        }
    }
    EXPECT(close(p[1]), 0);
    for (;;) {
        size_t done = 0;
        ssize_t n = 1;

        while (done < RECORD &&
               (n = read(p[0], record + done, RECORD - done)) > 0) {
            done += (size_t)n;
        }
        if (done == 0) {
            break;
        }
        EXPECT(done, RECORD);
        EXPECT(memcmp(record, record + 1, RECORD - 1), 0);
        count[record[0] % WRITERS]++;
    }
    for (int i = 0; i < WRITERS; i++) {
        EXPECT(count[i], RECORDS);
        child_end(child[i]);
    }
    EXPECT(close(p[0]), 0);
}

static void
broken(void)
{
    int status = 0;
    pid_t child;
    int p[2];

    EXPECT(pipe(p), 0);
    child = fork();
    if (child == 0) {
        (void)close(p[0]);
        for (;;) {
            (void)write(p[1], bytes, 5000);
        }
    }
    EXPECT(close(p[1]), 0);
    EXPECT(read(p[0], bytes, 1) == 1, 1);
    EXPECT(close(p[0]), 0);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, 1);
}

static void
polled(void)
{
    struct timeval soon = {0, 20000};
    struct pollfd fds[3];
    fd_set set;
    pid_t child;
    int p[2];
    int q[2];

    EXPECT(pipe(p) | pipe(q), 0);
    fds[0] = (struct pollfd){p[0], POLLIN, 0};
    fds[1] = (struct pollfd){p[1], POLLOUT, 0};
    fds[2] = (struct pollfd){99, POLLIN, 0};
    EXPECT(poll(fds, 3, -1), 2);
    EXPECT(fds[0].revents, 0);
    EXPECT(fds[1].revents, POLLOUT);
    EXPECT(fds[2].revents, POLLNVAL);
    EXPECT(poll(fds, 1, 0), 0);
    EXPECT(poll(fds, 1, 20), 0);
    fds[2].fd = -1;
    EXPECT(poll(fds + 2, 1, 0), 0);
    EXPECT_ERROR(poll(fds, 1000, 0), EINVAL);
    child = fork();
    if (child == 0) {
        struct timespec while_waiting = {0, 20000000};

        (void)nanosleep(&while_waiting, NULL);
        EXPECT(write(p[1], "x", 1), 1);
        EXPECT(read(q[0], bytes, 1), 1);
        _exit(0);
    }
    EXPECT(poll(fds, 1, -1), 1);
    EXPECT(fds[0].revents, POLLIN);
    EXPECT(write(q[1], "x", 1), 1);
    child_end(child);
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    FD_SET(q[0], &set);
    EXPECT(select(q[0] + 1, &set, NULL, NULL, NULL), 1);
    EXPECT(FD_ISSET(p[0], &set) != 0, 1);
    EXPECT(FD_ISSET(q[0], &set) != 0, 0);
    FD_CLR(p[0], &set);
    FD_SET(q[0], &set);
    EXPECT(select(q[0] + 1, &set, NULL, NULL, &soon), 0);
    FD_SET(40, &set);
    EXPECT_ERROR(select(41, &set, NULL, NULL, &soon), EBADF);
    EXPECT(close(p[1]), 0);
    EXPECT(poll(fds, 1, -1), 1);
    EXPECT(fds[0].revents, POLLIN | POLLHUP);
    fds[0] = (struct pollfd){q[1], POLLOUT, 0};
    EXPECT(close(q[0]), 0);
    EXPECT(poll(fds, 1, -1), 1);
    EXPECT(fds[0].revents, POLLERR);
    EXPECT(close(q[1]) | close(p[0]), 0);
}

static volatile sig_atomic_t rang;

static void
ring(int signal)
{
    (void)signal;
    rang++;
}

/* A signal that is masked but within the call ends it, if it came before; not
   if the call does not let it through. */
static void
masked(void)
{
    const struct sigaction action = {.sa_handler = ring};
    struct timespec soon = {0, 20000000};
    struct timespec wrong = {0, 1000000000};
    struct pollfd fd;
    sigset_t none;
    sigset_t alarms;
    sigset_t now;
    fd_set set;
    int p[2];

    EXPECT(pipe(p), 0);
    fd = (struct pollfd){p[0], POLLIN, 0};
    EXPECT(sigaction(SIGALRM, &action, NULL), 0);
    EXPECT(sigemptyset(&none) | sigemptyset(&alarms), 0);
    EXPECT(sigaddset(&alarms, SIGALRM), 0);
    EXPECT(sigprocmask(SIG_BLOCK, &alarms, NULL), 0);
    EXPECT(raise(SIGALRM), 0);
    EXPECT(ppoll(&fd, 1, &soon, NULL), 0);
    EXPECT(ppoll(&fd, 1, &soon, &alarms), 0);
    EXPECT(rang, 0);
    EXPECT_ERROR(ppoll(&fd, 1, NULL, &none), EINTR);
    EXPECT(rang, 1);
    EXPECT(raise(SIGALRM), 0);
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    EXPECT_ERROR(pselect(p[0] + 1, &set, NULL, NULL, NULL, &none), EINTR);
    EXPECT(rang, 2);
    EXPECT(sigprocmask(SIG_SETMASK, NULL, &now), 0);
    EXPECT(sigismember(&now, SIGALRM), 1);
    EXPECT(pselect(p[0] + 1, &set, NULL, NULL, &soon, &none), 0);
    EXPECT(write(p[1], "x", 1), 1);
    FD_SET(p[0], &set);
    EXPECT(pselect(p[0] + 1, &set, NULL, NULL, NULL, &none), 1);
    EXPECT(ppoll(&fd, 1, NULL, &none), 1);
    EXPECT_ERROR(ppoll(&fd, 1, &wrong, NULL), EINVAL);
    EXPECT_ERROR(pselect(1, NULL, NULL, NULL, &wrong, NULL), EINVAL);
    EXPECT(sigprocmask(SIG_UNBLOCK, &alarms, NULL), 0);
    EXPECT(rang, 2);
    EXPECT(close(p[0]) | close(p[1]), 0);
}

/* Does things with files and pipes for ever. */
static void
busy(int number)
{
    char name[] = "/tmp/busy0";
    char other[] = "/tmp/moved0";
    int p[2];

    name[9] = other[10] = (char)('0' + number);
    for (;;) {
        int d = open(name, O_RDWR | O_CREAT, 0644);

        (void)write(d, bytes, 3000);
        (void)rename(name, other);
        (void)mkdir(name, 0755);
        (void)rmdir(name);
        (void)unlink(other);
        (void)close(d);
        if (pipe(p) == 0) {
            (void)write(p[1], bytes, 100);
            (void)close(p[0]);
            (void)close(p[1]);
        }
    }
}

/* Those who are left go on, and everything is closed. */
static void
killed(void)
{
    unsigned seed = 1;
    int p[2];

    for (int i = 0; i < 30; i++) {
        struct timespec a_moment = {0, 0};
        pid_t child = fork();

        if (child == 0) {
            busy(i % 3);
        }
        seed = seed * 1103515245 + 12345;
        a_moment.tv_nsec = 1000000 + seed % 20000000;
        (void)nanosleep(&a_moment, NULL);
        EXPECT(kill(child, SIGKILL), 0);
        EXPECT(waitpid(child, NULL, 0), child);
        EXPECT(close(open("/tmp/after", O_WRONLY | O_CREAT, 0644)), 0);
        EXPECT(unlink("/tmp/after"), 0);
    }
    /* All pipes can be had again. */
    for (int i = 0; i < 25; i++) {
        EXPECT(pipe(p), 0);
    }
    EXPECT(p[1], 52);
}

int
main(void)
{
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    alone();
    printf("test: alone\n");
    through();
    printf("test: through\n");
    records();
    printf("test: records\n");
    broken();
    polled();
    masked();
    printf("test: polled\n");
    killed();
    printf("test: pipes ok\n");
    return 0;
}
