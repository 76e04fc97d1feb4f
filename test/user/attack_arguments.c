/* SPDX-License-Identifier: MIT */
/*
 * Calls on time, events and transfers with each kind of bad argument: each is
 * refused for the right reason, and changes nothing.
 */
#include "test/user/attack.h"

static void
arguments_slots(const struct child *child)
{
    uint64_t id = child->id;
    uint64_t harts = BOOT->hart_count;

    EXPECT(sys_slot_alloc(63, id, far, 1), -EBADF);
    EXPECT(sys_slot_alloc(~0UL, id, far, 1), -EBADF);
    EXPECT(sys_slot_alloc(2, id, far, 1), -EPERM);
    EXPECT(sys_slot_free(2, id, far, 4), -EPERM);
    EXPECT(sys_slot_alloc(CAP_CHILD, exo_id, far, 1), -EPERM);
    EXPECT(sys_slot_free(CAP_CHILD, exo_id, 0, 0), -EPERM);
    EXPECT(sys_slot_free(CAP_CHILD, id, 0, 0), -EPERM);
    EXPECT(sys_slot_alloc(0, id, 0, 0), -EBUSY);
    for (unsigned i = 0; i < 61; i++) {
        EXPECT(sys_slot_alloc(0, id, ~0UL << i, 1) != 0 || ~0UL << i < harts,
               1);
        EXPECT(sys_slot_alloc(0, id, harts << i, 1) < 0, 1);
        EXPECT(sys_slot_free(0, id, far, (uint64_t)SLOTS << i) < 0 || i > 53,
               1);
        if (i < 20 || i > 27) { /* in between lies which of the envs it is */
            EXPECT(sys_slot_alloc(0, id ^ 1UL << i, far, 1), -ESRCH);
            EXPECT(sys_pct_cancel(id ^ 1UL << i), -ESRCH);
        }
        EXPECT(sys_env_bind(0, id, harts << i, child->uarea), -EINVAL);
    }
    EXPECT(sys_env_bind(0, id, far, ~0UL), -EINVAL);
    EXPECT(sys_env_bind(0, id, far, child->uarea), -EBUSY);
}

static void
arguments_events(const struct child *child)
{
    EXPECT(sys_pct_cancel(0), -ESRCH);
    EXPECT(sys_pct_cancel(~0UL), -ESRCH);
    EXPECT(sys_pct_cancel(exo_id), -EINVAL);
    EXPECT(sys_gate_set(63, 0, 1), -EBADF);
    EXPECT(sys_gate_set(0, 8, 1), -EINVAL);
    EXPECT(sys_gate_set(0, ~0UL, 1), -EINVAL);
    EXPECT(sys_gate_set(CAP_CHILD, 1, GATE_NOTIFY), 0);
    EXPECT(sys_gate_bind(0, exo_id, 1, 16), -EINVAL);
    EXPECT(sys_gate_bind(0, exo_id, 1, ~0UL), -EINVAL);
    EXPECT(sys_gate_bind(0, exo_id, ~0UL, 0), -EINVAL);
    EXPECT(sys_gate_bind(0, child->id, 7, 0), -ENOENT);
    EXPECT(sys_gate_bind(3, exo_id, 1, 0), -EBADF);
    EXPECT(sys_gate_bind(0, exo_id, 1, 0), 0);
    EXPECT(sys_notify(0, 8), -EINVAL);
    EXPECT(sys_notify(0, 1UL << 32), -EINVAL);
    EXPECT(sys_notify(0, ~1UL), -EINVAL);
    EXPECT(sys_notify(~0UL, 0), -EINVAL);
    EXPECT(sys_notify(15, 0), -ESRCH);
    for (unsigned i = 0; i < 100000; i++) { /* a flood */
        EXPECT(sys_notify(0, GATE_HART_ANY), 0);
    }
    EXPECT(sys_gate_set(CAP_CHILD, 1, 0), 0);
    EXPECT(sys_notify(0, 0), -ESRCH);
}

/* No alarm is lost, nor is one taken for which the ring has no room. */
static void
arguments_alarms(void)
{
    exo_uarea->masked = MASKED_INTERRUPT;
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    for (uint64_t i = 0; i < UAREA_RING_ENTRIES; i++) {
        const volatile uint64_t *posted = &exo_uarea->ring_posted;
        uint64_t before = *posted;

        EXPECT(sys_alarm(i, i), 0);
        while (*posted == before) {
        }
        EXPECT(exo_uarea->ring[before % UAREA_RING_ENTRIES].cookie, i);
    }
    EXPECT(sys_alarm(0, 0), -ENOSPC);
    EXPECT(sys_alarm(~0UL, 0), 0);
    exo_uarea->ring_taken = ~0UL;
    (void)sys_alarm(0, 0);
    exo_uarea->ring_taken = 0;
    (void)sys_alarm(0, 0);
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    EXPECT(sys_alarm(~0UL, 0), 0);
    EXPECT(sys_sleep(), 0); /* something is pending */
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
}

/* An env whose end has begun, or is over. */
static void
arguments_dying(const struct child *child)
{
    uint64_t id = child->id;

    EXPECT(sys_env_destroy(2, id), -EPERM);
    EXPECT(sys_env_destroy(0, id), -EAGAIN);
    EXPECT(sys_slot_alloc(0, id, far, 1), -ESRCH);
    EXPECT(sys_slot_free(0, id, far, 1) < 0, 1);
    EXPECT(sys_env_bind(0, id, far, child->uarea), -ESRCH);
    EXPECT(sys_gate_bind(0, id, 0, 0), -ESRCH);
    EXPECT(sys_cap_grant(0, 0, id, 9, CAP_READ) < 0, 1);
    EXPECT(sys_frame_give(0, page, id) < 0, 1);
}

void
arguments(void)
{
    struct child child;

    EXPECT(sys_cap_derive(CAP_CHILD, 2, 0, CAP_RIGHTS_ALL & ~CAP_CONTROL), 0);
    other_begin();
    child = victim_begin(spin_victim, 2, 3);
    arguments_slots(&child);
    arguments_events(&child);
    arguments_alarms();
    arguments_dying(&child);
    child_end(&child);
    other_end();
    EXPECT(sys_cap_drop(2), 0);
}
