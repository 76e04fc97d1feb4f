/* SPDX-License-Identifier: MIT */
#include "lib/posix/wake.h"

#include <errno.h>
#include <stdbool.h>

#include "kern/abi/call.h"
#include "kern/abi/information.h"
#include "lib/disk/completion.h"
#include "lib/posix/asked.h"
#include "lib/posix/image.h"
#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"

#define OPEN_TO_NOTIFY 1 /* the entry of a gate for being notified */
#define NOBODY POSIX_PROCESSES
#define ASKED (PENDING_REQUEST | PENDING_LOSS) /* by revocation */

struct process *process_self POSIX_RESIDENT = NULL;
uint32_t posix_held POSIX_RESIDENT = 0;
uint32_t posix_posted POSIX_RESIDENT = 0;
static uint32_t woken_last POSIX_RESIDENT = NOBODY; /* its row */
static bool ending POSIX_RESIDENT = false;
static uint32_t waits POSIX_RESIDENT = 0; /* begun, one in the other */
/* In one that is not the first. */
static bool slept_within POSIX_RESIDENT = false;

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

static uint64_t *
due(void)
{
    return &exo_uarea->own[(OWN_DUE - UAREA_OWN) / 8];
}

void
wake_begin(void)
{
    struct uarea *u = exo_uarea;

    *due() = 0;
    woken_last = NOBODY;
    posix_posted = 0;
    waits = 0;
    for (unsigned i = 0; i < BINDINGS; i++) {
        u->own[(OWN_BINDING - UAREA_OWN) / 8 + i] = 0;
    }
    u->entry_prologue = (uint64_t)posix_prologue;
    u->entry_epilogue = 0;
    (void)sys_gate_set(POSIX_CAP_SHARED, POSIX_GATE_WAKE, OPEN_TO_NOTIFY);
}

void
wake_flush(void)
{
    while (*due() != 0) {
        uint64_t binding = set_first(*due());

        *due() &= *due() - 1;
        (void)sys_notify(binding, GATE_HART_ANY);
    }
    exo_uarea->entry_epilogue = 0;
}

/* The binding that leads to a process; made if it leads to another. Negative if
   there is no such env, or it has not opened its gate yet: then it will look
   for what has come before it does anything else. */
static int64_t
binding_of(const struct process *p)
{
    uint64_t binding = process_index(p) % BINDINGS;
    uint64_t env = p->env;

    if (exo_uarea->own[(OWN_BINDING - UAREA_OWN) / 8 + binding] == env) {
        return (int64_t)binding;
    }
    if (*due() >> binding & 1) {
        wake_flush();
    }
    return exo_bind(exo_uarea, POSIX_CAP_SHARED, env, POSIX_GATE_WAKE,
                    binding) < 0
               ? -ESRCH
               : (int64_t)binding;
}

/* Whether a death of this process's is told to that one by the kernel. */
static bool
is_creator(const struct process *p)
{
    const volatile struct env_row *rows =
        (const volatile struct env_row *)INFORMATION_ENVS;

    return rows[exo_id >> 20 & (ENVS_MAX - 1)].creator == p->env;
}

void
process_wake(struct process *p)
{
    int64_t binding;

    __atomic_store_n(&p->woken, 1, __ATOMIC_SEQ_CST);
    if (p == process_self || (ending && is_creator(p))) {
        return;
    }
    if (!p->waiting) {
        binding = binding_of(p);
        if (binding >= 0) {
            (void)sys_notify((uint64_t)binding, GATE_HART_ANY);
        }
        return;
    }
    woken_last = process_index(p);
    if (p->asleep) {
        binding = binding_of(p);
        if (binding >= 0) {
            exo_uarea->entry_epilogue = (uint64_t)posix_epilogue;
            *due() |= (uint64_t)1 << binding;
        }
    }
}

void
process_wake_all(uint64_t *waiting)
{
    uint64_t set = __atomic_exchange_n(waiting, 0, __ATOMIC_SEQ_CST);

    for (; set != 0; set &= set - 1) {
        process_wake(&SHARED_OF->processes.process[set_first(set)]);
    }
}

void
wake_everybody(void)
{
    uint64_t all = SHARED_OF->processes.taken;

    process_wake_all(&all);
    wake_flush();
}

