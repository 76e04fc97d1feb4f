/* SPDX-License-Identifier: MIT */
/* The C library's functions on who and where a process is, and its limits. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kern/abi/account.h"
#include "kern/abi/information.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#define HOST_NAME "chitin"
#define ARGUMENTS_MAX 131072

static const struct information *
boot(void)
{
    return (const struct information *)INFORMATION_BOOT;
}

static int
fail(int error)
{
    errno = error;
    return -1;
}

int
uname(struct utsname *name)
{
    *name = (struct utsname){.sysname = "Chitin",
                             .nodename = HOST_NAME,
                             .release = "0",
                             .version = "exokernel",
                             .machine = "riscv64"};
    return 0;
}

int
gethostname(char *name, size_t size)
{
    if (size < sizeof(HOST_NAME)) {
        return fail(ENAMETOOLONG);
    }
    memcpy(name, HOST_NAME, sizeof(HOST_NAME));
    return 0;
}

static long
harts_up(void)
{
    long up = 0;

    for (unsigned i = 0; i < boot()->hart_count; i++) {
        up += (boot()->hart[i].flags & INFORMATION_HART_UP) != 0;
    }
    return up;
}

/* What is not known is not limited: -1, and errno stays. */
/* NOLINTBEGIN(readability-function-size,bugprone-branch-clone): one row a name.
 */
long
sysconf(int name)
{
    switch (name) {
    case _SC_ARG_MAX:
        return ARGUMENTS_MAX;
    case _SC_CHILD_MAX:
        return POSIX_PROCESSES - POSIX_PROCESSES_SPARE;
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    case _SC_OPEN_MAX:
    case _SC_STREAM_MAX:
        return POSIX_DESCRIPTORS;
    case _SC_PAGESIZE:
        return PAGESIZE;
    case _SC_NPROCESSORS_CONF:
        return (long)boot()->hart_count;
    case _SC_NPROCESSORS_ONLN:
        return harts_up();
    case _SC_PHYS_PAGES:
        return (long)boot()->frames;
    case _SC_HOST_NAME_MAX:
        return HOST_NAME_MAX;
    case _SC_LOGIN_NAME_MAX:
        return LOGIN_NAME_MAX;
    case _SC_TTY_NAME_MAX:
        return TTY_NAME_MAX;
    case _SC_SYMLOOP_MAX:
        return SYMLOOP_MAX;
    case _SC_LINE_MAX:
        return _POSIX2_LINE_MAX;
    case _SC_RE_DUP_MAX:
        return _POSIX_RE_DUP_MAX;
    case _SC_BC_BASE_MAX:
        return _POSIX2_BC_BASE_MAX;
    case _SC_EXPR_NEST_MAX:
        return _POSIX2_EXPR_NEST_MAX;
    case _SC_JOB_CONTROL:
    case _SC_SAVED_IDS:
    case _SC_REGEXP:
    case _SC_SHELL:
        return 1;
    case _SC_NGROUPS_MAX:
        return 0;
    case _SC_VERSION:
        return _POSIX_VERSION;
    case _SC_2_VERSION:
        return _POSIX2_VERSION;
    case _SC_FSYNC:
    case _SC_MAPPED_FILES:
    case _SC_MEMORY_PROTECTION:
    case _SC_MONOTONIC_CLOCK:
    case _SC_CLOCK_SELECTION:
    case _SC_TIMERS:
        return _POSIX_VERSION;
    default:
        break;
    }
    if (name < 0 || name > _SC_LEVEL4_CACHE_LINESIZE) {
        return fail(EINVAL);
    }
    return -1;
}
/* NOLINTEND(readability-function-size,bugprone-branch-clone) */

int
getrlimit(int which, struct rlimit *limit)
{
    if (which < RLIMIT_CORE || which > RLIMIT_AS) {
        return fail(EINVAL);
    }
    *limit = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    if (which == RLIMIT_NOFILE) {
        *limit = (struct rlimit){POSIX_DESCRIPTORS, POSIX_DESCRIPTORS};
    } else if (which == RLIMIT_STACK) {
        *limit = (struct rlimit){POSIX_STACK_SIZE, POSIX_STACK_SIZE};
    } else if (which == RLIMIT_CORE) {
        *limit = (struct rlimit){0, 0};
    }
    return 0;
}

/* Limits are what the libOS is made for. */
int
setrlimit(int which, const struct rlimit *limit)
{
    struct rlimit is;

    if (getrlimit(which, &is) < 0) {
        return -1;
    }
    return limit->rlim_cur > limit->rlim_max ? fail(EINVAL)
           : limit->rlim_cur == is.rlim_cur && limit->rlim_max == is.rlim_max
               ? 0
               : fail(EPERM);
}
