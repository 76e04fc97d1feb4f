/* SPDX-License-Identifier: MIT */
/*
 * Invariants, on each hart:
 *
 *  - a row of the directory points to a context only while that env has a
 *    U-area here, and to context_nobody else;
 *  - what satp names is the kernel's own table or the root of an env that is in
 *    the directory;
 *  - hart.float_owner, hart.resume and hart.context are in the directory, or
 *    nobody;
 *  - sstatus.FS is off unless the hart runs hart.float_owner;
 *  - the ready bits have all slots of those that are awake, and perhaps some
 *    of others.
 */
#include "kern/context.h"

#include "kern/abi/call_numbers.h"
#include "kern/abi/error.h"
#include "kern/code/predicate.h"
#include "kern/csr.h"
#include "kern/panic.h"
#include "kern/slot.h"
#include "kern/time.h"
#include "kern/vm.h"

struct context context_nobody = {.id = NOBODY, .alarm = TIME_NEVER};

static struct context *directories[HARTS_MAX][ENVS_MAX];

void
context_init_hart(struct hart *self)
{
    self->context = &context_nobody;
    self->directory = directories[self->index];
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        self->directory[i] = &context_nobody;
    }
    csr_clear(sstatus, SSTATUS_SPP | SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM);
    csr_write(scounteren, 7);
}

struct context *
context_find(uint64_t id)
{
    struct context *c;

    if (id >> ENV_INDEX_SHIFT >= ENVS_MAX) {
        return NULL;
    }
    c = hart_self()->directory[id >> ENV_INDEX_SHIFT];
    return c != &context_nobody && c->env->id == id ? c : NULL;
}

_Noreturn void
context_enter(struct context *c)
{
    struct hart *self = hart_self();
    bool died = c->died;

    self->context = c;
    self->uarea = (uint64_t)c->uarea;
    if (csr_read(satp) != c->satp) {
        csr_write(satp, c->satp);
        if (self->flush) {
            tlb_flush();
        }
    }
    if (self->float_owner == c) {
        csr_set(sstatus, SSTATUS_FS);
    } else {
        csr_clear(sstatus, SSTATUS_FS);
    }
    c->died = false;
    context_wake(c);
    slot_timer_set();
    if (died) {
        env_go_return(-EDIED);
    }
    env_go_prologue();
}

void
context_sleep(struct context *c)
{
    c->asleep = true;
    c->id = NOBODY;
    slot_ready_clear(c);
}

void
context_wake(struct context *c)
{
    if (c->asleep) {
        c->asleep = false;
        slot_ready_set(c);
        if (c->until) {
            predicate_forget(c);
        }
    }
    c->id = c->died ? NOBODY : c->env->id;
}

/* Contexts that one entry of the kernel attends to: rule 6. */
#define ATTEND_MAX 8

static void
context_attend(struct context *c)
{
    struct env *e = c->env;

    if (e->state == ENV_DYING) {
        context_stop(c);
        return;
    }
    /* Acquire, too: it may be for what came after the bit that led here. */
    atomic_fetch_and_explicit(&e->unacked, ~(1u << hart_self()->index),
                              memory_order_acq_rel);
    /* Acquire: what was done before an event was posted. */
    if (c->asleep &&
        __atomic_load_n(&c->uarea->pending, __ATOMIC_ACQUIRE) != 0) {
        context_wake(c);
    } else if (!c->asleep) {
        slot_ready_set(c); /* it may have more slots */
    }
}

void
context_attend_all(void)
{
    struct hart *self = hart_self();
    unsigned work = 0;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        uint64_t bits =
            atomic_load_explicit(&self->attend[i / 64], memory_order_relaxed);

        if (!(bits & bit)) {
            i |= bits == 0 ? 63 : 0;
            continue;
        }
        if (work == ATTEND_MAX) {
            hart_attend(self, i); /* the rest at the next interrupt: at once */
            return;
        }
        atomic_fetch_and_explicit(&self->attend[i / 64], ~bit,
                                  memory_order_acquire);
        if (self->directory[i] != &context_nobody) {
            context_attend(self->directory[i]);
            work++;
        }
    }
}

/* Who waits for a callee that will not come back is told: now, if the callee
   has the hart, else when it is next entered. One that runs asks by itself. */
static void
caller_tell(const struct context *callee)
{
    struct hart *self = hart_self();
    struct context *caller = context_find(callee->caller);

    if (caller == NULL || caller == callee || caller == self->context) {
        return;
    }
    caller->died = true;
    context_wake(caller);
    if (self->context == callee) {
        self->resume = caller;
    }
}

void
context_stop(struct context *c)
{
    struct hart *self = hart_self();
    struct env *e = c->env;

    ASSERT(e->state == ENV_DYING);
    if (c->until) {
        predicate_forget(c);
    }
    caller_tell(c);
    self->directory[e->id >> ENV_INDEX_SHIFT] = &context_nobody;
    if (self->context == c) {
        self->context = &context_nobody;
    }
    if (self->resume == c) {
        self->resume = NULL;
    }
    float_drop(c);
    if (csr_read(satp) == e->satp) {
        csr_write(satp, vm_satp());
    }
    tlb_flush(); /* before its ASID and its frames are somebody else's */
    env_row_harts(e, 0, 1u << self->index);
    /* Release: the last thing that this hart does with it. */
    atomic_fetch_and_explicit(&e->bound, ~(1u << self->index),
                              memory_order_release);
}

int64_t
context_prepare(uint64_t number, uint64_t binding)
{
    struct context *here = hart_self()->context;
    uint64_t id = number == CALL_PCT_RETURN ? here->caller
                                            : here->env->binding[binding].id;
    struct context *c = context_find(id);

    if (c != NULL && (number == CALL_PCT_RETURN || !c->died)) {
        c->died = false; /* it did not: here it is */
        context_wake(c);
        return 0;
    }
    if (number == CALL_PCT_RETURN) { /* a caller's death makes it a yield */
        here->caller = 0;
        return slot_yield(0);
    }
    return c == NULL ? -ESRCH : -EBUSY;
}

bool
float_take(void)
{
    struct hart *self = hart_self();

    if (!self->has_float) {
        return false;
    }
    csr_set(sstatus, SSTATUS_FS);
    if (self->float_owner != NULL) {
        float_save(self->float_owner->uarea->float_registers);
    }
    float_load(self->context->uarea->float_registers);
    self->float_owner = self->context;
    return true;
}

void
float_drop(const struct context *c)
{
    struct hart *self = hart_self();

    if (self->float_owner == c) {
        self->float_owner = NULL;
        csr_clear(sstatus, SSTATUS_FS);
    }
}
