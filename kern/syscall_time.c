/* SPDX-License-Identifier: MIT */
/*
 * The calls on processor time, events, and what belongs to a hart.
 */
#include "kern/abi/error.h"
#include "kern/context.h"
#include "kern/event.h"
#include "kern/revoke.h"
#include "kern/slot.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

static int64_t
slot_call(int (*change)(struct env *, uint64_t, uint64_t), uint64_t cap,
          uint64_t env, uint64_t hart, uint64_t slot)
{
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    if (e == NULL) {
        return error;
    }
    error = e->state != ENV_LIVE ? -ESRCH : change(e, hart, slot);
    env_unlock(e);
    return error;
}

static int
slot_give_up(struct env *e, uint64_t hart, uint64_t slot)
{
    int error = slot_free(e, hart, slot);

    if (error == 0) {
        revoke_settle(e, RESOURCE_SLOT, hart << 16 | slot, 1);
    }
    return error;
}

int64_t
sys_slot_alloc(uint64_t cap, uint64_t env, uint64_t hart, uint64_t slot)
{
    return slot_call(slot_alloc, cap, env, hart, slot);
}

int64_t
sys_slot_free(uint64_t cap, uint64_t env, uint64_t hart, uint64_t slot)
{
    return slot_call(slot_give_up, cap, env, hart, slot);
}

int64_t
sys_sleep(void)
{
    return event_sleep();
}

int64_t
sys_alarm(uint64_t deadline, uint64_t cookie)
{
    return slot_alarm(deadline, cookie);
}

int64_t
sys_notify(uint64_t binding, uint64_t hart)
{
    return gate_notify(binding, hart);
}

int64_t
sys_fp_release(void)
{
    float_drop(hart_self()->context);
    return 0;
}

int64_t
sys_pct_cancel(uint64_t env)
{
    struct context *c = context_find(env);

    if (c == NULL) {
        return -ESRCH;
    }
    if (c->caller != env_current()->id) {
        return -EINVAL;
    }
    c->caller = 0;
    return 0;
}
