/* SPDX-License-Identifier: MIT */
/*
 * Invariants between steps:
 *
 *  - rows are asked only while SETTLING, and all are settled when it ends, so a
 *    policy never counts on frames that are still to come;
 *  - row[i].env.frames is of the last count that was complete, during which
 *    others went on: what was taken and freed meanwhile may be missing, or be
 *    counted twice.
 *
 * Whether an env has met a request is not public. What is, is how many requests
 * it has left; those of others count, too.
 */
#include "lib/manager/manager.h"

#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "lib/exo/call.h"

/* Calls that take or destroy, each of them bounded, in one step. */
#define STEP_CALLS 64

#define FRAMES ((const volatile struct frame *)INFORMATION_FRAMES)
#define FRAMES_END ((uint64_t)1 << 23) /* records that there is room for */
#define ENVS ((const volatile struct env_row *)INFORMATION_ENVS)
#define ACCOUNTS ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define BOOT ((const struct information *)INFORMATION_BOOT)

/* The row of the table of envs, at one moment: id, account; false if no env
   lives there. */
static bool
env_read(unsigned index, uint32_t *id, uint32_t *account)
{
    const volatile struct env_row *row = &ENVS[index];
    uint32_t sequence;
    uint32_t state;

    do {
        sequence = row->sequence;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        *id = row->id;
        *account = row->account;
        state = row->state;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (sequence % 2 != 0 || row->sequence != sequence);
    return state == ENV_LIVE;
}

uint64_t
manager_free(const struct manager *m)
{
    uint64_t limit = ACCOUNTS[m->account].limit[ACCOUNT_FRAMES];
    uint64_t used = ACCOUNTS[m->account].used[ACCOUNT_FRAMES];

    return limit > used ? limit - used : 0;
}

void
manager_init(struct manager *m, uint32_t self, uint32_t account)
{
    uint64_t limit = ACCOUNTS[account].limit[ACCOUNT_FRAMES];

    memset(m, 0, sizeof(*m));
    m->policy = policy_share;
    m->self = self;
    m->slice = MANAGER_SLICE;
    m->low = limit / 16;
    m->high = limit / 8;
    m->floor = MANAGER_FLOOR;
    m->ticks = (uint64_t)MANAGER_TICKS;
    m->period = MANAGER_PERIOD;
    m->account = account;
}

/* Finds out who is charged to the account: to others the row forgets. */
static bool
row_look(struct manager *m, unsigned index)
{
    struct manager_row *row = &m->row[index];
    uint32_t account;
    uint32_t id;

    if (!env_read(index, &id, &account)) {
        return false;
    }
    if (row->env.id != id) {
        *row = (struct manager_row){.env = {.id = id, .floor = m->floor}};
    }
    return account == m->account && id != m->self;
}

int
manager_floor_set(struct manager *m, uint32_t id, uint64_t frames)
{
    unsigned index = id >> 20;

    if (index >= ENVS_MAX) {
        return -ESRCH;
    }
    (void)row_look(m, index);
    if (id == 0 || m->row[index].env.id != id) {
        return -ESRCH;
    }
    m->row[index].env.floor = frames;
    m->rest = 0; /* there may be something to give now */
    return 0;
}

static void
count_begin(struct manager *m)
{
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        (void)row_look(m, i);
        m->row[i].env.frames = 0;
    }
    m->next = m->first;
    m->phase = MANAGER_COUNTING;
}

/* Looks at some records; false while there are more. The first time also finds
   out where RAM is: there are many places for records, and few records. */
static bool
count_step(struct manager *m)
{
    for (unsigned i = 0; i < m->slice; i++) {
        const volatile struct frame *f = &FRAMES[m->next];
        uint32_t owner;
        uint8_t type;

        if (m->next == (m->end != 0 ? m->end : FRAMES_END)) {
            return true;
        }
        owner = f->owner;
        type = f->type;
        if (m->end == 0 && type != FRAME_ABSENT) {
            m->first = m->seen == 0 ? m->next : m->first;
            if (++m->seen == BOOT->frames) {
                m->end = m->next + 1;
            }
        }
        if (type > FRAME_PART && owner >> 20 < ENVS_MAX &&
            m->row[owner >> 20].env.id == owner) {
            m->row[owner >> 20].env.frames += (uint64_t)1 << f->order;
        }
        m->next++;
    }
    return false;
}