void
wake_end(void)
{
    ending = true;
}

bool
posix_is_held(void)
{
    return posix_held != 0;
}

/* Takes those that were posted of a set of events. */
static uint32_t
posted_take(uint32_t set)
{
    if ((__atomic_load_n(&posix_posted, __ATOMIC_RELAXED) & set) == 0) {
        return 0;
    }
    return __atomic_fetch_and(&posix_posted, ~set, __ATOMIC_ACQUIRE) & set;
}

void
posix_release_due(void)
{
    const struct process *p = process_self;
    uint32_t posted;

    while ((posted = posted_take(POSIX_POSTED)) != 0) {
        posix_hold();
        if (posted & PENDING_DEATH) {
            process_bury_all();
        }
        if (posted & ASKED) {
            asked_answer();
        }
        __atomic_store_n(&posix_held, 0, __ATOMIC_SEQ_CST);
    }
    if ((__atomic_load_n(&p->signals, __ATOMIC_RELAXED) & ~p->signals_masked) !=
        0) {
        signal_deliver();
    }
}

void
process_event(uint64_t pending)
{
    if (pending & POSIX_POSTED) {
        (void)__atomic_fetch_or(&posix_posted,
                                (uint32_t)(pending & POSIX_POSTED),
                                __ATOMIC_RELEASE);
    }
    if (pending & PENDING_COMPLETION) {
        (void)completion_poll();
    }
    if (pending != 0) { /* who is about to wait looks again */
        __atomic_store_n(&process_self->woken, 1, __ATOMIC_SEQ_CST);
    }
}

void
process_wait_begin(void)
{
    struct process *p = process_self;

    if (waits++ == 0) {
        p->asleep = 0;
        __atomic_store_n(&p->woken, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&p->waiting, 1, __ATOMIC_SEQ_CST);
    }
}

void
process_wait_end(void)
{
    struct process *p = process_self;

    if (--waits == 0) {
        __atomic_store_n(&p->waiting, 0, __ATOMIC_SEQ_CST);
    } else if (slept_within) { /* who waits outside looks again */
        __atomic_store_n(&p->woken, 1, __ATOMIC_SEQ_CST);
    }
    slept_within = false;
}

/* Takes what is pending; whether that was anything. */
static bool
events_take(void)
{
    if (__atomic_load_n(&exo_uarea->pending, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    process_event(
        __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE));
    return true;
}

/* Gives the hart to whom this process woke last, if it did and that still
   waits. */
static bool
hart_hand_over(void)
{
    const struct process *p;

    if (woken_last == NOBODY) {
        return false;
    }
    p = &SHARED_OF->processes.process[woken_last];
    woken_last = NOBODY;
    if (p->env == 0 || !p->waiting) {
        return false;
    }
    if (*due() != 0) {
        unsigned binding = process_index(p) % BINDINGS;

        if (exo_uarea->own[(OWN_BINDING - UAREA_OWN) / 8 + binding] == p->env) {
            *due() &= ~((uint64_t)1 << binding); /* the yield wakes it */
        }
        wake_flush();
    }
    return exo_yield(p->env, exo_uarea) == 0;
}

void
process_sleep(uint64_t deadline)
{
    struct process *p = process_self;

    exo_uarea->masked = MASKED_INTERRUPT;
    if (!events_take()) {
        wake_flush();
        timer_arm(deadline);
        p->asleep = 1;
        p->slept -= time_now();
        posix_sleep(exo_uarea, &p->woken);
        p->slept += time_now();
        p->asleep = 0;
    }
    (void)events_take();
    exo_uarea->masked = 0;
    /* What came before the mask was gone interrupts nobody any more. */
    (void)events_take();
}

int
process_wait(uint64_t deadline)
{
    struct process *p = process_self;

    slept_within = waits > 1;
    if (posted_take(ASKED) != 0) {
        asked_answer();
    }
    if (__atomic_exchange_n(&p->woken, 0, __ATOMIC_SEQ_CST) != 0) {
        return 0;
    }
    if (signal_is_due()) {
        return -EINTR;
    }
    if (deadline != 0 && time_now() >= deadline) {
        return -ETIMEDOUT;
    }
    if (!hart_hand_over()) {
        process_sleep(deadline);
    }
    return 0;
}
