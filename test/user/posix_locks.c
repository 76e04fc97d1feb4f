/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: of ranges by fcntl, of all by flock; what is in whose way,
 * who waits for whom, and what goes with a descriptor, a process, or one that
 * is killed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "test/user/posix_expect.h"

#define RECORDS 128

static int file;

static struct flock
range(int type, off_t start, off_t length)
{
    return (struct flock){.l_type = (short)type,
                          .l_whence = SEEK_SET,
                          .l_start = start,
                          .l_len = length};
}

static int
set(int type, off_t start, off_t length)
{
    struct flock lock = range(type, start, length);

    return fcntl(file, F_SETLK, &lock);
}

static int
set_wait(int type, off_t start, off_t length)
{
    struct flock lock = range(type, start, length);

    return fcntl(file, F_SETLKW, &lock);
}

/* What another process finds in the way of a lock: where it begins, or -1. Its
   status says so, plus 1. */
static long
seen(int type, off_t start, off_t length)
{
    struct flock lock = range(type, start, length);
    int status;
    int pid = fork();

    if (pid == 0) {
        EXPECT(fcntl(file, F_GETLK, &lock), 0);
        if (lock.l_type == F_UNLCK) {
            _exit(0);
        }
        EXPECT(lock.l_pid, getppid());
        EXPECT(lock.l_whence, SEEK_SET);
        _exit((int)lock.l_start + 1);
    }
    EXPECT(waitpid(pid, &status, 0), pid);
    EXPECT(WIFEXITED(status) != 0, 1);
    return WEXITSTATUS(status) - 1;
}

static void
ranges(void)
{
    struct flock lock = range(F_WRLCK, -4, 2);

    EXPECT(set(F_WRLCK, 10, 10), 0);
    EXPECT(seen(F_RDLCK, 0, 10), -1);
    EXPECT(seen(F_RDLCK, 0, 11), 10);
    EXPECT(seen(F_RDLCK, 19, 1), 10);
    EXPECT(seen(F_RDLCK, 20, 0), -1);
    /* One that is cut in two, and made whole again. */
    EXPECT(set(F_UNLCK, 14, 2), 0);
    EXPECT(seen(F_WRLCK, 14, 2), -1);
    EXPECT(seen(F_WRLCK, 13, 2), 10);
    EXPECT(seen(F_WRLCK, 15, 2), 16);
    EXPECT(set(F_WRLCK, 12, 6), 0);
    EXPECT(seen(F_WRLCK, 19, 1), 10);
    /* Readers do not mind each other. */
    EXPECT(set(F_RDLCK, 12, 0), 0);
    EXPECT(seen(F_RDLCK, 12, 100), -1);
    EXPECT(seen(F_WRLCK, 1000000, 1), 12);
    EXPECT(seen(F_RDLCK, 11, 1), 10);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    EXPECT(seen(F_WRLCK, 0, 0), -1);
    /* From the end, and backwards: the file has 30 bytes. */
    EXPECT(ftruncate(file, 30), 0);
    lock.l_whence = SEEK_END;
    EXPECT(fcntl(file, F_SETLK, &lock), 0);
    EXPECT(seen(F_RDLCK, 26, 1), 26);
    EXPECT(seen(F_RDLCK, 28, 1), -1);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    EXPECT(lseek(file, 20, SEEK_SET), 20);
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = -5};
    EXPECT(fcntl(file, F_SETLK, &lock), 0);
    EXPECT(seen(F_RDLCK, 0, 0), 15);
    EXPECT(seen(F_RDLCK, 20, 0), -1);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    /* None of one's own is in the way. */
    EXPECT(set(F_WRLCK, 0, 1), 0);
    lock = range(F_WRLCK, 0, 1);
    EXPECT(fcntl(file, F_GETLK, &lock), 0);
    EXPECT(lock.l_type, F_UNLCK);
    EXPECT(set(F_UNLCK, 0, 0), 0);
}

