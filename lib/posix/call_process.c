/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exo/exo.h"
#include "lib/posix/domain.h"
#include "lib/posix/fork.h"
#include "lib/posix/layout.h"
#include "lib/posix/posix.h"
#include "lib/posix/tree.h"
#include "lib/posix/wait.h"
#include "lib/posix/wake.h"

#define FIRST_PID 1

pid_t
getpid(void)
{
    return process_self->pid;
}

pid_t
getppid(void)
{
    return process_self->parent;
}

pid_t
fork(void)
{
    int64_t result;

    do {
        posix_hold();
        result = process_fork();
        posix_release();
    } while (result == -EINTR);
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (pid_t)result;
}

pid_t
vfork(void)
{
    return fork();
}

pid_t
waitpid(pid_t which, int *status, int options)
{
    struct wait_result wait;
    int64_t result = -EINVAL;

    if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED)) == 0) {
        do {
            posix_hold();
            result = process_wait_child(which, options, &wait);
        } while (posix_again(result));
    }
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    if (status != NULL && result > 0) {
        *status = wait.status;
    }
    return (pid_t)result;
}

pid_t
wait(int *status)
{
    return waitpid(-1, status, 0);
}

int
sched_yield(void)
{
    posix_hold(); /* no handler may give the hart away, too */
    wake_flush();
    (void)exo_yield(0, exo_uarea);
    posix_release();
    return 0;
}

/* The end of the first process is that of the machine, or of its user's domain:
   what it has of files is on the disk then. */
_Noreturn void
_exit(int status)
{
    if (process_self->pid == FIRST_PID) {
        if (!posix_is_held()) {
            posix_hold();
            (void)tree_unmount();
        }
        if (domain_user != NULL) {
            domain_user->ended = ((uint32_t)status & 0xff) | DOMAIN_ENDED;
        }
        (void)sys_machine_exit(POSIX_CAP_MACHINE, (uint64_t)status & 0xff);
    }
    process_exit((status & 0xff) << 8);
}
