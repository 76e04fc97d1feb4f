/* SPDX-License-Identifier: MIT */
/*
 * Sending signals, under the lock of the process table. A sender that dies has
 * set the bit, or not; that the receiver was not woken then is seen at its next
 * call, and whoever buries the sender wakes everybody. A process in the making
 * has what comes for its group, and looks for it when it begins.
 */
#include <errno.h>

#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"
#include "lib/posix/signal_part.h"

#define FIRST_PID 1
#define STATUS_CONTINUED 0xffff

static bool
is_there(const struct process *p)
{
    return p->state == PROCESS_LIVE || p->state == PROCESS_STOPPED;
}

/* The table, as a row that is not FREE: p = next_of(p), from NULL to NULL. */
static struct process *
next_of(const struct process *p)
{
    struct process_table *table = &SHARED_OF->processes;
    uint64_t set = table->taken;

    if (p != NULL) {
        set &= ~(uint64_t)1 << (p - table->process);
    }
    return set == 0 ? NULL : &table->process[set_first(set)];
}

void
signal_parent(const struct process *p)
{
    struct process *parent = process_find(p->parent);

    if (parent == NULL) {
        return;
    }
    if (p->state == PROCESS_ZOMBIE || !parent->stop_quietly) {
        signal_send(parent, SIGCHLD);
    }
    process_wake(parent);
}

static void
go_on(struct process *p)
{
    if (p->state == PROCESS_STOPPED) {
        p->status = STATUS_CONTINUED;
        p->report = 1;
        p->state = PROCESS_LIVE;
        signal_parent(p);
        process_wake(p);
    }
}

void
signal_send(struct process *p, int signal)
{
    uint64_t bit = SIGNAL_BIT(signal);

    if (!(is_there(p) || p->state == PROCESS_MAKING) ||
        (p->pid == FIRST_PID && (SIGNAL_ALWAYS & bit))) {
        return;
    }
    if (SIGNAL_STOPS & bit) {
        __atomic_fetch_and(&p->signals, ~SIGNAL_BIT(SIGCONT), __ATOMIC_RELAXED);
        p->continued = 0;
    }
    if (signal == SIGCONT) {
        __atomic_fetch_and(&p->signals, ~SIGNAL_STOPS, __ATOMIC_RELAXED);
        p->continued = 1;
        go_on(p);
    }
    if (p->signals_ignored & bit) {
        return;
    }
    if (__atomic_fetch_or(&p->signals, bit, __ATOMIC_ACQ_REL) & bit) {
        return; /* it was woken for it */
    }
    if (signal == SIGKILL) {
        struct process *first = process_find(FIRST_PID);

        p->kill = 1;
        go_on(p);
        if (first != NULL) {
            process_wake(first);
        }
    }
    if (!(p->signals_masked & bit) && p->state != PROCESS_MAKING) {
        process_wake(p);
    }
}

int
signal_send_group(int32_t group, int signal)
{
    int found = -ESRCH;

    for (struct process *p = next_of(NULL); p != NULL; p = next_of(p)) {
        if (p->group == group) {
            found = 0;
            if (signal != 0) {
                signal_send(p, signal);
            }
        }
    }
    return found;
}

bool
signal_group_lives(int32_t group)
{
    for (struct process *p = next_of(NULL); p != NULL; p = next_of(p)) {
        if (p->group == group && is_there(p)) {
            return true;
        }
    }
    return false;
}

int
signal_send_all(int signal)
{
    int found = -ESRCH;

    for (struct process *p = next_of(NULL); p != NULL; p = next_of(p)) {
        if (p->pid != FIRST_PID && p != process_self) {
            found = 0;
            if (signal != 0) {
                signal_send(p, signal);
            }
        }
    }
    return found;
}

bool
signal_is_orphaned(int32_t group, const struct process *without)
{
    for (struct process *p = next_of(NULL); p != NULL; p = next_of(p)) {
        const struct process *parent = process_find(p->parent);

        if (p->group == group && is_there(p) && p != without &&
            parent != NULL && is_there(parent) && parent != without &&
            parent->session == p->session && parent->group != group) {
            return false;
        }
    }
    return true;
}

bool
signal_group_is_orphaned(void)
{
    bool orphaned;

    posix_hold();
    process_lock();
    orphaned = signal_is_orphaned(process_self->group, NULL);
    process_unlock();
    posix_release();
    return orphaned;
}

/* Of groups that were under its control, those with stopped processes that
   nobody can bring to the foreground any more go on, and are told. */
void
signal_orphans(const struct process *gone)
{
    for (struct process *p = next_of(NULL); p != NULL; p = next_of(p)) {
        if (p->state == PROCESS_STOPPED && p->session == gone->session &&
            p != gone && (p->group == gone->group || p->parent == gone->pid) &&
            signal_is_orphaned(p->group, gone)) {
            (void)signal_send_group(p->group, SIGHUP);
            (void)signal_send_group(p->group, SIGCONT);
        }
    }
}
