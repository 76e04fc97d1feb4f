/* SPDX-License-Identifier: MIT */
/*
 * Invariants, on each hart:
 *
 *  - hart.slot and hart.edge agree with the grid, but for edges that have
 *    passed and not been looked at yet;
 *  - hart.alarm is the earliest alarm of the contexts here, or earlier;
 *  - while an env runs in a slice the timer holds the edge, if anybody here who
 *    has a slot is awake or who sleeps waits for a predicate, or the alarm if
 *    that is earlier; in grace its end.
 *
 * trap.S does the common edge, transfer.S the end of the epilogue after it; but
 * neither where predicates are to be looked at.
 */
#include "kern/slot.h"

#include "kern/abi/error.h"
#include "kern/account.h"
#include "kern/code/predicate.h"
#include "kern/context.h"
#include "kern/csr.h"
#include "kern/event.h"
#include "kern/interrupt.h"
#include "kern/panic.h"
#include "kern/time.h"

#define WORDS (SLOTS / 64)

/* Slots that a search looks at, for some bits may be out of date; and alarms
   posted at a time, the rest at once after that. Rule 6 bounds both. */
#define SEARCH_MAX 64
#define ALARMS_MAX 16

static struct lock slot_lock = {.rank = LOCK_OF_ENV};

void
slot_init_hart(struct hart *self)
{
    self->vector = &SLOT_VECTORS[self->index][0];
    self->slot_ticks = time_ticks(SLOT_NANOSECONDS);
    self->grace_ticks = time_ticks(GRACE_NANOSECONDS);
    self->slot = self->vector;
    self->alarm = TIME_NEVER;
    self->timer = TIME_NEVER;
    information_boot()->slot_ticks = self->slot_ticks;
    information_boot()->slots = SLOTS;
}

static unsigned
lowest_bit(uint64_t bits)
{
    unsigned n = 0;

    for (unsigned step = 32; step > 0; step /= 2) {
        if ((bits & (((uint64_t)1 << step) - 1)) == 0) {
            bits >>= step;
            n += step;
        }
    }
    return n;
}

static int
slot_change(struct env *e, uint64_t hart, uint64_t index, uint32_t from,
            uint32_t to)
{
    int error = 0;

    ASSERT(lock_held(e->lock));
    if (hart >= hart_count || hart_table[hart]->state != HART_UP ||
        index >= SLOTS) {
        return -EINVAL;
    }
    lock_acquire(&slot_lock);
    if (SLOT_VECTORS[hart][index] != from) {
        error = from == 0 ? -EBUSY : -EPERM;
    } else if (from == 0) {
        error = account_charge(env_account(e), ACCOUNT_SLOTS, 1);
    } else {
        account_release(env_account(e), ACCOUNT_SLOTS, 1);
    }
    if (error == 0) {
        __atomic_store_n(&SLOT_VECTORS[hart][index], to, __ATOMIC_RELAXED);
        atomic_fetch_xor_explicit(&e->context[hart].own[index / 64],
                                  (uint64_t)1 << index % 64,
                                  memory_order_relaxed);
    }
    lock_release(&slot_lock);
    if (error == 0 && from == 0 && (e->bound >> hart & 1)) {
        hart_attend(hart_table[hart], env_index(e->id));
    }
    return error;
}

int
slot_alloc(struct env *e, uint64_t hart, uint64_t index)
{
    return slot_change(e, hart, index, 0, e->id);
}

int
slot_free(struct env *e, uint64_t hart, uint64_t index)
{
    return slot_change(e, hart, index, e->id, 0);
}

void
slot_free_all(const struct env *e, unsigned hart)
{
    unsigned count = 0;

    lock_acquire(&slot_lock);
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t bits = e->context[hart].own[i];

        for (; bits != 0; bits &= bits - 1) {
            __atomic_store_n(&SLOT_VECTORS[hart][64 * i + lowest_bit(bits)], 0,
                             __ATOMIC_RELAXED);
            count++;
        }
    }
    account_release(env_account(e), ACCOUNT_SLOTS, count);
    lock_release(&slot_lock);
}

static bool
ready_any(const struct hart *self)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        any |= self->ready[i];
    }
    return any != 0;
}

static void
slot_advance(struct hart *self, uint64_t now)
{
    if (now >= self->edge) {
        uint64_t n = now / self->slot_ticks;

        self->slot = &self->vector[n % SLOTS];
        self->edge = (n + 1) * self->slot_ticks;
    }
}

