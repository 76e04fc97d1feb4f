/* SPDX-License-Identifier: MIT */
/* Who the user is: the same for all processes of a domain, and for good. */
#include <errno.h>
#include <unistd.h>

#include "lib/posix/shared.h"

#define FILES (&SHARED_OF->files)

uid_t
getuid(void)
{
    return (uid_t)FILES->uid;
}

uid_t
geteuid(void)
{
    return (uid_t)FILES->uid;
}

gid_t
getgid(void)
{
    return (gid_t)FILES->gid;
}

gid_t
getegid(void)
{
    return (gid_t)FILES->gid;
}

/* One can become who one is. */
int
setuid(uid_t uid)
{
    if (uid != getuid()) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

int
setgid(gid_t gid)
{
    if (gid != getgid()) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

int
getgroups(int room, gid_t groups[])
{
    (void)room;
    (void)groups;
    return 0;
}
