/* SPDX-License-Identifier: MIT */
/* The C library's functions on process groups and sessions. */
#include <errno.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

/* Whether a group has a member in a session. */
static bool
group_is_in(int32_t group, int32_t session)
{
    const struct process *table = SHARED_OF->processes.process;

    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        if (table[i].state != PROCESS_FREE && table[i].group == group &&
            table[i].session == session) {
            return true;
        }
    }
    return false;
}

static int
group_set(pid_t pid, pid_t group)
{
    struct process *self = process_self;
    struct process *p = process_find(pid);

    if (p == NULL || (p != self && p->parent != self->pid)) {
        return -ESRCH;
    }
    if (p != self && p->executed) {
        return -EACCES;
    }
    if (p->session != self->session || p->session == p->pid ||
        (group != pid && !group_is_in(group, self->session))) {
        return -EPERM;
    }
    p->group = group;
    return 0;
}

int
setpgid(pid_t pid, pid_t group)
{
    int error;

    pid = pid == 0 ? process_self->pid : pid;
    group = group == 0 ? pid : group;
    if (pid < 0 || group < 0) {
        return (int)call_result(-EINVAL);
    }
    posix_hold();
    process_lock();
    error = group_set(pid, group);
    process_unlock();
    posix_release();
    return (int)call_result(error);
}

int
setpgrp(void)
{
    return setpgid(0, 0);
}

/* A word of a process's row: that of the caller, for 0. */
static pid_t
word_of(pid_t pid, bool session)
{
    const struct process *p;
    int64_t result = -ESRCH;

    posix_hold();
    process_lock();
    p = pid == 0 ? process_self : process_find(pid);
    if (p != NULL) {
        result = session ? p->session : p->group;
    }
    process_unlock();
    posix_release();
    return (int)call_result(result);
}

pid_t
getpgid(pid_t pid)
{
    return word_of(pid, false);
}

pid_t
getsid(pid_t pid)
{
    return word_of(pid, true);
}

pid_t
getpgrp(void)
{
    return process_self->group;
}

pid_t
setsid(void)
{
    struct process *p = process_self;
    int64_t result = -EPERM;

    posix_hold();
    process_lock();
    if (p->group != p->pid) {
        p->group = p->pid;
        p->session = p->pid;
        result = p->pid;
    }
    process_unlock();
    posix_release();
    return (int)call_result(result);
}