static void
errors(void)
{
    struct flock lock = range(F_WRLCK, 0, 1);
    int other = open("f", O_RDONLY);
    int ends[2];
    int count = 0;

    EXPECT(pipe(ends), 0);
    EXPECT_ERROR(fcntl(60, F_SETLK, &lock), EBADF);
    EXPECT_ERROR(fcntl(other, F_SETLK, &lock), EBADF);
    EXPECT_ERROR(fcntl(ends[0], F_SETLK, &lock), EINVAL);
    EXPECT(close(ends[0]) | close(ends[1]), 0);
    EXPECT_ERROR(set(9, 0, 1), EINVAL);
    EXPECT_ERROR(set(F_WRLCK, -1, 1), EINVAL);
    EXPECT_ERROR(set(F_WRLCK, 2, -3), EINVAL);
    EXPECT_ERROR(set(F_WRLCK, INT64_MAX, 2), EOVERFLOW);
    lock.l_whence = 9;
    EXPECT_ERROR(fcntl(file, F_SETLK, &lock), EINVAL);
    lock = range(F_UNLCK, 0, 1);
    EXPECT_ERROR(fcntl(file, F_GETLK, &lock), EINVAL);
    while (set(F_WRLCK, count * 2, 1) == 0) {
        count++;
    }
    EXPECT(errno, ENOLCK);
    EXPECT(count, RECORDS);
    /* To have more of one is no more than one. */
    EXPECT(set(F_UNLCK, 0, 1), 0);
    EXPECT(set(F_WRLCK, 0, 0), 0);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    /* Who closes any descriptor of the file has none left. */
    EXPECT(set(F_WRLCK, 0, 1), 0);
    EXPECT(seen(F_WRLCK, 0, 1), 0);
    EXPECT(close(other), 0);
    EXPECT(seen(F_WRLCK, 0, 1), -1);
}

/* Another process with a lock on byte `at`, when it has written to the pipe. It
   keeps it till it is told, or killed. */
static int
holder(int at, int told)
{
    char byte;
    int ready[2];
    int pid;

    EXPECT(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        EXPECT(set(F_WRLCK, at, 1), 0);
        EXPECT(write(ready[1], "x", 1), 1);
        (void)read(told, &byte, 1);
        _exit(0);
    }
    EXPECT(read(ready[0], &byte, 1), 1);
    EXPECT(close(ready[0]) | close(ready[1]), 0);
    return pid;
}

static void
nothing(int signal)
{
    (void)signal;
}

static void
waiting(void)
{
    struct sigaction action = {.sa_handler = nothing};
    int status;
    int tell[2];
    int pid;

    EXPECT(pipe(tell), 0);
    pid = holder(5, tell[0]);
    EXPECT_ERROR(set(F_WRLCK, 0, 0), EAGAIN);
    EXPECT_ERROR(set(F_RDLCK, 5, 1), EAGAIN);
    EXPECT(set(F_WRLCK, 6, 0), 0);
    /* A signal ends the wait. */
    EXPECT(sigaction(SIGALRM, &action, NULL), 0);
    (void)alarm(1);
    EXPECT_ERROR(set_wait(F_WRLCK, 5, 1), EINTR);
    /* It goes with the process that has it. */
    if (fork() == 0) {
        (void)usleep(100000);
        _exit(write(tell[1], "x", 1) == 1 ? 0 : 1);
    }
    EXPECT(set_wait(F_WRLCK, 5, 1), 0);
    EXPECT(wait(&status) > 0 && status == 0, 1);
    EXPECT(wait(&status) > 0 && status == 0, 1);
    EXPECT(set(F_UNLCK, 0, 0), 0);

    /* The same when it is killed. */
    pid = holder(5, tell[0]);
    if (fork() == 0) {
        (void)usleep(100000);
        _exit(kill(pid, SIGKILL) == 0 ? 0 : 1);
    }
    EXPECT(set_wait(F_RDLCK, 5, 1), 0);
    EXPECT(wait(&status) > 0 && wait(&status) > 0, 1);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    EXPECT(close(tell[0]) | close(tell[1]), 0);
}

