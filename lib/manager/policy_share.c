/* SPDX-License-Identifier: MIT */
/*
 * Everybody gives in proportion to what it owns above its floor, and nobody
 * more than that.
 *
 * The shares of whole frames add up exactly, because it is their running sum
 * that is rounded: a share is the difference of two, so that it is less than
 * one frame from what it should be.
 */
#include "lib/manager/manager.h"

static uint64_t
spare(const struct manager_env *e)
{
    return e->frames > e->floor ? e->frames - e->floor : 0;
}

void
policy_share(const struct manager_view *view, struct manager_request *request)
{
    uint64_t missing = view->high > view->free ? view->high - view->free : 0;
    uint64_t spares = 0;
    uint64_t sum = 0;
    uint64_t given = 0;

    /* Who never answers delays everybody: it goes, and what it has is won. */
    for (unsigned i = 0; i < view->count; i++) {
        const struct manager_env *e = &view->env[i];

        if (e->late >= POLICY_LATE_END && spare(e) > 0 && missing > 0) {
            request[i].end = true;
            missing -= e->frames < missing ? e->frames : missing;
        } else {
            spares += spare(e);
        }
    }
    missing = missing < spares ? missing : spares;
    for (unsigned i = 0; i < view->count && missing > 0; i++) {
        const struct manager_env *e = &view->env[i];
        uint64_t until;

        if (request[i].end) {
            continue;
        }
        sum += spare(e);
        until = missing * sum / spares;
        request[i].count = until - given;
        request[i].ticks =
            e->late >= POLICY_LATE_SHORT ? view->ticks / 4 : view->ticks;
        given = until;
    }
}
