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

/* Entries that the env has not taken yet; what it says of that may be wrong,
   which is then its own loss. */
static uint64_t
ring_used(const struct context *c)
{
    return c->posted - __atomic_load_n(&c->uarea->ring_taken, __ATOMIC_RELAXED);
}

bool
event_room(const struct context *c)
{
    return c->alarm != TIME_NEVER || ring_used(c) < UAREA_RING_ENTRIES;
}

void
event_complete(struct context *c, uint64_t cookie, uint64_t value)
{
    struct ring_entry *entry = &c->uarea->ring[c->posted % UAREA_RING_ENTRIES];

    entry->cookie = cookie;
    entry->value = value;
    c->posted++;
    /* Release: who sees the count sees the entry. */
    __atomic_store_n(&c->uarea->ring_posted, c->posted, __ATOMIC_RELEASE);
    __atomic_fetch_or(&c->uarea->pending, PENDING_COMPLETION, __ATOMIC_RELEASE);
    event_deliver(c);
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
