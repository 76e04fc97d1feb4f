/* SPDX-License-Identifier: MIT */
/*
 * execve: what a new program has of the old one and what not, the arguments,
 * scripts, and what is refused. The program executes itself, with the name of a
 * check as its first argument; the status of that says what came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/abi/account.h"
#include "kern/abi/layout.h"
#include "test/user/posix_used.h"

#define SELF "/bin/posix_exec"
#define GOOD 42
#define ROUNDS 200

static int faults;

static void
check(int holds, const char *what)
{
    if (!holds) {
        faults++;
        printf("exec: %s: wrong (errno %d)\n", what, errno);
    }
}

static int
status_of(pid_t child)
{
    int status = -1;

    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + status;
}

/* Runs this program with a check's name and more. */
static int
run(const char *name, char *const more[])
{
    static char self[] = "exec";
    static char variable[] = "VARIABLE=value";
    char *const environment[] = {variable, NULL};
    char *words[8] = {self, strdup(name)};
    pid_t child;

    for (unsigned i = 0; more != NULL && more[i] != NULL; i++) {
        words[i + 2] = more[i];
    }
    child = fork();
    if (child == 0) {
        execve(SELF, words, environment);
        _exit(99);
    }
    free(words[1]);
    return status_of(child);
}

static void
file_make(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    check(file >= 0, path);
    check(write(file, text, strlen(text)) == (ssize_t)strlen(text), path);
    check(fchmod(file, mode) == 0, path);
    check(close(file) == 0, path);
}

/* errno of an execve that fails. */
static int
refused(const char *path, char *const words[])
{
    static char *const none[] = {NULL};

    errno = 0;
    if (execve(path, words, none) != -1) {
        return 0;
    }
    return errno;
}

static void
handler(int signal)
{
    (void)signal;
}

/* The checks in the new program. */

static int
arguments(int count, char **words)
{
    extern char **environ;

    return count == 5 && strcmp(words[0], "exec") == 0 &&
                   strcmp(words[2], "") == 0 && strcmp(words[3], "a b") == 0 &&
                   strlen(words[4]) == 9000 && words[5] == NULL &&
                   strcmp(environ[0], "VARIABLE=value") == 0 &&
                   environ[1] == NULL
               ? GOOD
               : 1;
}

/* Descriptor 10 stays open, 11 does not; what is ignored stays so, a handler
   does not; nothing of the C library's memory is left. */
static int
rest(int count, char **words)
{
    struct sigaction action;
    char byte = 0;

    (void)count;
    if (read(10, &byte, 1) != 1 || byte != 'x') {
        return 1;
    }
    if (read(11, &byte, 1) != -1 || errno != EBADF) {
        return 2;
    }
    if (sigaction(SIGUSR1, NULL, &action) != 0 ||
        action.sa_handler != SIG_IGN) {
        return 3;
    }
    if (sigaction(SIGUSR2, NULL, &action) != 0 ||
        action.sa_handler != SIG_DFL) {
        return 4;
    }
    return atoi(words[2]) == getppid() ? GOOD : 5;
}

/* As the program that a script names: its name, its argument, the script, and
   the script's own. */
static int
script(int count, char **words)
{
    return count == 4 && strcmp(words[0], SELF) == 0 &&
                   strcmp(words[2], "/script") == 0 &&
                   strcmp(words[3], "last") == 0
               ? GOOD
               : 1;
}

static void
inherited_check(void)
{
    int file = open("/text", O_RDONLY);
    struct sigaction old;
    char parent[16];
    char *more[] = {parent, NULL};

    snprintf(parent, sizeof(parent), "%d", (int)getpid());
    check(dup2(file, 10) == 10 && fcntl(10, F_SETFD, 0) == 0, "dup2");
    check(dup2(file, 11) == 11 && fcntl(11, F_SETFD, FD_CLOEXEC) == 0,
          "FD_CLOEXEC");
    check(signal(SIGUSR1, SIG_IGN) != SIG_ERR, "SIG_IGN");
    check(signal(SIGUSR2, handler) != SIG_ERR, "a handler");
    check(run("rest", more) == GOOD, "what a new program has of the old one");
    check(sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == handler,
          "the parent's handler");
    close(10);
    close(11);
    close(file);
}

static void
refusals_check(void)
{
    size_t size = 200000;
    char *large = malloc(size);
    char *words[] = {large, NULL};
    static char name[] = "x";
    char *one[] = {name, NULL};

    memset(large, 'x', size);
    large[size - 1] = '\0';
    check(refused("/nothing", one) == ENOENT, "a file that is not there");
    check(refused("", one) == ENOENT, "an empty path");
    check(refused("/bin", one) == EACCES, "a directory");
    check(refused("/text", one) == EACCES, "a file without x");
    check(refused("/empty", one) == ENOEXEC, "an empty file");
    check(refused("/words", one) == ENOEXEC, "a file of words");
    check(refused("/lost", one) == ENOENT, "a script of a missing program");
    check(refused("/nobody", one) == ENOEXEC, "a script of no program");
    check(refused("/cut", one) == ENOEXEC, "a program that is cut off");
    check(refused("/other", one) == ENOTSUP, "a program of another image");
    check(refused(SELF, words) == E2BIG, "arguments that are too long");
    free(large);
}

/* The beginning of this program's file, and no more. */
static void
cut_make(void)
{
    char head[700];
    int from = open(SELF, O_RDONLY);
    int to = open("/cut", O_WRONLY | O_CREAT, 0755);

    check(read(from, head, sizeof(head)) == sizeof(head) &&
              write(to, head, sizeof(head)) == sizeof(head),
          "/cut");
    close(from);
    close(to);
}

/* This program, as if it had been linked with another image. */
static void
other_make(void)
{
    static char bytes[65536];
    int from = open(SELF, O_RDONLY);
    int to = open("/other", O_WRONLY | O_CREAT, 0755);
    ssize_t size = read(from, bytes, sizeof(bytes));

    bytes[4096] ^= 1;
    check(size > 4096 && write(to, bytes, (size_t)size) == size, "/other");
    close(from);
    close(to);
}

int
main(int count, char **words)
{
    static char empty[] = "";
    static char blank[] = "a b";
    static char last[] = "last";
    static char name[] = "x";
    static char long_word[9001];
    char *more[] = {empty, blank, long_word, NULL};
    char *script_words[] = {name, last, NULL};
    uint64_t used;
    pid_t child;

    if (count > 1) {
        return strcmp(words[1], "arguments") == 0 ? arguments(count, words)
               : strcmp(words[1], "rest") == 0    ? rest(count, words)
               : strcmp(words[1], "script") == 0  ? script(count, words)
                                                  : GOOD;
    }
    memset(long_word, 'x', 9000);
    long_word[9000] = '\0';
    file_make("/text", "xxx", 0644);
    file_make("/empty", "", 0755);
    file_make("/words", "these are words\n", 0755);
    file_make("/script", "#! " SELF "  script \nrest\n", 0755);
    file_make("/lost", "#!/bin/nothing\n", 0755);
    file_make("/nobody", "#!  \n", 0755);
    cut_make();
    other_make();
    check(run("arguments", more) == GOOD, "arguments and environment");
    inherited_check();
    child = fork();
    if (child == 0) {
        execv("/script", script_words);
        _exit(99);
    }
    check(status_of(child) == GOOD, "a script");
    refusals_check();
    check(run("nothing", NULL) == GOOD, "a program");
    used = frames_used();
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(run("nothing", NULL) == GOOD, "a program again");
    }
    check(frames_used() == used, "frames after many programs");
    printf("exec: %d faults\n", faults);
    return faults != 0;
}