/* Two who have what the other wants: one of them is told. */
static void
deadlock(void)
{
    char byte;
    int status;
    int ready[2];
    int pid;

    EXPECT(pipe(ready), 0);
    EXPECT(set(F_WRLCK, 1, 1), 0);
    pid = fork();
    if (pid == 0) {
        EXPECT(set(F_WRLCK, 2, 1), 0);
        EXPECT(write(ready[1], "x", 1), 1);
        EXPECT(set_wait(F_WRLCK, 1, 1), 0);
        _exit(0);
    }
    EXPECT(read(ready[0], &byte, 1), 1);
    (void)usleep(200000); /* it waits by now */
    EXPECT_ERROR(set_wait(F_WRLCK, 2, 1), EDEADLK);
    EXPECT_ERROR(set(F_WRLCK, 2, 1), EAGAIN);
    EXPECT(set(F_UNLCK, 1, 1), 0);
    EXPECT(set_wait(F_WRLCK, 2, 1), 0);
    EXPECT(waitpid(pid, &status, 0), pid);
    EXPECT(status, 0);
    EXPECT(set(F_UNLCK, 0, 0), 0);
    EXPECT(close(ready[0]) | close(ready[1]), 0);
}

/* Many add to a number in the file, one at a time. */
static void
counting(void)
{
    long number = 0;
    int status;

    EXPECT(pwrite(file, &number, sizeof(number), 0), sizeof(number));
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int n = 0; n < 50; n++) {
                EXPECT(set_wait(F_WRLCK, 0, 8), 0);
                EXPECT(pread(file, &number, 8, 0), 8);
                number++;
                if (n % 5 == i) {
                    (void)usleep(1);
                }
                EXPECT(pwrite(file, &number, 8, 0), 8);
                EXPECT(set(F_UNLCK, 0, 8), 0);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        EXPECT(wait(&status) > 0 && status == 0, 1);
    }
    EXPECT(pread(file, &number, 8, 0), 8);
    EXPECT(number, 200);
}

/* flock is of the open file, and of all who have that. */
static void
whole(void)
{
    int other = open("f", O_RDONLY);
    int same = dup(file);
    int status;
    int pid;

    EXPECT(flock(file, LOCK_EX), 0);
    EXPECT(flock(same, LOCK_EX | LOCK_NB), 0);
    EXPECT_ERROR(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    EXPECT(set(F_WRLCK, 0, 0), 0); /* the other kind is not seen */
    EXPECT(set(F_UNLCK, 0, 0), 0);
    EXPECT(flock(file, LOCK_SH), 0);
    EXPECT(flock(other, LOCK_SH | LOCK_NB), 0);
    EXPECT_ERROR(flock(same, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    EXPECT(flock(other, LOCK_UN), 0);
    EXPECT_ERROR(flock(file, 0), EINVAL);
    EXPECT_ERROR(flock(60, LOCK_EX), EBADF);
    /* A child has it too, and the last one gives it back. */
    EXPECT(flock(same, LOCK_EX), 0);
    pid = fork();
    if (pid == 0) {
        (void)usleep(100000);
        _exit(0);
    }
    EXPECT(close(same), 0);
    EXPECT_ERROR(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    EXPECT(close(file), 0);
    EXPECT(flock(other, LOCK_EX), 0);
    EXPECT(waitpid(pid, &status, 0), pid);
    EXPECT(close(other), 0);
    file = open("f", O_RDWR);
}

static void
by_lockf(void)
{
    int status;

    EXPECT(lseek(file, 10, SEEK_SET), 10);
    EXPECT(lockf(file, F_LOCK, 5), 0);
    if (fork() == 0) {
        EXPECT_ERROR(lockf(file, F_TEST, 1), EACCES);
        EXPECT_ERROR(lockf(file, F_TLOCK, 1), EAGAIN);
        EXPECT(lseek(file, 15, SEEK_SET), 15);
        EXPECT(lockf(file, F_TEST, 0), 0);
        EXPECT_ERROR(lockf(file, 9, 0), EINVAL);
        _exit(0);
    }
    EXPECT(wait(&status) > 0 && status == 0, 1);
    EXPECT(lseek(file, 10, SEEK_SET), 10);
    EXPECT(lockf(file, F_ULOCK, 5), 0);
    EXPECT(seen(F_WRLCK, 0, 0), -1);
}

int
main(void)
{
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    EXPECT(chdir("/tmp"), 0);
    file = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    EXPECT(file >= 0, 1);
    ranges();
    errors();
    waiting();
    deadlock();
    counting();
    whole();
    by_lockf();
    EXPECT(close(file) | unlink("f"), 0);
    printf("test: locks ok\n");
    return 0;
}
