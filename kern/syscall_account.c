/* SPDX-License-Identifier: MIT */
/*
 * The calls on accounts. An env deals with its own and with those carved off
 * it, nothing else.
 */
#include "kern/syscall.h"
#include "kern/syscall_check.h"

int64_t
sys_account_carve(uint64_t frames, uint64_t slots)
{
    const uint64_t code = ACCOUNT_WITH_CODE(0, 1);
    const uint64_t limit[ACCOUNT_KINDS] = {[ACCOUNT_FRAMES] = frames % code,
                                           [ACCOUNT_SLOTS] = slots,
                                           [ACCOUNT_CODE] = frames / code};

    return account_carve(env_account(env_current()), limit);
}

int64_t
sys_account_close(uint64_t account)
{
    return account >= ACCOUNTS_MAX
               ? -EPERM
               : account_close((uint32_t)account, env_account(env_current()));
}
