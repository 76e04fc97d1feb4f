/* SPDX-License-Identifier: MIT */
#include "test/user/harts.h"

#include "lib/exo/map.h"
#include "test/user/expect.h"

#define SLOTS_ALL 1024u

uint64_t
harts_open(void)
{
    uint64_t harts = 1;

    harts_slots(exo_id, 0, 0);
    while (sys_slot_alloc(0, exo_id, harts, 0) == 0) {
        EXPECT(sys_slot_free(0, exo_id, harts, 0), 0);
        harts++;
    }
    return harts;
}

void
harts_wait(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * MILLISECOND;

    exo_uarea->masked = MASKED_INTERRUPT;
    while (time_now() < end) {
        EXPECT(sys_alarm(end, 1), 0);
        (void)exo_sleep(exo_uarea);
        exo_uarea->ring_taken = exo_uarea->ring_posted;
        __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    }
    exo_uarea->masked = 0;
}

void
harts_wait_for(const volatile uint64_t *word, uint64_t wanted)
{
    uint64_t end = time_now() + 10000 * MILLISECOND;

    while (*word < wanted && time_now() < end) {
        harts_wait(5);
    }
}

void
harts_slots(uint64_t env, uint64_t hart, uint64_t eighth)
{
    for (uint64_t slot = eighth; slot < SLOTS_ALL; slot += 8) {
        EXPECT(sys_slot_alloc(0, env, hart, slot), 0);
    }
}

void
harts_slots_take(uint64_t env, uint64_t hart, uint64_t eighth)
{
    for (uint64_t slot = eighth; slot < SLOTS_ALL; slot += 8) {
        EXPECT(sys_slot_free(0, env, hart, slot), 0);
    }
}

struct child
harts_child(uint64_t page, void (*run)(struct uarea *uarea), uint64_t hart,
            uint64_t argument)
{
    struct child child = child_make_on(page, run, hart);
    struct uarea *uarea = exo_map_borrow(CAP_CHILD, child.uarea);

    EXPECT(uarea != NULL, 1);
    uarea->own[25] = argument;
    exo_map_return();
    exo_map_forget();
    return child;
}
