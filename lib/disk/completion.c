/* SPDX-License-Identifier: MIT */
/*
 * A cookie has the waiter's place in a table and a number that no other waiter
 * of that place had, so that an entry that comes late finds nobody.
 */
#include "lib/disk/completion.h"

#define TAG ((uint64_t)0xd15c << 48)
#define TAG_MASK ((uint64_t)0xffff << 48)
#define PLACE_MASK (COMPLETIONS_MAX - 1)

_Static_assert((COMPLETIONS_MAX & PLACE_MASK) == 0, "a power of two");

void (*completion_other)(uint64_t cookie, uint64_t value);
void (*completion_before_sleep)(void);

static struct completion *waiter[COMPLETIONS_MAX];
static uint64_t serial;

bool
completion_begin(struct completion *c)
{
    unsigned place;

    for (place = 0; place < COMPLETIONS_MAX; place++) {
        if (waiter[place] == NULL) {
            serial = (serial + COMPLETIONS_MAX) & ~TAG_MASK;
            *c = (struct completion){TAG | serial | place, 0, false};
            waiter[place] = c;
            return true;
        }
    }
    return false;
}

void
completion_cancel(struct completion *c)
{
    waiter[c->cookie & PLACE_MASK] = NULL;
}

static void
entry_take(uint64_t cookie, uint64_t value)
{
    struct completion *c = waiter[cookie & PLACE_MASK];

    if ((cookie & TAG_MASK) != TAG) {
        if (completion_other != NULL) {
            completion_other(cookie, value);
        }
    } else if (c != NULL && c->cookie == cookie) {
        c->value = (int64_t)value;
        c->done = true;
    }
}

unsigned
completion_poll(void)
{
    struct uarea *u = exo_uarea;
    unsigned taken = 0;

    while (u->ring_taken !=
           __atomic_load_n(&u->ring_posted, __ATOMIC_ACQUIRE)) {
        struct ring_entry entry = u->ring[u->ring_taken % UAREA_RING_ENTRIES];

        __atomic_store_n(&u->ring_taken, u->ring_taken + 1, __ATOMIC_RELEASE);
        entry_take(entry.cookie, entry.value);
        taken++;
    }
    return taken;
}

/* The pending bit is cleared before the ring is looked at: what is posted later
   sets it again, and then sleep returns at once. */
static void
events_take(void)
{
    struct uarea *u = exo_uarea;
    uint64_t pending = __atomic_fetch_and(
        &u->pending, ~(uint64_t)PENDING_COMPLETION, __ATOMIC_ACQUIRE);

    if (pending & ~(uint64_t)PENDING_COMPLETION) {
        exo_event_handler(u);
    }
}

void
completion_sleep(void)
{
    struct uarea *u = exo_uarea;
    uint32_t masked = u->masked;

    u->masked = masked | MASKED_INTERRUPT;
    events_take();
    if (completion_poll() == 0) {
        if (completion_before_sleep != NULL) {
            completion_before_sleep();
        }
        (void)exo_sleep(u);
        events_take();
        (void)completion_poll();
    }
    u->masked = masked;
}

/* Whether it is done is looked at where no handler of events can take it from
   the ring between the look and the sleep. */
int64_t
completion_wait(struct completion *c)
{
    struct uarea *u = exo_uarea;
    uint32_t masked = u->masked;

    u->masked = masked | MASKED_INTERRUPT;
    for (;;) {
        events_take();
        (void)completion_poll();
        if (c->done) {
            break;
        }
        (void)exo_sleep(u);
    }
    u->masked = masked;
    events_take(); /* what came meanwhile interrupts nobody any more */
    (void)completion_poll();
    completion_cancel(c);
    return c->value;
}
