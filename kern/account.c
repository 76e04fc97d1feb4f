/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - used is never more than limit, of any kind;
 *  - a row that is free is zero;
 *  - every account but the first has a limit that is not 0, which its parent is
 *    charged: so one that is empty has none carved off it.
 */
#include "kern/account.h"

#include "kern/frame_list.h"

static bool
is_empty(const struct account *a)
{
    uint64_t used = 0;

    if (a->envs != 0) {
        return false;
    }
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        used |= a->used[kind];
    }
    return used == 0;
}

/* Gives an account's limits back to its parent; its row is free then. */
static void
give_back(struct account *a)
{
    struct account *parent = &ACCOUNT_TABLE[a->parent];

    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        ASSERT(parent->used[kind] >= a->limit[kind]);
        parent->used[kind] -= a->limit[kind];
    }
    *a = (struct account){0};
}

/* Gives back an account that is empty, and then its parent if that is. The way
   up is as long as the table at most. The first is its own parent. */
static void
settle(struct account *a)
{
    while (is_empty(a) && a != &ACCOUNT_TABLE[ACCOUNT_FIRST]) {
        struct account *parent = &ACCOUNT_TABLE[a->parent];

        give_back(a);
        a = parent;
    }
}

void
account_init(uint64_t frames, uint64_t slots)
{
    ACCOUNT_TABLE[ACCOUNT_FIRST] = (struct account){
        .parent = ACCOUNT_FIRST, .envs = 1, .limit = {frames, slots}};
}

void
account_enlarge(enum account_kind kind, uint64_t amount)
{
    ACCOUNT_TABLE[ACCOUNT_FIRST].limit[kind] += amount;
}

int
account_charge(uint32_t account, enum account_kind kind, uint64_t amount)
{
    struct account *a = &ACCOUNT_TABLE[account];
    int error = 0;

    word_lock(&frame_lists.lock);
    if (account_has_room(a, kind, amount)) {
        a->used[kind] += amount;
    } else {
        error = -EDQUOT;
    }
    word_unlock(&frame_lists.lock);
    return error;
}

void
account_release(uint32_t account, enum account_kind kind, uint64_t amount)
{
    struct account *a = &ACCOUNT_TABLE[account];

    word_lock(&frame_lists.lock);
    ASSERT(a->used[kind] >= amount);
    a->used[kind] -= amount;
    settle(a);
    word_unlock(&frame_lists.lock);
}

/* Whether it is a kind that nobody names a limit of. */
static bool
account_is_shared(unsigned kind)
{
    return kind == ACCOUNT_REQUESTS || kind == ACCOUNT_BINDINGS ||
           kind == ACCOUNT_REGISTRY;
}

/* What an account carved off `parent` with so many frames may own of a kind
   that nobody named a limit of. */
static uint64_t
share_of(const struct account *parent, unsigned kind, uint64_t frames)
{
    uint64_t left = parent->limit[kind] - parent->used[kind];
    uint64_t all = parent->limit[ACCOUNT_FRAMES];
    uint64_t share = all == 0 ? 0 : parent->limit[kind] * frames / all;

    share = share < ACCOUNT_SHARE ? ACCOUNT_SHARE : share;
    return share < left ? share : left;
}

int64_t
account_carve(uint32_t from, const uint64_t limit[ACCOUNT_KINDS])
{
    struct account *parent = &ACCOUNT_TABLE[from];
    uint32_t number = ACCOUNT_FIRST + 1;
    uint64_t any = 0;
    bool room = true;
    int64_t result;

    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        any |= limit[kind];
    }
    if (any == 0) {
        return -EINVAL;
    }
    word_lock(&frame_lists.lock);
    while (number < ACCOUNTS_MAX && ACCOUNT_TABLE[number].parent != 0) {
        number++;
    }
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        room &= account_has_room(parent, kind, limit[kind]);
    }
    if (!room) {
        result = -EDQUOT;
    } else if (number == ACCOUNTS_MAX) {
        result = -ENOSPC;
    } else {
        struct account *a = &ACCOUNT_TABLE[number];

        a->parent = from;
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            a->limit[kind] = account_is_shared(kind)
                                 ? share_of(parent, kind, limit[ACCOUNT_FRAMES])
                                 : limit[kind];
        }
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            parent->used[kind] += a->limit[kind];
        }
        result = number;
    }
    word_unlock(&frame_lists.lock);
    return result;
}

int
account_close(uint32_t account, uint32_t from)
{
    struct account *a = &ACCOUNT_TABLE[account];
    int error = 0;

    word_lock(&frame_lists.lock);
    if (account == ACCOUNT_FIRST || a->parent != from) {
        error = -EPERM;
    } else if (!is_empty(a)) {
        error = -EBUSY;
    } else {
        give_back(a);
    }
    word_unlock(&frame_lists.lock);
    return error;
}

int
account_join(uint32_t account, uint32_t from)
{
    struct account *a = &ACCOUNT_TABLE[account];
    int error = -EPERM;

    word_lock(&frame_lists.lock);
    if (account == from || a->parent == from) {
        a->envs++;
        error = 0;
    }
    word_unlock(&frame_lists.lock);
    return error;
}

void
account_leave(uint32_t account, bool going)
{
    struct account *a = &ACCOUNT_TABLE[account];

    word_lock(&frame_lists.lock);
    ASSERT(a->envs > 0);
    a->envs--;
    if (going) {
        settle(a);
    }
    word_unlock(&frame_lists.lock);
}
