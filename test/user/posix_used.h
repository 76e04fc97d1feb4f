/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_POSIX_USED_H
#define CHITIN_TEST_USER_POSIX_USED_H
/* What the machine's programs have, all together: a test that gives all back
   finds the same before and after. */
#include "kern/abi/account.h"
#include "kern/abi/information.h"

static inline uint64_t
frames_used(void)
{
    const volatile struct account *accounts =
        (const volatile struct account *)INFORMATION_ACCOUNTS;

    return accounts[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
}

static inline unsigned
envs_live(void)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;
    unsigned count = 0;

    for (unsigned i = 1; i < ENVS_MAX; i++) {
        count += rows[i].state != ENV_NONE;
    }
    return count;
}

#endif