void
slot_ready_set(const struct context *c)
{
    struct hart *self = hart_self();
    bool first = !ready_any(self);

    for (unsigned i = 0; i < WORDS; i++) {
        self->ready[i] |=
            atomic_load_explicit(&c->own[i], memory_order_relaxed);
    }
    if (first) { /* the clock has stood still */
        slot_advance(self, time_now());
        slot_timer_set();
    }
}

void
slot_ready_clear(const struct context *c)
{
    struct hart *self = hart_self();

    for (unsigned i = 0; i < WORDS; i++) {
        self->ready[i] &=
            ~atomic_load_explicit(&c->own[i], memory_order_relaxed);
    }
}

void
slot_timer_set(void)
{
    struct hart *self = hart_self();
    uint64_t when = self->grace_end;

    if (self->phase == PHASE_SLICE) {
        when = ready_any(self) || predicate_any(self) ? self->edge : TIME_NEVER;
        when = self->alarm < when ? self->alarm : when;
    }
    if (self->has_stimecmp || when != self->timer) {
        time_set(when);
    }
    self->timer = when;
    /* In grace it is not the edge's. */
    self->timer_fast =
        self->has_stimecmp && self->phase == PHASE_SLICE && !predicate_any(self)
            ? when
            : 0;
}

/* Who owns the slot, if it is awake; or NULL. */
static struct context *
slot_owner(const uint32_t *slot)
{
    struct context *c = context_find(__atomic_load_n(slot, __ATOMIC_RELAXED));

    return c != NULL && !c->asleep ? c : NULL;
}

/* Who owns the next slot whose owner is awake and owes nothing; or NULL. Bits
   that are out of date are put right on the way. */
static struct context *
slot_search(struct hart *self)
{
    unsigned slot = (unsigned)(self->slot - self->vector);
    uint64_t after = ~(uint64_t)1 << slot % 64;
    unsigned looked = 0;

    for (unsigned i = 0; i <= WORDS; i++) {
        unsigned word = (slot / 64 + i) % WORDS;
        uint64_t bits = self->ready[word];

        bits &= i == 0 ? after : i == WORDS ? ~after : ~(uint64_t)0;
        for (; bits != 0 && looked < SEARCH_MAX; looked++) {
            unsigned bit = lowest_bit(bits);
            struct context *c = slot_owner(&self->vector[64 * word + bit]);

            if (c != NULL && c->forfeits == 0) {
                return c;
            }
            bits &= bits - 1;
            if (c == NULL) {
                self->ready[word] &= ~((uint64_t)1 << bit);
            } else {
                bits &= ~c->own[word]; /* it owes in all of them */
            }
        }
    }
    return NULL;
}

/* Who runs in the slot that it is now. At an edge a forfeit is paid. */
static struct context *
slot_pick(struct hart *self, bool edge)
{
    struct context *owner = slot_owner(self->slot);
    struct context *next;

    if (owner != NULL && owner->forfeits == 0) {
        return owner;
    }
    next = slot_search(self); /* not the owner yet, by its next slot */
    if (owner != NULL && edge) {
        owner->forfeits--;
    }
    return next;
}

/* Posts alarms that are due; whether any were. While some env or disk owes
   something, this hart looks again when a slot is over. */
static bool
slot_alarms(struct hart *self, uint64_t now)
{
    uint64_t next = env_reap_next();
    uint64_t first = next <= now ? now + self->slot_ticks : next;
    unsigned due = 0;

    if (now < self->alarm) {
        return false;
    }
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        struct context *c = self->directory[i];

        if (c->alarm <= now && due++ < ALARMS_MAX) {
            c->alarm = TIME_NEVER;
            event_alarm(c->env->id, self->index, c->cookie, now);
        }
        first = c->alarm < first ? c->alarm : first;
    }
    self->alarm = first;
    return due > 0;
}

/* Whoever was in grace, its slice was over: then, and at an edge, the slot is
   its owner's before it is hart.resume's. */
