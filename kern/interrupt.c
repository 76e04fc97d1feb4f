/* SPDX-License-Identifier: MIT */
#include "kern/interrupt.h"

#include "kern/context.h"
#include "kern/csr.h"
#include "kern/hart.h"
#include "kern/slot.h"
#include "kern/time.h"
#include "platform/device.h"

#define BIT(number) ((uint64_t)1 << (number))

void
interrupt_init_hart(void)
{
    csr_write(sie, BIT(INTERRUPT_SOFTWARE) | BIT(INTERRUPT_TIMER) |
                       BIT(INTERRUPT_EXTERNAL));
}

uint64_t
interrupt_poll(void)
{
    uint64_t pending = csr_read(sip) & csr_read(sie);
    struct hart *self = hart_self();

    if (pending & BIT(INTERRUPT_SOFTWARE)) {
        /* Cleared before the signals are read: one that is set after that
           raises the interrupt again. */
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        counter_add(&self->count_software);
        hart_signals_take();
    }
    if (pending & BIT(INTERRUPT_TIMER)) {
        time_set(TIME_NEVER);
        self->timer = TIME_NEVER;
        counter_add(&self->count_timer);
    }
    if (pending & BIT(INTERRUPT_EXTERNAL)) {
        counter_add(&self->count_external);
        device_interrupt();
    }
    return pending;
}

/* What this hart told itself while it handled an interrupt is seen at the end
   of that: no other is needed for it. One that another hart sent meanwhile has
   its signal set before. */
static void
software_forget(const struct hart *self)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    if (atomic_load_explicit(&self->signals, memory_order_acquire) != 0) {
        csr_set(sip, BIT(INTERRUPT_SOFTWARE));
    }
}

/* Called by trap.S. */
unsigned interrupt_user(void);
unsigned
interrupt_user(void)
{
    struct hart *self = hart_self();
    const struct uarea *uarea;
    unsigned action = USER_CONTINUE;

    if (interrupt_poll() == BIT(INTERRUPT_EXTERNAL)) {
        software_forget(self); /* and nothing has changed about the time */
    } else {
        if (self->context == &context_nobody) {
            slot_run(); /* the env that ran has just been ended */
        }
        action = slot_tick();
        slot_timer_set();
    }
    uarea = self->context->uarea;
    if (action == USER_CONTINUE &&
        __atomic_load_n(&uarea->pending, __ATOMIC_RELAXED) != 0 &&
        __atomic_load_n(&uarea->masked, __ATOMIC_RELAXED) == 0 &&
        uarea->entry_interrupt != 0) {
        action = USER_EVENT;
    }
    return action;
}

void
interrupt_wait(void)
{
    while (interrupt_poll() == 0) {
        wait_for_interrupt();
    }
}
