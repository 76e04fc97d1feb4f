/* SPDX-License-Identifier: MIT */
/*
 * The rows of the process table, from row_take to the end of a process.
 *
 * A holder of the lock that dies leaves `taken` and `children` perhaps wrong:
 * process_repair makes them again out of the states and parents, which are
 * single words. A row is FREE until all of it is there. One that its maker did
 * not finish then has that maker as parent, and is given up when the maker is
 * buried.
 *
 * Who ends does everything for itself, and its row becomes a zombie in the last
 * step. If its env is gone while its row says otherwise, its parent or the
 * first process does for it what is not done yet: file_exit can be begun again.
 * One of them at a time: `burier` is the env that does it, and if that has
 * died, too, another.
 */
#include "lib/posix/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kern/abi/information.h"
#include "lib/disk/completion.h"
#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"
#include "lib/posix/wake.h"

#define TABLE (&SHARED_OF->processes)
#define FIRST_PID 1
#define ENV_SHIFT 20 /* of an env's id: docs/environments.md */
#define PID_MAX 0x3fffffff
#define FIRST_SLOT_EACH 16 /* one of so many slots */
/* What a status says when the env has ended without saying why. */
#define STATUS_SIGNAL(signal) (signal)

static inline uint64_t
bit_of(const struct process *p)
{
    return (uint64_t)1 << process_index(p);
}

static struct process *
row_of(int32_t pid)
{
    return &TABLE->process[(unsigned)pid % POSIX_PROCESSES];
}

static void
process_repair(void)
{
    struct process_table *table = TABLE;

    table->taken = 0;
    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        table->process[i].children = 0;
    }
    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        const struct process *p = &table->process[i];

        if (p->state != PROCESS_FREE) {
            table->taken |= (uint64_t)1 << i;
            row_of(p->parent)->children |=
                p->parent != 0 ? (uint64_t)1 << i : 0;
        }
    }
}

void
process_lock(void)
{
    if (lock_take(&TABLE->lock)) {
        process_repair();
    }
}

void
process_unlock(void)
{
    lock_drop(&TABLE->lock);
}

struct process *
process_find(int32_t pid)
{
    struct process *p = row_of(pid);

    return pid > 0 && p->pid == pid && p->state != PROCESS_FREE ? p : NULL;
}

struct process *
process_first(void)
{
    return row_of(FIRST_PID);
}

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* The first process is soon there whenever others want it, however many they
   are. */
static void
slots_take(void)
{
    for (uint64_t slot = 0; slot < SLOTS; slot += FIRST_SLOT_EACH) {
        (void)sys_slot_alloc(POSIX_CAP_OWN, exo_id, exo_uarea->hart, slot);
    }
}

void
process_begin(void)
{
    struct process *p = row_of(FIRST_PID);

    *p = (struct process){.state = PROCESS_LIVE,
                          .env = (uint32_t)exo_id,
                          .pid = FIRST_PID,
                          .group = FIRST_PID,
                          .session = FIRST_PID,
                          .files = 1,
                          .umask = 022,
                          .started = time_now(),
                          .directory = -1,
                          .name = "init"};
    for (unsigned i = 0; i < POSIX_DESCRIPTORS; i++) {
        p->descriptor[i] = -1;
    }
    TABLE->pid_last = FIRST_PID;
    TABLE->taken = bit_of(p);
    process_self = p;
    slots_take();
    completion_before_sleep = wake_flush;
    wake_begin();
}

/* How many processes there may be before a child of p is refused. */
static unsigned
limit_of(const struct process *p)
{
    return p->pid == FIRST_PID ? POSIX_PROCESSES
                               : POSIX_PROCESSES - POSIX_PROCESSES_SPARE;
}

struct process *
process_new(void)
{
    struct process_table *table = TABLE;
    struct process *self = process_self;
    struct process row = *self;
    struct process *p;
    int32_t pid = table->pid_last;

    if ((unsigned)__builtin_popcountl(table->taken) >= limit_of(self)) {
        return NULL;
    }
    do {
        pid = pid < PID_MAX ? pid + 1 : FIRST_PID + 1;
    } while (table->taken >> (unsigned)pid % POSIX_PROCESSES & 1);
    row.state = PROCESS_FREE;
    row.env = 0;
    row.pid = pid;
    row.parent = self->pid;
    row.report = 0;
    row.signals = 0;
    row.kill = 0;
    row.started = time_now();
    row.slept = 0;
    row.executed = 0;
    row.children = 0;
    row.burier = 0;
    row.files = 0;
    row.waiting = 0;
    row.asleep = 0;
    row.woken = 0;
    p = row_of(pid);
    *p = row; /* free until all of it is there, if its maker dies here */
    table->pid_last = pid;
    __atomic_store_n(&p->state, PROCESS_MAKING, __ATOMIC_RELEASE);
    table->taken |= bit_of(p);
    self->children |= bit_of(p);
    return p;
}

