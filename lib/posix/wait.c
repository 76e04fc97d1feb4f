/* SPDX-License-Identifier: MIT */
#include "lib/posix/wait.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/posix/fork.h"
#include "lib/posix/row.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"

#define STATUS_CONTINUED 0xffff

static bool
is_wanted(const struct process *p, int32_t which)
{
    return which == -1  ? true
           : which == 0 ? p->group == process_self->group
           : which > 0  ? p->pid == which
                        : p->group == -which;
}

/* What is left of a zombie, under the lock, which it gives away meanwhile: its
   row is nobody else's. */
static void
reap(struct process *p, struct wait_result *result)
{
    result->pid = p->pid;
    result->status = p->status;
    process_unlock();
    env_end(process_control(p), p->env);
    process_lock();
    process_control_drop(p);
    process_free(p);
}

/* One look at the children: the pid of one that has something to tell, 0 if
   none has, or -ECHILD. */
static int64_t
look(int32_t which, int options, struct wait_result *result)
{
    struct process *self = process_self;
    bool any = false;

    for (uint64_t set = self->children; set != 0; set &= set - 1) {
        struct process *p = &SHARED_OF->processes.process[set_first(set)];

        if (!is_wanted(p, which) || p->state == PROCESS_MAKING) {
            continue;
        }
        any = true;
        if (p->state == PROCESS_ZOMBIE) {
            reap(p, result);
            return result->pid;
        }
        if (p->report &&
            ((p->state == PROCESS_STOPPED) ? (options & WUNTRACED)
                                           : (options & WCONTINUED))) {
            p->report = 0;
            result->pid = p->pid;
            result->status =
                p->state == PROCESS_STOPPED ? p->status : STATUS_CONTINUED;
            return p->pid;
        }
    }
    return any ? 0 : -ECHILD;
}

int64_t
process_wait_child(int32_t which, int options, struct wait_result *result)
{
    int64_t found;
    int error = 0;

    memset(result, 0, sizeof(*result));
    process_wait_begin();
    for (;;) {
        process_bury_all();
        process_lock();
        found = look(which, options, result);
        process_unlock();
        if (found != 0 || (options & WNOHANG)) {
            break;
        }
        error = process_wait(0);
        if (error < 0) {
            found = error;
            break;
        }
    }
    process_wait_end();
    return found;
}
