/* SPDX-License-Identifier: MIT */
#include "lib/posix/row.h"

#include "kern/abi/uarea.h"
#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/signal_part.h"
#include "lib/posix/wake.h"

void
env_end(uint64_t cap, uint32_t env)
{
    while (sys_env_destroy(cap, env) == -EAGAIN) {
    }
}

/* The env ends by a fault that nothing handles: it cannot end itself by a call,
   which would have nowhere to return to. */
static _Noreturn void
env_end_self(void)
{
    for (;;) {
        exo_uarea->masked = MASKED_DOUBLE;
        __asm__ volatile("ebreak");
    }
}

/* What is typed while a program ends is for it, too: it has been interrupted,
   and who waits for it learns so. */
static int
status_typed(const struct process *p, int status)
{
    static const int typed[] = {SIGINT, SIGQUIT};
    uint64_t due = p->signals & ~p->signals_masked;

    for (unsigned i = 0; i < 2; i++) {
        if ((status & 0x7f) == 0 && (due & SIGNAL_BIT(typed[i])) &&
            !signal_is_caught(typed[i])) {
            status = typed[i];
        }
    }
    return status;
}

_Noreturn void
process_exit(int status)
{
    struct process *p = process_self;

    posix_hold();
    file_exit(p);
    process_lock();
    wake_end();
    process_end(p, status_typed(p, status));
    process_unlock();
    wake_flush();
    env_end_self();
}