_Noreturn void
slot_run(void)
{
    struct hart *self = hart_self();
    bool over = self->phase != PHASE_SLICE;

    self->context = &context_nobody;
    self->phase = PHASE_SLICE;
    for (;; over = false) {
        uint64_t now = time_now();
        bool edge = now >= self->edge;
        struct context *c;

        slot_advance(self, now);
        (void)slot_alarms(self, now);
        if (edge) {
            (void)predicate_edge(self);
        }
        c = slot_pick(self, edge);
        if (self->resume != NULL && (c == NULL || !(edge || over))) {
            c = self->resume;
        }
        self->resume = NULL;
        if (c != NULL) {
            /* Envs that sleep in turns are here so often that the hart neither
               idles nor is found by the clock: a step of what is owed is made
               when this one is interrupted, at once. */
            if (env_reap_next() <= now) {
                self->alarm = now;
            }
            context_enter(c);
        }
        slot_timer_set();
        if (interrupt_poll() == 0 && !env_reap() && !frame_scrub_idle()) {
            wait_for_interrupt();
        }
    }
}

int64_t
slot_yield(uint64_t id)
{
    struct hart *self = hart_self();
    struct context *c;

    if (self->phase != PHASE_SLICE) {
        slot_run();
    }
    c = id != 0 ? context_find(id) : slot_search(self);
    if (c == NULL) {
        return -ESRCH;
    }
    context_enter(c);
}

static unsigned
slots_owned(const struct context *c)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t bits = c->own[i];

        for (; bits != 0; bits &= bits - 1) {
            count++;
        }
    }
    return count;
}

static unsigned
slot_overrun(struct hart *self, struct context *c, uint64_t now)
{
    uint64_t each = self->slot_ticks * SLOTS /
                    (EXCESS_FORGIVEN + slots_owned(c) / EXCESS_SLOTS);
    uint64_t forgiven = (now - c->charged) / each;

    self->phase = PHASE_SLICE;
    c->excess = forgiven < c->excess ? c->excess - (uint32_t)forgiven : 0;
    c->excess++;
    c->charged += forgiven * each;
    c->forfeits++;
    c->uarea->excess = c->excess;
    self->resume = context_find(self->next);
    if (c->excess > EXCESS_MAX) {
        env_abort(CAUSE_EXCESS);
    }
    return USER_FORCE;
}

unsigned
slot_tick(void)
{
    struct hart *self = hart_self();
    struct context *c = self->context;
    uint64_t now = time_now();
    bool due = now >= self->alarm;
    struct context *next;
    bool long_already;
    bool alarms;

    alarms = slot_alarms(self, now);
    if (self->phase != PHASE_SLICE) {
        return now < self->grace_end ? USER_CONTINUE
                                     : slot_overrun(self, c, now);
    }
    long_already = now >= self->edge && predicate_edge(self);
    /* One long thing at a time: rule 6. Not at each interrupt, which others may
       cause as often as they like. */
    if (!alarms && !long_already &&
        (now >= self->edge || (due && now >= env_reap_next()))) {
        (void)env_reap();
    }
    if (now < self->edge) {
        return USER_CONTINUE;
    }
    slot_advance(self, now);
    next = slot_pick(self, true);
    if (next == NULL || next == c) {
        return USER_CONTINUE;
    }
    if (self->fresh != 0) {
        context_enter(next);
    }
    if ((__atomic_load_n(&c->uarea->masked, __ATOMIC_RELAXED) &
         (MASKED_INTERRUPT | MASKED_DOUBLE)) != 0 ||
        c->uarea->entry_epilogue == 0) {
        self->resume = next;
        return USER_FORCE;
    }
    self->next = next->env->id;
    self->grace_end = now + self->grace_ticks;
    self->phase = self->has_stimecmp && !predicate_any(self) ? PHASE_GRACE
                                                             : PHASE_GRACE_SLOW;
    return USER_EPILOGUE;
}

int
slot_alarm(uint64_t deadline, uint64_t cookie)
{
    struct hart *self = hart_self();
    struct context *c = self->context;

    if (deadline != TIME_NEVER && !event_room(c)) {
        return -ENOSPC;
    }
    c->alarm = deadline;
    c->cookie = cookie;
    slot_wake_at(deadline);
    return 0;
}

void
slot_wake_at(uint64_t deadline)
{
    struct hart *self = hart_self();

    if (deadline < self->alarm) {
        self->alarm = deadline;
        /* In grace the timer is its end's, which trap.S keeps nowhere else;
           the alarm is looked at after it. */
        if (self->phase == PHASE_SLICE) {
            slot_timer_set();
        }
    }
}
