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
 *    1 for one of which frames are being taken, and 0 when nothing will be due.
 */
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/revoke_request.h"
#include "kern/slot.h"
#include "kern/time.h"

static struct lock due_lock = {.rank = LOCK_LEAF};
static uint64_t deadlines[ENVS_MAX];
static _Atomic uint64_t next_deadline = TIME_NEVER; /* or it was */

/* The most that one request asks for. */
#define ASKED_MAX (UINT32_MAX / 2)

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

/* What the env sees of a request. */
static struct request *
request_shown(const struct env *e, const struct request *r)
{
    return &e->told->request[r - e->revocation.request];
}

void
revoke_set_left(struct env *e, struct request *r, uint64_t left)
{
    e->revocation.requests -= r->left != 0;
    e->revocation.requests += left != 0;
    e->seen->owed += (uint32_t)left - r->left;
    r->left = (uint32_t)left;
    if (e->told != NULL) {
        request_shown(e, r)->left = r->left;
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

/* Notes when an env owes something. */
static void
deadline_note(const struct env *e, uint64_t deadline)
{
    lock_acquire(&due_lock);
    __atomic_store_n(&deadlines[env_index(e->id)], deadline, __ATOMIC_RELAXED);
    if (deadline < next_deadline) {
        next_deadline = deadline;
    }
    lock_release(&due_lock);
}

/* revoke_note for a request that is new, or due earlier than before. */
static inline void
request_note(struct env *e, const struct request *r)
{
    uint64_t noted = deadlines[env_index(e->id)];
    uint64_t deadline = r->deadline > 0 ? r->deadline : 1;

    if (r->kind == RESOURCE_FRAME) {
        __atomic_store_n(&e->lean, 0, __ATOMIC_RELAXED);
    }
    if (deadline != TIME_NEVER && (noted == 0 || deadline < noted)) {
        deadline_note(e, deadline);
    }
}

/* revoke_note for an env of which something is asked for, or being taken. */
__attribute__((noinline)) static void
requests_note(struct env *e)
{
    uint64_t deadline = e->revocation.taking_count > 0 ? 1 : TIME_NEVER;
    unsigned rest = e->revocation.requests;
    bool frames = deadline == 1;

    for (const struct request *r = e->revocation.request; rest > 0; r++) {
        if (r->left != 0) {
            deadline = r->deadline < deadline ? r->deadline : deadline;
            frames |= r->kind == RESOURCE_FRAME;
            rest--;
        }
    }
    __atomic_store_n(&e->lean, frames ? 0 : e->id, __ATOMIC_RELAXED);
    deadline = deadline > 0 ? deadline : 1;
    if (deadline == TIME_NEVER || !env_lives(e)) { /* as below */
        __atomic_store_n(&deadlines[env_index(e->id)], 0, __ATOMIC_RELAXED);
    } else if (deadline != deadlines[env_index(e->id)]) {
        deadline_note(e, deadline);
    }
}

void
revoke_note(struct env *e)
{
    if (e->revocation.requests > 0 || e->revocation.taking_count > 0) {
        requests_note(e);
        return;
    }
    __atomic_store_n(&e->lean, e->id, __ATOMIC_RELAXED);
    /* Without the lock: who finds the old one finds nothing to do. */
    __atomic_store_n(&deadlines[env_index(e->id)], 0, __ATOMIC_RELAXED);
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

/* Where a request stands, or can: one like it, or else one that asks for
   nothing; NULL if there is no room. */
static struct request *
request_place(struct env *e, uint64_t kind, uint64_t name, uint64_t deadline)
{
    unsigned rest = e->revocation.requests;
    struct request *empty = NULL;

    for (unsigned i = 0;
         i < UAREA_REQUEST_ENTRIES && (rest > 0 || empty == NULL); i++) {
        struct request *r = &e->revocation.request[i];

        rest -= r->left != 0;
        if (r->left == 0) {
            empty = empty != NULL ? empty : r;
        } else if (r->kind == kind && r->name == name &&
                   (name != REVOKE_ANY || r->deadline == deadline)) {
            return r;
        }
    }
    return empty;
}

int
revoke_ask(struct env *e, uint64_t kind, uint64_t name, uint64_t count,
           uint64_t deadline)
{
    struct request *r = e->revocation.request;
    int error;

    ASSERT(lock_held(e->lock) && env_lives(e));
    if (kind >= RESOURCE_KINDS || count == 0 ||
        count > (name == REVOKE_ANY ? ASKED_MAX : 1)) {
        return -EINVAL;
    }
    if (name != REVOKE_ANY) {
        error = revoke_name_check(e, kind, name);
        if (error < 0) {
            return error;
        }
    }
    if (e->revocation.requests > 0) {
        r = request_place(e, kind, name, deadline);
    }
    if (r == NULL) {
        return -EBUSY;
    }
    if (r->left == 0) {
        *r = (struct request){(uint32_t)kind, 0, name, deadline};
    }
    r->deadline = deadline < r->deadline ? deadline : r->deadline;
    e->seen->asked += (uint32_t)count;
    count += name == REVOKE_ANY ? r->left : 0;
    revoke_set_left(e, r, count < ASKED_MAX ? count : ASKED_MAX);
    if (e->told != NULL) {
        *request_shown(e, r) = *r;
    }
    request_note(e, r);
    slot_wake_at(deadline);
    event_post_any(e, PENDING_REQUEST);
    return 0;
}

/* One round, unless several requests are met. */
void
revoke_meet(struct env *e, uint64_t kind, uint64_t name, uint64_t count)
{
    struct request *first;

    do {
        unsigned rest = e->revocation.requests;

        first = NULL;
        for (struct request *r = e->revocation.request; rest > 0; r++) {
            if (r->left == 0) {
                continue;
            }
            rest--;
            if (r->kind != kind) {
                continue;
            }
            if (r->name == name) {
                revoke_set_left(e, r, 0);
                count = 0;
            } else if (r->name == REVOKE_ANY &&
                       (first == NULL || r->deadline < first->deadline)) {
                first = r;
            }
        }
        if (first != NULL && count > 0) {
            uint64_t met = count < first->left ? count : first->left;

            revoke_set_left(e, first, first->left - met);
            count -= met;
        }
    } while (count > 0 && first != NULL);
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

    e->seen->lost++;
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

void
revoke_saved(uint32_t id, uint64_t loss)
{
    struct env *e = env_lock(id);

    if (e == NULL) {
        return;
    }
    if (env_lives(e)) {
        revoke_tell(e, loss);
        event_post_any(e, PENDING_LOSS);
    }
    env_unlock(e);
}