static void
request_make(struct manager *m, struct manager_row *row,
             const struct manager_request *request, uint64_t now)
{
    uint64_t deadline = now + request->ticks;

    if (request->end) {
        row->open = row->end = true;
    } else if (request->count > 0 &&
               sys_revoke(m->cap, row->env.id, RESOURCE_FRAME, REVOKE_ANY,
                          request->count, deadline) == 0) {
        row->env.asked = request->count;
        row->deadline = deadline;
        row->notice = deadline - request->ticks / 8;
        row->open = true;
        row->missed = false;
    }
}

/* Asks the policy, and does what it says. */
static void
decide(struct manager *m, uint64_t now)
{
    struct manager_view *view = &m->view;

    view->free = manager_free(m);
    view->low = m->low;
    view->high = m->high;
    view->ticks = m->ticks;
    view->count = 0;
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        uint32_t before = m->row[i].env.id;

        /* Not who has come since the count began. */
        if (row_look(m, i) && m->row[i].env.id == before) {
            m->request[view->count] = (struct manager_request){0};
            view->env[view->count++] = m->row[i].env;
        }
    }
    m->policy(view, m->request);
    m->rounds++;
    m->rest = now + m->ticks;
    for (unsigned i = 0; i < view->count; i++) {
        struct manager_row *row = &m->row[view->env[i].id >> 20];

        row->env.asked = 0;
        request_make(m, row, &m->request[i], now);
        m->rest = row->open ? now : m->rest;
    }
    m->phase = MANAGER_SETTLING;
}

/* Goes on with what one env owes. Whether that is settled; *calls is what this
   step may still do. */
static bool
row_settle(struct manager *m, struct manager_row *row, uint64_t now,
           unsigned *calls)
{
    int64_t result = -EAGAIN;

    while (result == -EAGAIN && *calls > 0) {
        --*calls;
        result = row->end ? sys_env_destroy(m->cap, row->env.id)
                          : sys_repossess(m->cap, row->env.id);
        if (!row->end && now < row->deadline) {
            break; /* nothing of this is due */
        }
        row->missed = row->missed || result == -EAGAIN;
    }
    if (row->end) {
        m->ended += result == 0 || result == -ESRCH;
        return result != -EAGAIN;
    }
    if (now < row->deadline && (result > 0 || result == -EAGAIN)) {
        row->missed = row->missed || now >= row->notice;
        return false;
    }
    if (result == -EAGAIN) {
        return false;
    }
    if (row->missed) {
        row->env.late++;
    } else if (now < row->deadline) {
        row->env.late = 0;
    }
    return true;
}

/* Whether nobody owes anything any more; else in *next when to look again. */
static bool
settle(struct manager *m, uint64_t now, uint64_t *next)
{
    unsigned calls = STEP_CALLS;
    bool all = true;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        struct manager_row *row = &m->row[i];
        uint64_t then;

        if (!row->open) {
            continue;
        }
        row->open = !row_settle(m, row, now, &calls);
        if (row->open) {
            then = row->end || now >= row->deadline ? now
                   : now < row->notice              ? row->notice
                                                    : row->deadline;
            *next = then < *next ? then : *next;
            all = false;
        }
    }
    return all;
}

uint64_t
manager_step(struct manager *m, uint64_t now)
{
    uint64_t next = now + m->period;

    if (m->phase == MANAGER_WATCHING && now >= m->rest &&
        manager_free(m) < m->low) {
        count_begin(m);
    }
    if (m->phase == MANAGER_COUNTING) {
        if (!count_step(m)) {
            return now;
        }
        decide(m, now);
    }
    if (m->phase == MANAGER_SETTLING && settle(m, now, &next)) {
        m->phase = MANAGER_WATCHING;
    }
    return next;
}
