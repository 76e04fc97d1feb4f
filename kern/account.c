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
    uint64_t used = a->envs;

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
    uint64_t frames = limit[ACCOUNT_FRAMES];
    uint64_t slots = limit[ACCOUNT_SLOTS];
    struct account *parent = &ACCOUNT_TABLE[from];
    uint32_t number = ACCOUNT_FIRST + 1;
    int64_t result;

    if (frames == 0 && slots == 0) {
        return -EINVAL;
    }
    word_lock(&frame_lists.lock);
    while (number < ACCOUNTS_MAX && ACCOUNT_TABLE[number].parent != 0) {
        number++;
    }
    if (!account_has_room(parent, ACCOUNT_FRAMES, frames) ||
        !account_has_room(parent, ACCOUNT_SLOTS, slots)) {
        result = -EDQUOT;
    } else if (number == ACCOUNTS_MAX) {
        result = -ENOSPC;
    } else {
        struct account *a = &ACCOUNT_TABLE[number];

        a->parent = from;
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            a->limit[kind] = kind == ACCOUNT_FRAMES  ? frames
                             : kind == ACCOUNT_SLOTS ? slots
                                                     : share_of(parent, kind, frames);
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
