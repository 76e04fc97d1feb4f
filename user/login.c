/* SPDX-License-Identifier: MIT */
#include "user/login.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/exo.h"
#include "lib/exo/program.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/shared.h"

#define USERS "/etc/passwd"
#define LINE_BYTES 256
#define FIELDS 7
#define ENV_SHIFT 20 /* of an env's id */
#define SLOTS_APART 16
#define SLOTS_BEGIN 8 /* those before are others' */
#define SLOTS_SHARE 4 /* a part of the vector, that a domain may have */
#define FRAMES_SHARE 2
#define CAP_OF_CHILD 1    /* its own name, in its list */
#define CAP_CONSOLE_EXO 0 /* where lib/exo has it, until there is a libOS */
#define TURNS_MAX 1000

struct user {
    uint32_t uid;
    uint32_t gid;
    char name[32];
    char home[64];
    char shell[64];
};

/* A domain. Its account returns to the first when nothing is charged to it any
   more. */
struct login {
    struct exo_child first;
    uint64_t page; /* with struct domain_user */
    uint64_t account;
    bool runs;
    bool console;
};

static struct login logins[SESSIONS];

static uint64_t
cap_of(const struct login *l)
{
    return POSIX_CAP_SESSIONS + (uint64_t)(l - logins);
}

/* One line: name, password, numbers of user and group, comment, directory,
   program. */
static bool
user_read(char *line, struct user *user)
{
    char *field[FIELDS];
    unsigned long uid;

    line[strcspn(line, "\n")] = 0;
    for (unsigned i = 0; i < FIELDS; i++) {
        field[i] = strsep(&line, ":");
        if (field[i] == NULL) {
            return false;
        }
    }
    uid = strtoul(field[2], NULL, 10);
    user->uid = (uint32_t)uid;
    user->gid = (uint32_t)strtoul(field[3], NULL, 10);
    return uid > 0 && uid <= POSIX_UID_MAX &&
           strlcpy(user->name, field[0], sizeof(user->name)) <
               sizeof(user->name) &&
           strlcpy(user->home, field[5], sizeof(user->home)) <
               sizeof(user->home) &&
           strlcpy(user->shell, field[6], sizeof(user->shell)) <
               sizeof(user->shell);
}

/* -ENOENT, or what opening the file says. */
static int64_t
user_find(const char *name, struct user *user)
{
    char line[LINE_BYTES];
    FILE *file = fopen(USERS, "r");
    bool found = false;

    if (file == NULL) {
        return -errno;
    }
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        found = user_read(line, user) && strcmp(user->name, name) == 0;
    }
    (void)fclose(file);
    return found ? 0 : -ENOENT;
}

/* The page from which the domain learns who it is. */
static int64_t
page_make(struct login *l, const struct user *user, const char *words)
{
    struct exo_range range = {DOMAIN_USER, 1, 0};
    int64_t frame = exo_frame_alloc(POSIX_CAP_OWN, 0);
    struct domain_user *d;

    if (frame < 0) {
        return frame;
    }
    l->page = (uint64_t)frame;
    d = exo_map_borrow(POSIX_CAP_OWN, l->page);
    if (d == NULL) {
        return -ENOMEM;
    }
    *d = (struct domain_user){.archive = (uint64_t)exo_archive,
                              .archive_size = exo_archive_size,
                              .disk_type = SHARED_OF->volume.fs.type,
                              .uid = user->uid,
                              .gid = user->gid};
    (void)strlcpy(d->name, user->name, sizeof(d->name));
    (void)strlcpy(d->home, user->home, sizeof(d->home));
    if (words[0] != 0) {
        memcpy(d->words, words, sizeof(d->words) - 1);
    } else {
        (void)strlcpy(d->words, user->shell, sizeof(d->words) - 1);
    }
    exo_map_return();
    return exo_map_insert(&l->first.map, &range, POSIX_CAP_OWN, &l->page,
                          EXO_W);
}

