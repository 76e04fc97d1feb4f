/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_ACCOUNT_H
#define CHITIN_ABI_ACCOUNT_H
/*
 * Accounts: what the envs that share one may own together, of each kind. The
 * first env's, ACCOUNT_FIRST, has the whole machine; every other is carved off
 * one that has room, and its limits count as used there. So at any moment
 *
 *     used of an account = what its envs own + limits of accounts carved off it
 *
 * and no more than its limit. Rows are numbered from 0; row 0 is not used.
 *
 * Who carves names the limits of frames, slots and code. Of every other kind
 * the new account gets what part of its parent's frames it gets, but
 * ACCOUNT_SHARE at least, if the parent has that much left.
 */
#include "kern/abi/types.h"

#define ACCOUNTS_MAX 256
#define ACCOUNT_FIRST 1
#define ACCOUNT_SHARE 4

/* account_carve: frames, and with them pages for downloaded code, of which an
   account has none unless it is said. */
#define ACCOUNT_WITH_CODE(frames, code) ((frames) | (uint64_t)(code) << 40)

enum account_kind {
    ACCOUNT_FRAMES, /* in pages */
    ACCOUNT_SLOTS,
    ACCOUNT_REQUESTS, /* of disks, on their way */
    ACCOUNT_BINDINGS, /* to extents of disks */
    ACCOUNT_REGISTRY, /* pages of the registry that its envs hold */
    ACCOUNT_CODE,     /* pages of compiled code */
    ACCOUNT_KINDS
};

struct account {
    uint32_t parent; /* the account it was carved off; 0: the row is free */
    uint32_t envs;   /* how many are charged to it */
    uint64_t limit[ACCOUNT_KINDS];
    uint64_t used[ACCOUNT_KINDS];
    uint64_t unused[3];
};

_Static_assert(sizeof(struct account) == 128, "a row is two cache lines");

#endif
