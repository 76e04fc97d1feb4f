/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the env's lock:
 *
 *  - request[] is what the U-area that was bound first shows, but for what the
 *    env writes there, which nobody reads;
 *  - requests is how many of them have something left, and searches end there;
 *  - env.lean is 0 while frames are asked for by count or name, or being taken,
 *    else the id: so the lean way of frame_free need not count, and nothing is
 *    guaranteed that has been chosen;
 *  - deadlines[] has the earliest deadline of each live env that has requests,
 *    and 1 for one of which frames are being taken.
 */
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/pt.h"
#include "kern/revoke_request.h"
#include "kern/slot.h"
#include "kern/time.h"

static struct lock due_lock = {.rank = LOCK_LEAF};
static uint64_t deadlines[ENVS_MAX]; /* 0: nothing is asked for */
static _Atomic uint64_t next_deadline = TIME_NEVER; /* or it was */

struct request *
revoke_first(struct env *e, uint64_t kind, bool by_count)
{
    struct request *first = NULL;
    unsigned rest = e->revocation.requests;

    for (struct request *r = e->revocation.request; rest > 0; r++) {
        rest -= r->left != 0;
        if (r->left != 0 && r->kind == kind &&
            (r->name == REVOKE_ANY) == by_count &&
            (first == NULL || r->deadline < first->deadline)) {
            first = r;
        }
    }
    return first;
}

struct request *
revoke_earliest(struct env *e)
{
    struct request *next = NULL;
    unsigned rest = e->revocation.requests;

    for (struct request *r = e->revocation.request; rest > 0; r++) {
        rest -= r->left != 0;
        if (r->left != 0 && (next == NULL || r->deadline < next->deadline)) {
            next = r;
        }
    }
    return next;
}

void
revoke_set_left(struct env *e, struct request *r, uint64_t left)
{
    e->revocation.requests -= r->left != 0;
    e->revocation.requests += left != 0;
    r->left = (uint32_t)left;
    if (e->told != NULL) {
        e->told->request[r - e->revocation.request] = *r;
    }
}

void
revoke_show(struct env *e)
{
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        e->told->request[i] = e->revocation.request[i];
    }
    if (revoke_earliest(e) != NULL) {
        event_post_any(e, PENDING_REQUEST);
    }
}

void
revoke_note(struct env *e)
{
    uint64_t *noted = &deadlines[env_index(e->id)];
    uint64_t deadline = e->revocation.taking_count > 0;
    unsigned rest = e->revocation.requests;
    bool frames = deadline != 0;

    if (rest == 0 && !frames) { /* who finds the old one finds nothing to do */
        __atomic_store_n(&e->lean, e->id, __ATOMIC_RELAXED);
        __atomic_store_n(noted, 0, __ATOMIC_RELAXED);
        return;
    }
    for (const struct request *r = e->revocation.request; rest > 0; r++) {
        uint64_t at = r->deadline > 0 ? r->deadline : 1;

        if (r->left != 0) {
            deadline = deadline == 0 || at < deadline ? at : deadline;
            frames |= r->kind == RESOURCE_FRAME;
            rest--;
        }
    }
    __atomic_store_n(&e->lean, frames ? 0 : e->id, __ATOMIC_RELAXED);
    deadline = e->state == ENV_LIVE ? deadline : 0;
    if (deadline == 0) { /* as above */
        __atomic_store_n(noted, 0, __ATOMIC_RELAXED);
    } else if (deadline != *noted) {
        lock_acquire(&due_lock);
        __atomic_store_n(noted, deadline, __ATOMIC_RELAXED);
        if (deadline < next_deadline) {
            next_deadline = deadline;
        }
        lock_release(&due_lock);
    }
}

uint64_t
revoke_next(void)
{
    return next_deadline;
}

unsigned
revoke_due(uint64_t now, unsigned last)
{
    uint64_t next = TIME_NEVER;
    unsigned due = 0;

    lock_acquire(&due_lock);
    for (unsigned i = 1; i <= ENVS_MAX && due == 0; i++) {
        unsigned index = (last + i) % ENVS_MAX;
        uint64_t deadline =
            __atomic_load_n(&deadlines[index], __ATOMIC_RELAXED);

        if (deadline != 0 && deadline <= now) {
            due = index;
        } else if (deadline != 0 && deadline < next) {
            next = deadline;
        }
    }
    if (due == 0) {
        next_deadline = next;
    }
    lock_release(&due_lock);
    return due;
}

