/* SPDX-License-Identifier: MIT */
/*
 * What lib/posix adds to streams: lines of any length, printing to a
 * descriptor, commands at the end of a pipe, remove of folders; and jumps that
 * set the signal mask.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/user/expect.h"

#define LONG 100000

static void
lines(void)
{
    char *line = NULL;
    size_t size = 0;
    int ends[2];
    FILE *in;

    EXPECT(pipe(ends), 0);
    EXPECT(dprintf(ends[1], "%s\n\n%d;%d", "one", 2, 3), 8);
    EXPECT(dprintf(77, "x"), -1);
    EXPECT(close(ends[1]), 0);
    in = fdopen(ends[0], "r");
    EXPECT(in != NULL, 1);
    EXPECT(getline(&line, &size, in), 4);
    EXPECT(strcmp(line, "one\n"), 0);
    EXPECT(getline(&line, &size, in), 1);
    EXPECT(getdelim(&line, &size, ';', in), 2);
    EXPECT(strcmp(line, "2;"), 0);
    EXPECT(getc_unlocked(in), '3');
    EXPECT(getline(&line, &size, in), -1);
    EXPECT(feof(in) != 0, 1);
    EXPECT(getline(NULL, &size, in), -1);
    EXPECT(errno, EINVAL);
    EXPECT(fclose(in), 0);
    free(line);
}

static void
long_line(void)
{
    FILE *file = fopen("/tmp/long", "w+");
    char *line = NULL;
    size_t size = 0;

    EXPECT(file != NULL, 1);
    for (int i = 0; i < LONG; i++) {
        (void)putc('a' + i % 26, file);
    }
    EXPECT(fseek(file, 0, SEEK_SET), 0);
    EXPECT(getline(&line, &size, file), LONG);
    EXPECT(strlen(line), LONG);
    EXPECT(line[LONG - 1], 'a' + (LONG - 1) % 26);
    EXPECT(fclose(file), 0);
    free(line);
    EXPECT(mkdir("/tmp/folder", 0755), 0);
    EXPECT(remove("/tmp/long"), 0);
    EXPECT(remove("/tmp/folder"), 0);
    EXPECT(remove("/tmp/folder"), -1);
    EXPECT(errno, ENOENT);
}

static void
commands(void)
{
    char text[32] = "";
    FILE *pipe = popen("echo to us; exit 3", "r");
    int status;

    EXPECT(pipe != NULL, 1);
    EXPECT(fgets(text, sizeof(text), pipe) == text, 1);
    EXPECT(strcmp(text, "to us\n"), 0);
    status = pclose(pipe);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 3, 1);
    pipe = popen("read x; [ \"$x\" = word ]", "w");
    EXPECT(pipe != NULL, 1);
    EXPECT(fputs("word\n", pipe) >= 0, 1);
    EXPECT(pclose(pipe), 0);
    EXPECT(popen("true", "x") == NULL, 1);
    EXPECT(errno, EINVAL);
    EXPECT(pclose(stdin), -1);
    EXPECT(system(NULL) != 0, 1);
    EXPECT(WEXITSTATUS(system("exit 7")), 7);
    EXPECT(WEXITSTATUS(system("nosuch 2>/dev/null")), 127);
    status = system("kill -9 $$");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1);
}

static void
jumps(void)
{
    static sigjmp_buf place;
    static volatile int times;
    sigset_t set;
    sigset_t mask;

    EXPECT(sigemptyset(&set), 0);
    EXPECT(sigprocmask(SIG_SETMASK, &set, NULL), 0);
    EXPECT(sigaddset(&set, SIGUSR1), 0);
    if (sigsetjmp(place, 1) == 0) {
        EXPECT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        siglongjmp(place, 5);
    }
    EXPECT(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    EXPECT(sigismember(&mask, SIGUSR1), 0);
    if (sigsetjmp(place, 0) == 0) {
        EXPECT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        times++;
        siglongjmp(place, 1);
    }
    EXPECT(times, 1);
    EXPECT(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    EXPECT(sigismember(&mask, SIGUSR1), 1);
}

int
main(void)
{
    lines();
    long_line();
    commands();
    jumps();
    printf("test: streams done\n");
    return 0;
}