/* Pages of this process that the domain may read. */
static int64_t
pages_show(const struct login *l, uint64_t from, uint64_t end, uint64_t to,
           uint64_t bits)
{
    const struct exo_map own = exo_map_own();
    const struct exo_range range = {from, (end - from) / FRAME_SIZE, 0};

    return exo_map_copy(&own, &range, &l->first.map, to, EXO_AD | bits);
}

static int64_t
all_show(const struct login *l)
{
    uint64_t archive = (uint64_t)exo_archive & ~(FRAME_SIZE - 1);
    uint64_t end = ((uint64_t)exo_archive + exo_archive_size + FRAME_SIZE - 1) &
                   ~(FRAME_SIZE - 1);
    int64_t error = pages_show(l, archive, end, archive, 0);

    if (error == 0) {
        error = pages_show(l, LIBOS_TEXT, LIBOS_PRISTINE, DOMAIN_VIEW, EXO_X);
    }
    if (error == 0) {
        error = pages_show(l, LIBOS_PRISTINE, POSIX_SHARED,
                           DOMAIN_VIEW + (LIBOS_PRISTINE - LIBOS_TEXT), 0);
    }
    return error;
}

static const volatile struct account *
account_of(uint64_t number)
{
    return (const volatile struct account *)INFORMATION_ACCOUNTS + number;
}

static int64_t
account_make(void)
{
    const volatile struct account *all = account_of(ACCOUNT_FIRST);

    return sys_account_carve(
        (all->limit[ACCOUNT_FRAMES] - all->used[ACCOUNT_FRAMES]) / FRAMES_SHARE,
        SLOTS / SLOTS_SHARE);
}

static int64_t
domain_start(struct login *l, bool console)
{
    const struct exo_grant grants[] = {
        {POSIX_CAP_CONSOLE, POSIX_CAP_CONSOLE,
         CAP_WRITE | CAP_PASS | (console ? CAP_READ : 0)},
        {POSIX_CAP_CONSOLE, CAP_CONSOLE_EXO, CAP_WRITE}};
    uint64_t at = SLOTS_BEGIN + 2 * (uint64_t)(l - logins);
    int64_t error;

    l->first.account = l->account;
    error = exo_program_start(&l->first, CAP_OF_CHILD, grants,
                              sizeof(grants) / sizeof(grants[0]), DOMAIN_USER);
    for (; error == 0 && at < SLOTS; at += SLOTS_APART) {
        (void)sys_slot_alloc(cap_of(l), l->first.id, l->first.hart, at);
    }
    return error;
}

/* What is left of one that does not run. */
static void
login_clear(struct login *l)
{
    if (l->page != 0) {
        while (sys_frame_free(l->page, FRAME_FREE_BREAK) == -EAGAIN) {
        }
        l->page = 0;
    }
    (void)sys_cap_drop(cap_of(l));
}

static int64_t
login_begin(struct login *l, const struct session *row)
{
    struct user user;
    const void *file;
    size_t size;
    int64_t error;

    l->account = 0;
    error = row->console && login_has_console() ? -EBUSY : 0;

    error = error != 0 ? error : user_find(row->name, &user);
    if (error == 0) {
        error = exo_archive_find(exo_archive, exo_archive_size, DOMAIN_PROGRAM,
                                 &file, &size);
    }
    if (error == 0) {
        error = sys_cap_derive(POSIX_CAP_MACHINE, cap_of(l),
                               POSIX_NAME_DOMAIN + user.uid, CAP_RIGHTS_ALL);
    }
    if (error == 0) {
        error = account_make();
        l->account = error < 0 ? 0 : (uint64_t)error;
    }
    if (error > 0) {
        error = exo_program_load(&l->first, cap_of(l), file, size);
    }
    if (error == 0) {
        error = page_make(l, &user, row->words);
        error = error != 0 ? error : all_show(l);
        if (error == 0) {
            error = domain_start(l, row->console != 0); /* or it is gone */
        } else {
            (void)exo_program_end(&l->first);
        }
    }
    l->runs = error == 0;
    l->console = l->runs && row->console != 0;
    if (error != 0) {
        if (l->account != 0) {
            (void)sys_account_close(l->account);
        }
        login_clear(l);
    }
    return error;
}

