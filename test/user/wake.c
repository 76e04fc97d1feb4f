/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: two envs wake each other by notify and sleep in between,
 * each time at another moment, ROUNDS times on one hart, or on two if there are
 * two. One that is lost leaves both asleep for ever.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "lib/exo/own.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#ifndef ROUNDS
#define ROUNDS 1000000u
#endif

struct shared {
    volatile uint64_t parent;
    volatile uint64_t turns; /* of the child */
    volatile int64_t error;
};

/* Spins a little, differently each time. */
static inline void
dawdle(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t i = *state >> 59; i > 0; i--) {
        __asm__ volatile("");
    }
}

static inline void
event_wait(struct uarea *uarea)
{
    while (!(__atomic_fetch_and(&uarea->pending, ~(uint64_t)PENDING_NOTIFY,
                                __ATOMIC_ACQUIRE) &
             PENDING_NOTIFY)) {
        (void)exo_sleep(uarea);
    }
}

static void
child_main(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;
    uint64_t state = 1;

    uarea->masked = MASKED_INTERRUPT;
    shared->error = sys_gate_set(CHILD_CAP_OWN, 0, GATE_NOTIFY);
    if (shared->error == 0) {
        shared->error = sys_gate_bind(CHILD_CAP_OWN, shared->parent, 0, 0);
    }
    for (;;) {
        int64_t error = sys_notify(0, GATE_HART_ANY);

        if (error != 0) {
            shared->error = error;
        }
        dawdle(&state);
        event_wait(uarea);
        shared->turns++;
    }
}

int
main(void)
{
    struct shared *shared = (struct shared *)SHARED;
    uint64_t page = frame_clean(0);
    uint64_t state = 2;
    struct child child;
    uint64_t hart;

    (void)window_open(page);
    shared->parent = exo_id;
    shared->error = 1;
    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_notify(0, 0), -ESRCH);
    EXPECT(sys_notify(16, 0), -EINVAL);
    EXPECT(sys_gate_set(CAP_CHILD, 0, GATE_NOTIFY), 0);
    EXPECT(sys_slot_alloc(0, exo_id, 0, 0), 0);
    hart = sys_slot_alloc(0, exo_id, 1, 0) == 0; /* is there another? */
    child = child_make_on(page, child_main, hart);
    for (uint64_t slot = 1; slot < 1024; slot++) {
        EXPECT(sys_slot_alloc(0, slot % 2 ? child.id : exo_id, hart, slot), 0);
    }
    event_wait(exo_uarea);
    EXPECT(shared->error, 0);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, child.id, 0, 0), 0);
    EXPECT(sys_notify(0, 7), -EINVAL);         /* it does not run there */
    EXPECT(exo_call(0, exo_uarea, 0), -ESRCH); /* not for calls */
    for (uint64_t i = 0; i < ROUNDS; i++) {
        EXPECT(shared->turns, i);
        EXPECT(sys_notify(0, i % 2 ? GATE_HART_ANY : hart), 0);
        dawdle(&state);
        event_wait(exo_uarea);
    }
    EXPECT(shared->error, 0);
    child_end(&child);
    EXPECT(sys_notify(0, GATE_HART_ANY), -ESRCH);
    printf("test: wake ok: %lu times on %lu hart%s\n", (unsigned long)ROUNDS,
           hart + 1, hart ? "s" : "");
    return 0;
}
