/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_ROW_EXO_H
#define CHITIN_TEST_ROW_EXO_H
/* What the rows of processes need of lib/exo, on this machine. */
#include <stdint.h>

#include "kern/abi/uarea.h"

/* An instruction that this machine does not have: no time is as good as any. */
__asm__(".macro rdtime to\n"
        "   mov $0, \\to\n"
        ".endm\n");

extern uint64_t exo_id;
extern struct uarea *exo_uarea;

int64_t sys_slot_alloc(uint64_t cap, uint64_t env, uint64_t hart,
                       uint64_t slot);

#endif
