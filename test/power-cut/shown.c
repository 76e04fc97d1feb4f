/* SPDX-License-Identifier: MIT */
/*
 * Of the kernel that is cut: who may map what, and for how long it steps.
 * Nobody maps anything here, and each step is one by itself.
 */
#include "kern/disk/change.h"

int
volume_leave(struct volume *v, uint32_t e, uint32_t to)
{
    (void)v;
    (void)e;
    (void)to;
    return 0;
}

int
volume_reguard(struct volume *v, uint32_t e, uint32_t parent,
               const uint8_t *image, const struct owned_set *after)
{
    (void)v;
    (void)e;
    (void)parent;
    (void)image;
    (void)after;
    return 0;
}

bool
volume_time(struct volume *v)
{
    (void)v;
    return false;
}

void
registry_succeed(uint32_t from, uint32_t to)
{
    (void)from;
    (void)to;
}