/*
 * The end.
 */
static bool
is_charged(const struct login *l, uint64_t account)
{
    while (account != l->account && account > ACCOUNT_FIRST &&
           account < ACCOUNTS_MAX) {
        account = account_of(account)->parent;
    }
    return account == l->account;
}

static const volatile struct env_row *
env_row(uint64_t index)
{
    return (const volatile struct env_row *)INFORMATION_ENVS + index;
}

/* Without a slot none of them can make others in the time that this takes, if
   they are on this hart. */
static void
slots_take(const struct login *l)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    const volatile uint32_t *owner =
        (const volatile uint32_t *)INFORMATION_SLOTS;

    for (uint64_t i = 0; i < (uint64_t)boot->hart_count * SLOTS; i++) {
        uint32_t id = owner[i];

        if (id != 0 &&
            is_charged(l, env_row(id >> ENV_SHIFT & (ENVS_MAX - 1))->account)) {
            (void)sys_slot_free(cap_of(l), id, i / SLOTS, i % SLOTS);
        }
    }
}

/* All envs of the domain: some may be made meanwhile. */
static void
envs_end(const struct login *l)
{
    bool found = true;

    for (unsigned turn = 0; found && turn < TURNS_MAX; turn++) {
        found = false;
        slots_take(l);
        for (unsigned i = 1; i < ENVS_MAX; i++) {
            if (env_row(i)->state != ENV_NONE &&
                is_charged(l, env_row(i)->account)) {
                env_end(cap_of(l), env_row(i)->id);
                found = true;
            }
        }
    }
}

/* What the user's first process has said, if it has. */
static int32_t
status_of(const struct login *l)
{
    const struct domain_user *d = exo_map_borrow(POSIX_CAP_OWN, l->page);
    uint32_t ended = d != NULL ? d->ended : 0;

    exo_map_return();
    return ended & DOMAIN_ENDED ? (int32_t)(ended & 0xff) : 128 + SIGKILL;
}

static void
row_end(struct session *row, int32_t status)
{
    row->status = status;
    __atomic_store_n(&row->state, SESSION_ENDED, __ATOMIC_RELEASE);
    process_wake_all(&row->waiting);
    process_wake(process_self); /* who may have asked itself */
}

static void
login_look(struct login *l, struct session *row)
{
    uint32_t asker = __atomic_load_n(&row->asker, __ATOMIC_ACQUIRE);
    bool wanted = asker != 0 && env_lives(asker);
    int64_t error;

    if (l->runs && (!wanted || !env_lives((uint32_t)l->first.id))) {
        int32_t status = status_of(l);

        envs_end(l);
        login_clear(l);
        l->runs = false;
        l->console = false;
        row_end(row, status);
    }
    if (wanted && row->state == SESSION_ASKED) {
        error = login_begin(l, row);
        if (error != 0) {
            row_end(row, (int32_t)posix_error(error));
        } else {
            row->state = SESSION_RUNS;
        }
    }
    if (asker != 0 && !wanted) {
        row->state = SESSION_FREE;
        __atomic_store_n(&row->asker, 0, __ATOMIC_RELEASE);
    }
}

void
login_turn(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        login_look(&logins[i], &SHARED_OF->session[i]);
    }
}

bool
login_has_console(void)
{
    bool found = false;

    for (unsigned i = 0; i < SESSIONS; i++) {
        found = found || logins[i].console;
    }
    return found;
}

bool
login_runs(void)
{
    bool found = false;

    for (unsigned i = 0; i < SESSIONS; i++) {
        found = found || logins[i].runs;
    }
    return found;
}

void
login_stop(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct domain_user *d =
            logins[i].runs ? exo_map_borrow(POSIX_CAP_OWN, logins[i].page)
                           : NULL;

        if (d != NULL) {
            d->end = 1;
            exo_map_return();
        }
    }
}