void
process_free(struct process *p)
{
    row_of(p->parent)->children &= ~bit_of(p);
    TABLE->taken &= ~bit_of(p);
    p->env = 0;
    p->state = PROCESS_FREE;
}

/* Whether its env is gone, but its row does not know. */
static bool
is_dead(const struct process *p)
{
    return p->state == PROCESS_MAKING
               ? p->abandoned && !env_lives(p->env)
               : (p->state == PROCESS_LIVE || p->state == PROCESS_STOPPED) &&
                     !env_lives(p->env);
}

/* Whether its env can run. fork sees to that last of all. */
static bool
is_bound(const struct process *p)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;

    return rows[p->env >> ENV_SHIFT & (ENVS_MAX - 1)].harts != 0;
}

/* The children of p are the first process's from now on. */
static void
children_leave(struct process *p)
{
    struct process *first = row_of(FIRST_PID);
    bool zombies = false;

    for (uint64_t set = p->children; set != 0; set &= set - 1) {
        struct process *child = &TABLE->process[set_first(set)];

        child->parent = FIRST_PID;
        if (child->state == PROCESS_MAKING ||
            (child->state == PROCESS_LIVE && !is_bound(child))) {
            child->kill = 1; /* it will never be finished */
            child->abandoned = 1;
        }
        zombies = zombies || child->state == PROCESS_ZOMBIE || child->kill ||
                  is_dead(child);
    }
    first->children |= p->children;
    p->children = 0;
    if (zombies) {
        signal_send(first, SIGCHLD);
        process_wake(first);
    }
}

void
process_end(struct process *p, int status)
{
    terminal_exit(p);
    children_leave(p);
    p->waiting = 0;
    p->report = 0;
    p->status = status;
    p->state = PROCESS_ZOMBIE;
    signal_parent(p);
}

/* Under the lock, which it gives away and takes again. */
static void
bury(struct process *p)
{
    uint32_t me = (uint32_t)exo_id;

    if (p->burier != me && p->burier != 0 && env_lives(p->burier)) {
        return;
    }
    p->burier = me;
    process_unlock();
    if (p->files) {
        file_exit(p);
    }
    process_lock();
    process_end(p, STATUS_SIGNAL(p->kill ? SIGKILL : SIGSEGV));
    process_unlock();
    /* It may have had wakes to give, or a lock for which somebody waits. */
    wake_everybody();
    process_lock();
}

static void
bury_set(uint64_t set)
{
    for (; set != 0; set &= set - 1) {
        struct process *p = &TABLE->process[set_first(set)];

        if (is_dead(p)) {
            bury(p);
        }
    }
}

void
process_bury_all(void)
{
    process_lock();
    bury_set(process_self->children);
    process_unlock();
}

/* Envs that nobody knows any more: their maker died before it wrote down that
   they are there. The kernel says that they are this one's since then. What is
   charged to another account is another user's. */
static void
strays_end(void)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;
    uint32_t account = rows[exo_id >> ENV_SHIFT & (ENVS_MAX - 1)].account;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        uint32_t env = rows[i].id;
        bool known = !env_lives(env) || rows[i].creator != exo_id ||
                     rows[i].account != account;

        for (uint64_t set = TABLE->taken; set != 0 && !known; set &= set - 1) {
            known = TABLE->process[set_first(set)].env == env;
        }
        if (!known) {
            env_end(POSIX_CAP_OWN, env);
        }
    }
}

/* One turn over all rows; whether any was changed. */
static bool
kill_turn(void)
{
    bool changed = false;

    for (uint64_t set = TABLE->taken; set != 0; set &= set - 1) {
        struct process *p = &TABLE->process[set_first(set)];

        /* One that is being made is its maker's until it lives. */
        if (p->kill && p->env != 0 && p->pid != FIRST_PID &&
            (p->state == PROCESS_MAKING ? p->abandoned != 0
                                        : p->state != PROCESS_ZOMBIE)) {
            env_end(POSIX_CAP_OWN, p->env);
        }
        if (p->pid != FIRST_PID && is_dead(p)) {
            bury(p);
            changed = true;
        }
    }
    return changed;
}

void
process_kill_all(void)
{
    bool changed = false;

    posix_hold();
    process_lock();
    while (kill_turn()) { /* what one leaves may be for the next turn */
        changed = true;
    }
    if (changed) {
        strays_end();
    }
    process_unlock();
    posix_release();
}

void
process_stop(int signal)
{
    struct process *p = process_self;

    posix_hold();
    process_lock();
    if (!p->continued) {
        p->status = signal << 8 | 0x7f;
        p->report = 1;
        p->state = PROCESS_STOPPED;
        signal_parent(p);
    }
    process_unlock();
    process_wait_begin();
    while (__atomic_load_n(&p->state, __ATOMIC_RELAXED) == PROCESS_STOPPED) {
        if (__atomic_exchange_n(&p->woken, 0, __ATOMIC_SEQ_CST) == 0) {
            process_sleep(0);
        }
    }
    process_wait_end();
    posix_release();
}
