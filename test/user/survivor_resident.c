/* SPDX-License-Identifier: MIT */
/* What of the survivor runs in handlers. */
#include "test/user/survivor.h"

void
formula_fill(void *context, uint64_t address, void *page)
{
    volatile uint64_t *word = page;

    (void)context;
    for (unsigned i = 0; i < FRAME_SIZE / 8; i++) {
        word[i] = work_formula((address - FORMULA) / 8 + i);
    }
}

void
fault_report(struct uarea *uarea)
{
    struct survivor_shared *shared = (struct survivor_shared *)SURVIVOR_SHARED;

    shared->cause = uarea->level[LEVEL_EXCEPTION].cause;
    shared->pc = uarea->level[LEVEL_EXCEPTION].pc;
    shared->value = uarea->level[LEVEL_EXCEPTION].value;
    __builtin_trap();
}

void
loss_report(uint64_t address)
{
    ((struct survivor_shared *)SURVIVOR_SHARED)->lost = address;
    __builtin_trap();
}
