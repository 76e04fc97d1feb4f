/* SPDX-License-Identifier: MIT */
#include "kern/event.h"

#include "kern/context.h"
#include "kern/csr.h"
#include "kern/panic.h"
#include "kern/slot.h"
#include "kern/time.h"

/* On the context's hart, after its bits were set. */
static void
event_deliver(struct context *c)
{
    if (c->asleep) {
        context_wake(c);
    } else if (c == hart_self()->context) {
        csr_set(sip, 1 << INTERRUPT_SOFTWARE); /* as soon as it runs again */
    }
}

/* Sets events of a live env, whose lock is held, on a hart where it can run. */
static inline void
event_set(struct env *e, unsigned hart, uint64_t events)
{
    struct context *c = &e->context[hart];
    uint64_t before =
        __atomic_fetch_or(&c->uarea->pending, events, __ATOMIC_ACQ_REL);

    if ((before & events) == events) {
        return;
    }
    if (hart == hart_self()->index) {
        event_deliver(c);
    } else {
        hart_attend(hart_table[hart], e->id >> ENV_INDEX_SHIFT);
    }
}

void
event_post(struct env *e, unsigned hart, uint64_t events)
{
    ASSERT(lock_held(e->lock));
    if (env_lives(e) && (env_bound(e) >> hart & 1)) {
        event_set(e, hart, events);
    }
}

void
event_post_any(struct env *e, uint64_t events)
{
    uint32_t rest = env_lives(e) ? env_bound(e) : 0;
    unsigned hart = HARTS_MAX;

    ASSERT(lock_held(e->lock));
    for (unsigned i = 0; rest != 0; i++, rest >>= 1) {
        if (!(rest & 1)) {
            continue;
        }
        hart = hart == HARTS_MAX ? i : hart;
        if (__atomic_load_n(&hart_table[i]->context, __ATOMIC_RELAXED) ==
            &e->context[i]) {
            hart = i;
            break;
        }
    }
    if (hart < HARTS_MAX) {
        event_set(e, hart, events);
    }
}

/* Entries that the env has not taken yet, or that are owed; what it says of
   that may be wrong, which is then its own loss. What is owed is read first: it
   is posted before it is owed no more. */
static uint64_t
ring_used(const struct context *c)
{
    uint64_t owed = atomic_load_explicit(&c->reserved, memory_order_acquire);

    return owed + __atomic_load_n(&c->posted, __ATOMIC_RELAXED) -
           __atomic_load_n(&c->uarea->ring_taken, __ATOMIC_RELAXED);
}

bool
event_room(const struct context *c)
{
    return c->alarm != TIME_NEVER || ring_used(c) < UAREA_RING_ENTRIES;
}

bool
event_reserve(struct context *c)
{
    if (ring_used(c) + (c->alarm != TIME_NEVER) >= UAREA_RING_ENTRIES) {
        return false;
    }
    atomic_fetch_add_explicit(&c->reserved, 1, memory_order_relaxed);
    return true;
}

void
event_unreserve(struct context *c)
{
    atomic_fetch_sub_explicit(&c->reserved, 1, memory_order_release);
}

/* The lock of the env orders those who post, and while it lives its U-area is
   pinned. */
static void
ring_post(uint64_t id, unsigned hart, struct ring_entry entry, uint32_t owed)
{
    struct env *e = env_lock(id);
    struct context *c;

    if (e == NULL) {
        return;
    }
    c = &e->context[hart];
    if (e->state == ENV_LIVE && (e->bound >> hart & 1)) {
        uint64_t posted = c->posted;

        c->uarea->ring[posted % UAREA_RING_ENTRIES] = entry;
        __atomic_store_n(&c->posted, posted + 1, __ATOMIC_RELAXED);
        /* Release: who sees the count sees the entry. */
        __atomic_store_n(&c->uarea->ring_posted, posted + 1, __ATOMIC_RELEASE);
        atomic_fetch_sub_explicit(&c->reserved, owed, memory_order_release);
        event_post(e, hart, PENDING_COMPLETION);
    }
    env_unlock(e);
}

void
event_alarm(uint64_t id, unsigned hart, uint64_t cookie, uint64_t value)
{
    ring_post(id, hart, (struct ring_entry){cookie, value}, 0);
}

void
event_complete(uint64_t id, unsigned hart, uint64_t cookie, uint64_t value)
{
    ring_post(id, hart, (struct ring_entry){cookie, value}, 1);
}

int64_t
event_sleep(void)
{
    struct context *c = hart_self()->context;

    context_sleep(c);
    if (__atomic_load_n(&c->uarea->pending, __ATOMIC_ACQUIRE) != 0) {
        context_wake(c);
        return 0;
    }
    slot_run();
}