struct frame *
revoke_frame_meant(uint64_t name)
{
    struct frame *f = frame_head(name);

    return f != NULL && frame_type(f) == FRAME_SHADOW ? frame_record(f->shadow)
                                                      : f;
}

bool
revoke_takable(const struct frame *f)
{
    return (frame_type(f) == FRAME_DATA || pt_is_table(f)) &&
           frame_pins(f) == 0 &&
           !(frame_state(f) & FRAME_STATE_FLAG(FRAME_GUARANTEED));
}

int
revoke_name_check(const struct env *e, uint64_t kind, uint64_t name)
{
    const struct frame *f = revoke_frame_meant(name);

    if (kind == RESOURCE_SLOT) {
        return name >> 16 < hart_count && (name & 0xffff) < SLOTS &&
                       SLOT_VECTORS[name >> 16][name & 0xffff] == e->id
                   ? 0
                   : -EPERM;
    }
    if (kind == RESOURCE_EXTENT || kind == RESOURCE_ENTRY) {
        return (kind == RESOURCE_EXTENT ? extent_is_of : store_is_of)(e->id,
                                                                      name)
                   ? 0
                   : -EPERM;
    }
    if (f == NULL || frame_type(f) < FRAME_DATA || f->owner != e->id) {
        return -EPERM;
    }
    return revoke_takable(f) ? 0 : -EBUSY;
}

int
revoke_ask(struct env *e, uint64_t kind, uint64_t name, uint64_t count,
           uint64_t deadline)
{
    unsigned rest = e->revocation.requests;
    struct request *r = NULL;
    int error = name == REVOKE_ANY ? 0 : revoke_name_check(e, kind, name);

    if (kind >= RESOURCE_KINDS || count == 0 ||
        count > (name == REVOKE_ANY ? UINT32_MAX / 2 : 1)) {
        return -EINVAL;
    }
    if (error < 0) {
        return error;
    }
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES && (rest > 0 || r == NULL);
         i++) {
        struct request *slot = &e->revocation.request[i];

        rest -= slot->left != 0;
        if (slot->left == 0) {
            r = r != NULL ? r : slot;
        } else if (slot->kind == kind && slot->name == name &&
                   (name != REVOKE_ANY || slot->deadline == deadline)) {
            r = slot;
            break;
        }
    }
    if (r == NULL) {
        return -EBUSY;
    }
    if (r->left == 0) {
        *r = (struct request){(uint32_t)kind, 0, name, deadline};
    }
    r->deadline = deadline < r->deadline ? deadline : r->deadline;
    count += name == REVOKE_ANY ? r->left : 0;
    revoke_set_left(e, r, count < UINT32_MAX / 2 ? count : UINT32_MAX / 2);
    revoke_note(e);
    event_post_any(e, PENDING_REQUEST);
    slot_wake_at(deadline);
    return 0;
}

void
revoke_meet(struct env *e, uint64_t kind, uint64_t name, uint64_t count)
{
    struct request *r = e->revocation.request;

    for (unsigned rest = e->revocation.requests; rest > 0; r++) {
        rest -= r->left != 0;
        if (r->left != 0 && r->name == name && r->kind == kind) {
            revoke_set_left(e, r, 0);
            count = 0;
        }
    }
    while (count > 0 && (r = revoke_first(e, kind, true)) != NULL) {
        uint64_t met = count < r->left ? count : r->left;

        revoke_set_left(e, r, r->left - met);
        count -= met;
    }
}

void
revoke_settle(struct env *e, uint64_t kind, uint64_t name, uint64_t count)
{
    if (e->revocation.requests > 0) {
        revoke_meet(e, kind, name, count);
        revoke_note(e);
    }
}

void
revoke_tell(struct env *e, uint64_t loss)
{
    struct uarea *u = e->told;

    if (u == NULL || e->revocation.posted - __atomic_load_n(&u->losses_taken,
                                                            __ATOMIC_RELAXED) >=
                         UAREA_LOSS_ENTRIES) {
        e->revocation.missed++;
        if (u != NULL) {
            u->losses_missed = e->revocation.missed;
        }
        return;
    }
    u->loss[e->revocation.posted++ % UAREA_LOSS_ENTRIES] = loss;
    /* Release: who sees the count sees the entry. */
    __atomic_store_n(&u->losses_posted, e->revocation.posted, __ATOMIC_RELEASE);
}
