/* SPDX-License-Identifier: MIT */
/*
 * Pipes with names: an end waits for the other to be opened, unless it does not
 * want to; bytes; several at an end; what a name is, and that it stays.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "test/user/posix_expect.h"

#define ROUNDS 50

static void
names(void)
{
    struct dirent *entry;
    struct stat status;
    struct stat again;
    DIR *folder;
    int d;

    EXPECT(mkfifo("p", 0666), 0);
    EXPECT_ERROR(mkfifo("p", 0666), EEXIST);
    EXPECT_ERROR(mkfifo("none/p", 0666), ENOENT);
    EXPECT_ERROR(mkfifo("q/", 0666), ENOENT);
    EXPECT_ERROR(mkfifoat(60, "q", 0666), EBADF);
    EXPECT(stat("p", &status), 0);
    EXPECT(status.st_mode, S_IFIFO | 0644);
    EXPECT(status.st_size, 0);
    EXPECT(chmod("p", 0600), 0);
    EXPECT(stat("p", &status), 0);
    EXPECT(status.st_mode, S_IFIFO | 0600);
    EXPECT_ERROR(truncate("p", 0), EINVAL);
    EXPECT_ERROR(open("p", O_RDONLY | O_DIRECTORY), ENOTDIR);
    EXPECT_ERROR(open("p", O_RDWR), EINVAL);
    folder = opendir(".");
    while ((entry = readdir(folder)) != NULL && entry->d_name[0] != 'p') {
    }
    EXPECT(entry != NULL && entry->d_type == DT_FIFO, 1);
    EXPECT(closedir(folder), 0);
    d = open("p", O_RDONLY | O_NONBLOCK);
    EXPECT(d >= 0, 1);
    EXPECT(fstat(d, &again), 0);
    EXPECT(again.st_ino, status.st_ino);
    EXPECT(S_ISFIFO(again.st_mode) != 0, 1);
    EXPECT_ERROR(lseek(d, 0, SEEK_CUR), ESPIPE);
    EXPECT(close(d), 0);
}

static void
alone(void)
{
    char byte;
    int reader;
    int writer;

    EXPECT_ERROR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    reader = open("p", O_RDONLY | O_NONBLOCK);
    EXPECT(read(reader, &byte, 1), 0); /* nobody writes */
    writer = open("p", O_WRONLY); /* which does not wait: there is a reader */
    EXPECT_ERROR(read(reader, &byte, 1), EAGAIN);
    EXPECT(write(writer, "ab", 2), 2);
    EXPECT(read(reader, &byte, 1), 1);
    EXPECT(byte, 'a');
    EXPECT(close(writer), 0);
    writer = open("p", O_WRONLY | O_TRUNC);
    EXPECT(read(reader, &byte, 1), 1); /* what is in it stays */
    EXPECT(byte, 'b');
    EXPECT(write(writer, "c", 1), 1);
    EXPECT(close(reader), 0);
    EXPECT(signal(SIGPIPE, SIG_IGN) != SIG_ERR, 1);
    EXPECT_ERROR(write(writer, "x", 1), EPIPE);
    EXPECT(close(writer), 0);
    reader = open("p", O_RDONLY | O_NONBLOCK);
    EXPECT(read(reader, &byte, 1), 0); /* and goes with the last of all ends */
    EXPECT(close(reader), 0);
}

static void
nothing(int signal)
{
    (void)signal;
}

/* Each waits for the other; also for one that is gone at once. */
static void
together(void)
{
    struct sigaction action = {.sa_handler = nothing};
    char text[8] = "";
    int status;
    int d;

    for (int i = 0; i < ROUNDS; i++) {
        pid_t child = fork();

        if (child == 0) {
            d = open("p", i % 2 == 0 ? O_WRONLY : O_RDONLY);
            EXPECT(d >= 0, 1);
            if (i % 2 == 0) {
                EXPECT(write(d, "word", 4), 4);
            } else {
                EXPECT(read(d, text, 4), 4);
                EXPECT(memcmp(text, "word", 4), 0);
            }
            _exit(0);
        }
        if (i % 3 == 0) {
            (void)usleep(1000);
        }
        d = open("p", i % 2 == 0 ? O_RDONLY : O_WRONLY);
        EXPECT(d >= 0, 1);
        if (i % 2 == 0) {
            EXPECT(read(d, text, 4), 4);
            EXPECT(memcmp(text, "word", 4), 0);
            EXPECT(read(d, text, 4), 0);
        } else {
            EXPECT(write(d, "word", 4), 4);
        }
        EXPECT(waitpid(child, &status, 0), child);
        EXPECT(status, 0);
        EXPECT(close(d), 0);
    }
    EXPECT(sigaction(SIGALRM, &action, NULL), 0);
    (void)alarm(1);
    EXPECT_ERROR(open("p", O_RDONLY), EINTR);
    EXPECT(open("/dev/null", O_RDONLY), 3); /* its descriptor is free */
    EXPECT(close(3), 0);
}

/* Several at one end, some of whom are killed, one while it waits to open. */
static void
several(void)
{
    struct pollfd fd = {.events = POLLIN};
    char byte;
    int status;
    int got = 0;

    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            int d = open("p", O_WRONLY);

            EXPECT(write(d, "x", 1), 1);
            if (i == 3) {
                (void)kill(getpid(), SIGKILL);
            }
            _exit(0);
        }
    }
    fd.fd = open("p", O_RDONLY);
    while (got < 4) {
        EXPECT(poll(&fd, 1, 5000), 1);
        got += read(fd.fd, &byte, 1) == 1;
    }
    for (int i = 0; i < 4; i++) {
        EXPECT(wait(&status) > 0, 1);
    }
    EXPECT(read(fd.fd, &byte, 1), 0);
    EXPECT(close(fd.fd), 0);
    for (int i = 0; i < 40; i++) { /* more than there are pipes */
        pid_t child = fork();

        if (child == 0) {
            (void)open("p", O_RDONLY);
            _exit(1);
        }
        if (i % 4 == 0) {
            (void)usleep(2000);
        }
        EXPECT(kill(child, SIGKILL), 0);
        EXPECT(waitpid(child, &status, 0), child);
    }
    EXPECT_ERROR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
}

int
main(void)
{
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    EXPECT(mkdir("/tmp/fifo", 0755) | chdir("/tmp/fifo"), 0);
    names();
    alone();
    together();
    several();
    EXPECT(unlink("p") | chdir("/") | rmdir("/tmp/fifo"), 0);
    printf("test: fifo ok\n");
    return 0;
}
