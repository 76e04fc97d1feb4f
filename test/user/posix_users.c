/* SPDX-License-Identifier: MIT */
/*
 * Three domains at once: the system's, and those of two users. One of these is
 * hostile: it tries by calls to the kernel, with each entry of its list, to get
 * at all that is not its domain's, while the others work and look whether
 * somebody has changed what they have. The same among processes of one user.
 *
 *     posix_users          in the system's domain: has the others run
 *     posix_users work     in a user's
 *     posix_users attack   in another's
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/abi/account.h"
#include "lib/exo/call.h"
#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/session.h"
#include "lib/posix/shared.h"
#include "test/user/posix_expect.h"
#include "test/user/posix_used.h"
#include "test/user/users_attack.h"

#define WORDS 8192
#define PROGRAM "/bin/posix_users"
#define FILE_NAME "mine"
#define PATIENCE 1000 /* rounds in which somebody should be seen */
#define STAY 40       /* moments */

/* How many accounts, but the first and that of the caller, envs are charged to.
 */
static unsigned
others_count(void)
{
    uint64_t found = 0;

    for (unsigned i = 1; i < ENVS_MAX; i++) {
        uint32_t account = users_envs[i].account;

        if (users_envs[i].state == ENV_LIVE && account > ACCOUNT_FIRST &&
            account < 64 && account != users_account((uint32_t)exo_id)) {
            found |= (uint64_t)1 << account;
        }
    }
    return (unsigned)__builtin_popcountl(found);
}

static void
moment(void)
{
    const struct timespec time = {0, 5000000};

    EXPECT(nanosleep(&time, NULL), 0);
}

/* One round of what processes do: memory, a child, a pipe, a file. */
static void
round_do(const char *file_name, unsigned round)
{
    static uint64_t word[WORDS];
    uint64_t sum = 0;
    uint64_t got = 0;
    int ends[2];
    int status;
    int file;
    pid_t child;

    for (uint64_t i = 0; i < WORDS; i++) {
        EXPECT(round == 0 || word[i] == i * round, 1);
        word[i] = i * (round + 1);
        sum += word[i];
    }
    EXPECT(pipe(ends), 0);
    child = fork();
    EXPECT(child >= 0, 1);
    if (child == 0) {
        for (uint64_t i = 0; i < WORDS; i++) {
            got += word[i];
        }
        _exit(write(ends[1], &got, sizeof(got)) == sizeof(got) ? 3 : 4);
    }
    EXPECT(read(ends[0], &got, sizeof(got)), sizeof(got));
    EXPECT(got, sum);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 3, 1);
    EXPECT(close(ends[0]) | close(ends[1]), 0);
    file = open(file_name, round == 0 ? O_CREAT | O_RDWR : O_RDWR, 0600);
    EXPECT(file >= 0, 1);
    if (round > 0) {
        EXPECT(read(file, &got, sizeof(got)), sizeof(got));
        EXPECT(got, round - 1);
    }
    got = round;
    EXPECT(pwrite(file, &got, sizeof(got), 0), sizeof(got));
    EXPECT(close(file), 0);
}

/* Works from before the other user comes until it has gone: but who is quick
   may come and go between two looks. */
static int
work(void)
{
    unsigned round = 0;

    EXPECT(getuid(), 1000);
    EXPECT_ERROR(kill(1, SIGKILL), EPERM);
    while (others_count() == 0 && round < PATIENCE) {
        round_do(FILE_NAME, round++);
        moment();
    }
    while (others_count() > 0) {
        round_do(FILE_NAME, round++);
        moment();
    }
    EXPECT(unlink(FILE_NAME), 0);
    printf("guest: unharmed\n");
    return 0;
}

/* Two processes of this user: what is private to one is out of the other's
   reach, too. */
static void
fellows(void)
{
    struct users_count count = {0, 0};
    pid_t child = fork();
    int status;

    if (child == 0) {
        for (;;) {
            (void)pause();
        }
    }
    moment();
    if (fork() == 0) {
        uint32_t env = process_find(child)->env;

        posix_hold();
        users_attack_env(&count, env);
        posix_release();
        printf("visitor: of a fellow %u, %s\n", count.got,
               count.refused > 0 ? "and was refused" : "but never asked");
        fflush(stdout);
        _exit(0);
    }
    EXPECT(wait(&status) != child, 1);
    EXPECT(status, 0);
    EXPECT(kill(child, SIGKILL), 0);
    EXPECT(waitpid(child, &status, 0), child);
}

static int
attack(void)
{
    struct users_count count = {0, 0};
    uint32_t own = users_account((uint32_t)exo_id);

    EXPECT(getuid(), 1001);
    EXPECT(others_count(), 1);
    posix_hold();
    for (unsigned i = 1; i < ENVS_MAX; i++) {
        uint32_t env = users_envs[i].id;

        if (users_envs[i].state == ENV_LIVE && users_envs[i].account != own) {
            users_attack_env(&count, env);
        }
    }
    users_attack_machine(&count);
    posix_release();
    printf("visitor: of others %u, %s\n", count.got,
           count.refused > 1000 ? "and was refused" : "but hardly asked");
    fflush(stdout);
    if (SHARED_OF->volume.fs.root != 0) {
        count = (struct users_count){0, 0};
        posix_hold();
        users_attack_disk(&count);
        posix_release();
        printf("visitor: of blocks %u, %s\n", count.got,
               count.refused > 1000 ? "and was refused" : "but hardly asked");
        fflush(stdout);
    }
    fellows();
    for (unsigned i = 0; i < STAY; i++) { /* to be seen */
        moment();
    }
    return 0;
}

static int64_t
ask(const char *user, const char *what)
{
    char words[2][32];
    char *list[] = {words[0], words[1], NULL};
    int64_t row;

    strcpy(words[0], PROGRAM);
    strcpy(words[1], what);
    posix_hold();
    row = session_ask(user, list, false);
    posix_release();
    EXPECT(row >= 0, 1);
    return row;
}

static int64_t
end_of(int64_t row)
{
    int64_t status;

    do {
        posix_hold();
        status = session_wait((unsigned)row);
    } while (posix_again(status));
    return status;
}

static int
system_run(void)
{
    uint64_t frames;
    unsigned envs = envs_live();
    unsigned round = 0;
    int64_t guest;
    int64_t visitor;

    EXPECT(getuid(), 0);
    EXPECT(end_of(ask("nobody", "work")), -ENOENT);
    round_do("/tmp/root", round++);
    frames = frames_used();
    guest = ask("guest", "work");
    while (others_count() == 0) {
        round_do("/tmp/root", round++);
        moment();
    }
    visitor = ask("visitor", "attack");
    while (SHARED_OF->session[visitor].state != SESSION_ENDED) {
        round_do("/tmp/root", round++);
        moment();
    }
    EXPECT(end_of(visitor), 0);
    EXPECT(end_of(guest), 0);
    EXPECT(envs_live(), envs);
    EXPECT(frames_used(), frames);
    printf("root: unharmed; no env and no frame more than before\n");
    return 0;
}

int
main(int count, char **words)
{
    if (count == 1) {
        return system_run();
    }
    return strcmp(words[1], "work") == 0 ? work() : attack();
}
