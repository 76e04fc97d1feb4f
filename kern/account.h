/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_ACCOUNT_H
#define CHITIN_KERN_ACCOUNT_H
/*
 * The table of accounts (kern/abi/account.h says what a row is). It is sized
 * at boot; who carves how much off for whom is the libOS's to decide.
 *
 * Life of a row, under its lock:
 *
 *     free --carve--> no env yet --join--> envs --last leaves--> free
 *                          '------------close----------------------^
 *
 * One whose last env has gone while something is still charged to it, as
 * accounts carved off it are, goes with the last of that.
 *
 * Lock: that of the lists of frames (kern/lock.h, 3), so that a frame is taken
 * and charged in one step. Every function here takes it, but those that say
 * otherwise; any lock before it in the order may be held.
 */
#include "kern/abi/account.h"
#include "kern/abi/error.h"
#include "kern/information.h"

#define ACCOUNT_TABLE ((struct account *)information_at(INFORMATION_ACCOUNTS))

static inline uint32_t
account_number(const struct account *a)
{
    return (uint32_t)(a - ACCOUNT_TABLE);
}

/* Whether it can be charged that much. With the lock held. */
static inline bool
account_has_room(const struct account *a, enum account_kind kind,
                 uint64_t amount)
{
    return a->limit[kind] - a->used[kind] >= amount;
}

/* Makes ACCOUNT_FIRST, with one env and nothing used. Boot only. */
void account_init(uint64_t frames, uint64_t slots);

/* That the machine has so much more of a kind. Boot only, after that. */
void account_enlarge(enum account_kind kind, uint64_t amount);

/* Charges the account of a live env. 0, or -EDQUOT and nothing is changed. */
int account_charge(uint32_t account, enum account_kind kind, uint64_t amount);

/* Takes a charge back. It may have been the last of an account without envs,
   which then goes back to the one it was carved off. */
void account_release(uint32_t account, enum account_kind kind, uint64_t amount);

/* Carves a new account off `from`, with these limits of frames, slots and code,
   and a share of the rest (kern/abi/account.h). Its number, or -EINVAL if both
   are 0, -EDQUOT if `from` has no room, -ENOSPC if no row is free. */
int64_t account_carve(uint32_t from, const uint64_t limit[ACCOUNT_KINDS]);

/* Gives an account back to `from`. -EPERM if it was not carved off that, -EBUSY
   if an env is charged to it or anything is used. */
int account_close(uint32_t account, uint32_t from);

/* Counts one more env in an account: `from`, or one carved off it. -EPERM. */
int account_join(uint32_t account, uint32_t from);

/* The opposite. If the env is `going`, and did not only fail to be made, an
   account that is empty now goes back to the one it was carved off. */
void account_leave(uint32_t account, bool going);

#endif
