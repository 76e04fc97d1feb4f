/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn: this program again, with what it is to have open, its group, its
 * signals; and what it says when something of that fails.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "test/user/posix_expect.h"

#define SELF "/bin/posix_spawn"

static void
ring(int signal)
{
    (void)signal;
}

static int
status_of(pid_t pid)
{
    int status = -1;

    EXPECT(waitpid(pid, &status, 0), pid);
    EXPECT(WIFEXITED(status) != 0, 1);
    return WEXITSTATUS(status);
}

/* What the new program does: says by its status what it finds. */
static int
spawned(const char *what)
{
    struct sigaction action;
    char byte = 0;
    sigset_t mask;

    if (strcmp(what, "environment") == 0) {
        return getenv("WORD") != NULL ? atoi(getenv("WORD")) : 1;
    }
    if (strcmp(what, "descriptors") == 0) {
        return read(5, &byte, 1) == 1 && byte == 'b' &&
                       read(0, &byte, 1) == 1 && byte == 'a' &&
                       fcntl(6, F_GETFD) == 0 && fcntl(3, F_GETFD) < 0 &&
                       fcntl(4, F_GETFD) < 0
                   ? 0
                   : 1;
    }
    if (strcmp(what, "group") == 0) {
        return getpgrp() == getpid() ? 0 : 1;
    }
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    (void)sigaction(SIGHUP, NULL, &action);
    return (sigismember(&mask, SIGUSR1) == 1 ? 1 : 0) |
           (action.sa_handler == SIG_IGN ? 2 : 0);
}

static int
run(const char *what, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes)
{
    char word[16];
    char *arguments[] = {"self", word, NULL};
    pid_t pid = -1;
    int error;

    snprintf(word, sizeof(word), "%s", what);
    error = posix_spawn(&pid, SELF, actions, attributes, arguments, environ);
    EXPECT(error, 0);
    return status_of(pid);
}

static void
plain(void)
{
    char *arguments[] = {"self", "environment", NULL};
    char *environment[] = {"WORD=7", NULL};
    pid_t pid = -1;

    EXPECT(posix_spawn(&pid, SELF, NULL, NULL, arguments, environment), 0);
    EXPECT(status_of(pid), 7);
    EXPECT(setenv("PATH", "/none:/bin", 1), 0);
    EXPECT(
        posix_spawnp(&pid, "posix_spawn", NULL, NULL, arguments, environment),
        0);
    EXPECT(status_of(pid), 7);
    EXPECT(posix_spawn(&pid, "/none", NULL, NULL, arguments, environment),
           ENOENT);
    EXPECT(posix_spawnp(&pid, "none", NULL, NULL, arguments, environment),
           ENOENT);
    EXPECT(posix_spawn(&pid, "/tmp", NULL, NULL, arguments, environment),
           EACCES);
    EXPECT_ERROR(wait(NULL), ECHILD); /* nothing is left of these */
}

static void
descriptors(void)
{
    posix_spawn_file_actions_t actions;
    char *arguments[] = {"self", "environment", NULL};
    pid_t pid;
    int d;

    d = open("/tmp/a", O_RDWR | O_CREAT, 0600);
    EXPECT(d, 3);
    EXPECT(write(d, "ab", 2), 2);
    EXPECT(lseek(d, 1, SEEK_SET), 1);
    EXPECT(posix_spawn_file_actions_init(&actions), 0);
    EXPECT(posix_spawn_file_actions_adddup2(&actions, 3, 5), 0);
    EXPECT(posix_spawn_file_actions_addclose(&actions, 3), 0);
    EXPECT(posix_spawn_file_actions_addopen(&actions, 0, "/tmp/a", O_RDONLY, 0),
           0);
    EXPECT(
        posix_spawn_file_actions_addopen(&actions, 6, "/dev/null", O_RDONLY, 0),
        0);
    EXPECT(run("descriptors", &actions, NULL), 0);
    EXPECT(fcntl(5, F_GETFD), -1); /* here nothing has changed */
    EXPECT(posix_spawn_file_actions_addclose(&actions, -1), EBADF);
    EXPECT(posix_spawn_file_actions_adddup2(&actions, 3, 1000), EBADF);
    /* One that fails. */
    EXPECT(posix_spawn_file_actions_addopen(&actions, 7, "/none", O_RDONLY, 0),
           0);
    EXPECT(posix_spawn(&pid, SELF, &actions, NULL, arguments, environ), ENOENT);
    EXPECT(posix_spawn_file_actions_destroy(&actions), 0);
    EXPECT(posix_spawn_file_actions_init(&actions), 0);
    EXPECT(posix_spawn_file_actions_adddup2(&actions, 40, 1), 0);
    EXPECT(posix_spawn(&pid, SELF, &actions, NULL, arguments, environ), EBADF);
    EXPECT(posix_spawn_file_actions_destroy(&actions), 0);
    EXPECT(close(d) | unlink("/tmp/a"), 0);
}

static void
attributes(void)
{
    const struct sigaction handled = {.sa_handler = ring};
    posix_spawnattr_t attributes;
    sigset_t set;
    short flags;

    EXPECT(posix_spawnattr_init(&attributes), 0);
    EXPECT(run("group", NULL, &attributes), 1);
    EXPECT(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP), 0);
    EXPECT(posix_spawnattr_setpgroup(&attributes, 0), 0);
    EXPECT(run("group", NULL, &attributes), 0);

    EXPECT(signal(SIGHUP, SIG_IGN) != SIG_ERR, 1);
    EXPECT(sigaction(SIGUSR2, &handled, NULL), 0);
    EXPECT(run("signals", NULL, &attributes), 2);
    EXPECT(sigemptyset(&set) | sigaddset(&set, SIGHUP), 0);
    EXPECT(posix_spawnattr_setsigdefault(&attributes, &set), 0);
    EXPECT(sigemptyset(&set) | sigaddset(&set, SIGUSR1), 0);
    EXPECT(posix_spawnattr_setsigmask(&attributes, &set), 0);
    EXPECT(run("signals", NULL, &attributes), 2);
    EXPECT(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                     POSIX_SPAWN_SETSIGMASK),
           0);
    EXPECT(run("signals", NULL, &attributes), 1);
    EXPECT(posix_spawnattr_getflags(&attributes, &flags), 0);
    EXPECT(flags, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    EXPECT(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSCHEDULER),
           EINVAL);
    EXPECT(posix_spawnattr_destroy(&attributes), 0);
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        return spawned(argv[1]);
    }
    plain();
    descriptors();
    attributes();
    printf("test: spawn ok\n");
    return 0;
}
